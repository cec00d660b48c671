"""A record that is named by its key is somebody's address; reports mask it like one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sync.report.output import FORMATS, Format, render
from sync.report.record_names import masked_name
from tests.report.samples import full


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("66f000000000000000000101", "66f000000000000000000101"),
        ("email:ana.diaz@acme.com", "email:a…@a….com"),
        ("linkedin:in:ana-diaz", "linkedin:i…"),
    ],
)
def test_only_names_made_of_keys_are_masked(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize("form", FORMATS)
def test_no_masked_report_shows_a_key_that_names_a_record(form: Format) -> None:
    report = full()
    operation = replace(report.operations[0], record_id="email:canary.person@acme.com")
    report = replace(report, operations=(operation,))
    assert "canary.person" not in render(report, form, False)
    if form == "json":
        told = json.loads(render(report, form, True))
        assert told["operations"][0]["record_id"] == "email:canary.person@acme.com"
