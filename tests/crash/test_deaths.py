"""The program is killed in the middle of everything, and the next runs end as if it never had been."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from state.points import POINTS
from tests.crash.deaths import ELSEWHERE, ON_THE_WAY, Death, survive
from tests.crash.wire import MOMENTS, Trap

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Nursery

pytestmark = pytest.mark.asyncio(loop_scope="session")

AFTER_THE_FIRST = ("sending", "settled", "plan", "page", "optouts", "merged", "membership")
WRITES = {
    "first-run": (
        ("topo", "POST /v1/contact-entries"),
        ("apollo", "POST /api/v1/contacts/bulk_create"),
        ("datananas", "POST /contacts/bulk"),
    ),
    "edits": (
        ("topo", "POST /v1/contact-entries"),
        ("apollo", "POST /api/v1/contacts/bulk_update"),
    ),
    "opt-outs-and-bulk": (
        ("topo", "POST /v1/contact-exclusions"),
        ("apollo", "POST /api/v1/contacts/update_stages"),
        ("datananas", "POST /contacts/bulk"),
    ),
}
READS = (
    ("topo", "GET /v1/contact-exclusions"),
    ("topo", "GET /v1/contacts"),
    ("apollo", "POST /api/v1/contacts/search"),
    ("datananas", "GET /"),
)


@pytest.mark.parametrize("point", ON_THE_WAY)
async def test_a_first_run_survives_death_at_every_named_point(program: Nursery, folder: Path, point: str) -> None:
    scene = "opt-outs-and-bulk" if point.startswith(("ledger.", "optouts.")) else "first-run"
    assert await survive(scene, [Death(f"{point}:1")], folder, program) == 1


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", AFTER_THE_FIRST)
async def test_a_run_about_opt_outs_survives_death_at_a_commit(
    program: Nursery, folder: Path, name: str, side: str
) -> None:
    assert await survive("opt-outs-and-bulk", [Death(f"{name}.{side}_commit:2")], folder, program) <= 1


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("scene", "provider", "what"), [(s, p, w) for s, writes in WRITES.items() for p, w in writes]
)
async def test_a_write_survives_death_at_any_moment(
    program: Nursery, folder: Path, scene: str, provider: str, what: str, moment: str
) -> None:
    trap = Trap(provider, what, 1, moment)  # type: ignore[arg-type]  # one of MOMENTS
    assert await survive(scene, [Death(trap=trap)], folder, program) == 1


@pytest.mark.parametrize(("provider", "what"), READS)
async def test_a_read_survives_death_in_its_answer(
    program: Nursery, folder: Path, provider: str, what: str
) -> None:
    trap = Trap(provider, what, 2 if provider != "datananas" else 1, "halfway")
    assert await survive("first-run", [Death(trap=trap)], folder, program) == 1


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_the_stream_survives_death_at_every_message(program: Nursery, folder: Path, nth: int) -> None:
    trap = Trap("datananas", "stream message", nth, "applied")
    assert await survive("first-run", [Death(trap=trap)], folder, program) == 1


@pytest.mark.parametrize("second", ["opening.after_commit:1", "settled.before_commit:1", "settled.after_commit:1"])
@pytest.mark.parametrize("provider", ["topo", "apollo", "datananas"])
async def test_recovery_survives_its_own_death(program: Nursery, folder: Path, provider: str, second: str) -> None:
    what = dict(WRITES["first-run"])[provider]
    deaths = [Death(trap=Trap(provider, what, 1, "applied")), Death(second)]
    assert await survive("first-run", deaths, folder, program) == 2


async def test_every_named_point_is_either_met_or_known_not_to_be() -> None:
    assert set(ON_THE_WAY) | ELSEWHERE == POINTS
