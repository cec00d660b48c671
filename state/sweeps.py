"""Full reads: when each began, whom it showed, and whom it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.record import RecordRef

if TYPE_CHECKING:
    from state.connection import Connection


def begin_sweep(connection: Connection, provider: str, sweep_id: str, at: int) -> None:
    """The sweep's beginning is known; that of the provider's former sweeps is forgotten."""
    connection.exec_driver_sql("DELETE FROM sweep WHERE provider = ? AND sweep_id <> ?", (provider, sweep_id))
    connection.exec_driver_sql("INSERT OR IGNORE INTO sweep VALUES (?, ?, ?)", (sweep_id, provider, at))


def sweep_began(connection: Connection, sweep_id: str) -> int | None:
    """When the sweep began, in microseconds; ``None`` = nobody knows it any more, or it never did."""
    row = connection.exec_driver_sql("SELECT began_at FROM sweep WHERE sweep_id = ?", (sweep_id,)).first()
    return None if row is None else int(row[0])


def seen_in_sweep(connection: Connection, provider: str, sweep_id: str) -> int:
    """Distinct records seen in the sweep."""
    return _count(
        connection,
        "SELECT count(*) FROM sighting AS s JOIN record AS r ON r.rid = s.rid"
        " WHERE s.sweep_id = ? AND r.provider = ?",
        sweep_id,
        provider,
    )


def unseen_in_sweep(connection: Connection, provider: str, sweep_id: str, settle: int) -> list[RecordRef]:
    """Live records not seen in the sweep and stored more than ``settle`` microseconds before it began.

    None when it never began.
    """
    rows = connection.exec_driver_sql(
        "SELECT r.record_id FROM sweep AS w JOIN record AS r ON r.provider = w.provider"
        " LEFT JOIN sighting AS s ON s.rid = r.rid WHERE w.sweep_id = ? AND w.provider = ?"
        " AND r.gone_at IS NULL AND r.first_seen < w.began_at - ? AND s.sweep_id IS NOT w.sweep_id"
        " ORDER BY r.rid",
        (sweep_id, provider, settle),
    )
    return [RecordRef(provider, row[0]) for row in rows]


def live_records(connection: Connection, provider: str) -> int:
    """Records not marked gone."""
    return _count(connection, "SELECT count(*) FROM record WHERE provider = ? AND gone_at IS NULL", provider)


def _count(connection: Connection, statement: str, *parameters: object) -> int:
    return int(connection.exec_driver_sql(statement, parameters).scalar_one())
