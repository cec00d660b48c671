"""Which value a person put in another one's place, for the fields of which several may be true at once.

Records keep their own email, phone and profile; only the very value that somebody replaced follows.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import MULTI_VALUED
from sync.identity.canonical import compared_each
from sync.merging.emails import EmailEdit
from sync.merging.overwritten import before_writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.contact import Value
    from sync.merging.overwritten import Writes
    from sync.merging.work import Edit, Work
    from sync.person import Member, Person


def replaced_by(work: Work, name: str, edits: Sequence[Edit], standing: Value | None) -> dict[str, str]:
    """Compared form of an old value → what stands in its place; later ``edits`` outdo earlier ones."""
    return in_place_of(work, name, [(edit.before, edit.value) for edit in edits], standing)


def in_place_of(
    work: Work, name: str, changes: Sequence[tuple[Value | None, Value | None]], standing: Value | None
) -> dict[str, str]:
    """As ``replaced_by``, for changes from a value to another one."""
    if name not in MULTI_VALUED or standing is None:
        return {}
    wins = work.keys(name, standing)
    return {
        old: new
        for before, value in changes
        for old, new in _swaps(work, name, before, value)
        if work.keys(name, _single(name, new)) <= wins
    }


def put_back(work: Work, name: str, edits: Iterable[Edit], before: Mapping[str, str]) -> Mapping[str, str]:
    """``before`` and, for edits that replaced what stands, the way back to it."""
    if name not in MULTI_VALUED or name not in work.values:
        return before
    stands = work.keys(name, work.values[name])
    back = {
        old: new
        for edit in edits
        for old, new in _swaps(work, name, edit.value, edit.before)
        if work.keys(name, _single(name, new)) <= stands and old not in stands
    }
    return MappingProxyType({**before, **back})


def ways_back(
    person: Person, written: Iterable[tuple[Member, Writes]], before: Iterable[Person], region: str
) -> Person:
    """The person, for whom every value that we put in the place of one of theirs is replaced by that one again.

    ``before``: for whose sake it was written, told by their choices where the write is not kept any more.
    """
    choices, records = dict(person.choices), list(written)
    for name in choices.keys() & set(MULTI_VALUED):
        own = _by_form(name, person.contact.get(name), region)
        unkept = any(not change.is_kept for _, writes in records for change in writes.get(name, ()))
        put = [p.choices[name].replaced for p in before if unkept and name in p.choices]
        pairs = [
            (form, old) for swaps in put for old, new in swaps.items() for form in _by_form(name, new, region)
        ]
        for member, writes in records:
            wrote = [change for change in writes.get(name, ()) if change.is_kept]
            shows, sent = (
                _by_form(name, of.get(name), region) for of in (member.record.contact, member.link.sent)
            )
            for form, one in (shows | sent).items():  # what was sent may show later
                first = before_writes(name, _single(name, one), wrote, region, frozenset(own))
                pairs += [(form, old) for old in _by_form(name, first, region)]
        back = {form: own[old] for form, old in pairs if old in own and form not in own}
        choices[name] = replace(choices[name], replaced=MappingProxyType({**choices[name].replaced, **back}))
    return replace(person, choices=MappingProxyType(choices))


def _by_form(name: str, value: Value | None, region: str) -> dict[str, str]:
    """The compared form of each single value → the value."""
    each = value if isinstance(value, tuple) else () if value is None else (value,)
    return {form: one for one in each for form in compared_each(name, _single(name, one), region=region)}


def _swaps(work: Work, name: str, old: Value | None, new: Value | None) -> list[tuple[str, str]]:
    if old is None or new is None:
        return []
    if isinstance(old, tuple) and isinstance(new, tuple):
        pairs = EmailEdit(old, new).swaps()
    else:
        pairs = [(str(old), str(new))]
    return [(form, put) for was, put in pairs for form in work.keys(name, _single(name, was))]


def _single(name: str, text: str) -> Value:
    return (text,) if name == "emails" else text
