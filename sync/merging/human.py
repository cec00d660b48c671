"""A person decides one field: the value stands, every record's own value is taken into account, the rest stays."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import HUMAN, Choice
from sync.codes import Rule
from sync.merging.emails import as_emails, distinct, email_form
from sync.merging.replaced import in_place_of
from sync.merging.work import Edit, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sync.contact import Value
    from sync.merging.policy import MergePolicy
    from sync.merging.work import MergeResult
    from sync.person import Member, Person


def decide_field(
    person: Person,
    name: str,
    value: Value | None,
    policy: MergePolicy,
    at: datetime,
    *,
    source: str = HUMAN,
    rule: Rule = Rule.HUMAN,
    instead_of: Sequence[Value] | None = None,
) -> MergeResult:
    """The person with ``value`` in the field for good (``None`` empties it), its conflict or brake released.

    ``source``: the record whose value it is, of an empty one nobody's. ``rule``: by which it stands, unless it is
    empty. ``instead_of``: the values in whose place it stands, where several may be true at once; else what stood
    and what was in dispute, of addresses the first one each. Bases move to what the records show, so what differs
    is planned for each of them. Records that were never merged take no part.
    """
    work = Work(person, policy, at)
    olds = _in_question(work, name) if instead_of is None else instead_of
    replaced = in_place_of(work, name, [(old, value) for old in olds], value)
    choice = _choice(work, name, value, replaced, source, rule)
    if name == "emails" and value is not None:
        value = _with_others(work, as_emails(value), choice)
        choice = replace(choice, losers=_lost(work, name, value, choice.losers))
    _release(work, name)
    work.set(name, value, choice)
    return work.result()


def _release(work: Work, name: str) -> None:
    """Nothing holds the field back, every record's value is taken into account, and what does not show counts as
    not sent.
    """
    work.conflicts = {c.field: c for c in work.person.conflicts if c.field != name}
    work.frozen.discard(name)
    work.returns.pop(name, None)
    work.take(name, [Edit(m, None, m.record.contact.get(name)) for m in work.met])
    for member in work.met:
        if not _shows_ours(work, name, member):
            work.sent[member.rid].pop(name, None)


def _in_question(work: Work, name: str) -> list[Value]:
    """What stood and what was in dispute, of addresses the first one each; anything else stays with its record."""
    disputed = (value for c in work.person.conflicts if c.field == name for value in c.values.values())
    asked = [value for value in (*disputed, work.values.get(name)) if value is not None]
    return [value[:1] if isinstance(value, tuple) else value for value in asked]


def _choice(
    work: Work, name: str, value: Value | None, replaced: Mapping[str, str], source: str, rule: Rule
) -> Choice:
    before = work.choices.get(name)
    wins = work.keys(name, value)
    shown = {str(m.record.ref): m.record.contact.get(name) for m in work.met if not _shows_ours(work, name, m)}
    losers = {s: v for s, v in shown.items() if v is not None}
    if before is not None:
        stood = {before.source: work.values[name]} if name in work.values else {}
        losers = {**before.losers, **stood, **_lost(work, name, value, losers)}
        replaced = {**before.replaced, **replaced}
    return Choice(
        source=source if value is not None else HUMAN,
        rule=rule if value is not None else Rule.BLANK,
        at=work.at,
        losers=_lost(work, name, value, losers),
        replaced=MappingProxyType({old: new for old, new in replaced.items() if old not in wins}),
    )


def _shows_ours(work: Work, name: str, member: Member) -> bool:
    """Whether the record shows what we wrote there, which is not its own."""
    sent = work.sent[member.rid].get(name)
    return sent is not None and work.same(name, sent, work.shown[member.rid].get(name))


def _lost(work: Work, name: str, value: Value | None, losers: Mapping[str, Value]) -> Mapping[str, Value]:
    wins = work.keys(name, value)
    return MappingProxyType({s: v for s, v in losers.items() if not work.keys(name, v) <= wins})


def _with_others(work: Work, first: tuple[str, ...], choice: Choice) -> tuple[str, ...]:
    """The decided addresses, and after them those in whose place they do not stand."""
    known = [*as_emails(work.values.get("emails"))[1:], *(e for m in work.met for e in m.record.contact.emails)]
    return tuple(distinct([*first, *(e for e in known if email_form(e) not in choice.replaced)]))
