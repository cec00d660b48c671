"""What a person can be known by is hidden, wherever it was written."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from sync.report.masking import FREE_TEXT, masked_value
from sync.report.output import FORMATS, Format, render
from tests.report import samples

TITLE = "COO, ask zoe.quill@lumenforge.fr or +33 6 12 34 56 78, linkedin.com/in/zoe-quill"


@pytest.mark.parametrize("field", sorted(FREE_TEXT))
def test_free_text_is_shown_without_what_somebody_can_be_reached_by(field: str) -> None:
    assert masked_value(field, TITLE, values=False) == "COO, ask z…@l….fr or <phone>, linkedin.com/in/***"
    assert masked_value(field, TITLE, values=True) == TITLE


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("job_title", "Chief Operating Officer (EMEA & LatAm), since 14/11/2020"),
        ("job_title", "Token Economics Lead"),
        ("company_name", "3M @ Work 4711 GmbH"),
        ("company_category", "Basic Materials"),
        ("company_size", "10,001-50,000"),
        ("company_domain", "0123456789.com"),
        ("collected_at", "2026-11-20T18:34:05.123456Z"),
    ],
)
def test_what_tells_of_nobody_is_shown_as_it_is(field: str, text: str) -> None:
    assert masked_value(field, text, values=False) == text


@pytest.mark.parametrize("report_format", FORMATS)
def test_no_report_shows_whom_a_title_tells_of(report_format: Format) -> None:
    report = samples.full()
    first, *others = report.operations
    fields = {**first.fields, "job_title": samples.change(None, TITLE)}
    report = replace(report, operations=(replace(first, fields=MappingProxyType(fields)), *others))
    told = render(report, report_format, values=False)
    assert "COO, ask" in told.replace("\\", "")
    assert "quill" not in told
    assert "12 34" not in told
    assert "quill" in render(report, report_format, values=True)
