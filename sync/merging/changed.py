"""Whether what a record shows is somebody's edit, or follows from what we wrote there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sync.change import LATER
from sync.codes import Rule
from sync.merging.work import Edit

if TYPE_CHECKING:
    from sync.contact import Value
    from sync.merging.work import Work
    from sync.person import Member
    from sync.record import Written


def edit_of(work: Work, name: str, member: Member) -> Edit | None:
    """What the record's people made of the field, ``None`` when they left it alone."""
    now, base = work.shown[member.rid].get(name), member.link.base.get(name)
    if now is None and name in member.record.absent:
        return None
    if _explained_by_us(work, name, member, now) or work.same(name, now, base):
        return None
    return Edit(member, base, now)


def _explained_by_us(work: Work, name: str, member: Member, now: Value | None) -> bool:
    """Whether what the record shows follows from our own write rather than from a person."""
    written = work.written[member.rid].get(name)
    if written is None:
        return _shows_at_last(work, name, member, now)
    if work.same(name, now, written.before):
        return _shows_what_was_replaced(work, name, member, written)
    sent, same = work.sent[member.rid].get(name), partial(work.same, name)
    if _may_be_late(work, written) and written.stood_earlier(now, sent, same):
        return True
    if not (written.echoed or written.seen):
        _take_as_ours(work, name, member, now)  # the provider's rendering of what we wrote
    elif not work.same(name, now, member.link.base.get(name)):
        del work.written[member.rid][name]
        return False
    if _may_be_late(work, written):
        work.written[member.rid][name] = replace(written, seen=True)
    else:
        del work.written[member.rid][name]
    return True


def _shows_at_last(work: Work, name: str, member: Member, now: Value | None) -> bool:
    """What the provider acknowledged and never showed, though nobody changed it there since, may show much later:
    it was not read meanwhile, or a write gives its row no new time.
    """
    sent = work.sent[member.rid].get(name)
    if sent is None or not work.same(name, now, sent) or work.same(name, now, member.link.base.get(name)):
        return False
    _take_as_ours(work, name, member, now)
    return True


def _take_as_ours(work: Work, name: str, member: Member, now: Value | None) -> None:
    """Nobody's edit; should it be somebody's that came before our first look, it is not lost either. Nor is what
    lost there before, which we may have written over.
    """
    work.take(name, [Edit(member, None, now)])
    source, choice = str(member.record.ref), work.choices.get(name)
    if now is not None:
        lost_already = choice is not None and not work.same(name, choice.losers.get(source, now), now)
        work.note_losers(name, {source + LATER if lost_already else source: now}, Rule.SURVIVORSHIP)


def _shows_what_was_replaced(work: Work, name: str, member: Member, written: Written) -> bool:
    """A late read, for as long as outcomes are waited for; after that, whether the write ever showed decides.

    One that showed and is gone was put back by a person. One that was echoed and never showed was not applied.
    """
    if _may_be_late(work, written):
        return True
    if written.echoed and not written.seen:
        return True
    del work.written[member.rid][name]
    return False


def _may_be_late(work: Work, written: Written) -> bool:
    return work.at < written.at + work.policy.settle
