"""A rehearsal tells its story, and is a run like any other for programs that read it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Program


def test_a_report_for_programs_has_standard_output_for_itself(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = program("run", "--sandbox", "--dry-run", "--exit-code", "--report", "json")
    assert (told.code, json.loads(told.out)["exit_code"]) == (4, 4)
    assert "Configuration: .sandbox/config.toml" in told.err
    assert "--allow create=apollo:10000" in told.err
    assert (tmp_path / ".sandbox" / "config.toml").is_file()


def test_the_commands_that_its_reports_name_work_afterwards(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = program("run", "--sandbox").out
    assert "serves empty ones for as long as you like, and\npoints .sandbox/config.toml at them" in told
    name, _, value = told.rpartition("export ")[2].strip().partition("=")
    monkeypatch.setenv(name, value)
    shown = set(re.findall(r"contact-sync (review (?:list|show \S+))", told))
    assert len(shown) > 2
    for command in shown:
        assert program(*command.split()).code == 0, command


def test_quiet_means_that_only_the_report_is_told(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = program("run", "--sandbox", "--dry-run", "-q", "--report", "json:report.json")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert json.loads((tmp_path / "report.json").read_text())["mode"] == "dry-run"


def test_a_folder_that_cannot_be_made_is_told(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".sandbox").write_text("")
    told = program("run", "--sandbox")
    assert told.code == 2
    assert ".sandbox cannot be made or emptied (File exists)" in told.err
