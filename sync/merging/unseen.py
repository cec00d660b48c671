"""What stands, beside edits by people who could not know of it: it was chosen since their providers were read, and
came to their records at no time. Nobody can tell which came later, so they count as made at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.merging.emails import as_emails, email_form
from sync.merging.first_contact import EDITS, is_decided
from sync.merging.work import Edit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.change import Choice
    from sync.contact import Value
    from sync.merging.work import Work


@dataclass(frozen=True, slots=True)
class Unseen:
    """The value that stands, and whose it is. ``edit``: as one of that record, ``None`` where a person decided it,
    or the record is not there: no setting decides between such a value and others.
    """

    source: str
    value: Value | None
    edit: Edit | None


def unseen(work: Work, name: str, edits: Sequence[Edit]) -> Unseen | None:
    """What stands by somebody's edit or decision, and was not known to anybody who made one of the ``edits``.

    ``None`` where nothing stands by one, and where one of them came surely later, or is the same.
    """
    choice = work.choices.get(name)
    if choice is None or choice.rule not in EDITS or any(e.source == choice.source for e in edits):
        return None
    if not all(_is_unaware(work, name, edit, choice) for edit in edits):
        return None
    value = work.values.get(name)
    member = next((m for m in work.live if str(m.record.ref) == choice.source), None)
    own = None if member is None or is_decided(choice) else Edit(member, None, value)
    return Unseen(choice.source, value, own)


def _is_unaware(work: Work, name: str, edit: Edit, choice: Choice) -> bool:
    moved = _first(work, name, edit.value) not in {
        _first(work, name, value) for value in (work.values.get(name), edit.before)
    }
    if not moved or _knew(work, name, edit):
        return False
    if _is_in_dispute(work, name, edit, choice):
        return True
    read_until = work.policy.read_until.get(edit.provider)
    touched_at = edit.member.record.updated_at if edit.provider in work.policy.touches else None
    known = (read_until, edit.member.link.linked_at, touched_at)
    return read_until is not None and max(filter(None, known)) < choice.at


def _knew(work: Work, name: str, edit: Edit) -> bool:
    """Whether the record showed what stands, or acknowledged it."""
    stands, sent = _first(work, name, work.values.get(name)), edit.member.link.sent
    return stands == _first(work, name, edit.before) or (name in sent and stands == _first(work, name, sent[name]))


def _is_in_dispute(work: Work, name: str, edit: Edit, choice: Choice) -> bool:
    """Whether the two were found to be made at once before, and nobody settled it since."""
    dispute = next((c.values for c in work.person.conflicts if c.field == name), {})
    return {edit.source, choice.source} <= dispute.keys() and work.same(
        name, dispute[choice.source], work.values.get(name)
    )


def _first(work: Work, name: str, value: Value | None) -> object:
    """What is compared: of addresses which one is first, for the others are united."""
    return email_form(emails[0]) if name == "emails" and (emails := as_emails(value)) else work.key(name, value)
