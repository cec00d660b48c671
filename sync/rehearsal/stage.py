"""The stage of a rehearsal: every provider's sandbox with its people, and the configuration that points there."""

from __future__ import annotations

import json
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.registry import providers as known_providers
from sync.errors import ConfigError
from sync.rehearsal.world import world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from adapters.spec import Actor, Sandbox
    from sync.rehearsal.world import World

FOLDER = ".sandbox"
CONFIG = "config.toml"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running rehearsal. ``config``: the file that points at it; ``environ``: the secrets it names.

    ``edited``: the record id, at ``world.edit_at``, of the person that is edited later.
    """

    config: Path
    environ: Mapping[str, str]
    boxes: Mapping[str, Sandbox]
    actors: Mapping[str, Actor]
    world: World
    edited: str

    @property
    def writes(self) -> int:
        """Mutating requests that all sandboxes received together."""
        return sum(box.writes for box in self.boxes.values())

    def edit(self) -> None:
        """Somebody changes one field at one provider."""
        name, value = self.world.edit
        self.actors[self.world.edit_at].edit(self.edited, {name: value})


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """All sandboxes, peopled, while entered. The folder is ours alone: what an earlier rehearsal left goes.

    Raises ``ConfigError`` when it cannot be made.
    """
    _make_folder(folder)
    specs = known_providers()
    async with AsyncExitStack() as stack:
        boxes = {n: await stack.enter_async_context(s.sandbox()) for n, s in specs.items()}
        actors = {n: s.actor(boxes[n]) for n, s in specs.items()}
        cast = world(_order(tuple(specs)))
        edited = _enter(cast, actors)
        for provider, contact, reason in cast.opt_outs:
            actors[provider].opt_out(contact, reason)
        tables = {n: dict(box.settings) | dict(actors[n].export(folder)) for n, box in boxes.items()}
        environ = {key: value for box in boxes.values() for key, value in box.secrets.items()}
        config = folder / CONFIG
        config.write_text(_toml(tables), encoding="utf-8")
        yield Stage(config, environ, boxes, actors, cast, edited)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("state", CONFIG):
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be made or emptied ({error.strerror})",
            remedy="rehearse in a folder that you may write to",
        ) from error


def _order(names: tuple[str, ...]) -> tuple[str, ...]:
    """The outreach tool first: it is where people work."""
    return tuple(sorted(names, key=lambda n: (n != "topo", n)))


def _enter(cast: World, actors: Mapping[str, Actor]) -> str:
    edited = ""
    for sample in cast.samples:
        record_id = actors[sample.provider].create(sample.contact)
        if sample.number == cast.edited and sample.provider == cast.edit_at:
            edited = record_id
    return edited


def _toml(tables: Mapping[str, Mapping[str, object]]) -> str:
    lines = [
        "# Written by a rehearsal for the sandboxes it runs; it is made anew each time.",
        "[state]",
        'url = "sqlite:///state/state.db"',
        'ledger = "state/opt-outs.ledger"',
        'key = "file:state/key"',
        'backups = "state/backups"',
    ]
    for name, table in tables.items():
        lines += ["", f"[providers.{name}]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
