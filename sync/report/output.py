"""Where a report goes: one of the formats, to a stream or whole into a private file."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, get_args

from sync.errors import ConfigError
from sync.private_files import replace_by
from sync.report.colour import coloured, wants_colour
from sync.report.markdown import to_markdown
from sync.report.record_names import with_masked_names
from sync.report.structured import to_json, to_ndjson
from sync.report.table import to_csv
from sync.report.text import to_text
from sync.report.web import to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sync.report.model import Report

Format = Literal["text", "json", "ndjson", "markdown", "html", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)

_RENDERERS: Mapping[Format, Callable[..., str]] = {
    "text": to_text,
    "json": to_json,
    "ndjson": to_ndjson,
    "markdown": to_markdown,
    "html": to_html,
    "csv": to_csv,
}

_PLAIN = "Name a plain file."
_OR_STANDARD_OUTPUT = "Name a plain file, or leave the path out for standard output."
_ELSEWHERE = "Name a file in a folder that you may write to."


@dataclass(frozen=True, slots=True)
class Target:
    """One ``--report``: a format and the file it goes to, ``None`` = standard output."""

    format: Format
    path: Path | None = None


def parse_target(spec: str) -> Target:
    """The target written ``FORMAT`` or ``FORMAT:PATH`` (``-`` = standard output).

    Raises ConfigError for an unknown format or an empty path.
    """
    name, colon, path = spec.partition(":")
    found = next((known for known in FORMATS if known == name), None)
    if found is None:
        raise ConfigError(
            f"--report {name!a}: there is no such format", remedy=f"Use one of {', '.join(FORMATS)}."
        )
    if colon and not path:
        raise ConfigError(f"--report {spec} names no file", remedy=f"Write --report {name}:FILE.")
    return Target(found, Path(path) if path not in {"", "-"} else None)


def check_targets(specs: Iterable[str], out: Path | None = None) -> None:
    """Each report can be written where it is to go, each to a place of its own; asked before there is one.

    ``out``: what else will be written, as ``--out`` names it. Raises ConfigError otherwise.
    """
    places = [parse_target(spec).path for spec in specs]
    if places.count(None) > 1:
        raise ConfigError(
            "--report: only one report can go to standard output",
            remedy="Name a file for the others: FORMAT:PATH.",
        )
    for path in filter(None, places):
        if places.count(path) > 1:
            raise ConfigError(f"--report: two reports would go to {path}", remedy="Give each its own file.")
        _check_place(path, "--report")
    if out is not None:
        if out in places:
            raise ConfigError(f"--out: a report would go to {out}, too", remedy="Give each its own file.")
        _check_place(out, "--out")


def _check_place(path: Path, flag: str) -> None:
    check_folder(path, flag)
    _refuse_odd(path, _OR_STANDARD_OUTPUT if flag == "--report" else _PLAIN)


def check_folder(path: Path, flag: str) -> None:
    """The folder of ``path`` is there and can be written to. Raises ConfigError otherwise."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"{flag}: the folder of {path} does not exist", remedy=f"Make it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{flag}: {folder} cannot be written to", remedy=_ELSEWHERE)


def render(report: Report, report_format: Format, values: bool) -> str:
    """The report in one format; personal values are masked unless ``values``."""
    return _RENDERERS[report_format](report if values else with_masked_names(report), values=values)


def write_report(
    spec: str | Target, report: Report, *, values: bool, stdout: TextIO, directory: Path | None = None
) -> Path | None:
    """The report stands where ``spec`` says; returns the file written, ``None`` for standard output.

    A relative path starts at ``directory`` (the working directory). Personal values are shown when ``values``
    or when the report goes to a terminal. Raises ConfigError when the file cannot be written.
    """
    target = parse_target(spec) if isinstance(spec, str) else spec
    if target.path is None:
        text = render(report, target.format, values or stdout.isatty())
        stdout.write(coloured(text) if target.format == "text" and wants_colour(stdout, os.environ) else text)
        return None
    path = (directory or Path.cwd()) / target.path
    write_private(path, render(report, target.format, values))
    return path


def write_private(path: Path, text: str) -> None:
    """``path`` holds exactly ``text``, readable by this user only; a crash leaves the old file or none.

    Links and special files are never written to. Raises ConfigError when that cannot be done.
    """
    try:
        _refuse_odd(path)
        fresh = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
        replace_by(fresh, path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", remedy=_ELSEWHERE) from None


def _refuse_odd(path: Path, remedy: str = _PLAIN) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{path} is a link, a folder or a device, not a file", remedy=remedy)
