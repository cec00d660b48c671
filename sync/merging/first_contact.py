"""Records that are met for the first time: union, and survivorship where values differ."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import HUMAN, Choice
from sync.codes import Rule
from sync.contact import ADDRESS_GROUP, COMPANY_GROUP, GROUPS
from sync.identity.canonical import is_readable
from sync.merging.emails import as_emails, distinct

if TYPE_CHECKING:
    from collections.abc import Collection

    from sync.contact import Value
    from sync.merging.work import Work
    from sync.person import Member

_DECIDED = frozenset({Rule.HUMAN, Rule.UNDO})
EDITS = _DECIDED | {
    Rule.ONLY_CHANGER, Rule.AGREED, Rule.FIELD_OWNER, Rule.FIELD_PRIORITY, Rule.REVERTED_BY_OWNER, Rule.BLANK
}  # fmt: skip
"""Rules that stand for somebody's edit; a newcomer's value does not outrank those."""

CONTRADICTION_MATTERS = frozenset({COMPANY_GROUP, ADDRESS_GROUP})
"""Groups whose blanks are filled only from records that agree with the rest (a title without its company
misleads); a missing last name is filled from any record of the person."""


def is_decided(choice: Choice) -> bool:
    """Whether a person decided it by hand, be it that the field holds nothing."""
    return choice.rule in _DECIDED or is_emptied(choice)


def is_emptied(choice: Choice | None) -> bool:
    """Whether a person decided that the field holds nothing."""
    return choice is not None and (choice.rule, choice.source) == (Rule.BLANK, HUMAN)


def welcome(work: Work) -> None:
    """What newcomers hold stands, or lost to something better; from now on their edits count."""
    held = frozenset(work.conflicts) | frozenset(work.frozen)
    order = sorted(work.newcomers, key=lambda m: (work.policy.rank(_provider(m)), -len(work.shown[m.rid]), m.rid))
    # An owner decides its field alone, so it is not chosen together with others.
    groups = [
        (group, tuple(n for n in group if n not in held and not work.policy.of(n).owner)) for group in GROUPS
    ]
    for group, names in groups:
        _welcome_group(work, group, names, order, held)
    done = {name for _, names in groups for name in names}
    for name in sorted({n for m in order for n in work.shown[m.rid]} - done):
        for member in sorted(order, key=lambda m: not _is_readable(work, name, m)):
            if name in held:
                _lose(work, name, member, Rule.SURVIVORSHIP)
            elif name == "emails":
                _offer_emails(work, member)
            else:
                _offer(work, name, member)
    for member in order:
        work.base[member.rid] = dict(work.shown[member.rid])
    for member in work.met:
        for name in sorted(member.record.first_carried & work.shown[member.rid].keys()):
            _meet_field(work, name, member, held)


def _meet_field(work: Work, name: str, member: Member, held: Collection[str]) -> None:
    """What a record that was met shows in a field that no row of it carried before: nobody's edit."""
    group = next((g for g in CONTRADICTION_MATTERS if name in g), None)
    if name == "emails" and name not in held:
        _offer_emails(work, member)
    elif name in held or (group and not _agrees(work, group, member, held)):
        _lose(work, name, member, Rule.SURVIVORSHIP)
    else:
        _offer(work, name, member)


# groups -----------------------------------------------------------------------------------------------
def _welcome_group(
    work: Work, group: tuple[str, ...], names: tuple[str, ...], newcomers: list[Member], held: Collection[str]
) -> None:
    """One record gives the whole group; the others fill its blanks where that cannot mislead."""
    holders = [m for m in newcomers if any(n in work.shown[m.rid] for n in names)]
    if not holders:
        return
    best = min(holders, key=lambda m: _standing(work, group, m))
    if not any(n in work.values for n in names) or _outranks(work, group, names, best):
        _adopt(work, group, names, best)
    for member in holders:
        fills = group not in CONTRADICTION_MATTERS or _agrees(work, group, member, held)
        for name in names:
            if name in work.values or not fills:
                _lose(work, name, member, Rule.GROUP)
            else:
                _offer(work, name, member)


def _standing(work: Work, group: tuple[str, ...], member: Member) -> tuple[bool, int, int, int]:
    known = sum(n in work.shown[member.rid] for n in group)
    return (_all_ours(work, group, member), work.policy.rank(_provider(member), group[0]), -known, member.rid)


def _all_ours(work: Work, names: Collection[str], member: Member) -> bool:
    """Whether all that the record shows of those fields was written there by us, for somebody it was of before."""
    shown, sent = work.shown[member.rid], member.link.sent
    return all(n in sent and work.same(n, sent[n], shown[n]) for n in names if n in shown)


def _outranks(work: Work, group: tuple[str, ...], names: tuple[str, ...], member: Member) -> bool:
    choices = [work.choices[n] for n in names if n in work.choices and n in work.values]
    if not choices or _all_ours(work, names, member):
        return False
    return all(_beats(work, group[0], member, c) for c in choices)


def _agrees(work: Work, group: tuple[str, ...], member: Member, held: Collection[str] = ()) -> bool:
    """Whether nothing of the group that the record shows differs from what stands, or is in question."""
    shown, values = work.shown[member.rid], work.values
    return not any(
        n in held or (n in values and not work.same(n, values[n], shown[n])) for n in group if n in shown
    )


def _adopt(work: Work, group: tuple[str, ...], names: tuple[str, ...], member: Member) -> None:
    whole = group not in CONTRADICTION_MATTERS or _agrees(work, group, member)
    for name in names:
        value = work.shown[member.rid].get(name)
        if value is not None:
            _put(work, name, value, member, Rule.GROUP if name in work.values else Rule.FIRST_CONTACT)
        elif name in work.values and not whole:
            _drop(work, name, member)


def _drop(work: Work, name: str, member: Member) -> None:
    """A value that belonged to another group than the one that stands now is no longer the person's."""
    lost = work.values.pop(name)
    before = work.choices.get(name)
    losers = {before.source: lost, **before.losers} if before is not None else {str(member.record.ref): lost}
    work.choices[name] = Choice(
        source=str(member.record.ref), rule=Rule.GROUP, at=work.at, losers=MappingProxyType(losers)
    )


# single fields ----------------------------------------------------------------------------------------
def _offer(work: Work, name: str, member: Member) -> None:
    value = work.shown[member.rid].get(name)
    if value is None:
        return
    choice = work.choices.get(name)
    if name not in work.values:
        _put(work, name, value, member, Rule.FIRST_CONTACT)
    elif choice is not None and _replaces(work, name, member, choice):
        same = work.same(name, work.values[name], value)
        _put(work, name, value, member, choice.rule if same else Rule.SURVIVORSHIP)
    else:
        _lose(work, name, member, Rule.SURVIVORSHIP)


def _offer_emails(work: Work, member: Member) -> None:
    theirs = distinct(member.record.contact.emails)
    if not theirs:
        return
    current = as_emails(work.values.get("emails"))
    choice = work.choices.get("emails")
    known = work.keys("emails", current)
    replaced = frozenset(choice.replaced) if choice is not None else frozenset()
    wins = [e for e in theirs if work.keys("emails", (e,)) <= known or not work.keys("emails", (e,)) <= replaced]
    if not wins or (current and choice is not None and not _replaces(work, "emails", member, choice)):
        emails = distinct([*current, *wins])
        if choice is not None and choice.rule == Rule.FIRST_CONTACT and len(emails) > len(current) > 0:
            work.choices["emails"] = replace(choice, rule=Rule.SURVIVORSHIP)
    else:
        emails = distinct([*wins, *current])
        rule = Rule.SURVIVORSHIP if current else Rule.FIRST_CONTACT
        kept = replace(choice, rule=rule) if choice is not None else Choice(source="", rule=rule, at=work.at)
        work.choices["emails"] = replace(kept, source=str(member.record.ref), at=work.at)
    if emails:
        work.values["emails"] = tuple(emails)
    work.note_losers("emails", {str(member.record.ref): tuple(theirs)}, Rule.SURVIVORSHIP)


def _replaces(work: Work, name: str, member: Member, choice: Choice) -> bool:
    if _all_ours(work, (name,), member):
        return False
    readable, stood = _is_readable(work, name, member), is_readable(name, work.values[name])
    if readable == stood:
        return _beats(work, name, member, choice)
    return readable and (choice.rule not in EDITS or _beats(work, name, member, choice))


def _is_readable(work: Work, name: str, member: Member) -> bool:
    """Whether what the record shows, if it shows anything, is more than text that nobody can use."""
    return is_readable(name, work.shown[member.rid].get(name, ""))


def _beats(work: Work, name: str, member: Member, choice: Choice) -> bool:
    """Whether a newcomer's value replaces what was chosen before: never an edit, unless it owns the field."""
    chosen = choice.source.partition(":")[0]
    if work.policy.of(name).owner == _provider(member) != chosen:
        return not is_decided(choice)
    return choice.rule not in EDITS and work.policy.rank(_provider(member), name) < work.policy.rank(chosen, name)


def _put(work: Work, name: str, value: Value, member: Member, rule: Rule | str) -> None:
    before = work.choices.get(name)
    source = str(member.record.ref)
    if before is None:
        work.set(name, value, Choice(source=source, rule=rule, at=work.at))
        return
    if is_emptied(before):
        work.note_losers(name, {source: value}, rule)
        return
    losers = dict(before.losers)
    kept = {s: v for s, v in losers.items() if s != source and not work.same(name, v, value)}
    if name in work.values and not work.same(name, work.values[name], value):
        kept.setdefault(before.source, work.values[name])  # what that record shows by now is told already
    replaced = before.replaced
    stands = work.keys(name, value) if replaced else frozenset()
    choice = Choice(
        source=source,
        rule=rule,
        at=work.at,
        losers=MappingProxyType(kept),
        replaced=MappingProxyType({old: new for old, new in replaced.items() if old not in stands}),
    )
    work.set(name, value, choice)


def _lose(work: Work, name: str, member: Member, rule: Rule) -> None:
    value = work.shown[member.rid].get(name)
    if value is None or work.holds(name, value):
        return
    work.note_losers(name, {str(member.record.ref): value}, rule)
    choice = work.choices[name]
    if choice.rule == Rule.FIRST_CONTACT:
        work.choices[name] = replace(choice, rule=Rule.SURVIVORSHIP)


def _provider(member: Member) -> str:
    return member.record.ref.provider
