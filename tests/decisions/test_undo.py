"""Undoing a merge gives back ids and values byte for byte, in any world."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from sync.engine import decisions
from sync.engine.named import records_named
from sync.record import RecordRef
from tests.decisions.chances import tried
from tests.decisions.worlds import World, told, world

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.engine.tying import Judgement
    from sync.person import Decision, Person

FIELDS = {
    "first_name": ("Ana", "Bob", None),
    "job_title": ("COO", "CEO", "coo", None),
    "company_name": ("Oakmere", "Lumen", None),
    "city": ("Lyon", "Paris", None),
    "phone": ("+33140000001", "+33140000002", None),
}
Row = dict[str, Any]

values = st.fixed_dictionaries({name: st.sampled_from(choices) for name, choices in FIELDS.items()})
names = st.sampled_from(["topo", "apollo", "datananas"])
people = st.lists(st.lists(st.tuples(names, values), min_size=1, max_size=3), min_size=2, max_size=3)
edits = st.lists(st.tuples(st.integers(0, 20), values), max_size=3)


def populate(here: World, rows: list[list[tuple[str, Row]]]) -> list[str]:
    """Each list of rows is one person by their email; the first record of each person."""
    count = 0
    firsts = []
    for number, own in enumerate(rows):
        for place, (provider, fields) in enumerate(own):
            name = f"{provider}:r{count}"
            here.shows(name, email=f"p{number}@oakmere.com", last_name=f"Diaz{number}", **fields)
            firsts += [name] if place == 0 else []
            count += 1
        here.settle(minutes=1)
    return firsts


def edit(here: World, changes: list[tuple[int, Row]]) -> None:
    """Some records show other values."""
    shown = sorted(str(m.record.ref) for p in here.people().values() for m in p.members)
    for number, fields in changes:
        here.shows(shown[number % len(shown)], **fields)
    here.settle()


def everybody(here: World) -> dict[str, dict[str, object]]:
    return {person_id: told(person) for person_id, person in here.people().items()}


def timeless(here: World) -> dict[str, object]:
    """Everybody without the times at which values were chosen."""
    return {person.id: {**told(person), "choices": _choices(person)} for person in here.people().values()}


def _choices(person: Person) -> object:
    epoch = person.created_at
    return {name: replace(choice, at=epoch) for name, choice in person.choices.items()}


SHOWN = {"job_title": "COO", "company_name": "Oakmere", "city": "Lyon", "phone": "+33140000001"}


def called(*people: list[tuple[str, str | None]]) -> list[list[tuple[str, Row]]]:
    """People of whom each record shows a first name of its own."""
    return [[(provider, {"first_name": name, **SHOWN}) for provider, name in own] for own in people]


def renamed(*changes: tuple[int, str]) -> list[tuple[int, Row]]:
    return [(number, {"first_name": name, **SHOWN}) for number, name in changes]


@tried(25)
@example(
    called([("topo", "Ana")], [("topo", "Bob"), ("topo", "Bob"), ("apollo", "Bob")]), renamed((0, "Ana"))
)  # edited before
@example(
    called([("topo", "Ana")], [("topo", "Bob"), ("topo", None), ("topo", "Bob")]),
    renamed((0, "Ana"), (1, "Ana"), (2, "Bob")),
)  # in dispute before
@given(rows=people, changes=edits)
def test_a_join_taken_back_leaves_no_trace(
    rows: list[list[tuple[str, Row]]], changes: list[tuple[int, Row]]
) -> None:
    with world() as here:
        one, other, *_ = populate(here, rows)
        edit(here, changes)
        before = everybody(here)
        here.join(one, other)
        here.settle()
        here.act(decisions.unjoin(here.session, records_named(here.store, one), {RecordRef.parse(other)}))
        here.settle()
        assert everybody(here) == before


@tried(25)
@example(
    called([("topo", "Ana")], [("topo", "Ana"), ("topo", "Bob"), ("apollo", "Ana")]),
    renamed((0, "Ana"), (0, "Bob")),
    1,
)  # who leaves comes to somebody else
@given(rows=people, changes=edits, leaving=st.integers(1, 7))
def test_a_split_taken_back_leaves_no_trace(
    rows: list[list[tuple[str, Row]]], changes: list[tuple[int, Row]], leaving: int
) -> None:
    with world() as here:
        populate(here, rows)
        edit(here, changes)
        whole = max(here.people().values(), key=lambda person: len(person.members))
        refs = sorted(str(m.record.ref) for m in whole.members)
        gone = [ref for place, ref in enumerate(refs) if leaving >> place & 1]
        assume(gone and len(gone) < len(refs))
        before = everybody(here)
        here.split(*gone)
        here.settle()
        assert len({here.person(ref).id for ref in refs}) == 2
        staying = {RecordRef.parse(ref) for ref in refs} - {RecordRef.parse(ref) for ref in gone}
        here.act(decisions.unsplit(here.session, staying, {RecordRef.parse(ref) for ref in gone}))
        here.settle()
        assert everybody(here) == before


@tried(25)
@given(rows=people, changes=edits, later=edits)
def test_a_split_after_a_merge_by_key_is_as_if_they_had_never_been_one(
    rows: list[list[tuple[str, Row]]], changes: list[tuple[int, Row]], later: list[tuple[int, Row]]
) -> None:
    with world() as merged, world() as apart:
        for here in (merged, apart):
            one, other, *_ = populate(here, rows)
            edit(here, changes)
        leaving = [str(m.record.ref) for m in merged.person(other).members]
        apart.never(one, other)
        merged.clock.advance(minutes=1)
        for here in (merged, apart):
            here.shows(one, linkedin_url="https://www.linkedin.com/in/ana-diaz")
            here.shows(other, linkedin_url="https://www.linkedin.com/in/ana-diaz")
            here.settle()
        assume(merged.person(one).id == merged.person(other).id)  # else it was held, and nobody decides
        merged.split(*leaving)
        merged.settle()
        apart.settle(minutes=21)
        assert timeless(merged) == timeless(apart)
        for here in (merged, apart):
            edit(here, later)
        assert {i: p["fields"] for i, p in everybody(merged).items()} == {
            i: p["fields"] for i, p in everybody(apart).items()
        }


def test_an_edit_made_while_they_were_apart_is_kept_when_the_split_is_taken_back() -> None:
    with world() as here:
        populate(here, [[("topo", {"job_title": "COO"}), ("apollo", {"job_title": "COO", "city": "Lyon"})]])
        here.split("apollo:r1")
        here.settle()
        here.shows("apollo:r1", job_title="CEO")
        here.settle()
        near, far = {RecordRef.parse("topo:r0")}, {RecordRef.parse("apollo:r1")}
        here.act(decisions.unsplit(here.session, near, far))
        here.settle()
        whole = here.person("topo:r0")
        assert whole.contact.job_title == "CEO"
        assert whole.contact.city == "Lyon"
        assert {name: choice.rule for name, choice in whole.choices.items()}["job_title"] == "only-changer"


ACTS = {
    "join": (decisions.join, decisions.unjoin, "same"),
    "never": (decisions.never, decisions.unnever, "different"),
}
acts = st.lists(
    st.tuples(st.sampled_from(["join", "split", "never"]), st.integers(0, 99), st.integers(0, 99)),
    min_size=2,
    max_size=4,
)


def only(here: World, groups: set[frozenset[str]]) -> None:
    """Keys that nothing holds back any more may tie others together; taking the act back does not part these."""
    here.settle()
    assume(here.groups() == groups)


def do(here: World, kind: str, one: int, other: int) -> Callable[[], Judgement | None] | None:
    """One act on somebody there is; what takes it back, ``None`` where it would say nothing new."""
    found = [person for _, person in sorted(here.people().items())]
    several = [person for person in found if len(person.members) > 1]
    if kind == "split" and several:
        whole = several[one % len(several)]
        refs = [m.record.ref for m in whole.members]
        leaving = refs[: 1 + other % (len(refs) - 1)]
        others = here.groups() - {frozenset(map(str, refs))}
        here.act(decisions.split(here.session, whole, leaving, "ann"))
        only(here, others | {frozenset(map(str, set(refs) - set(leaving))), frozenset(map(str, leaving))})
        return lambda: decisions.unsplit(here.session, set(refs) - set(leaving), set(leaving))
    if kind == "split" or one % len(found) == other % len(found):
        return None
    a, b = found[one % len(found)], found[other % len(found)]
    near, far = ({m.record.ref for m in person.members} for person in (a, b))
    act, back, verdict = ACTS[kind]
    if any(d.verdict == verdict and near & {d.a, d.b} and far & {d.a, d.b} for d in here.store.decisions()):
        return None
    sides = {frozenset(map(str, near)), frozenset(map(str, far))}
    after = here.groups() if kind == "never" else here.groups() - sides | {frozenset().union(*sides)}
    here.act(act(here.session, a, b, "ann"))
    only(here, after)
    return lambda: back(here.session, near, far)


@tried(25)
@given(
    rows=st.lists(st.lists(st.tuples(names, values), min_size=1, max_size=2), min_size=3, max_size=4),
    joins=st.permutations([(0, 1), (1, 2), (2, 3)]),
    order=st.permutations(range(3)),
)
def test_joins_taken_back_in_any_order_leave_no_trace(
    rows: list[list[tuple[str, Row]]], joins: list[tuple[int, int]], order: list[int]
) -> None:
    with world() as here:
        firsts = populate(here, rows)
        before = timeless(here)
        back: list[Callable[[], Judgement | None]] = []
        for one, other in ((firsts[a], firsts[b]) for a, b in joins if b < len(firsts)):
            near, far = ({m.record.ref for m in here.person(name).members} for name in (one, other))
            here.join(one, other)
            here.settle()
            back.append(partial(decisions.unjoin, here.session, near, far))
        for place in (place for place in order if place < len(back)):
            here.act(back[place]())
            here.settle()
        assert timeless(here) == before


@tried(25)
@given(rows=people, changes=edits, acts=acts)
def test_acts_taken_back_in_turn_leave_no_trace(
    rows: list[list[tuple[str, Row]]], changes: list[tuple[int, Row]], acts: list[tuple[str, int, int]]
) -> None:
    with world() as here:
        populate(here, rows)
        edit(here, changes)
        before = timeless(here)
        judged: list[list[Decision]] = []
        undo: list[Callable[[], Judgement | None]] = []
        for act in acts:
            standing = here.store.decisions()
            if back := do(here, *act):
                judged.append(standing)
                undo.append(back)
        for back, standing in zip(reversed(undo), reversed(judged), strict=True):
            here.act(back())
            here.settle()
            assert {(d.a, d.b): d for d in here.store.decisions()} == {(d.a, d.b): d for d in standing}
        assert timeless(here) == before


def test_a_split_taken_back_leaves_the_never_of_somebody_who_joined_since() -> None:
    with world() as here:
        for name, who in (("apollo:b", "Bob"), ("datananas:c", "Cid"), ("topo:a", "Ana")):
            here.shows(name, first_name=who, last_name=f"{who}son", email=f"{who}@{who}.fr")
            here.settle()
        here.join("apollo:b", "datananas:c")
        here.never("topo:a", "apollo:b")
        whole = here.person("apollo:b").id
        here.split("datananas:c")
        here.join("topo:a", "apollo:b")
        near, far = (set(records_named(here.store, key)) for key in (whole, here.person("datananas:c").id))
        here.act(decisions.unsplit(here.session, near, far))
        assert here.groups() == {frozenset({"topo:a"}), frozenset({"apollo:b", "datananas:c"})}
        assert [(str(d.a), str(d.b)) for d in here.store.decisions() if d.verdict == "different"] == [
            ("datananas:c", "topo:a")
        ]
