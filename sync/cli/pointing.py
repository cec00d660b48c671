"""The configuration that points at running sandboxes, with its tokens in files of their own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARK = "# Written by `contact-sync sandbox`; made anew at each start."
FOLDER = "served"
"""Beside the configuration: tokens, and the state of runs against these servers."""


def write_config(out: Path, boxes: Mapping[str, Any]) -> None:
    """``out`` points at the servers; the state of earlier ones, which are gone with their people, is removed.

    Raises ``ConfigError`` when ``out``, or the folder beside it, is somebody else's or cannot be written.
    """
    _check_ours(out)
    try:
        folder = _fresh_folder(out, {name for box in boxes.values() for name in box.secrets})
        for box in boxes.values():
            for name, secret in box.secrets.items():
                _write_private(folder / name, secret + "\n")
        out.unlink(missing_ok=True)
        _write_private(out, config_text({n: dict(box.settings) for n, box in boxes.items()}))
    except OSError as error:
        raise ConfigError(f"{error.filename or out} cannot be written ({error.strerror})") from error


def config_text(tables: Mapping[str, Mapping[str, object]]) -> str:
    """The whole file. References to environment variables become references to files."""
    lines = [
        MARK,
        "[state]",
        f'url = "sqlite:///{FOLDER}/state/state.db"',
        f'ledger = "{FOLDER}/state/opt-outs.ledger"',
        f'key = "file:{FOLDER}/state/key"',
        f'backups = "{FOLDER}/state/backups"',
        "",
        "[daemon]",
        'listen = "127.0.0.1:0"',
    ]
    for name, table in tables.items():
        lines += ["", f"[providers.{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    if isinstance(value, str) and value.startswith("env:"):
        return json.dumps(f"file:{FOLDER}/{value.removeprefix('env:')}")
    return json.dumps(value, ensure_ascii=False)


def _check_ours(out: Path) -> None:
    if not out.parent.absolute().parent.is_dir():
        raise ConfigError(f"--out {out}: the folder {out.parent.parent} does not exist")
    if out.exists() and not out.read_text(encoding="utf-8", errors="replace").startswith(("# Written by",)):
        raise ConfigError(f"--out {out} is a file of yours", remedy="name another file, or move this one away")


def _fresh_folder(out: Path, tokens: set[str]) -> Path:
    out.parent.mkdir(mode=0o700, exist_ok=True)
    folder = out.parent / FOLDER
    if folder.exists():
        if not {entry.name for entry in folder.iterdir()} <= tokens | {"state"}:  # more than we put there
            raise ConfigError(
                f"--out {out}: {folder} is a folder of yours", remedy="name a file in another folder"
            )
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    return folder


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
