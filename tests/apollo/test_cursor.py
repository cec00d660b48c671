from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.apollo.cursor import Cursor, Sweep, parse_cursor, render_cursor, scope_of
from tests.apollo.harness import START

SCOPE = scope_of({"l1"})
counts = st.integers(0, 10**6)
sweeps = st.builds(
    Sweep,
    parts=st.just((None,)) | st.just(("s1",)),
    total=counts,
    ascending=st.booleans(),
    page=st.integers(1, 500),
    last_total=counts,
    summed=counts,
    ignored=counts,
    whole=st.booleans(),
)


@given(st.none() | st.just(START), st.none() | sweeps)
def test_a_cursor_survives_its_text(watermark: object, sweep: Sweep | None) -> None:
    cursor = Cursor(watermark=watermark, sweep=sweep)  # type: ignore[arg-type]  # a time or None
    assert parse_cursor(render_cursor(cursor, SCOPE), SCOPE, START) == cursor


def noted(watermark: str, sweep: str) -> str:
    return f'{{"v":1,"scope":"{SCOPE}","watermark":{watermark},"sweep":{sweep}}}'


@pytest.mark.parametrize(
    "text",
    [
        None, "", "{", "5", "[]", '{"v":2}', '{"v":1,"scope":"x","watermark":null,"sweep":null}', "[" * 9999,
        noted('"yesterday"', "null"),
        noted("null", '{"parts":[null],"total":-1}'),
        noted("null", '{"parts":[],"total":1}'),
        noted("null", '{"parts":[null],"total":1,"new":1}'),
    ],
)  # fmt: skip
def test_a_cursor_that_cannot_be_trusted_starts_over(text: str | None) -> None:
    assert parse_cursor(text, SCOPE, START) == Cursor()


@given(st.text())
def test_any_text_is_a_cursor_or_starts_over(text: str) -> None:
    assert parse_cursor(text, SCOPE, START) == Cursor()


def test_a_watermark_from_the_future_starts_over() -> None:
    text = render_cursor(Cursor(watermark=START + timedelta(days=2)), SCOPE)
    assert parse_cursor(text, SCOPE, START) == Cursor()


def test_other_labels_start_over() -> None:
    text = render_cursor(Cursor(watermark=START), SCOPE)
    assert parse_cursor(text, scope_of({"l2"}), START) == Cursor()
