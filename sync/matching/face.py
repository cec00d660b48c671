"""The short way in: plain mappings to lists of record ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sync.identity.emails import canonical_email
from sync.matching.hubs import profile_key
from sync.matching.partition import match
from sync.matching.values import MatchPolicy
from sync.person import Decision, MatchRecord
from sync.record import RecordRef

_POLICY = MatchPolicy(look_for_alike=False)
_NOW: Final = datetime.max.replace(tzinfo=UTC)
_VERDICTS: Final = ("same", "different", "unsure")
"""Of judgements of one time the later one here counts."""
_UNDECIDED: Final = "undecided"
"""Another word for the last one."""
_LINK: Final = (("rid",), ("person_id", "person"))
_DECISION: Final = (("rid_a", "a_rid", "a"), ("rid_b", "b_rid", "b"), ("verdict",))


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
    ``links``: (rid, person id) that hold already; of several of one record the first person id counts, as text.
    ``decisions``: (rid, rid, verdict) as tuples, perhaps with a time (or its ISO text) behind, or mappings or
    objects with ``rid_a``, ``rid_b``, ``verdict`` and perhaps ``at``. The verdict is ``same``, ``different`` or
    ``unsure`` (``undecided``), which takes back what was said. In whatever order, of several on a pair the latest
    counts (without a time: of now), of one time ``unsure`` before ``different`` before ``same``. ValueError for
    any other verdict.
    """
    people = _linked(links.items() if isinstance(links, Mapping) else links)
    rows = sorted({row["rid"]: row for row in records}.values(), key=_reference)
    numbers: dict[Any, int] = {RecordRef(*_reference(row)[:2]): number for number, row in enumerate(rows)}
    numbers |= {row["rid"]: number for number, row in enumerate(rows)}
    entries = [_record(row, number, people.get(row["rid"])) for number, row in enumerate(rows)]
    partition = match(entries, _judgements(decisions, numbers, entries), policy)
    return [[rows[number]["rid"] for number in part] for part in partition.clusters]


def _linked(links: Iterable[Any]) -> dict[Any, str]:
    people: dict[Any, str] = {}
    for rid, person_id in (_told(link, _LINK) for link in links):
        if person_id is not None:
            people[rid] = min(str(person_id), people.get(rid, str(person_id)))
    return people


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
        person_id=person_id,
        aliases=frozenset(_texts(row.get("aliases"))),
    )


def _judgements(
    decisions: Iterable[Any], numbers: Mapping[Any, int], entries: Sequence[MatchRecord]
) -> list[Decision]:
    latest: dict[tuple[int, int], tuple[datetime, int]] = {}
    for decision in decisions:
        a, b, verdict = _told(decision, _DECISION)
        verdict = _VERDICTS[-1] if verdict == _UNDECIDED else verdict
        if verdict not in _VERDICTS:
            raise ValueError(verdict)
        if a in numbers and b in numbers:
            one, other = sorted((numbers[a], numbers[b]))
            said = _time(decision), _VERDICTS.index(verdict)
            latest[one, other] = max(said, latest.get((one, other), said))
    return [
        Decision(a=entries[a].ref, b=entries[b].ref, verdict=_VERDICTS[verdict], by="", at=at)
        for (a, b), (at, verdict) in latest.items()
        if _VERDICTS[verdict] != "unsure"
    ]


def _time(decision: Any) -> datetime:
    if isinstance(decision, (tuple, list)):
        at = next(filter(_is_time, decision[3:]), None)
    else:
        at = decision.get("at") if isinstance(decision, Mapping) else getattr(decision, "at", None)
    time = at if isinstance(at, datetime) else datetime.fromisoformat(at) if at else _NOW
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_time(told: object) -> bool:
    """Whether it is a time or its ISO text; what else stands behind a verdict, as who judged, is none."""
    try:
        return isinstance(told, datetime) or (isinstance(told, str) and bool(datetime.fromisoformat(told)))
    except ValueError:
        return False


def _told(row: Any, names: tuple[tuple[str, ...], ...]) -> tuple[Any, ...]:
    """The values of a row in order; of a mapping or an object the first of each place's ``names`` that it has."""
    if isinstance(row, (tuple, list)):
        return tuple(row[: len(names)])
    if isinstance(row, Mapping):
        return tuple(row[next((name for name in own if name in row), own[0])] for own in names)
    return tuple(getattr(row, next((name for name in own if hasattr(row, name)), own[0])) for own in names)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    several = value if isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)) else ()
    return tuple(text for text in several if isinstance(text, str))
