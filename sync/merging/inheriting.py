"""What is known of somebody who is merged goes on with whoever goes on, also where no record shows it any more."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sync.codes import Rule
from sync.contact import GROUPS, Contact
from sync.identity.canonical import compared_each
from sync.merging.emails import as_emails, distinct, email_form
from sync.merging.first_contact import CONTRADICTION_MATTERS, EDITS, is_decided, is_emptied
from sync.merging.policy import MergePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sync.change import Choice
    from sync.contact import Value
    from sync.person import Person

_NO_POLICY: Final = MergePolicy()
_GROUP_OF: Final = {name: group for group in GROUPS for name in group}


def inherit(person: Person, merged: Iterable[Person], policy: MergePolicy = _NO_POLICY) -> Person:
    """The person with what was decided by hand for those who are ``merged`` into them, with what was edited there
    where the person's own value was only found, and with their values of fields that the person lacks.

    A decision about the person's own field stands; the other one is kept among what lost. Of company and address
    all is taken or nothing. A field in dispute stays so until a person decides: once their records are met anew
    nothing tells any more what was disputed.
    """
    values = person.contact.to_fields()
    choices = dict(person.choices)
    for other in merged:
        before, lacking, outdone = dict(values), _lacking(values), _outdone(choices, other, policy)
        for name, choice in other.choices.items():
            value = other.contact.get(name)
            if value is None:
                if is_emptied(choice):
                    _weigh(values, choices, name, None, choice, other.id, policy.region)
                continue
            if is_decided(choice) or (name in outdone and not lacking(name)):
                _weigh(values, choices, name, value, choice, other.id, policy.region)
            elif name == "emails" and name in values:
                known = frozenset(choices[name].replaced) if name in choices else frozenset()
                more = (email for email in as_emails(value) if email_form(email) not in known)
                values[name] = tuple(distinct([*as_emails(values[name]), *more]))
            elif lacking(name):
                values[name], choices[name] = value, choice
        _let_go(values, choices, outdone, before, other.contact.to_fields(), policy.region)
        person = _disputed(person, other, choices, policy.region)
    heir = replace(person, contact=Contact.from_fields(values), choices=MappingProxyType(choices))
    return person if heir == person else heir


def _disputed(person: Person, other: Person, choices: dict[str, Choice], region: str) -> Person:
    """The person with what is in dispute about the other one; where they were decided by hand, it has lost."""
    if not (other.conflicts or other.returns):
        return person
    own = {conflict.field: conflict for conflict in person.conflicts}
    waits = set(person.frozen)
    for conflict in other.conflicts:
        name = conflict.field
        choice, stands = person.choices.get(name), person.contact.get(name)
        if choice is not None and is_decided(choice):
            told = {source: value for source, value in conflict.values.items() if value is not None}
            choices[name] = _with_losers(choices[name], told, name, stands, region)
            continue
        known = own.get(name, conflict)
        values = {**known.values, **conflict.values}
        if choice is not None and stands is not None:
            values = {choice.source: stands, **values}
        since = min(conflict.since, known.since)
        own[name] = replace(conflict, person_id=person.id, values=MappingProxyType(values), since=since)
        waits.add(name)
    conflicts, returns = (own[name] for name in sorted(own)), {**other.returns, **person.returns}
    return replace(person, conflicts=tuple(conflicts), frozen=frozenset(waits), returns=MappingProxyType(returns))


def _outdone(choices: Mapping[str, Choice], other: Person, policy: MergePolicy) -> set[str]:
    """Fields that somebody edited for ``other``, each with its group, and that were only found before.

    An owner alone decides its field, and addresses are united.
    """
    edited = {name for name, choice in other.choices.items() if choice.rule in EDITS and other.contact.get(name)}
    groups = {_GROUP_OF.get(name, (name,)) for name in edited - {"emails"}}
    held = {name for name, choice in choices.items() if choice.rule in EDITS}
    return {n for group in groups if not held.intersection(group) for n in group if not policy.of(n).owner}


def _let_go(
    values: dict[str, Value],
    choices: dict[str, Choice],
    outdone: set[str],
    before: Mapping[str, Value],
    other: Mapping[str, Value],
    region: str,
) -> None:
    """Of a company or address that another one outdid nothing stays that the other one does not tell."""

    def differ(name: str) -> bool:
        one, two = (compared_each(name, known[name], region=region) for known in (before, other))
        return one != two

    for group in CONTRADICTION_MATTERS:
        names = outdone.intersection(group) & before.keys()
        if any(map(differ, names & other.keys())):
            for name in names & choices.keys() - other.keys():
                own = choices[name]
                lost = MappingProxyType({**own.losers, own.source: values.pop(name)})
                choices[name] = replace(own, rule=Rule.GROUP, losers=lost)


def _lacking(values: Mapping[str, Value]) -> Callable[[str], bool]:
    """Whether nothing that is known now speaks against a value of the field."""
    known = set(values)
    for group in CONTRADICTION_MATTERS:
        known |= set(group) if known.intersection(group) else set()
    return lambda name: name not in known


def _weigh(
    values: dict[str, Value],
    choices: dict[str, Choice],
    name: str,
    value: Value | None,
    choice: Choice,
    merged: str,
    region: str,
) -> None:
    """The value that was decided for ``merged`` stands, unless another one was decided before."""
    own, stands = choices.get(name), values.get(name)
    if own is not None and is_decided(own):
        choices[name] = (
            own if value is None else with_decided(own, stands, (choice, value), merged, name=name, region=region)
        )
        return
    if value is None:
        values.pop(name, None)
    else:
        values[name] = tuple(distinct([*as_emails(value), *as_emails(stands)])) if name == "emails" else value
    lost = {} if own is None or stands is None else {own.source: stands}
    earlier = {} if own is None else {**own.losers}
    kept = (
        choice if own is None else replace(choice, replaced=MappingProxyType({**own.replaced, **choice.replaced}))
    )
    choices[name] = _with_losers(kept, lost | earlier, name, values.get(name), region)


def with_decided(
    choice: Choice, stands: Value | None, lost: tuple[Choice, Value], person_id: str, *, name: str, region: str
) -> Choice:
    """The choice, by which ``stands`` does, with a value among its losers that was decided for ``person_id``, and
    with what had lost to that one.
    """
    other, value = lost
    source = other.source if ":" in other.source else f"{other.source} for {person_id}"
    return _with_losers(choice, {**other.losers, source: value}, name, stands, region)


def _with_losers(choice: Choice, lost: dict[str, Value], name: str, stands: Value | None, region: str) -> Choice:
    wins = compared_each(name, stands, region=region)
    losers = {
        s: v for s, v in (lost | dict(choice.losers)).items() if not compared_each(name, v, region=region) <= wins
    }
    return replace(choice, losers=MappingProxyType(losers))
