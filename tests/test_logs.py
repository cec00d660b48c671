"""Canaries: no secret and nobody's data reaches a log, whatever is logged at whatever level."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.contact import Contact
from sync.logs import CAPPED, configure, safe_traceback
from sync.redaction import redacted, visible
from sync.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJ5ZXMifQ.c2lnbmF0dXJlLWNhbmFyeQ"
REGISTERED = "registered-canary-93a1"
SECRETS = ("topo_live_canary_8f3a2b", "sk-aisa-canary-77aa", JWT, REGISTERED)
PEOPLE = (
    "ana.canary@example.com",
    "ana.canary%40example.com",
    "jürgen.canary@exämple.de",
    "+33 6 12 34 56 78",
    "+33612345678",
    "0033612345678",
    "06 12 34 56 78",
    "0612345678",
    "(415) 555-0199",
    "415-555-0199",
)
CANARIES = (*SECRETS, *PEOPLE)
WRAPPINGS = (
    "{}",
    "failed for {}",
    "Authorization: Bearer {}",
    "https://user:{}@api.example.com/x",
    "wss://api.example.com/?token={}&x=1",
    "GET /v1/contacts?email={} HTTP/1.1",
    '{{"x": "{}"}}',
    "x-api-key: {}",
    "({})",
    "<{}>",
    "a={},b",
    "\x1b[31m{}\x1b[0m",
    "first\nsecond {}",
)


@pytest.fixture(params=["console", "json"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged, with every logger at DEBUG."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    configure(request.param, "debug", stream=stream)
    Secret(REGISTERED)
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield stream
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.reset_defaults()


def assert_clean(text: str) -> None:
    for canary in (*CANARIES, "canary"):
        assert canary not in text
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_survives_in_any_wrapping(canary: str, wrapping: str) -> None:
    assert canary not in redacted(wrapping.format(canary), [REGISTERED])


def test_structlog_events_are_clean(lines: io.StringIO) -> None:
    log = structlog.get_logger("contact")
    for canary in CANARIES:
        log.debug(f"event {canary}", value=canary, nested={"a": [canary, {"b": (canary,)}]}, **{f"k {canary}": 1})  # noqa: G004  # what a careless caller writes
    log.info("x", api_key="short", headers={"a": "canary"}, email="canary", first_name="canary", state="acked")
    log.info("x", contact=Contact(first_name="canary"), contacts=[Contact(first_name="canary")])
    log.info("x", thing=Contact(first_name="canary"), secret=Secret("canary-x"), secrets=[Secret("canary-y")])
    assert_clean(lines.getvalue())
    assert "acked" in lines.getvalue()


def test_standard_library_records_are_clean(lines: io.StringIO) -> None:
    log = logging.getLogger("any.library")
    for canary in CANARIES:
        log.debug("request for %s", canary)
        log.warning("%(who)s", {"who": canary})
    assert_clean(lines.getvalue())


@pytest.mark.parametrize("name", [*CAPPED, *(f"{name}.deep.down" for name in CAPPED)])
def test_talkative_libraries_are_capped_even_when_set_to_debug(lines: io.StringIO, name: str) -> None:
    log = logging.getLogger(name)
    log.setLevel(logging.DEBUG)
    log.debug("canary headers")
    log.info("canary url")
    assert not lines.getvalue()
    log.warning("something is wrong")
    assert "something is wrong" in lines.getvalue()
    log.setLevel(logging.NOTSET)


def fails(password: str) -> None:
    hidden = f"{password} in a local variable"
    raise ValueError(f"bad {REGISTERED}, {PEOPLE[0]}\n2026-11-20 info all is well {hidden[:0]}")


def test_tracebacks_hold_no_local_variables(lines: io.StringIO) -> None:
    try:
        fails(SECRETS[0])
    except ValueError as error:
        structlog.get_logger().exception("it broke")
        logging.getLogger("x").exception("it broke")
        text = safe_traceback(error)
    assert_clean(text)
    assert_clean(lines.getvalue())
    assert "ValueError" in lines.getvalue()
    assert not any(line.startswith("2026-11-20 info") for line in lines.getvalue().splitlines())


def test_a_record_that_cannot_be_formatted_is_not_printed(lines: io.StringIO, capsys: Any) -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%d", ("canary",), None)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__ == "sync.logs":
            handler.handle(record)
    assert "canary" not in lines.getvalue() + "".join(capsys.readouterr())
    assert "could not be written" in lines.getvalue()


def test_line_breaks_cannot_forge_an_event(lines: io.StringIO) -> None:
    structlog.get_logger().info("one\r\ntwo\x1b[2J\u202e", key="three\nfour", **{"five\nsix": 1})
    assert lines.getvalue().count("\n") == 1
    assert_clean(lines.getvalue())


def test_json_lines_parse_and_carry_time_and_level() -> None:
    stream = io.StringIO()
    configure("json", "info", stream=stream)
    structlog.get_logger("sync.pull").info("page read", provider="topo", rows=100)
    structlog.get_logger("sync.pull").debug("not written")
    event = json.loads(stream.getvalue())
    assert event["event"] == "page read"
    assert (event["level"], event["provider"], event["rows"], event["logger"]) == (
        "info",
        "topo",
        100,
        "sync.pull",
    )
    assert event["timestamp"].endswith("Z")


def test_console_lines_read_well() -> None:
    stream = io.StringIO()
    configure("console", "info", stream=stream)
    structlog.get_logger().info("page read", provider="topo", rows=100, note="two words", empty="")
    assert stream.getvalue()[9:] == 'info     page read  provider=topo  rows=100  note="two words"  empty=""\n'


def test_configuring_twice_writes_once() -> None:
    configure("console", "info", stream=io.StringIO())
    stream = io.StringIO()
    configure("console", "info", stream=stream)
    logging.getLogger("x").info("once")
    assert stream.getvalue().count("once") == 1


@pytest.mark.parametrize(
    "text",
    [
        "0193f2aa-7c1e-7000-8888-8dd25736052a",
        "66f0c0ffee0000000000abcd",
        "2026-11-20T18:34:05.123456Z",
        "2026-11-20 18:34:05",
        "812 of 1290 records, 0.25 s",
        "the topo settings",
        "page 3?",
        "127.0.0.1:9464",
        "state.db is 123456 bytes",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redacted(text) == text


def test_every_invisible_character_is_made_visible() -> None:
    joiners = {"\u200c", "\u200d"}
    for character in map(chr, range(0x110000)):
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in joiners:
            assert visible(character) == f"\\x{ord(character):02x}"


@given(st.text(max_size=400))
def test_visible_text_is_one_printable_line_and_stable(text: str) -> None:
    shown = visible(text)
    assert not any(c in shown for c in "\n\r\t\x1b\x00\x85\x9b\u2028\u2029\u202e\u2066")
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(st.text(max_size=60), st.sampled_from(SECRETS), st.text(max_size=60))
@settings(max_examples=200)
def test_secrets_never_survive_whatever_stands_around(before: str, secret: str, after: str) -> None:
    text = f"{before} {secret} {after}"
    assert secret not in visible(redacted(text, [REGISTERED]))


def test_redaction_is_linear_in_hostile_text() -> None:
    for text in ("a" * 200_000, "+1 " * 60_000, "?" * 200_000, "eyJ." * 50_000, "://" * 60_000, "@" * 100_000):
        redacted(text[:16_000])
