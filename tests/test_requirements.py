"""What is installed is locked: by version, by hash, and the same for a server as for whoever develops."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIGEST = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(name: str) -> dict[str, str]:
    """Package → its version with markers and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("==", 1) for line in lines)


def wanted(*extras: str) -> set[str]:
    """Names of what the project asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(r for e in extras for r in project["optional-dependencies"][e])]
    return {re.split(r"[<>=!~ \[]", requirement)[0] for requirement in asked}


def test_everything_asked_for_is_locked() -> None:
    assert wanted("build") <= locked("requirements.txt").keys()
    assert wanted("build", "dev") <= locked("constraints.txt").keys()


def test_each_is_locked_by_a_hash() -> None:
    for name in ("requirements.txt", "constraints.txt"):
        assert all(DIGEST.search(line) for line in locked(name).values())


def test_a_server_gets_what_was_tested_and_no_tool() -> None:
    server, developer = locked("requirements.txt"), locked("constraints.txt")
    assert server.items() <= developer.items()
    assert not {"pytest", "mypy", "ruff"} & server.keys()
