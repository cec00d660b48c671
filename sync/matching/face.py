"""The short way in: plain mappings to lists of record ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from sync.identity.emails import canonical_email
from sync.matching.hubs import profile_key
from sync.matching.partition import match
from sync.matching.values import MatchPolicy
from sync.person import Decision, MatchRecord
from sync.record import RecordRef

_POLICY = MatchPolicy(look_for_alike=False)
_WHENEVER = datetime.min.replace(tzinfo=UTC)
_VERDICTS: Final = ("unsure", "same", "different")
"""Of judgements of one time the later one here counts."""
_LINK: Final = (("rid",), ("person_id", "person"))
_DECISION: Final = (("rid_a", "a_rid", "a"), ("rid_b", "b_rid", "b"), ("verdict",), ("at",))


def cluster(
    records: Iterable[Mapping[str, Any]],
    *,
    links: Iterable[Any] = (),
    decisions: Iterable[Any] = (),
    policy: MatchPolicy = _POLICY,
) -> list[list[Any]]:
    """The record ids (``rid``) of each person, in canonical order.

    ``records``: mappings with ``rid`` (of several with one the last counts) and any of ``provider``,
    ``provider_id``, ``emails``, ``linkedin``, ``name``, ``company``, ``domain``, ``phone``, ``aliases``.
    ``links``: (rid, person id) that hold already. ``decisions``: (rid, rid, verdict) or (rid, rid, verdict, at) as
    tuples, or mappings or objects with ``rid_a``, ``rid_b``, ``verdict`` and perhaps ``at`` (a time or its ISO
    text); the verdict is ``same``, ``different`` or ``unsure``. Of several on a pair the latest counts, those
    without a time being the earliest, and of one time ``different`` before ``same`` before ``unsure``, which
    leaves the pair to its keys. ValueError for any other verdict. The order of nothing matters.
    """
    people = dict(_told(link, _LINK) for link in (links.items() if isinstance(links, Mapping) else links))
    rows = sorted({row["rid"]: row for row in records}.values(), key=_reference)
    numbers: dict[Any, int] = {RecordRef(*_reference(row)[:2]): number for number, row in enumerate(rows)}
    numbers |= {row["rid"]: number for number, row in enumerate(rows)}
    entries = [_record(row, number, people.get(row["rid"])) for number, row in enumerate(rows)]
    refs = [entry.ref for entry in entries]
    latest: dict[tuple[int, int], tuple[datetime, int]] = {}
    for a, b, rank in _judgements(decisions, numbers):
        pair = min(a, b), max(a, b)
        latest[pair] = max(rank, latest.get(pair, rank))
    judged = [
        Decision(a=refs[a], b=refs[b], verdict=_VERDICTS[verdict], by="", at=at)
        for (a, b), (at, verdict) in latest.items()
        if verdict
    ]
    partition = match(entries, judged, policy)
    return [[rows[number]["rid"] for number in part] for part in partition.clusters]


def _reference(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row.get("provider") or ""), str(row.get("provider_id") or ""), str(row["rid"])


def _record(row: Mapping[str, Any], number: int, person_id: str | None) -> MatchRecord:
    provider, provider_id, rid = _reference(row)
    return MatchRecord(
        rid=number,
        ref=RecordRef(provider, f"{provider_id}\0{rid}"),
        name=_text(row.get("name")),
        company=_text(row.get("company")),
        domain=_text(row.get("domain")),
        phone=_text(row.get("phone")),
        emails=tuple(filter(canonical_email, _texts(row.get("emails")))),
        linkedin=" ".join(filter(None, map(profile_key, _texts(row.get("linkedin"))))) or None,
        person_id=None if person_id is None else str(person_id),
        aliases=frozenset(_texts(row.get("aliases"))),
    )


def _judgements(
    decisions: Iterable[Any], numbers: Mapping[Any, int]
) -> Iterable[tuple[int, int, tuple[datetime, int]]]:
    for decision in decisions:
        a, b, verdict, at = (*_told(decision, _DECISION), None)[:4]
        if verdict not in _VERDICTS:
            raise ValueError(verdict)
        if a in numbers and b in numbers:
            yield numbers[a], numbers[b], (_time(at), _VERDICTS.index(verdict))


def _time(at: object) -> datetime:
    if at is None:
        return _WHENEVER
    time = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _told(row: Any, names: tuple[tuple[str, ...], ...]) -> tuple[Any, ...]:
    """The values of a row in order; of a mapping or an object the first of each place's ``names`` that it has.

    Only the time may be missing.
    """
    if isinstance(row, (tuple, list)):
        return tuple(row[: len(names)])
    if isinstance(row, Mapping):
        return tuple(_first(own, row.__contains__, row.__getitem__) for own in names)
    return tuple(_first(own, partial(hasattr, row), partial(getattr, row)) for own in names)


def _first(names: tuple[str, ...], has: Callable[[str], bool], get: Callable[[str], Any]) -> Any:
    name = next(filter(has, names), names[0])
    return None if name == "at" and not has(name) else get(name)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    several = value if isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)) else ()
    return tuple(text for text in several if isinstance(text, str))
