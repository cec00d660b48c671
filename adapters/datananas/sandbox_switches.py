"""What the documents leave open, as switches of the sandbox; the default is the assumption taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Each field answers one open question of ``card.toml``, or lets the stream misbehave in one way."""

    # the answer to the POST
    status: int = 200
    """Which 2xx accepts."""
    body_empty: bool = False
    uuid_in_answer: bool = False
    error_form: Literal["loopback", "flat"] = "loopback"

    # the rows
    match_key: Literal["email", "linkedin_url", "both"] = "email"
    """``both``: email, else profile."""
    omitted_blanks: bool = False
    """An update empties the fields that it does not name."""
    resets_defaults: bool = False
    """An update that does not name ``lang`` or ``source`` puts ``en`` and ``manual`` there."""
    vars_replace: bool = False
    """The map in an update replaces the one held; otherwise they are merged."""
    empties: Literal["blank", "ignore", "reject"] = "blank"
    """What null and ``""`` do."""
    keyless: Literal["reject", "refuse_row"] = "reject"
    """A row without email and profile fails the request, or is left out without a word."""
    sources: tuple[str, ...] = ("manual", "connect")
    silently_refuse: Callable[[Row], bool] | None = None
    """Rows that are left out without a word."""
    field_names: Mapping[str, str] = field(default_factory=dict)
    """Proposed name → the name that this server goes by."""
    move_name: str = "moveExisting"
    replace_name: str = "replaceOwner"
    list_by: Literal["id", "name", "either"] = "either"

    # quotas
    quota: Literal["", "connect", "total", "other"] = ""
    quota_left: int = 0
    """Contacts that may still be created before the 402."""
    written_part: bool = False
    """The rows before the one that met the quota were written."""
    quota_when: Literal["before", "after_starting"] = "before"
    reason_at: Literal["top", "error", "details", "text"] = "top"
    """``text``: it is all that ``error`` holds."""

    # the stream
    stream_auth: Literal["header", "query"] = "header"
    query_name: str = "token"
    envelope: Literal[
        "type-data", "event-payload", "name-args", "flat", "array", "socket.io", "short", "typed"
    ] = "type-data"
    byte_order_mark: bool = False
    """Each message begins with one."""
    zero: Literal["told", "null", "missing"] = "told"
    """How an ending tells that none was created, or none updated."""
    list_id_known: bool = True
    """``_starting`` tells the list's id."""
    starting: Literal["before", "after", "never"] = "before"
    ending: Literal["after", "before", "never"] = "after"
    """Where ``_ending`` stands in relation to the HTTP answer."""
    running_base: Literal[0, 1] = 1
    running_every: int = 1
    """Only each n-th ``_running`` is sent."""
    drop_running: bool = False
    duplicate: bool = False
    shuffle: bool = False
    total_off: int = 0
    """Added to every ``total``."""
    second_ending: bool = False
    """A second ``_ending`` follows with other totals."""
    bad_totals: Literal["", "too-many", "negative", "text"] = ""
    noise: tuple[str | bytes, ...] = ()
    """Messages sent before each ``_ending``."""
    foreign: int = 0
    """Contacts of somebody else's import that starts inside our window."""
    foreign_same_list: bool = True
    foreign_first: bool = True
    foreign_ends: bool = True
    close_at: int = 0
    """Every connection is closed before the n-th event of an import, once."""
    close_code: int = 1011
    replay: bool = False
    """A new connection is sent everything again."""
    socket_status: int = 0
    """The handshake is answered with this status instead of an upgrade."""
    refuse_after_accept: int = 0
    """The connection is accepted and at once closed with this code."""

    # tokens
    rotates: bool = True
    """The token address replaces the refresh token at each use."""
    client_auth: Literal["body", "basic"] = "body"
    token_life_s: int | None = 3600
    token_status: int = 0
    """The token address answers with this status."""

    work_s: float = 0.002
    """Pause between the answer and the events that follow it."""
