"""Exports are taken in by hand and before a cycle."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from state.lock import RunLock, run_lock_path
from sync.clock import SystemClock
from sync.exports import take_in_exports
from sync.wiring import Request, load_settings, opened_store, session_for
from tests.cli.conftest import pointed_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.engine.session import Session
    from tests.cli.conftest import Program

HEADER = "record_id,email,first_name,last_name,job_title,opted_out\n"
ANA = "1,ana.diaz@lumenforge.fr,Ana,Diaz,COO,\n"
BOB = "2,bob.brun@oakmere.nl,Bob,Brun,CEO,\n"
NOBODY = ",not an address,Cleo,Noir,CFO,\n"
DAN = "4,dan.doe@kestrel.co.uk,Dan,Doe,CTO,true\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(HEADER + ANA + BOB)
    return path


def test_an_export_goes_in_and_says_what_it_brought(program: Program, config: Path, export: Path) -> None:
    export.write_text(HEADER + ANA + BOB + DAN)
    told = program("import", "datananas", export, "--config", config)
    assert told.code == 0, told.err
    assert "3 records" in told.out
    assert "3 of them new or changed" in told.out
    assert "1 new opt-out\n" in told.out
    assert "3 new people" in told.out
    assert "contact-sync run" in told.out


def test_columns_that_are_left_out_or_stand_there_twice_are_told(
    program: Program, config: Path, export: Path
) -> None:
    export.write_text("email,job_titel,ana.diaz@lumenforge.fr,first_name,first_name,be\x07ll\na@b.fr,COO,,A,,\n")
    told = program("import", "datananas", export, "--config", config)
    assert (told.code, told.err.splitlines()) == (
        0,
        [
            "columns not known here, left out: job_titel, <email>, be\\x07ll",
            "columns named more than once, the first that holds something counts: first_name",
        ],
    )
    assert program("import", "-q", "datananas", export, "--config", config).err == ""


def test_what_somebody_wrote_of_an_opt_out_is_kept_nowhere_and_that_is_told(
    program: Program, config: Path, export: Path
) -> None:
    export.write_text(HEADER + ANA + DAN.replace("true", "Dan Doe rang +33612345678"))
    told = program("import", "datananas", export, "--config", config)
    assert (told.code, "1 new opt-out\n" in told.out) == (0, True)
    assert told.err == (
        "opted_out holds more than a reason in line 3: each counts as OTHER, and what stands there is not kept; "
        "a reason is one of Topo's words, or a few words: at most 80 letters, digits and marks "
        "without @ and /, no more than 6 of them digits\n"
    )
    kept = b"".join(path.read_bytes() for path in (config.parent / ".contact-sync").glob("*") if path.is_file())
    assert b"Dan Doe rang" not in kept


def test_the_same_export_again_changes_nothing(program: Program, config: Path, export: Path) -> None:
    program("import", "datananas", export, "--config", config)
    os.utime(export)
    told = program("import", "datananas", export, "--config", config)
    assert told.code == 0
    assert "was taken in before" in told.out


@pytest.mark.parametrize(
    ("name", "text", "bad"),
    [
        ("a.csv", f"\n{HEADER}{ANA}\n{NOBODY},bob.brun@oakmere.nl,Bob,,,\n", ["line 5", "line 6"]),
        ("a.jsonl", '{"email": "bob.brun@oakmere.nl"}\n{bad\n{"record_id": "1"}\n', ["line 1", "line 2"]),
    ],
)
def test_rows_that_a_provider_we_can_read_needs_an_id_for_are_listed_with_their_lines(
    program: Program, config: Path, tmp_path: Path, name: str, text: str, bad: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    told = program("import", "topo", path, "--config", config)
    assert told.code == 3
    assert [line.strip().partition(":")[0] for line in told.err.splitlines()[1:]] == bad
    assert "1 record\n" in told.out


def test_bad_rows_are_listed_with_their_lines_and_good_ones_go_in(
    program: Program, config: Path, export: Path
) -> None:
    export.write_text(HEADER + ANA + NOBODY * 25 + BOB)
    told = program("import", "datananas", export, "--config", config)
    assert told.code == 3
    assert "2 records" in told.out
    assert "Left out 25 bad rows" in told.err
    assert "  line 3: " in told.err
    assert "  line 22: " in told.err
    assert "  line 23: " not in told.err
    assert "and 5 more" in told.err
    assert "not an address" not in told.err


def test_an_older_export_is_refused(program: Program, config: Path, export: Path) -> None:
    program("import", "datananas", export, "--config", config)
    export.write_text(HEADER + ANA)
    told = program("import", "datananas", export, "--as-of", "2020-01-31", "--config", config)
    assert told.code == 2
    assert "2020-01-31 00:00:00.000Z" in told.err
    assert "What to do: " in told.err


def test_an_export_from_the_future_is_refused(program: Program, config: Path, export: Path) -> None:
    told = program("import", "datananas", export, "--as-of", "2999-01-01", "--config", config)
    assert told.code == 2
    assert "lies in the future" in told.err
    os.utime(export, (4_000_000_000, 4_000_000_000))
    assert "the time of " in program("import", "datananas", export, "--config", config).err


def test_records_that_a_complete_export_lacks_are_held(program: Program, config: Path, export: Path) -> None:
    program("import", "datananas", export, "--config", config)
    export.write_text(HEADER + ANA)
    told = program("import", "datananas", export, "--complete", "--config", config)
    assert told.code == 0
    assert "1 known record no longer shown, held until you judge" in told.out
    assert "1 held record" in program("status", "--config", config).out


def test_an_export_is_taken_in_once_more_when_it_is_said_to_be_complete(
    program: Program, config: Path, export: Path
) -> None:
    program("import", "datananas", export, "--config", config)
    export.write_text(HEADER + ANA)
    program("import", "datananas", export, "--config", config)
    told = program("import", "datananas", export, "--complete", "--config", config)
    assert "1 known record no longer shown, held until you judge" in told.out
    for again in ((), ("--complete",)):
        assert "was taken in before" in program("import", "datananas", export, *again, "--config", config).out


def test_nothing_counts_as_gone_while_a_complete_export_holds_a_row_that_cannot_be_read(
    program: Program, config: Path, export: Path
) -> None:
    program("import", "datananas", export, "--config", config)
    export.write_text(HEADER + ANA + NOBODY)
    told = program("import", "datananas", export, "--complete", "--config", config)
    assert told.code == 3
    assert "Nothing counts as gone" in told.out
    assert "held" not in program("status", "--config", config).out


def test_a_complete_export_that_lacks_nearly_everybody_says_how_to_say_that_it_is_true(
    program: Program, config: Path, export: Path
) -> None:
    program("import", "datananas", export, "--config", config)
    export.write_text(HEADER)
    command = ("import", "datananas", export, "--complete", "--config", config)
    for quiet in ((), ("-q",)):
        told = program(*command, *quiet)
        assert told.code == 3
        assert told.err == (
            "Nothing counts as gone: 2 of 2 known records are missing, which is not believed. If they are gone on "
            "purpose, repeat the command with --allow emptied=datananas:2\n"
        )
    told = program(*command, "--allow", "emptied=datananas:2")
    assert (told.code, "2 known records no longer shown" in told.out) == (0, True)


def test_a_name_that_would_act_on_a_terminal_is_told_so_that_it_cannot(
    program: Program, config: Path, export: Path
) -> None:
    told = program("import", "datananas", export.with_name("odd\x1b[2J\nname.csv"), "--config", config)
    assert told.code == 2
    assert "odd\\x1b[2J\\x0aname.csv cannot be read (No such file or directory)" in told.err
    assert "\x1b" not in told.err


def test_two_exports_of_one_minute_are_told_apart(program: Program, config: Path, export: Path) -> None:
    older = export.with_name("older.csv")
    older.write_text(HEADER + BOB)
    for path, moment in ((export, 1_780_000_000.250), (older, 1_780_000_000.125)):
        os.utime(path, (moment, moment))
    program("import", "datananas", export, "--config", config)
    told = program("import", "datananas", older, "--config", config)
    assert told.code == 2
    assert "2026-05-28 20:26:40.125Z, an older time than the last one (2026-05-28 20:26:40.250Z)" in told.err


def test_an_unknown_provider_is_refused_with_the_configured_ones(
    program: Program, config: Path, export: Path
) -> None:
    told = program("import", "datanas", export, "--config", config)
    assert told.code == 2
    assert "apollo, datananas, topo" in told.err


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_file_that_cannot_be_read_is_refused(program: Program, config: Path, name: str) -> None:
    told = program("import", "datananas", config.parent / name, "--config", config)
    assert told.code == 2
    assert "cannot be read" in told.err


def test_a_file_that_is_no_export_is_refused(program: Program, config: Path, export: Path) -> None:
    export.write_text("colour,taste\nred,sweet\n")
    told = program("import", "datananas", export, "--config", config)
    assert told.code == 2
    assert "not an export" in told.err


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "0001-01-01T00:00+23:00"])
def test_a_time_that_is_none_is_a_usage_error(program: Program, config: Path, export: Path, text: str) -> None:
    told = program("import", "datananas", export, "--as-of", text, "--config", config)
    assert told.code == 2
    assert "is no time" in told.err


def test_an_import_takes_its_turn_and_says_who_holds_the_lock(
    program: Program, config: Path, export: Path
) -> None:
    with RunLock(run_lock_path(config.parent / ".contact-sync" / "state.db")):
        told = program("import", "datananas", export, "--wait", "0", "--config", config)
    assert told.code == 7
    assert f"pid {os.getpid()}" in told.err


def test_nothing_is_asked_of_any_provider(program: Program, config: Path, export: Path) -> None:
    import re

    config.write_text(re.sub(r"127\.0\.0\.1:\d\d+", "127.0.0.1:1", config.read_text()))
    assert program("import", "datananas", export, "--config", config).code == 0


def test_quiet_says_nothing_when_all_is_well(program: Program, config: Path, export: Path) -> None:
    told = program("import", "datananas", export, "-q", "--config", config)
    assert (told.code, told.out, told.err) == (0, "", "")


# export_file -------------------------------------------------------------------------------------------
def _cycle(config: Path) -> Session:
    """A session into which the exports have been taken."""
    settings = load_settings(config)
    with opened_store(settings) as store:
        session = session_for(settings, Request(), store, SystemClock())
        take_in_exports(session)
        return session


@pytest.fixture
def with_export_file(served: Path, tmp_path: Path) -> Path:
    path = pointed_at(served, tmp_path)
    text = path.read_text().replace("accept_blind_overwrite", 'export_file = "export.csv"\naccept_blind_overwrite')
    path.write_text(text)
    return path


def test_an_export_file_is_taken_in_once(with_export_file: Path, export: Path) -> None:
    assert _cycle(with_export_file).seats["datananas"].changed == 2
    seat = _cycle(with_export_file).seats["datananas"]
    assert (seat.changed, seat.report().problems) == (0, ())


def test_an_export_file_from_the_future_speaks_for_now(with_export_file: Path, export: Path) -> None:
    os.utime(export, (4_000_000_000, 4_000_000_000))
    as_of = _cycle(with_export_file).seats["datananas"].state.export_as_of
    assert as_of is not None
    assert as_of.year < 2090


def test_columns_of_an_export_file_that_are_left_out_are_told_once(with_export_file: Path, export: Path) -> None:
    export.write_text("email,job_titel\na@b.fr,COO\n")
    (problem,) = _cycle(with_export_file).seats["datananas"].report().problems
    assert problem == "export_file export.csv: columns not known here, left out: job_titel"
    assert _cycle(with_export_file).seats["datananas"].report().problems == ()


def test_a_missing_export_file_is_told(with_export_file: Path) -> None:
    (problem,) = _cycle(with_export_file).seats["datananas"].report().problems
    assert "export.csv is not there" in problem


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_an_export_file_that_is_no_plain_file_is_not_waited_for(
    with_export_file: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "export.csv")
    (problem,) = _cycle(with_export_file).seats["datananas"].report().problems
    assert "export.csv is no plain file" in problem
    assert "`contact-sync import datananas FILE` takes one in through a pipe" in problem


@pytest.mark.parametrize("content", [None, "", "colour\\nred\\n", "\\x00\\x01"])
def test_an_export_file_that_cannot_be_read_makes_a_run_partial(
    program: Program, with_export_file: Path, tmp_path: Path, content: str | None
) -> None:
    if content is None:
        (tmp_path / "export.csv").mkdir()
    else:
        (tmp_path / "export.csv").write_text(content)
    told = program("run", "--provider", "datananas", "--report", "json", "--config", with_export_file)
    assert (told.code, json.loads(told.out)["providers"]["datananas"]["status"]) == (3, "failed")


def test_an_export_file_that_is_older_than_the_last_one_is_told_and_nothing_fails(
    program: Program, with_export_file: Path, export: Path
) -> None:
    _cycle(with_export_file)
    export.write_text(HEADER + ANA)
    os.utime(export, (1_000_000_000, 1_000_000_000))
    told = _cycle(with_export_file).seats["datananas"].report()
    assert told.status == "ok"
    assert "an older time than the last one" in told.problems[0]


def test_what_is_wrong_with_an_export_file_is_no_excuse_for_a_refused_provider(
    with_export_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "export.csv").mkdir()
    settings = load_settings(with_export_file)
    with opened_store(settings) as store:
        session = session_for(settings, Request(), store, SystemClock())
        session.seats["datananas"].status = "refused"
        take_in_exports(session)
    assert session.seats["datananas"].report().status == "refused"


def test_an_export_file_may_be_a_link(with_export_file: Path, export: Path) -> None:
    export.rename(export.with_name("another.csv"))
    export.symlink_to("another.csv")
    assert _cycle(with_export_file).seats["datananas"].changed == 2


def test_what_is_wrong_with_an_export_file_is_told_and_the_rest_goes_in(
    with_export_file: Path, export: Path
) -> None:
    export.write_text(HEADER + ANA + NOBODY)
    seat = _cycle(with_export_file).seats["datananas"]
    assert seat.changed == 1
    assert "1 row was left out (line 3)" in seat.report().problems[0]
    export.write_text("colour\nred\n")
    assert "not an export" in _cycle(with_export_file).seats["datananas"].report().problems[0]


def test_the_command_that_says_why_a_row_was_left_out_works_when_typed(
    program: Program, with_export_file: Path, export: Path
) -> None:
    export.write_text(HEADER + ANA + NOBODY)
    (problem,) = _cycle(with_export_file).seats["datananas"].report().problems
    named = problem.split("`")[1].split()[1:]
    told = program(*named, "--config", with_export_file)
    assert "was taken in before" in told.out
    assert "line 3: neither record_id nor an email or profile that can be read" in told.err
    assert told.code == 3
    assert _cycle(with_export_file).seats["datananas"].report().problems == ()


def test_what_is_told_of_a_bad_row_cannot_act_on_the_terminal(program: Program, config: Path) -> None:
    rows = [{"email": "ana@lumenforge.fr", "vars": {"\u202eX\u2066": "v" * 200_000}}, {"email": "bob@oakmere.nl"}]
    export = config.parent / "odd.jsonl"
    export.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = program("import", "datananas", export, "--config", config)
    assert "line 1" in told.err
    assert not set("\u202e\u2066") & set(told.err)
