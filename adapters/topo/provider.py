"""Topo behind the engine's doors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.spec import ProviderSpec
from adapters.topo import exchange, limits, wire
from adapters.topo.actor import TopoActor
from adapters.topo.client import Client
from adapters.topo.mapping import CONTACT_FIELDS, ENTRY_FIELDS
from adapters.topo.optouts import TopoOptOuts
from adapters.topo.reading import TopoReader
from adapters.topo.settings import TopoSettings
from adapters.topo.shapes import PROVIDER
from adapters.topo.writing import Writer
from sync.contact import VARIABLE_PREFIX
from sync.errors import AuthError, ConfigError, Missing, Rejected, Transient, Unreachable
from sync.record import Account, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from adapters.spec import Opening
    from sync.capabilities import Capabilities
    from sync.change import Batch, BatchResult, Operation
    from sync.ports import Progress, RequestCounts


class Topo:
    """One workspace, as one API key sees it."""

    def __init__(self, settings: TopoSettings, opening: Opening) -> None:
        self._settings = settings
        self._client = Client(settings, opening)
        self._capabilities = limits.capabilities(settings)
        self._reader = TopoReader(self._client, settings, opening.clock)
        self._opt_outs = TopoOptOuts(self._client, settings)
        self._writer = Writer(self._client, settings, self._reader, self._opt_outs)

    @property
    def name(self) -> str:
        """``topo``."""
        return PROVIDER

    @property
    def capabilities(self) -> Capabilities:
        """What it can do under the settings; once opened, also under the key's scopes."""
        return self._capabilities

    @property
    def reader(self) -> TopoReader | None:
        """The reading half, ``None`` with ``read = false``."""
        return self._reader if self._settings.read else None

    @property
    def opt_out_list(self) -> TopoOptOuts | None:
        """The exclusions, ``None`` with ``exclusions = false``."""
        return self._opt_outs if self._settings.exclusions else None

    @property
    def requests(self) -> RequestCounts:
        """Requests sent so far."""
        return self._client.counts

    @property
    def memory(self) -> Mapping[str, object]:
        """Waits that Topo asked for."""
        return self._client.memory

    async def open(self) -> Account:
        """The key works and has the scopes without which nothing is safe; lesser gaps are told as problems.

        Exclusions that are asked for and cannot be read are no lesser gap: people would be written to.
        Source: https://docs.topo.io/api-reference/me/get-me.
        """
        try:
            me = wire.parse_me(await self._client.call(exchange.get_me()))
            self._require(me.scopes)
            self._capabilities = limits.capabilities(self._settings, me.scopes)
            problems = [*_gaps(self._settings, me.scopes), *await self._list_problems(me.scopes)]
        except Missing as error:
            raise ConfigError(
                f"topo: {error.message}: this is not Topo's API", remedy="check providers.topo.base_url"
            ) from error
        except (Transient, Rejected) as error:
            raise Unreachable(PROVIDER, error.message, request_id=error.request_id) from error
        return Account(account_id=me.organization_id, scopes=tuple(sorted(me.scopes)), problems=tuple(problems))

    async def close(self) -> None:
        """Connections closed; safe to call twice."""
        await self._client.close()

    async def target(self) -> Target:
        """Whether an entry posted now would enrol its person, so that real messages go out.

        Source: https://docs.topo.io/api-reference/contact-lists (``default_sequence_template_id``).
        """
        list_id = self._settings.contact_list_id
        if not list_id:
            return Target(exists=False, reason="no contact list is configured")
        try:
            found = wire.parse_list(await self._client.call(exchange.get_list(list_id)))
        except Missing as error:
            gone = Rejected(PROVIDER, f"the contact list {list_id} is not there", status=404)
            gone.remedy = "put the id of an existing list into providers.topo.contact_list_id"
            raise gone from error
        if found.sequence_template_id is None:
            return Target(id=list_id)
        reason = f"the contact list {list_id} enrols new entries in sequence template {found.sequence_template_id}"
        allowed = self._settings.allow_sequence_enrolment
        return Target(starts_outreach=True, outreach_allowed=allowed, reason=reason, id=list_id)

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """The operations rendered into requests, order kept."""
        return self._writer.batches(operations)

    async def send(self, batch: Batch, progress: Progress) -> BatchResult:  # noqa: ARG002  # requests without stages
        """The batch sent once; exactly one outcome an operation."""
        return await self._writer.send(batch)

    def _require(self, scopes: frozenset[str]) -> None:
        needed = {"contacts:read"} if self._settings.read else set()
        if self._settings.exclusions:
            needed.add("exclusions:read")
        missing = ", ".join(sorted(needed - scopes))
        if missing:
            raise AuthError(
                PROVIDER,
                f"the API key lacks the scope {missing}",
                remedy="give the API key that scope in Topo under Settings, Developers, API Keys",
            )

    async def _list_problems(self, scopes: frozenset[str]) -> list[str]:
        if not limits.can_post_entries(self._settings, scopes):
            return []
        try:
            target = await self.target()
        except Rejected as error:
            raise ConfigError(f"topo: {error.message}", remedy=error.remedy) from error
        return [target.reason] if target.reason else []


def _gaps(settings: TopoSettings, scopes: frozenset[str]) -> list[str]:
    """What cannot be done with this key, one sentence each."""
    if not settings.write:
        return []
    found = []
    if not settings.contact_list_id:
        found.append("contact_list_id is empty, so nobody is created or updated there")
    lists = {"contact_lists:read", "contact_lists:write"} - scopes
    if lists and settings.contact_list_id:
        found.append(
            f"the API key lacks the scope {', '.join(sorted(lists))}, so nobody is created or updated there"
        )
    if settings.variables and "contacts:write" not in scopes:
        found.append("the API key lacks the scope contacts:write, so variables are not written")
    if settings.exclusions and "exclusions:write" not in scopes:
        found.append("the API key lacks the scope exclusions:write, so opt-outs are not pushed there")
    return found


def import_names(settings: TopoSettings) -> dict[str, str]:
    """Header names of an export → canonical fields: contacts' names, entries' names, mapped variables."""
    entry = {theirs: ours for ours, theirs in ENTRY_FIELDS.items()}
    variables = {theirs: VARIABLE_PREFIX + ours for ours, theirs in settings.variables.items()}
    return variables | entry | dict(CONTACT_FIELDS)


def sandbox(**switches: Any) -> AbstractAsyncContextManager[Any]:
    """The local server; its web parts are imported only when it is used."""
    from adapters.topo.sandbox import sandbox as served_sandbox

    return served_sandbox(**switches)


SPEC = ProviderSpec(
    name=PROVIDER, settings=TopoSettings, open=Topo, sandbox=sandbox, actor=TopoActor, import_names=import_names
)
