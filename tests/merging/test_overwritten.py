"""What a record held by itself: our writes of it are gone back on, the last one first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import FieldChange
from sync.merging.overwritten import before_writes, own_values
from tests.builders import choice, member, person

if TYPE_CHECKING:
    from sync.change import Choice
    from sync.contact import Value


def wrote(*values: Value | None) -> list[FieldChange]:
    """One write for each two: what it replaced, and by what."""
    pairs = zip(values[::2], values[1::2], strict=True)
    return [FieldChange(before=old, after=new, source="topo", rule="only-changer") for old, new in pairs]


def own(shows: str, sent: str | None, writes: list[FieldChange], why: Choice) -> Value | None:
    record = member(2, "apollo:2", {"job_title": shows}, sent={"job_title": sent} if sent else {})
    who = person(record, known={"job_title": "CEO"}, choices={"job_title": why})
    return own_values(record, who, {"job_title": writes}, "", lambda _: frozenset()).get("job_title")


def test_a_write_and_the_one_that_took_it_back_leave_what_stood_first() -> None:
    assert before_writes("job_title", "CIO", wrote("CIO", "CEO", "CEO", "CIO"), "") == "CIO"
    assert before_writes("job_title", "Boss", wrote("CIO", "CEO", "CEO", "Boss"), "") == "CIO"


def test_what_somebody_typed_between_two_writes_is_the_records_own() -> None:
    assert before_writes("job_title", "Boss", wrote("CIO", "CEO", "Chair", "Boss"), "") == "Chair"


def test_of_several_addresses_only_the_very_one_that_we_replaced_is_another() -> None:
    writes = wrote(("a@x.co", "b@x.co"), ("a@x.co", "c@x.co"))
    assert before_writes("emails", ("d@x.co", "c@x.co"), writes, "") == ("d@x.co", "b@x.co")


def test_a_write_of_what_is_another_records_own_stays() -> None:
    writes = wrote("CIO", "CEO", "CEO", "Boss")
    assert before_writes("job_title", "Boss", writes, "", frozenset({"ceo"})) == "CEO"


def test_where_a_write_is_not_known_any_more_what_lost_there_is_the_records_own() -> None:
    forgotten, lost = wrote(None, None), choice("topo:1", losers={"apollo:2": "CIO"})
    assert own("CEO", "CEO", forgotten, lost) == "CIO"
    assert own("CEO", "CEO", forgotten, choice("topo:1")) is None
    assert own("Chair", None, forgotten, lost) == "Chair"
