"""JSON from strangers: what is taken, what is refused, and that nothing else ever happens."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.strict_json import MAX_DEPTH, MAX_DIGITS, MAX_SIZE, BadJsonError, dumps, loads

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
CANARY = "jane.canary@corp.com"


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "not JSON"),
        (b"<html></html>", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"[1] [2]", "not JSON"),
        (b"'single'", "not JSON"),
        (b'"a\nb"', "not JSON"),
        ("\ufeff[]", "not JSON"),
        (b"\xff\xfe[\x00]\x00", "not UTF-8"),
        (b'"\xe9"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b"1e400", "beyond any float"),
        (b"-1e400", "beyond any float"),
        (b"1" * (MAX_DIGITS + 1), "digits"),
        (b"1" * 5000, "digits"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b'[{"b":{"a":1,"c":2,"a":3}}]', "twice"),
        (b'{"a\\ud800":1,"a":2}', "twice"),
        (nested(MAX_DEPTH + 1), "deeper"),
        (nested(100_000), "deeper"),
        ("[" * 100_000, "deeper"),
        ('{"a":' * 40 + "1" + "}" * 40, "deeper"),
        (b" " * (MAX_SIZE + 1), "16 MiB"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_name_of_the_rule(body: bytes | str, rule: str) -> None:
    with pytest.raises(BadJsonError, match=rule):
        loads(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b"\xef\xbb\xbf[1]", [1]),
        (b" {} ", {}),
        (str(2**70).encode(), 2**70),
        (b"9" * MAX_DIGITS, int("9" * MAX_DIGITS)),
        (b"-0.0", -0.0),
        (b"1e308", 1e308),
        (b'"\\u0000"', "\0"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a":{"a":[{"a":1}]}}', {"a": {"a": [{"a": 1}]}}),
    ],
)
def test_what_keeps_the_rules_is_read(body: bytes, value: object) -> None:
    assert loads(body) == value


def test_nesting_to_the_limit_is_read_and_brackets_inside_texts_do_not_count() -> None:
    assert json.dumps(loads(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    text = "[" * 500 + '"' + "\\" + "{" * 500
    assert loads(json.dumps([text, {"a": text}])) == [text, {"a": text}]
    assert len(loads("[" + "[{}]," * 1000 + "1]")) == 1001


@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "\\udc00\\ud800", "\ud800"])
def test_half_a_character_is_dropped_and_costs_nothing_else(half: str) -> None:
    read = loads('[{"name":"Jo' + half + '","k' + half + '":"\\ud83d\\ude00"}]')
    assert read == [{"name": "Jo", "k": "\U0001f600"}]
    assert loads(dumps(read)) == read


def test_a_refusal_shows_nothing_of_the_content() -> None:
    bodies = (f'{{"{CANARY}":1,"{CANARY}":2}}', f'["{CANARY}', f"{CANARY} NaN", f'["{CANARY}", NaN]')
    for body in bodies:
        with pytest.raises(BadJsonError) as caught:
            loads(body)
        assert CANARY not in str(caught.value)


@given(st.binary() | st.text(st.characters()) | st.text(st.sampled_from('[]{}",:\\u0d8-eENaIf1 ')))
def test_any_text_is_read_or_refused(body: bytes | str) -> None:
    try:
        value = loads(body)
    except BadJsonError:
        return
    assert loads(dumps(value)) == value


@given(VALUES)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert loads(dumps(value)) == value
    assert dumps(loads(dumps(value))) == dumps(value)


@given(VALUES, st.data())
def test_a_cut_or_altered_text_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    body = bytearray(dumps(value))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        loads(bytes(body[: data.draw(st.integers(0, len(body)))]))
    except BadJsonError:
        return


@pytest.mark.parametrize("unit", ['\\"', '"', "\\", '["', '"\\"', "[]"])
def test_no_text_takes_more_than_one_look_at_each_character(unit: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()  # others may work on the machine
        for start in ("", '"', '{"a":"', "[" * 33):
            with pytest.raises(BadJsonError):
                loads(start + unit * count)
        return time.process_time() - started

    seconds(1000)
    assert seconds(200_000) < 10  # a second look at each would be 10 minutes


def test_what_is_sent_is_compact_and_in_the_given_order() -> None:
    assert dumps({"b": "é", "a": [1, None, True]}) == '{"b":"é","a":[1,null,true]}'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps(float("nan"))
