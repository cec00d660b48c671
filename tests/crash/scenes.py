"""Three reference scenarios, each in a house of its own, and what must hold after any death of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from state.checks import check_whole
from sync.cli.places import looked_at
from sync.record import RecordRef
from sync.wiring import load_settings
from tests.crash.wire import wired
from tests.engine.house import GENEROUS, House, crowd, house, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.crash.nursery import Ended, Nursery
    from tests.crash.wire import Trap, Wire

STAGE = "609500000000000000000099"
DOMAIN = "oakmere-logistics.com"
RUNS_UNTIL_QUIET = 4
"""One that repairs, one that looks at what it repaired, and two to spare that the assertion watches."""

World = Mapping[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Scene:
    """``before``: what is there and synced already. ``news``: what the run is about. ``after``: how it ends."""

    name: str
    news: Callable[[House], None]
    after: World
    before: Callable[[House], None] | None = None


def _four_people(home: House) -> None:
    for number, contact in enumerate(crowd(4)):
        home.actors["topo" if number < 2 else "apollo"].create(contact)


def _two_edits(home: House) -> None:
    home.actors["topo"].edit(home.topo.rows[0]["id"], {"job_title": "CEO"})
    home.actors["apollo"].edit(home.apollo.rows[1]["id"], {"job_title": "CFO"})


def _two_people(home: House) -> None:
    home.apollo.workspace.stages[STAGE] = "Do not contact"
    home.configure("apollo", opt_out_stage_id=STAGE)
    home.configure("datananas", batch_size=1)
    for name in ("Ana Diaz", "Lea Martin"):
        home.actors["topo"].create(person(name))


def _three_opt_outs(home: House) -> None:
    home.actors["topo"].opt_out(person("Ana Diaz"), "UNSUBSCRIBED")
    home.actors["apollo"].opt_out(person("Lea Martin"), "UNSUBSCRIBED")
    home.actors["topo"].opt_out(person("Nora Nein"), "CONTACT_REFUSED")
    home.actors["apollo"].create(person("Nora Nein"))
    for contact in crowd(3):
        home.actors["topo"].create(contact)


def _world(told: dict[str, str | None], *, only_apollo: Sequence[str] = (), staged: Sequence[str] = (),
           excluded: Mapping[str, str] | None = None) -> World:  # fmt: skip
    """Everybody with a job title at every provider, except those whom opt-outs keep away."""
    everywhere = sorted((f"{name}@{DOMAIN}", title) for name, title in told.items())
    names = sorted((*told, *only_apollo))
    return {
        "topo": everywhere,
        "datananas": everywhere,
        "apollo": [(f"{name}@{DOMAIN}", told.get(name), name in staged) for name in names],
        "exclusions": sorted((f"{name}@{DOMAIN}", reason) for name, reason in (excluded or {}).items()),
    }


NOBODY_SAYS: dict[str, str | None] = dict.fromkeys(["person0", "person1", "person2", "person3"])
SCENES = {
    scene.name: scene
    for scene in (
        Scene("first-run", _four_people, _world(NOBODY_SAYS)),
        Scene("edits", _two_edits, _world(NOBODY_SAYS | {"person0": "CEO", "person3": "CFO"}), _four_people),
        Scene(
            "opt-outs-and-bulk",
            _three_opt_outs,
            _world(
                dict.fromkeys(["ana.diaz", "lea.martin", "person0", "person1", "person2"]),
                only_apollo=["nora.nein"],
                staged=["ana.diaz", "nora.nein"],
                excluded={
                    "ana.diaz": "UNSUBSCRIBED", "lea.martin": "UNSUBSCRIBED", "nora.nein": "CONTACT_REFUSED",
                },
            ),
            _two_people,
        ),
    )
}  # fmt: skip


@dataclass
class Stage:
    """A scene that is set: sandboxes behind wires, and the program to run."""

    scene: Scene
    home: House
    wires: dict[str, Wire]
    program: Nursery

    @property
    def config(self) -> Path:
        return self.home.folder / "config.toml"

    @property
    def requests(self) -> list[tuple[str, str]]:
        """What the last run asked of whom."""
        return [(name, what) for name, wire in self.wires.items() for what in wire.requests]

    async def run(self, *, crash: str = "", trap: Trap | None = None) -> Ended:
        for wire in self.wires.values():
            wire.requests.clear()
            wire.trap, wire.sprung = trap, False
        allowed = [word for text in GENEROUS for word in ("--allow", text)]
        return await self.program.run("run", "--config", self.config, *allowed, crash=crash)

    async def until_quiet(self) -> int:
        """Runs one after the other until one of them ends well and sends nothing; how many it took."""
        told = []
        for number in range(1, RUNS_UNTIL_QUIET + 1):
            before = self.home.writes
            ended = await self.run()
            told.append(f"run {number} ended with {ended.code}\n{ended.output}")
            if ended.code == 0 and self.home.writes == before:
                return number
        raise AssertionError("it did not become quiet:\n" + "\n".join(told))

    def check(self) -> None:
        """The world is as without any crash."""
        check_ending(self.scene, self.home)


def check_ending(scene: Scene, home: House) -> None:
    """The world is as it must be, and the store is whole, knows it, and asks nothing of a person."""
    assert _world_of(home) == scene.after
    with looked_at(load_settings(home.folder / "config.toml", home.environ)) as store:
        check_whole(store.database.raw, thorough=True)
        store.check_audit()
        left = store.operations(states=("sending", "unknown", "parked"))
        assert [(o.provider, o.kind, o.state, o.reason) for o in left] == []
        assert (store.conflicts(), store.suspicions(), store.holds(), store.twins()) == ([], [], [], [])
        assert [ref for ref in _refs(home) if store.person_of(ref) is None] == []
        assert store.people_count() == len({email for email, *_ in scene.after["apollo"]})


def _world_of(home: House) -> World:
    """What the providers hold, with every double in it."""
    return {
        "topo": sorted((r["email"], r["job_title"]) for r in home.topo.rows),
        "datananas": sorted((r["email"], r.get("position")) for r in home.datananas.rows),
        "apollo": sorted((r["email"], r["title"], r["contact_stage_id"] == STAGE) for r in home.apollo.rows),
        "exclusions": sorted((r["email"], r["reason"]) for r in home.topo.exclusions.values()),
    }


def _refs(home: House) -> list[RecordRef]:
    refs = [RecordRef("topo", str(row["id"])) for row in home.topo.rows]
    refs += [RecordRef("apollo", row["id"]) for row in home.apollo.rows]
    return refs + [RecordRef("datananas", f"email:{row['email']}") for row in home.datananas.rows]


@asynccontextmanager
async def staged(scene: Scene, folder: Path, program: Nursery) -> AsyncIterator[Stage]:
    """The scene is set and its news are out; nothing of them was read yet."""
    async with house(folder) as home:
        home.section("sync", settle="0")
        async with wired(home, program.kill) as wires:
            stage = Stage(scene, home, wires, program)
            if scene.before is not None:
                scene.before(home)
                _point_at(stage)
                await stage.until_quiet()
            scene.news(home)
            _point_at(stage)
            yield stage


def _point_at(stage: Stage) -> None:
    assert stage.home.config == stage.config  # asking for it writes it
    stage.program.environ = dict(stage.home.environ)
