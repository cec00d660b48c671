"""Reports land whole in private files, or on standard output."""

from __future__ import annotations

import io
import json
import stat
from typing import TYPE_CHECKING

import pytest

from sync.errors import ConfigError
from sync.report.masking import masked
from sync.report.output import FORMATS, Target, check_targets, parse_target, render, write_report
from tests.report import samples

if TYPE_CHECKING:
    from pathlib import Path

    from sync.report.output import Format


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_targets_are_parsed(tmp_path: Path) -> None:
    assert parse_target("json") == Target("json")
    assert parse_target("text:-") == Target("text")
    assert parse_target(f"html:{tmp_path}/a:b.html") == Target("html", tmp_path / "a:b.html")


@pytest.mark.parametrize("spec", ["", "xml", "JSON", "json:", ":x", "pdf:x", "\x1b[2J"])
def test_what_is_no_target_is_a_configuration_error(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_target(spec)
    assert caught.value.remedy
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "spec", ["json:", "json:.", "json:/dev/null", "json:link", "json:nowhere/a.json", "xml:a"]
)
def test_a_place_that_takes_no_report_is_told_before_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "a.json")
    with pytest.raises(ConfigError) as caught:
        check_targets(["text", spec])
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("specs", [["text", "json"], ["text", "json:-"], ["html:a", "json:a"]])
def test_each_report_goes_to_a_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specs: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        check_targets(specs)
    check_targets([*specs[:1], "csv:b"])


@pytest.mark.parametrize("report_format", FORMATS)
def test_a_file_is_private_and_holds_the_masked_report(tmp_path: Path, report_format: Format) -> None:
    path = write_report(
        f"{report_format}:r.out", samples.full(), values=False, stdout=Terminal(), directory=tmp_path
    )
    assert path == tmp_path / "r.out"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().decode() == render(samples.full(), report_format, False)
    assert [p.name for p in tmp_path.iterdir()] == ["r.out"]


def test_values_are_shown_on_a_terminal_and_masked_elsewhere() -> None:
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        assert write_report("json", samples.full(), values=False, stdout=stream) is None
        assert ("Pérez" in stream.getvalue()) is seen


def test_only_a_text_on_a_terminal_that_wants_it_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for spec, stream, refused, seen in (
        ("text", Terminal(), "", True),
        ("text", Terminal(), "1", False),
        ("text", io.StringIO(), "", False),
        ("json", Terminal(), "", False),
    ):
        monkeypatch.setenv("NO_COLOR", refused)
        write_report(spec, samples.full(), values=False, stdout=stream)
        assert ("\x1b[1m" in stream.getvalue()) is seen


def test_an_older_file_is_replaced_and_made_private(tmp_path: Path) -> None:
    old = tmp_path / "r.json"
    old.write_text("old")
    old.chmod(0o644)
    write_report(f"json:{old}", samples.quiet(), values=False, stdout=io.StringIO())
    assert json.loads(old.read_text())["mode"] == "run"
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


def test_links_folders_and_devices_are_never_written_to(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling", "."):
        with pytest.raises(ConfigError):
            write_report(f"json:{name}", samples.quiet(), values=False, stdout=io.StringIO(), directory=tmp_path)
    with pytest.raises(ConfigError):
        write_report("json:/dev/null", samples.quiet(), values=False, stdout=io.StringIO())
    assert target.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(f"json:{tmp_path}/none/r.json", samples.quiet(), values=False, stdout=io.StringIO())


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "r.json"
    old.write_text("old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(ConfigError, match="No space left"):
        write_report(f"json:{old}", samples.quiet(), values=False, stdout=io.StringIO())
    assert old.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ana@acme.com", "a…@a….com"),
        ("ana@mail.acme.co.uk", "a…@m….uk"),
        ("a@b", "a…@b…"),
        ("Ana", "A…"),
        ("", ""),
        ("\u202eevil", "…"),
        ("  Ana", "A…"),
        ("<b>", "<…"),
        ("a@b@c", "a…"),
        ("ana@acme.<script>", "a…@a…"),
    ],
)
def test_masks(text: str, shown: str) -> None:
    assert masked(text) == shown
