"""The brakes: where they begin to hold, and what lets a change set through."""

from __future__ import annotations

from typing import Any

import pytest

from sync.change import FieldChange, GuardReport, Operation
from sync.contact import Contact
from sync.guards import EVERY, Allowances, Facts, GuardPolicy, Limit, check, emptied

POLICY = GuardPolicy()
CHANGED = FieldChange(before="a", after="b", source="topo", rule="only-changer")
FILLED = FieldChange(before=None, after="b", source="topo", rule="fill")
BLANKED = FieldChange(before="a", after=None, source="topo", rule="blank")


def operations(count: int, kind: Any = "update", provider: str = "apollo", **given: Any) -> list[Operation]:
    return [
        Operation(id=f"{kind}{n}", person_id=f"p{n}", provider=provider, kind=kind, contact=Contact(),
                  reason="fill", **given)
        for n in range(count)
    ]  # fmt: skip


def stops(planned: list[Operation], *allowed: str, known: int = 0, **facts: Any) -> tuple[GuardReport, ...]:
    about = Facts(known={"apollo": known, "topo": known}, **facts)
    return check(planned, about, POLICY, Allowances.parse(allowed))


@pytest.mark.parametrize(
    ("kind", "known", "passes"),
    [
        ("create", 0, 50),
        ("create", 200, 50),
        ("create", 204, 51),
        ("create", 1000, 250),
        ("update", 250, 50),
        ("update", 255, 51),
        ("variables", 1000, 200),
        ("exclude", 0, 999),
        ("stage", 0, 999),
    ],
)
def test_a_change_set_stops_when_it_is_over_the_floor_and_over_the_share(
    kind: str, known: int, passes: int
) -> None:
    assert not stops(operations(passes, kind), known=known)
    one_more = stops(operations(passes + 1, kind), known=known)
    assert [(s.kind, s.provider, s.planned, s.limit) for s in one_more] == (
        []
        if kind in {"exclude", "stage"}
        else [(kind.replace("variables", "update"), "apollo", passes + 1, passes)]
    )


@pytest.mark.parametrize(
    ("share", "known", "limit"), [(0.29, 100, 29), (0.07, 100, 7), (0.57, 100, 57), (0.29, 99, 28), (0.999, 1, 0)]
)
def test_a_share_is_counted_exactly(share: float, known: int, limit: int) -> None:
    assert Limit(share, 0).of(known) == limit


def test_updates_and_variables_count_together() -> None:
    planned = operations(30) + operations(30, "variables")
    assert [s.planned for s in stops(planned)] == [60]


def test_every_provider_is_counted_for_itself() -> None:
    assert not stops(operations(40) + operations(40, provider="topo"))


@pytest.mark.parametrize("state", ["blocked", "deferred"])
def test_what_will_not_be_sent_does_not_count(state: Any) -> None:
    assert not stops(operations(60, state=state))


@pytest.mark.parametrize(("known", "passes"), [(0, 5), (500, 5), (600, 6), (1000, 10)])
def test_one_field_emptied_for_many_stops(known: int, passes: int) -> None:
    assert not stops(operations(passes, fields={"city": BLANKED}), known=known)
    found = stops(operations(passes + 1, fields={"city": BLANKED}), known=known)
    assert [(s.kind, s.planned, s.limit) for s in found] == [("blank", passes + 1, passes)]
    assert "city" in found[0].detail


def test_several_fields_emptied_for_few_each_do_not_stop() -> None:
    planned = operations(5, fields={"city": BLANKED}) + operations(5, fields={"state": BLANKED})
    assert not stops(planned)


@pytest.mark.parametrize(("change", "stopped"), [(CHANGED, True), (FILLED, False)])
def test_one_field_replaced_for_more_than_half_stops_and_filled_does_not(
    change: FieldChange, stopped: bool
) -> None:
    # The size of the change set is let through, so that only the replacing is judged.
    found = stops(operations(61, fields={"city": change}), "update=apollo:61", known=121)
    assert [s.kind for s in found] == ["replace"] * stopped
    assert not stops(operations(60, fields={"city": change}), "update=apollo:60", known=121)


def test_the_replace_guard_has_the_update_floor() -> None:
    assert not stops(operations(50, fields={"city": CHANGED}), known=50)


@pytest.mark.parametrize(("people", "passes"), [(0, 10), (500, 10), (550, 11), (1000, 20)])
def test_joins_of_known_people_are_counted_over_all_providers(people: int, passes: int) -> None:
    assert not stops([], people=people, merges={"apollo": passes - 4, "topo": 4})
    found = stops([], people=people, merges={"apollo": passes - 4, "topo": 5})
    assert [(s.kind, s.provider, s.allow) for s in found] == [("merge", EVERY, f"merge=all:{passes + 1}")]


@pytest.mark.parametrize(
    ("gone", "before", "stopped"),
    [(0, 0, False), (0, 9, False), (1, 1, True), (4, 9, False), (5, 9, False), (9, 9, True), (5, 10, False),
     (6, 10, True), (500, 1000, False), (501, 1000, True)],
)  # fmt: skip
def test_a_provider_that_suddenly_reads_empty_is_not_believed(gone: int, before: int, stopped: bool) -> None:
    assert emptied(gone, before) == stopped
    found = stops([], vanished={"topo": (gone, before)})
    assert [s.allow for s in found] == [f"emptied=topo:{gone}"] * stopped


def test_changed_settings_stop_until_their_fingerprint_is_accepted() -> None:
    facts: dict[str, Any] = {"changed_config": {"topo": ("ab12", "the target list changed")}}
    found = stops([], **facts)
    assert [(s.kind, s.allow, s.detail) for s in found] == [
        ("config", "config=topo:ab12", "the target list changed")
    ]
    assert not stops([], "config=topo:ab12", **facts)
    assert stops([], "config=topo:ab13", **facts)
    assert stops([], "config=apollo:ab12", **facts)


def test_a_write_that_would_start_outreach_stops_from_the_first() -> None:
    found = stops(operations(1, "create", effects=("enrolment",)))
    assert [(s.kind, s.planned, s.limit, s.allow) for s in found] == [("outreach", 1, 0, "outreach=apollo:1")]


def test_a_lost_database_stops_and_no_allowance_lets_it_through() -> None:
    found = stops([], "create=all:99", "merge=all:99", lost_database=True)
    assert [(s.kind, s.allow) for s in found] == [("lost", "")]


def test_a_state_of_another_machine_stops_and_no_allowance_lets_it_through() -> None:
    found = stops([], "create=all:99", "merge=all:99", other_host=True)
    assert [(s.kind, s.allow) for s in found] == [("second-writer", "")]


# allowances -------------------------------------------------------------------------------------------
FACTS: dict[str, Any] = {
    "known": 150, "people": 0, "merges": {"topo": 11}, "vanished": {"topo": (9, 9)},
    "changed_config": {"apollo": ("ff00", "mapping changed")},
}  # fmt: skip
EVERYTHING = [
    *operations(100, "create", effects=("enrolment",)), *operations(100, fields={"city": CHANGED}),
    *operations(100, fields={"state": BLANKED}),
]  # fmt: skip


def test_every_printed_allowance_parses_and_lets_just_that_through() -> None:
    found = stops(EVERYTHING, **FACTS)
    kinds = ["config", "emptied", "outreach", "merge", "create", "update", "blank", "replace"]
    assert [s.kind for s in found] == kinds
    assert not stops(EVERYTHING, *(s.allow for s in found), **FACTS)
    for one in found:
        rest = [s.allow for s in found if s is not one]
        assert [s.kind for s in stops(EVERYTHING, *rest, **FACTS)] == [one.kind]


@pytest.mark.parametrize(("allowed", "stopped"), [(100, False), (60, False), (59, True), (0, True)])
def test_an_allowance_is_a_ceiling(allowed: int, stopped: bool) -> None:
    assert bool(stops(operations(60, "create"), f"create=apollo:{allowed}")) == stopped


@pytest.mark.parametrize("other", ["create=topo:99", "update=apollo:99", "create=all:99"])
def test_an_allowance_is_for_one_provider_and_kind(other: str) -> None:
    assert stops(operations(60, "create"), other)


def test_an_allowance_never_lowers_a_limit() -> None:
    assert not stops(operations(50, "create"), "create=apollo:1")


def test_of_two_allowances_for_one_thing_the_larger_counts() -> None:
    assert not stops(operations(60, "create"), "create=apollo:60", "create=apollo:5")


@pytest.mark.parametrize(
    "text", ["", "create", "create=apollo", "create=apollo:", "create=:5", "=apollo:5", "create=apollo:-1",
             "create=apollo:many", "create=apollo:1.5", "everything=apollo:5", "lost=all:1"],
)  # fmt: skip
def test_what_is_no_allowance_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"KIND=PROVIDER:COUNT|unknown kind|whole number"):
        Allowances.parse([text])
