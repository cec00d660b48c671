"""Help answers at once, whatever is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sync.cli import COMMANDS, common, parameters
from sync.report import output

if TYPE_CHECKING:
    from tests.cli.conftest import Program

SLOW = ("sqlmodel", "sqlalchemy", "alembic", "httpx", "rich", "pydantic", "starlette", "prometheus_client")
LOOK = f"""
import sys
from sync.cli import run_program
code = run_program(sys.argv[1:])
print("LOADED", [name for name in {SLOW!r} if name in sys.modules])
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(program: Program, arguments: list[str]) -> None:
    told = program(*arguments)
    assert told.code == 0
    for name, (_, line) in COMMANDS.items():
        assert name in told.out
        assert line.split()[0] in told.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(program: Program, name: str) -> None:
    told = program(name, "--help")
    assert told.code == 0
    assert told.out.startswith(f"Usage: contact-sync {name}")
    assert told.err == ""


def test_a_part_of_a_command_explains_itself(program: Program) -> None:
    assert "--accept" in program("state", "check", "--help").out


def test_the_version_is_told(program: Program) -> None:
    assert program("--version").out.startswith("contact-sync 0.")


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_slow(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert "LOADED []" in done.stdout


def test_an_unknown_command_names_the_nearest_one(program: Program) -> None:
    told = program("statos")
    assert told.code == 2
    assert "Did you mean 'status'?" in told.err


def test_an_unknown_option_names_the_nearest_one(program: Program) -> None:
    told = program("status", "--confg", "x")
    assert told.code == 2
    assert "--config" in told.err


@pytest.mark.parametrize("name", ["contact-sync", "sync"])
def test_a_shell_completes_both_names_without_any_configuration(name: str) -> None:
    variable = f"_{name.upper().replace('-', '_')}_COMPLETE"

    def told(instruction: str) -> str:
        environ = os.environ | {variable: instruction, "COMP_WORDS": f"{name} sta", "COMP_CWORD": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "sync"], env=environ, capture_output=True, check=True, text=True
        )
        return done.stdout

    assert f"#compdef {name}\n" in told("zsh_source")
    assert told("zsh_complete").split("\n")[1::3] == ["status", "state"]


@pytest.mark.parametrize("wait", ["5x", "-1s", "", "99999999999999d", "\u0663s"])
def test_a_wait_that_is_no_duration_is_told(program: Program, wait: str) -> None:
    told = program("run", "--wait", wait)
    assert told.code == 2
    assert "write it like 30s" in told.err


@pytest.mark.parametrize(
    ("wait", "seconds"), [("0", 0), (" 30s ", 30), ("250ms", 0.25), ("1.5h", 5400), ("7d", 604800)]
)
def test_a_wait_is_written_as_in_the_configuration(wait: str, seconds: float) -> None:
    assert parameters.DURATION.convert(wait, None, None).total_seconds() == seconds


@pytest.mark.parametrize("name", ["daemon", "status", "doctor"])
def test_a_missing_configuration_is_told_with_what_to_do(
    program: Program, name: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("CONTACT_SYNC_CONFIG", raising=False)
    told = program(name)
    assert told.code == 2
    assert "run --sandbox" in told.err


def test_every_format_of_reports_is_told() -> None:
    assert common.FORMATS == output.FORMATS
