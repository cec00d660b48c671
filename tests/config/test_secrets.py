"""Secrets are fetched when used and never shown."""

from __future__ import annotations

import copy
import os
import pickle
from typing import TYPE_CHECKING

import pytest

from sync import secrets
from sync.errors import ConfigError
from sync.secrets import Secret, resolve

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a9c"


def fetched(ref: str, folder: Path, **environ: str) -> str:
    return resolve(ref, directory=folder, environ=environ, key="providers.topo.api_key").reveal()


def refusal(ref: str, folder: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        fetched(ref, folder, **environ)
    assert CANARY not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert str(caught.value).startswith("providers.topo.api_key: ")
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("shown", [str, repr, format, "{:>9}".format, lambda s: f"{s}", lambda s: f"{[s]}"])
def test_a_secret_prints_as_stars(shown: object) -> None:
    assert CANARY not in shown(Secret(CANARY))  # type: ignore[operator]
    assert "***" in shown(Secret(CANARY))  # type: ignore[operator]


def test_a_secret_is_never_serialised() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    assert copy.deepcopy(Secret(CANARY)).reveal() == CANARY
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("another-canary-1f6c")
    assert len({Secret(CANARY), Secret(CANARY)}) == 1


def test_from_the_environment(tmp_path: Path) -> None:
    assert fetched("env:KEY", tmp_path, KEY=CANARY) == CANARY
    assert "KEY is not set" in refusal("env:KEY", tmp_path, OTHER=CANARY)
    assert "empty" in refusal("env:KEY", tmp_path, KEY=" ")


def test_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(CANARY + "\n")
    file.chmod(0o600)
    assert fetched("file:key", tmp_path) == CANARY
    assert fetched(f"file:{file}", tmp_path / "elsewhere") == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text(CANARY)
    file.chmod(mode)
    assert "other users" in refusal("file:key", tmp_path)


def test_odd_files_are_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a file" in refusal("file:pipe", tmp_path)
    assert "cannot be read" in refusal("file:gone", tmp_path)
    assert "not a file" in refusal("file:.", tmp_path)
    for name, raw in (
        ("binary", b"\xff\xfe"),
        ("long", b"x" * 70_000),
        ("lines", f"{CANARY}\r\nHost: x".encode()),
    ):
        (tmp_path / name).write_bytes(raw)
        (tmp_path / name).chmod(0o600)
        refusal(f"file:{name}", tmp_path)


def test_from_a_command_without_a_shell(tmp_path: Path) -> None:
    assert fetched(f"command:echo '{CANARY}'", tmp_path, PATH="/usr/bin:/bin") == CANARY
    assert fetched("command:echo $HOME;id", tmp_path, PATH="/usr/bin:/bin") == "$HOME;id"
    assert "ended with code 3" in refusal(f"command:sh -c 'echo {CANARY}; exit 3'", tmp_path, PATH="/usr/bin:/bin")
    assert "cannot be run" in refusal("command:no-such-program-here", tmp_path, PATH="/usr/bin:/bin")


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT_S", 0.1)
    assert "no answer" in refusal("command:sleep 30", tmp_path, PATH="/usr/bin:/bin")


def test_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "topo").write_text(CANARY)
    assert fetched("credential:topo", tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path)) == CANARY
    assert "CREDENTIALS_DIRECTORY" in refusal("credential:topo", tmp_path)


def test_a_literal_is_refused_without_being_echoed(tmp_path: Path) -> None:
    assert "literal" in refusal(CANARY, tmp_path)
