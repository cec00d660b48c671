"""The JSON document keeps its contract: schema, sums, masking."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from sync.report.output import render
from sync.report.structured import counts, to_dict, to_json, to_ndjson
from tests.report import samples
from tests.report.hostile import ANY_TEXT

SCHEMA = json.loads(resources.files("sync.report").joinpath("report.schema.json").read_text("utf-8"))
REPORTS = {"quiet": samples.quiet(), "full": samples.full(), "guarded": samples.guarded()}
TOP_LEVEL = [
    "schema", "run_id", "mode", "started_at", "finished_at", "exit_code", "providers", "people", "operations",
    "counts", "conflicts", "suspected_duplicates", "twins", "holds", "parked", "deferred", "cannot_express",
    "manual_actions", "guards", "bulk",
]  # fmt: skip
PERSONAL_CANARIES = ("chloe", "ana.perez", "Pérez", "Müller", "+336", "Lyon", "fair", "Stone")


def validated(document: Any) -> Any:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("values", [True, False])
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_keeps_the_schema(name: str, values: bool) -> None:
    document = validated(json.loads(to_json(REPORTS[name], values=values)))
    assert list(document) == [*TOP_LEVEL, *(["notes"] if REPORTS[name].notes else [])]
    assert document == to_dict(REPORTS[name], values=values)


@pytest.mark.parametrize("key", TOP_LEVEL)
def test_the_schema_asks_for_every_key(key: str) -> None:
    document = to_dict(samples.full(), values=False)
    del document[key]
    with pytest.raises(jsonschema.ValidationError):
        validated(document)


def test_times_end_with_z() -> None:
    document = to_dict(samples.full(), values=False)
    assert document["started_at"] == "2026-11-20T18:34:05Z"
    assert document["deferred"][0]["until"] == "2026-11-21T00:00:00Z"


def test_counts_add_up_to_the_operations() -> None:
    found = counts(samples.full().operations)
    assert found["apollo"]["create"] == {"blocked": 1, "deferred": 1, "verified": 1}
    total = sum(n for kinds in found.values() for states in kinds.values() for n in states.values())
    assert total == len(samples.full().operations)


def test_personal_values_are_masked_and_the_rest_is_not() -> None:
    document = to_dict(samples.full(), values=False)
    fields = document["operations"][0]["fields"]
    assert fields["emails"]["after"] == ["a…@a….example", "a…@p….example"]
    assert fields["first_name"] == {"before": None, "after": "A…", "source": "topo", "rule": "first-contact"}
    assert fields["variables.lead_source"]["after"] == "f…"
    assert fields["job_title"]["after"] == "Chief Operating Officer"
    assert document["parked"][0]["look_for"] == {"email": "c…@d….example"}
    assert document["conflicts"][0]["values"]["topo:t-2"] == "COO"
    assert document["conflicts"][1]["values"] == {"topo:t-1": "+…"}
    assert document["suspected_duplicates"][0]["features"][0]["detail"] == "Only the family names fit."
    assert document["operations"][0]["person"] == samples.ANA
    assert document["operations"][0]["record_id"] == "66f0a1"


@pytest.mark.parametrize("render", [to_json, to_ndjson])
def test_nobody_can_be_known_from_a_masked_report(render: Any) -> None:
    text = render(samples.full(), values=False)
    shown = render(samples.full(), values=True)
    for canary in PERSONAL_CANARIES[:-1]:
        assert canary not in text
        assert canary in shown
    assert "Stone" not in text


def test_events_tell_the_same_line_by_line() -> None:
    document = to_dict(samples.full(), values=True)
    events = [json.loads(line) for line in to_ndjson(samples.full(), values=True).splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["header", "footer"]
    assert events[0]["schema"] == document["schema"]
    assert events[-1]["counts"] == document["counts"]
    operations = [e for e in events if e.pop("event") == "operation"]
    assert operations == document["operations"]
    findings = sum(len(v) for v in document.values() if isinstance(v, list)) - len(operations)
    assert len(events) == 2 + len(document["providers"]) + len(operations) + findings


def test_notes_are_told_whole_where_people_read_a_cut_list() -> None:
    things = [f"create of person {number} at topo" for number in range(25)]
    told = f"Of run 1 this is not taken back: {'; '.join(things)}."
    report = replace(samples.quiet(), notes=("Ask ana.perez@acme.example soon.", told))
    assert to_dict(report, values=False)["notes"] == ["Ask a…@a….example soon.", told]
    events = [json.loads(line) for line in to_ndjson(report, values=True).splitlines()]
    assert [e["text"] for e in events if e["event"] == "note"] == list(report.notes)
    for form in ("text", "markdown"):
        text = render(report, form, values=False)
        assert "create of person 19 at topo and 5 more; " in text
        assert "person 20" not in text


@given(ANY_TEXT)
@settings(max_examples=80)
def test_hostile_values_come_back_as_they_were_and_print_safely(text: str) -> None:
    report = samples.hostile(text)
    printed = to_json(report, values=True)
    assert not any(c in printed for c in "\x1b\x07\x9b\x85\x00\r\u202e\u2066\u2028\ufeff")
    assert json.loads(printed)["operations"][0]["fields"]["job_title"]["after"] == text
    lines = to_ndjson(report, values=True).split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["event"] for line in lines][-1] == "footer"
    printed.encode("utf-8")
