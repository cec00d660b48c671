"""What a command logs on standard error, and from which level on."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


@pytest.mark.parametrize(
    ("configured", "flags", "level"),
    [
        (None, [], logging.WARNING),
        (None, ["-v"], logging.INFO),
        (None, ["-vv"], logging.DEBUG),
        ("error", [], logging.ERROR),
        ("error", ["-v"], logging.INFO),
        ("error", ["-vv"], logging.DEBUG),
        ("info", [], logging.INFO),
        ("info", ["-v"], logging.DEBUG),
        ("debug", ["-v"], logging.DEBUG),
        ("debug", ["-q"], logging.ERROR),
    ],
)
def test_a_run_logs_as_the_configuration_says_and_flags_change_that(
    program: Program,
    config: Path,
    capsys: pytest.CaptureFixture[str],
    configured: str | None,
    flags: list[str],
    level: int,
) -> None:
    written = "" if configured is None else f'level = "{configured}"\n'
    config.write_text(f'[logging]\nformat = "json"\n{written}{config.read_text()}')
    program("run", "--dry-run", *flags, "--config", config)
    assert logging.getLogger().level == level
    capsys.readouterr()
    logging.getLogger("any").error("something")
    assert json.loads(capsys.readouterr().err)["event"] == "something"


def test_a_run_logs_its_phases_and_batches_when_it_is_asked_to(program: Program, config: Path) -> None:
    export = config.parent / "export.csv"
    export.write_text("record_id,email,first_name,last_name\n1,kim.yarrow@lumenforge.fr,Kim,Yarrow\n")
    assert program("import", "datananas", export, "--config", config).code == 0
    told = program("run", "-vv", "--log-format", "json", "--config", config)
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert {line["run"] for line in lines} == {lines[0]["run"]}
    assert lines[0]["event"] == "run began"
    assert lines[-1]["event"] == "run ended"
    phases = ["reading opt-outs", "reading", "matching and merging", "planning", "writing", "reading back"]
    assert [line["phase"] for line in lines if line["event"] == "phase began"] == phases
    assert {line["provider"] for line in lines if line.get("phase") == "reading" and "records" in line} == {
        "apollo", "datananas", "topo",
    }  # fmt: skip
    batches = [(line["provider"], line["kind"], line["rows"]) for line in lines if line["event"] == "batch sent"]
    assert {("apollo", "create", 1), ("topo", "create", 1)} <= set(batches)
    assert program("run", "--config", config).err == ""


def test_a_guard_that_stops_a_run_is_logged(program: Program, config: Path) -> None:
    told = program("run", "-v", "--log-format", "json", "--provider", "topo", "--config", config)
    changed = config.read_text().replace("[providers.topo]", '[providers.topo]\nrequire = ["emails"]')
    config.write_text(changed)
    told = program("run", "-v", "--log-format", "json", "--config", config)
    (stop,) = [line for line in map(json.loads, told.err.splitlines()) if "guard" in line["event"]]
    assert (told.code, stop["provider"], stop["kind"]) == (5, "topo", "config")
