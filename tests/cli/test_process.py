"""The process around a command: streams that go away, signals, and the exit code that the report tells, too."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.progress import Progress

from state.lock import RunLock, run_lock_path
from sync.cli.progress import _OnTerminal
from sync.cli.run import interruptible
from tests.cli.conftest import PATIENCE_S, PROGRAM, started

if TYPE_CHECKING:
    from sync.engine.session import Session
    from tests.cli.conftest import Program

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def busy(config: Path) -> RunLock:
    """A lock that another run holds."""
    return RunLock(run_lock_path(config.parent / ".contact-sync" / "state.db"))


@pytest.fixture
def known(program: Program, config: Path) -> Path:
    """One person, who is nowhere but in an export."""
    export = config.parent / "export.csv"
    export.write_text("record_id,email,first_name,last_name\n1,ana.diaz@lumenforge.fr,Ana,Diaz\n")
    assert program("import", "datananas", export, "--config", config).code == 0
    return config


@pytest.mark.parametrize(
    ("arguments", "code"), [(["sandbox", "--list-switches"], 0), (["run", "--max-requests", "topo=0"], 9)]
)
def test_a_reader_who_leaves_changes_no_exit_code(config: Path, arguments: list[str], code: int) -> None:
    more = ["--config", str(config)] if code else []
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [*PROGRAM, *arguments, *more], stdout=writes, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False
    )
    os.close(writes)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-"])
def test_a_stream_that_was_never_open_changes_no_exit_code(closed: str) -> None:
    line = " ".join([*PROGRAM, "--version", closed])
    done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["status", "--format", "json"], ["run", "--dry-run"]]
)
def test_a_standard_output_that_is_full_is_told_once(known: Path, words: list[str]) -> None:
    where = [] if words[0].startswith("-") else ["--config", str(known)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *words, *where], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False
        )
    assert (done.returncode, done.stderr.decode().splitlines()) == (
        1,
        [
            "contact-sync: standard output cannot be written (No space left on device)",
            "  What to do: make room there, or send it elsewhere",
        ],
    )


@pytest.mark.parametrize(("words", "code"), [(["run", "--dry-run", "-vv"], 0), (["state", "nonsense"], 2)])
def test_a_standard_error_that_is_full_changes_no_exit_code(known: Path, words: list[str], code: int) -> None:
    where = ["--config", str(known)] if code == 0 else []
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *words, *where], stdout=subprocess.PIPE, stderr=full, timeout=PATIENCE_S, check=False
        )
    assert done.returncode == code
    assert (b"Dry run: " in done.stdout) == (code == 0)


def test_an_encoding_that_lacks_a_character_stops_no_report(program: Program, known: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "run", "--dry-run", "--config", known],
        env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\u2026" in done.stdout


@SIGNALS
@pytest.mark.parametrize("words", [["run"], ["optout", "add", "ana.diaz@lumenforge.fr", "--reason", "OTHER"]])
def test_a_command_that_waits_for_the_lock_ends_at_the_first_signal(
    config: Path, busy: RunLock, words: list[str], number: int
) -> None:
    with busy, started(config.parent, *words, "--wait", "1h", "--config", config) as waiting:
        _hold_out(waiting.process)
        assert waiting.end(number) == 128 + number
    assert "holds the lock" not in waiting.log


def _hold_out(process: subprocess.Popen[bytes]) -> None:
    """The program is up and waits: ten looks in a row find it asleep, which a program that starts is not."""
    told, asleep, until = Path(f"/proc/{process.pid}/stat"), 0, time.monotonic() + PATIENCE_S
    while asleep < 10:
        assert process.poll() is None
        assert time.monotonic() < until
        asleep = asleep + 1 if told.read_text().rpartition(")")[2].split()[0] == "S" else 0
        time.sleep(0.1)


def test_a_database_that_is_named_by_a_link_has_the_lock_of_the_file(
    program: Program, known: Path, tmp_path: Path, busy: RunLock
) -> None:
    link = tmp_path / "elsewhere" / "state.db"
    link.parent.mkdir(mode=0o700)
    link.symlink_to(known.parent / ".contact-sync" / "state.db")
    other = tmp_path / "other.toml"
    other.write_text(f'[state]\nurl = "sqlite:///{link}"\n{known.read_text()}')
    with busy:
        assert program("run", "--config", other).code == 7
    assert program("run", "-q", "--dry-run", "--config", other).code == 0
    assert [path.name for path in link.parent.iterdir()] == ["state.db"]


@SIGNALS
def test_a_call_in_flight_that_does_not_end_is_broken_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    monkeypatch.setattr("sync.cli.run.DRAIN_S", 0.1)
    told = []

    async def stalled(stopping: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stopping.wait()
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            told.append("broken off")
            raise

    before = time.monotonic()
    assert interruptible(stalled) == (None, number)
    assert time.monotonic() - before < PATIENCE_S / 2
    assert told == ["broken off"]
    assert "looked up by the next run" in capsys.readouterr().err


@SIGNALS
def test_an_interrupted_run_is_kept_with_the_code_it_ends_with(
    program: Program, known: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async def interrupted(_session: Session) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr("sync.engine.cycle.push_all", interrupted)
    ended = program("run", "--report", "json", "--config", known)
    told = json.loads(program("status", "--format", "json", "--config", known).out)
    assert ended.code == json.loads(ended.out)["exit_code"] == told["runs"][0]["exit_code"] == 128 + number


def test_the_code_that_was_asked_for_is_kept_too(program: Program, config: Path) -> None:
    export = config.parent / "export.csv"
    rows = "1,ana.diaz@lumenforge.fr,Ana,Diaz\n2,ana.diaz@lumenforge.fr,Zoe,Quill\n"
    export.write_text(f"record_id,email,first_name,last_name\n{rows}")
    assert program("import", "datananas", export, "--config", config).code == 0
    assert program("run", "--exit-code", "--config", config).code == 4
    assert json.loads(program("status", "--format", "json", "--config", config).out)["runs"][0]["exit_code"] == 4


@SIGNALS
def test_a_call_in_flight_that_ends_in_time_is_told(number: int) -> None:
    async def ending(stopping: asyncio.Event) -> str:
        os.kill(os.getpid(), number)
        await stopping.wait()
        return "a report"

    assert interruptible(ending) == ("a report", number)


def test_the_lock_is_waited_for(config: Path, busy: RunLock) -> None:
    with busy, started(config.parent, "run", "-q", "--wait", "1h", "--config", config) as waiting:
        _hold_out(waiting.process)
        busy.release()
        assert waiting.process.wait(PATIENCE_S) == 0, waiting.log


def test_the_report_tells_the_exit_code_that_the_process_ends_with(program: Program, known: Path) -> None:
    told = program("run", "--dry-run", "--exit-code", "--report", "json", "--config", known)
    assert (told.code, json.loads(told.out)["exit_code"]) == (4, 4)


@pytest.mark.parametrize("spec", ["json:", "json:.", "json:nowhere/report.json", "xml"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_done(
    program: Program, config: Path, spec: str
) -> None:
    told = program("run", "--report", spec, "--config", config)
    assert (told.code, told.out) == (2, "")
    assert "--report" in told.err or "cannot be written" in told.err or "not a file" in told.err
    assert not (config.parent / ".contact-sync").exists()


@pytest.mark.parametrize(
    "slip", [("--provider", "topoo"), ("--max-requests", "topoo=5"), ("--allow", "create=appolo:5")]
)
def test_a_provider_that_is_not_there_is_told_before_anything_is_done(
    program: Program, config: Path, slip: tuple[str, str]
) -> None:
    told = program("run", *slip, "--config", config)
    assert (told.code, told.out) == (2, "")
    assert slip[0] in told.err
    assert "configured are: apollo, datananas, topo" in told.err
    assert not (config.parent / ".contact-sync").exists()


def test_only_of_nobody_known_is_told(program: Program, known: Path) -> None:
    told = program("run", "--dry-run", "--only", "nobody@lumenforge.fr", "--config", known)
    assert told.code == 0
    assert "--only names nobody known" in told.out


@pytest.mark.parametrize("words", ["run", "status", "state check"])
def test_an_empty_name_of_a_configuration_is_no_folder(
    program: Program, config: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(config.parent)
    told = program(*words.split(), "--config", "")
    assert (told.code, told.out) == (2, "")
    assert "'--config': names no file; type the path of the configuration, or leave --config out" in told.err
    assert str(config.parent) not in told.err


@pytest.mark.parametrize(
    "words", ["run --dry-run", "plan --out plan.json", "apply plan.json", "undo RUN", "verify", "daemon"]
)
def test_only_names_one_person(program: Program, config: Path, words: str) -> None:
    told = program(*words.split(), "--only", "ana@x.fr", "--only", "bob@x.fr", "--config", config)
    assert (told.code, told.out) == (2, "")
    assert "'--only': names one person; type it once, and repeat the command for each other person" in told.err
    assert "ana@" not in told.err
    assert not (config.parent / ".contact-sync").exists()


def test_unconfirmed_field_names_of_a_real_account_stop_a_run_before_any_request(
    program: Program, config: Path
) -> None:
    config.write_text(
        re.sub(
            r'(?m)^(base_url = )"http://.*"\n(?=stream_url)',
            r'\1"https://api.datananas.com"\n',
            config.read_text(),
        )
    )
    told = program("run", "--config", config)
    assert (told.code, told.out) == (2, "")
    assert f"{config}: providers.datananas.field_map_confirmed: the field names in field_map" in told.err
    assert "set field_map_confirmed = true" in told.err
    assert program("status", "--config", config).code == 0


def test_everything_that_keeps_a_run_from_working_is_told_at_once(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[providers.apollo]\n[providers.datananas]\nlist = { _id = "1" }\n[providers.topo]\n')
    told = program("run", "--config", config)
    assert told.code == 2
    for key in (
        "apollo.api_key",
        "apollo.labels",
        "datananas.token",
        "datananas.field_map_confirmed",
        "topo.api_key",
    ):
        assert f"{config}: providers.{key}: " in told.err
    assert not (tmp_path / ".contact-sync").exists()


@pytest.mark.parametrize("command", ["run", "daemon", "doctor"])
def test_what_is_written_wrongly_is_told_with_what_is_not_there_yet(
    program: Program, tmp_path: Path, command: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[sync]\nsettle = 15\n[providers.datananas]\n[providers.topo]\n")
    told = program(command, "--config", config)
    assert told.code == 2
    assert "3 problems" in told.err
    for key in ("sync.settle", "providers.datananas.list", "providers.topo.api_key"):
        assert f"{config}: {key}: " in told.err
    assert "TOPO_API_KEY" not in program("status", "--config", config).err


def test_a_state_folder_that_others_can_open_is_told_in_the_report(program: Program, known: Path) -> None:
    folder = known.parent / ".contact-sync"
    folder.chmod(0o755)
    for words in (["run", "--dry-run"], ["run"]):
        assert program(*words, "--config", known).out.count(str(folder)) == 1


@pytest.mark.parametrize("command", ["run", "daemon"])
@pytest.mark.parametrize(
    "name",
    [
        ".contact-sync/key",
        ".contact-sync/state.db",
        ".contact-sync/state.db.lock",
        ".contact-sync/state.db.marker",
        "config.toml",
        "key-of-topo",
    ],
)
def test_a_report_takes_the_place_of_nothing_that_is_in_use(
    program: Program, known: Path, name: str, command: str
) -> None:
    (known.parent / "key-of-topo").write_text("canary-token")
    known.write_text(re.sub(r'"file:[^"]*TOPO_SANDBOX_API_KEY"', '"file:key-of-topo"', known.read_text()))
    target = known.parent / name
    before = target.read_bytes()
    told = program(command, "--report", f"json:{target}", "--config", known)
    assert (told.code, target.read_bytes()) == (2, before)
    assert "in use by contact-sync itself" in told.err


@pytest.mark.parametrize("flag", ["--report", "--out"])
@pytest.mark.parametrize(
    ("name", "is_there", "why"),
    [
        ("state.db-journal", False, "in use by contact-sync itself"),
        ("state.db-wal", False, "in use by contact-sync itself"),
        ("state.db-shm", False, "in use by contact-sync itself"),
        ("state.db.replaced", True, "in use by contact-sync itself"),
        ("state.db.replaced", False, "in use by contact-sync itself"),
        ("state.db.replaced-2", False, "in use by contact-sync itself"),
        ("state.db.restored", False, "in use by contact-sync itself"),
        ("backups/mine.db", True, "in the folder of the backups"),
        ("backups/mine.db", False, "in the folder of the backups"),
    ],
)
def test_a_file_takes_the_place_of_no_backup_and_of_nothing_beside_the_database(
    program: Program, known: Path, flag: str, name: str, is_there: bool, why: str
) -> None:
    target = known.parent / ".contact-sync" / name
    target.parent.mkdir(exist_ok=True)
    if is_there:
        target.write_text("what was kept")
    command = ["run", flag, f"json:{target}"] if flag == "--report" else ["plan", flag, target]
    told = program(*command, "--config", known)
    assert (told.code, told.out) == (2, "")
    assert f"{flag}: {target} is {why}" in told.err
    assert (target.read_text() if target.exists() else None) == ("what was kept" if is_there else None)


@pytest.mark.parametrize(("flags", "bars"), [([], True), (["-q"], False), (["-v"], False)])
def test_progress_is_shown_on_a_terminal_that_shows_nothing_else(
    program: Program, config: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], bars: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    told = program("run", "--dry-run", *flags, "--config", config)
    assert ("reading      " in told.err) is bars


def test_a_verification_ends_with_10_when_something_differs(program: Program, config: Path) -> None:
    export = config.parent / "export.csv"
    export.write_text("email,first_name,last_name\nzoe.quill@lumenforge.fr,Zoe,Quill\n")
    assert program("import", "datananas", export, "--config", config).code == 0
    differing = program("verify", "--config", config)
    assert (differing.code, "differences. Nothing was sent." in differing.out) == (10, True)
    told = program("verify", "--allow", "create=topo:1", "--config", config)
    assert (told.code, "No such option" in told.err) == (2, True)


def test_a_bar_never_stands_beyond_its_end() -> None:
    bars = Progress(disable=True)
    shown = _OnTerminal(bars)
    for done, total in ((8, 8), (20, 8), (3, None)):
        shown.advance("pull", "apollo", done, total)
        (task,) = bars.tasks
        assert task.total is None or task.completed <= task.total
