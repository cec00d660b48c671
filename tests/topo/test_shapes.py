from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.topo.shapes import Moment, identifier, kind_of, name_of, parse_moment, render_moment, table, text
from sync.errors import MappingError

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at", "grain_s"),
    [
        ("2026-03-04T12:00:00Z", NOON, 1.0),
        ("2026-03-04T14:00:00+02:00", NOON, 1.0),
        ("2026-03-04T12:00:00.250Z", NOON.replace(microsecond=250_000), 0.001),
        ("2026-03-04T12:00:00.250001Z", NOON.replace(microsecond=250_001), 0.000001),
        ("2026-03-04T12:00:00.250001999Z", NOON.replace(microsecond=250_001), 0.000001),
        ("2026-03-04T12:00:00", NOON, 1.0),
    ],
)
def test_a_timestamp_is_read_in_any_grain_and_offset(written: str, at: datetime, grain_s: float) -> None:
    assert parse_moment(written) == Moment(at, grain_s)


@pytest.mark.parametrize(
    "written", [None, 7, "", "yesterday", "2026-03-04", "2026-13-04T12:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_timestamp_is_none(written: object) -> None:
    assert parse_moment(written) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis adds the zone
def test_a_timestamp_is_read_back_as_it_was_sent_and_holds_no_plus_sign(at: datetime) -> None:
    written = render_moment(at)
    found = parse_moment(written)
    assert found is not None
    assert found.at == at
    assert "+" not in written


def test_blank_text_is_not_known() -> None:
    assert text({"email": "  "}, "email", "row") is None
    assert text({}, "email", "row") is None


@pytest.mark.parametrize("value", [7, True, [], {}, 1.5])
def test_a_field_of_another_type_is_named_with_its_path_and_never_with_its_value(value: object) -> None:
    with pytest.raises(MappingError) as broken:
        text({"email": value}, "email", "contacts.items[3]")
    assert broken.value.path == "contacts.items[3].email"
    assert broken.value.got == kind_of(value)


@pytest.mark.parametrize("value", [None, "", 7, "has space", "a/../b", "x" * 201])
def test_an_id_is_short_plain_text(value: object) -> None:
    with pytest.raises(MappingError):
        identifier({"id": value}, "id", "row")


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(MappingError):
        table(value, "row")


def test_a_bad_row_is_named_by_its_id_or_its_position() -> None:
    assert name_of({"id": "c1"}, 4) == "c1"
    assert name_of({"id": "ana@corp.com"}, 4) == "#4"
    assert name_of("garbage", 4) == "#4"
