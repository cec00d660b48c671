"""Everything around one person, found by indexes only."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from state import by_hand, decisions, findings, generic_keys, operations
from state.ledger import from_line
from state.rows import from_time, from_time_or_none, to_json
from sync.change import CannotExpress
from sync.dossier import Dossier, Sighting
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from state.connection import Connection
    from sync.record import OptOutEntry


def load(connection: Connection, person: str) -> Dossier:
    """What is known around the person."""
    former = [row[0] for row in connection.exec_driver_sql("SELECT id FROM person WHERE successor = ?", (person,))]
    left = connection.exec_driver_sql("SELECT split_from FROM person WHERE id = ?", (person,)).first()
    sightings = _sightings(connection, person)
    refs = [sighting.ref for sighting in sightings]
    ids = [person, *former]
    return Dossier(
        person_id=person,
        former_ids=tuple(sorted(former)),
        split_from=None if left is None else left[0],
        sightings=tuple(sightings),
        generic=generic_keys.of_person(connection, person),
        sent=tuple(operations.of_people(connection, ids)),
        suspicions=tuple(findings.suspicions(connection, person)),
        holds=tuple(findings.holds(connection, person)),
        decisions=tuple(decisions.load(connection, refs)),
        cannot_express=tuple(_cannot_express(connection, ids)),
        manual_actions=tuple(by_hand.load(connection, ids)),
    )


def _sightings(connection: Connection, person: str) -> list[Sighting]:
    rows = connection.exec_driver_sql(
        "SELECT r.rid, r.provider, r.record_id, r.first_seen, r.changed_at, r.gone_at, k.kind, k.value, k.shown"
        " FROM link AS l CROSS JOIN record AS r ON r.rid = l.rid LEFT JOIN record_key AS k ON k.rid = r.rid"
        " WHERE l.person_id = ? ORDER BY r.rid, k.shown DESC, k.place, k.kind, k.value",
        (person,),
    )
    found = []
    for head, own in groupby(rows, lambda row: tuple(row[:6])):
        _, provider, record_id, first_seen, changed_at, gone_at = head
        keys = {(row[6], row[7]): bool(row[8]) for row in own if row[6] is not None}
        found.append(
            Sighting(
                ref=RecordRef(provider, record_id),
                first_seen=from_time(first_seen),
                changed_at=from_time(changed_at),
                gone_at=from_time_or_none(gone_at),
                keys=MappingProxyType(keys),
            )
        )
    return found


def _cannot_express(connection: Connection, ids: list[str]) -> list[CannotExpress]:
    rows = connection.exec_driver_sql(
        "SELECT c.person_id, c.provider, c.field, c.reason FROM json_each(?) AS j"
        " CROSS JOIN cannot_express AS c ON c.person_id = j.value ORDER BY c.provider, c.field, c.reason",
        (to_json(ids),),
    )
    return [CannotExpress(person_id=p, provider=at, field=name, reason=why) for p, at, name, why in rows]


LINES_WITH = """
    SELECT o.number, o.line FROM opt_out AS o
    WHERE EXISTS (SELECT 1 FROM json_each(?) AS j WHERE instr(o.line, j.value))
"""


def opt_outs_with(connection: Connection, keys: Iterable[str]) -> list[OptOutEntry]:
    """Ledger entries that carry any of the hashed keys, and later ones of the same origin, oldest first."""
    direct = connection.exec_driver_sql(LINES_WITH, (to_json(sorted(keys)),)).all()
    origins = sorted({entry.source_id for _, line in direct if (entry := from_line(line)).source_id is not None})
    inside = to_json([to_json(origin)[1:-1] for origin in origins])
    replaced = connection.exec_driver_sql(LINES_WITH, (inside,)).all()
    return [from_line(line) for _, line in sorted({(number, line) for number, line in (*direct, *replaced)})]
