"""The decoder understands every usual envelope and is deaf to everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.datananas.events import NO_COUNT, Ended, Running, Started, Unrelated, decode

START = {"listId": "l1", "uuid": "u1"}
NAME = "contact_bulk_create_starting"

ENVELOPES = [
    {"type": NAME, "data": START},
    {"event": NAME, "payload": START},
    {"name": NAME, "args": [START]},
    {"type": NAME, "payload": START},
    {"event": NAME, "data": START},
    {"type": NAME} | START,
    [NAME, START],
    {"type": "_starting", "data": START},
    {"type": "event", "event": NAME, "data": START},
    {"type": "event", "name": NAME, "args": [START]},
]


@pytest.mark.parametrize("envelope", ENVELOPES, ids=[json.dumps(e)[:30] for e in ENVELOPES])
def test_every_envelope_is_understood_as_text_and_as_bytes(envelope: Any) -> None:
    assert decode(json.dumps(envelope)) == Started("u1", "l1")
    assert decode(json.dumps(envelope).encode()) == Started("u1", "l1")
    assert decode("\ufeff" + json.dumps(envelope)) == Started("u1", "l1")


@pytest.mark.parametrize("prefix", ["42", "42/contacts,", "4217", "42/contacts,5"])
def test_socket_io_packets_are_understood(prefix: str) -> None:
    assert decode(prefix + json.dumps([NAME, START])) == Started("u1", "l1")


def test_each_event_has_its_own_values() -> None:
    assert decode('{"type":"contact_bulk_create_running","data":{"uuid":"u","i":0,"total":2}}') == Running(
        "u", 0, 2
    )
    assert decode('{"type":"contact_bulk_create_ending","data":{"uuid":"u","created":1,"updated":1}}') == Ended(
        "u", 1, 1
    )
    assert decode('{"type":"contact_bulk_create_starting","data":{"uuid":"u"}}') == Started("u", None)


@pytest.mark.parametrize("count", ["-1", '"1"', "1.5", "true", "[]"])
def test_a_count_that_is_no_whole_number_from_zero_up_is_not_taken_for_one(count: str) -> None:
    text = f'{{"type":"contact_bulk_create_ending","data":{{"uuid":"u","created":{count},"updated":1}}}}'
    assert decode(text) == Ended("u", NO_COUNT, 1)


def test_a_count_that_is_null_or_missing_was_not_told() -> None:
    for told in ('"created":null,', ""):
        text = f'{{"type":"contact_bulk_create_ending","data":{{"uuid":"u",{told}"updated":1}}}}'
        assert decode(text) == Ended("u", None, 1)


@pytest.mark.parametrize(
    "message",
    [
        "", "3probe", '0{"sid":"x"}', "{", '{"message":{"kind":"contact_bulk_create_starting"}, "uuid":"u"}',
        '["contact_bulk_create_starting"]',
        '{"type":"contact_bulk_create_starting"}', '{"type":"contact_bulk_create_starting","data":{"uuid":7}}',
        '{"type":"contact_bulk_create_starting","data":{"uuid":""}}',
        '{"type":"contact_bulk_create_starting","data":{"uuid":"\\ud800"}}',
        '{"type":"contact_bulk_create_running","data":{"uuid":"u","i":NaN}}', "[" * 100, '{"a":' * 50, "<html>",
        json.dumps({"type": NAME, "data": {"uuid": "u" * 201}}), b"\xff\xfe", b"", b"\x00\x01",
        json.dumps({"type": NAME, "data": {"uuid": "\u202eu"}}),
    ],
)  # fmt: skip
def test_everything_else_is_noise(message: str | bytes) -> None:
    assert decode(message) is None


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"other","data":{"uuid":"u"}}', '{"event":"ping"}', '["contact_updated",{}]', '42["x",{}]', "2",
        "40", "42", "42[]", '42["x"]', "null", "7", "[]", "{}", '"text"', '{"type":7,"data":{"uuid":"u"}}',
        '{"at":17}',
    ],
)  # fmt: skip
def test_events_of_another_kind_are_unrelated_and_no_noise(message: str) -> None:
    assert decode(message) == Unrelated()


@given(st.one_of(st.text(), st.binary()))
def test_no_message_breaks_the_decoder(message: str | bytes) -> None:
    decode(message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["type", "data", "uuid"]), inner),
    max_leaves=10,
)


@given(json_values)
def test_no_json_breaks_the_decoder(value: Any) -> None:
    decode(json.dumps(value))
    decode(json.dumps([NAME, value]))
    decode(json.dumps({"type": NAME, "data": value}))
