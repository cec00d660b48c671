"""A field with several values: a person says which one stands for good. The next run writes it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import HUMAN, Conflict, ManualAction
from sync.contact import PHONES, Contact
from sync.engine.people import merge_people, to_merged
from sync.engine.policies import merge_policy
from sync.engine.recognising import same
from sync.engine.review import CannotAnswer
from sync.identity.canonical import canonicalize, is_value
from sync.identity.phones import is_number
from sync.merging.human import decide_field

if TYPE_CHECKING:
    from sync.contact import Value
    from sync.engine.review import Item
    from sync.engine.session import Session
    from sync.person import Member, Person


def take(session: Session, item: Item, provider: str) -> str:
    """The field holds for good what the record of that provider holds; ``provider:id`` names one of several, and
    ``human`` what a person had decided before.
    """
    finding, person = _field(session, item)
    if provider == HUMAN and HUMAN in finding.values:
        return _decide(session, person, finding, finding.values[HUMAN], source=HUMAN)
    asked = _asked(session, finding, person, provider)
    source, value = _name(asked[0]), _said(finding, asked[0])
    if any(not same(session, finding.field, value, _said(finding, m)) for m in asked):
        raise CannotAnswer(
            f"the person's records at {provider} do not agree on {finding.field}",
            remedy=f"take one of {', '.join(sorted(map(_name, asked)))}",
        )
    if value is None and finding.values.get(source, "") is not None:  # a blank is taken only where it is listed
        raise CannotAnswer(f"{provider} shows no {finding.field}", remedy="take another one, or `set` a value")
    return _decide(session, person, finding, value, source=source)


def _asked(session: Session, finding: Conflict, person: Person, provider: str) -> list[Member]:
    """Whose value is meant: the sides among the records that are named, else all of those that are there."""
    named = [m for m in person.members if provider in {m.record.ref.provider, _name(m)}]
    asked = [m for m in named if _name(m) in finding.values] or [m for m in named if not m.gone]
    if not asked:
        names = {m.record.ref.provider for m in person.members if not m.gone}
        names |= {source for source in finding.values if source == HUMAN}
        raise CannotAnswer(
            f"the person has no record at {provider}",
            remedy=f"take one of {', '.join(sorted(names))}, or `set` a value",
        )
    if (
        finding.values
        and provider.partition(":")[0] in session.sinks
        and not any(_name(m) in finding.values for m in asked)
    ):
        raise CannotAnswer(
            f"{provider} did not change {finding.field}, and nobody can read what it holds",
            remedy=f"take one of {', '.join(sorted(finding.values))}, or `set` a value",
        )
    return asked


def _said(finding: Conflict, member: Member) -> Value | None:
    """The record's value in the dispute, also where the record shows another one by now; else what it shows."""
    return finding.values.get(_name(member), member.record.contact.get(finding.field))


def set_value(session: Session, item: Item, text: str) -> str:
    """The field holds ``text`` for good, in canonical spelling. Raises ``CannotAnswer`` if it cannot."""
    finding, person = _field(session, item)
    value = _readable(finding.field, text, person.contact, session.settings.sync.default_region)
    return _decide(session, person, finding, value, source=HUMAN)


def _field(session: Session, item: Item) -> tuple[Conflict, Person]:
    """The dispute as it is by now, of one that ended meanwhile without values, and whose it is."""
    if not isinstance(item.finding, Conflict):
        only_done = isinstance(item.finding, ManualAction)
        reject = "" if only_done else f" or `contact-sync review reject {item.id}`"
        raise CannotAnswer(
            f"{item.id} is no field with several values",
            remedy=f"`contact-sync review accept {item.id}`{reject}",
        )
    merge_people(session, [item.finding.person_id])
    (person,) = session.store.people([item.finding.person_id])
    ended = replace(item.finding, values=MappingProxyType({}))
    return next((c for c in person.conflicts if c.field == ended.field), ended), person


def _name(member: Member) -> str:
    return str(member.record.ref)


def _readable(name: str, text: str, known: Contact, region: str) -> Value:
    flat: dict[str, Value] = {"country": known.country} if known.country else {}  # phones are read in it
    flat[name] = (text,) if name == "emails" else text
    value = canonicalize(Contact.from_fields(flat), default_region=region).get(name)
    if value is None or not is_value(name, value):
        abroad = name in PHONES and is_number(text)
        remedy = "write it with + and the country code" if abroad else "type it as it should stand"
        raise CannotAnswer(f"what you typed is no value for {name}", remedy=remedy)
    return value


def _decide(session: Session, person: Person, finding: Conflict, value: Value | None, *, source: str) -> str:
    at = session.clock.now()
    result = decide_field(person, finding.field, value, merge_policy(session), at, source=source)
    session.store.mark_people_dirty([person.id])
    session.store.save_merged([to_merged(person, result)], at=at)
    return f"{finding.field} is decided; the next run writes it wherever it differs."
