"""What is known of somebody who is merged goes on with whoever goes on, also where no record shows it any more."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.identity.canonical import compared_each
from sync.merging.emails import as_emails, distinct, email_form
from sync.merging.first_contact import CONTRADICTION_MATTERS, DECIDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sync.change import Choice
    from sync.contact import Value
    from sync.person import Person


def inherit(person: Person, merged: Iterable[Person], *, region: str = "") -> Person:
    """The person with what was decided by hand for those who are ``merged`` into them, and with their values of
    fields that the person lacks.

    A decision about the person's own field stands; the other one is kept among what lost. Of company and address
    all is taken or nothing.
    """
    values = person.contact.to_fields()
    choices = dict(person.choices)
    for other in merged:
        lacking = _lacking(values)
        for name, choice in other.choices.items():
            value = other.contact.get(name)
            if value is None:
                continue
            if choice.rule in DECIDED:
                _weigh(values, choices, name, value, choice, other.id, region)
            elif name == "emails" and name in values:
                known = frozenset(choices[name].replaced) if name in choices else frozenset()
                more = (email for email in as_emails(value) if email_form(email) not in known)
                values[name] = tuple(distinct([*as_emails(values[name]), *more]))
            elif lacking(name):
                values[name], choices[name] = value, choice
    contact = Contact.from_fields(values)
    if choices == person.choices and contact == person.contact:
        return person
    return replace(person, contact=contact, choices=MappingProxyType(choices))


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
    value: Value,
    choice: Choice,
    merged: str,
    region: str,
) -> None:
    """The value that was decided for ``merged`` stands, unless another one was decided before."""
    own, stands = choices.get(name), values.get(name)
    if own is not None and own.rule in DECIDED:
        choices[name] = with_decided(own, stands, (choice, value), merged, name=name, region=region)
        return
    values[name] = tuple(distinct([*as_emails(value), *as_emails(stands)])) if name == "emails" else value
    lost = {} if own is None or stands is None else {own.source: stands}
    earlier = {} if own is None else {**own.losers}
    kept = (
        choice if own is None else replace(choice, replaced=MappingProxyType({**own.replaced, **choice.replaced}))
    )
    choices[name] = _with_losers(kept, earlier | lost, name, values[name], region)


def with_decided(
    choice: Choice, stands: Value | None, lost: tuple[Choice, Value], person_id: str, *, name: str, region: str
) -> Choice:
    """The choice, by which ``stands`` does, with a value among its losers that was decided for ``person_id``."""
    other, value = lost
    source = other.source if ":" in other.source else f"{other.source} for {person_id}"
    return _with_losers(choice, {source: value}, name, stands, region)


def _with_losers(choice: Choice, lost: dict[str, Value], name: str, stands: Value | None, region: str) -> Choice:
    wins = compared_each(name, stands, region=region)
    losers = {
        s: v for s, v in (lost | dict(choice.losers)).items() if not compared_each(name, v, region=region) <= wins
    }
    return replace(choice, losers=MappingProxyType(losers))
