"""The configuration file, and whoever changes in it between two cycles what may go where, and who decides."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sync.wiring import load_settings
from tests.engine.house import toml
from tests.simulation.clock import START
from tests.simulation.draw import PROVIDERS
from tests.simulation.people import DOMAINS

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.scene import Scene

FIELDS = ("job_title", "company_name")
STATE = {"url": "sqlite:///state/state.db", "ledger": "state/opt-outs.ledger", "key": "file:state/key",
         "backups": "state/backups"}  # fmt: skip


def configure(scene: Scene) -> None:
    """The file says what was drawn and what was changed since, and ``scene.settings`` what the file says."""
    path = scene.folder / "config.toml"
    tables = {"state": STATE, **scene.draw.sections}
    for name, own in _providers(scene).items():
        tables[f"providers.{name}"] = own
    for name, own in scene.changed.items():
        tables[name] = tables.get(name, {}) | own
    lines = [line for name, own in tables.items() for line in (f"[{name}]", *_lines(own))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scene.settings = load_settings(path, scene.environ)


def _providers(scene: Scene) -> dict[str, dict[str, Any]]:
    tables = {name: dict(box.settings) | scene.draw.settings[name] for name, box in scene.boxes.items()}
    if scene.draw.export:
        export = scene.folder / "datananas-export.csv"
        if not export.exists():
            scene.export = dict(scene.actors["datananas"].export(scene.folder))
            os.utime(export, (START.timestamp() - 3600, START.timestamp() - 3600))
        tables["datananas"] |= scene.export
    return tables


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {toml(value)}" for key, value in table.items()]


def change_scope(scene: Scene, random: Random) -> None:
    """For a while a provider is given less, or somebody else."""
    provider = random.choice(PROVIDERS)
    others = [name for name in PROVIDERS if name != provider]
    choices: list[dict[str, Any]] = [
        {"create": False},
        {"update": False},
        {"write": False},
        {"create_from": [random.choice(others)]},
        {"require": [random.choice(("emails", "linkedin_url", *FIELDS))]},
        {"ignore_fields": [random.choice(FIELDS)]},
        {"filter": {"countries": [], "company_domains": [], "exclude_domains": [random.choice(DOMAINS)]}},
    ]
    if provider == "topo":
        choices.append({"update_by_entry": "never"})
    if provider != "datananas":
        choices.append({"read": False})
    _change(scene, f"providers.{provider}", random.choice(choices))


def restore_scope(scene: Scene, _: Random) -> None:
    """Every provider is given what it was given at first."""
    scene.changed = {name: own for name, own in scene.changed.items() if not name.startswith("providers.")}
    scene.loop.note("* all providers are given what they were given at first")
    configure(scene)


def change_policy(scene: Scene, random: Random) -> None:
    """From now on others decide about values, or about who is one person."""
    name = random.choice(FIELDS)
    table, own = random.choice(
        (
            ("merge", {"priority": random.sample(PROVIDERS, 3)}),
            ("merge", {"blanks": random.choice(("never", "explicit"))}),
            (f"merge.fields.{name}", {"owner": random.choice(PROVIDERS)}),
            (f"merge.fields.{name}", {"priority": random.sample(PROVIDERS, random.randint(2, 3))}),
            ("match", {"names_must_agree": random.random() < 0.5}),
            ("match", {"generic_after": random.choice((2, 3, 5))}),
            ("match", {"suspect_score": random.choice((0.8, 0.9, 0.99))}),
        )
    )
    if table.endswith(name):
        scene.witness.decided_for_all.add(name)
    _change(scene, table, own)


def _change(scene: Scene, table: str, own: dict[str, Any]) -> None:
    scene.changed[table] = scene.changed.get(table, {}) | own
    scene.loop.note(f"* [{table}] {own}")
    configure(scene)
