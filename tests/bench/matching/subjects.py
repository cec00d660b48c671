"""Ways to find who is one person, all over the same rows: ours, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sync.identity import email_key, linkedin_key
from sync.matching import MatchPolicy, match
from sync.matching.unions import find
from sync.person import MatchRecord
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching import Partition
    from tests.bench.generate import Row

Clusters = list[tuple[int, ...]]


class Subject(NamedTuple):
    """One record to be matched; ``truth`` is for the judge only."""

    truth: int
    provider: str
    record_id: str
    name: str | None
    emails: tuple[str, ...]
    linkedin: str | None


def ours(subjects: Sequence[Subject], policy: MatchPolicy | None = None) -> Partition:
    """The product's own answer, names guarding keys; likeness without a key never joins, so it is left out."""
    return match(
        (
            MatchRecord(
                rid=rid,
                ref=RecordRef(s.provider, s.record_id),
                name=s.name,
                company=None,
                domain=None,
                phone=None,
                emails=s.emails,
                linkedin=s.linkedin,
                person_id=None,
            )
            for rid, s in enumerate(subjects)
        ),
        (),
        policy or MatchPolicy(look_for_alike=False),
    )


def union_find(subjects: Sequence[Subject]) -> Clusters:
    """The same keys without any guard, joined by a plain dictionary and list: the floor of cost."""
    parent = list(range(len(subjects)))
    first: dict[str, int] = {}
    for rid, subject in enumerate(subjects):
        for key in keys_of(subject):
            a, b = find(parent, first.setdefault(key, rid)), find(parent, rid)
            if a != b:
                parent[max(a, b)] = min(a, b)
    return _groups(parent)


def plain_union_find(subjects: Sequence[Subject]) -> Clusters:
    """What anybody would write in half an hour: keys by a few text operations, joined without any guard.

    The yardstick of speed: how long it takes tells how fast the machine is.
    """
    parent = list(range(len(subjects)))
    first: dict[str, int] = {}
    for rid, subject in enumerate(subjects):
        keys = [_plain_email(email) for email in subject.emails]
        keys += [_plain_slug(subject.linkedin)] if subject.linkedin else []
        for key in filter(None, keys):
            a, b = find(parent, first.setdefault(key, rid)), find(parent, rid)
            if a != b:
                parent[max(a, b)] = min(a, b)
    return _groups(parent)


def _plain_email(text: str) -> str:
    text = text.strip().lower()
    return text[text.rfind("<") + 1 : -1] if text.endswith(">") else text.removeprefix("mailto:")


def _plain_slug(text: str) -> str:
    rest = text.lower().partition("/in/")[2]
    for mark in "/?#":
        rest = rest.partition(mark)[0]
    return rest


def _groups(parent: list[int]) -> Clusters:
    groups: dict[int, list[int]] = {}
    for rid in range(len(parent)):
        groups.setdefault(find(parent, rid), []).append(rid)
    return [tuple(group) for group in groups.values()]


def keys_of(subject: Subject) -> Iterable[str]:
    """The subject's joinable keys, by our own reading."""
    yield from filter(None, map(email_key, subject.emails))
    if key := linkedin_key(subject.linkedin):
        yield key


def subjects(rows: Iterable[Row]) -> list[Subject]:
    """Generated rows as subjects."""
    return [
        Subject(
            truth=row.truth,
            provider=row.provider,
            record_id=row.record_id,
            name=" ".join(filter(None, (row.first_name, row.last_name))) or None,
            emails=row.emails,
            linkedin=row.linkedin,
        )
        for row in rows
    ]
