"""What people read, kept word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.report.output import FORMATS, render
from tests.report import samples

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from sync.report.output import Format


@pytest.mark.parametrize("values", [True, False], ids=["values", "masked"])
@pytest.mark.parametrize("report_format", FORMATS)
def test_a_full_report(report_format: Format, values: bool, snapshot: SnapshotAssertion) -> None:
    assert render(samples.full(), report_format, values) == snapshot


def test_a_quiet_run(snapshot: SnapshotAssertion) -> None:
    assert render(samples.quiet(), "text", False) == snapshot


def test_a_first_run_that_guards_stop(snapshot: SnapshotAssertion) -> None:
    lines = render(samples.guarded(), "text", False).splitlines()
    assert [*lines[:40], "...", *lines[-3:]] == snapshot
