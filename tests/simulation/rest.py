"""The end of a schedule: nobody disturbs any more, everything settles, and then nothing is left to do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.draw import PROVIDERS

if TYPE_CHECKING:
    from tests.simulation.scene import Scene

ALLOW = (
    *(f"{kind}={name}:9999" for kind in ("create", "update", "blank", "replace") for name in PROVIDERS),
    "merge=all:9999",
)  # fmt: skip
CALM = {"starting": "before", "bad_totals": "", "second_ending": False, "foreign": 0}
"""How the stream behaves once faults are over."""


async def rest(scene: Scene) -> None:
    """Faults and other people stop; time enough for late applies, settle and a whole read passes."""
    scene.faults.on = False
    scene.loop.jumps = 0.0
    scene.kills = []
    scene.clock.skew = max(scene.clock.skew, timedelta())
    scene.boxes["datananas"].turn(**CALM)
    scene.boxes["datananas"].listeners.sent.clear()  # who repeats the stream does not repeat its faults
    assert scene.store is not None
    under_way = any(scene.store.provider_state(name).sweep_cursor is not None for name in PROVIDERS)
    for _ in range(2 if under_way else 1):  # one that goes on does not judge whom it had just met when it began
        await asyncio.sleep(26 * 3600)
        for _ in range(2):
            await scene.cycle_once(ALLOW)
            if scene.reports[-1].guards:  # repeated with what its report says
                await scene.cycle_once(ALLOW)
            await asyncio.sleep(1300)
    scene.quiet_from = len(scene.reports)
    before = {name: box.writes for name, box in scene.boxes.items()}
    for _ in range(scene.draw.quiet):
        await scene.cycle_once(ALLOW)
        await asyncio.sleep(1300)
    for name, box in scene.boxes.items():
        if box.writes != before[name]:
            scene.witness.blame("V9", f"{box.writes - before[name]} writes to {name} with nothing to say")
    await _everybody_anew(scene)


async def _everybody_anew(scene: Scene) -> None:
    """Whoever is matched, merged and planned again although nothing changed is who they were, with nothing to
    send: nobody who should have been looked at was forgotten.
    """
    assert scene.store is not None
    before, writes = _people_kept(scene), sum(box.writes for box in scene.boxes.values())
    scene.store.mark_all_records_dirty()
    scene.store.mark_all_people_dirty()
    await scene.cycle_once(ALLOW)
    if sum(box.writes for box in scene.boxes.values()) != writes:
        sent = [f"{o.provider} {o.kind} {o.state} {o.reason}" for o in scene.reports[-1].operations]
        scene.witness.blame("V8", f"forgotten until everybody was looked at anew: {sent[:3]}")
    if not before.items() <= _people_kept(scene).items():  # an entry may have become a record just now
        scene.witness.blame("V8", "people were others once everybody was looked at anew")


def _people_kept(scene: Scene) -> dict[tuple[str, int | None], str]:
    """Person and record → the person's fields."""
    assert scene.store is not None
    with scene.store.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.id, p.fields, l.rid FROM person AS p LEFT JOIN link AS l ON l.person_id = p.id"
            " WHERE p.status = 'active' ORDER BY p.id, l.rid"
        ).fetchall()
    return {(person, rid): fields for person, fields, rid in rows}
