"""Forgetting a person: shown, asked, done for good, and done again in a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

EXPORT = """\
record_id,email,first_name,last_name,job_title
d-1,zoe.quillonia@lumenforge.fr,Zoe,Quillonia,CFO
d-2,bob.brun@oakmere.nl,Bob,Brun,COO
"""
ZOE = "zoe.quillonia@lumenforge.fr"


@pytest.fixture
def known(program: Program, config: Path) -> Path:
    """Two people of an export."""
    export = config.parent / "export.csv"
    export.write_text(EXPORT)
    assert program("import", "datananas", export, "--config", config).code == 0
    assert program("run", "--dry-run", "-q", "--config", config).code in {0, 5}
    return config


def matched(program: Program, config: Path) -> None:
    """The people of the export are people."""
    program("run", "-q", "--provider", "datananas", "--config", config)


def test_an_erasure_is_shown_and_needs_a_yes_where_nobody_can_be_asked(program: Program, known: Path) -> None:
    matched(program, known)
    told = program("forget", ZOE, "--config", known)
    assert told.code == 2
    assert "repeat it with --yes" in told.err
    assert "to be erased at their providers by hand: datananas:d-1" in told.out
    assert "zoe.q" not in told.out.lower()
    assert program("explain", ZOE, "--config", known).code == 0


def test_names_made_of_a_key_are_told_while_somebody_can_still_tell_them(program: Program, config: Path) -> None:
    export = config.parent / "export.csv"
    export.write_text(EXPORT.replace("d-1", ""))
    assert program("import", "datananas", export, "--config", config).code == 0
    assert "with --values" in program("forget", ZOE, "--config", config).out
    told = program("forget", ZOE, "--yes", "--values", "--config", config).out
    assert (f"datananas:email:{ZOE}" in told, "with --values" in told) == (True, False)
    listed = program("review", "list", "--config", config).out
    assert "erase the record that `forget` named by its key at datananas" in listed


def test_an_erased_person_is_nobody_known_and_waits_to_be_erased_elsewhere(program: Program, known: Path) -> None:
    matched(program, known)
    told = program("forget", ZOE, "--yes", "--config", known)
    assert told.code == 0
    assert "Erased. `contact-sync review list` shows" in told.out
    assert "names nobody known here" in program("explain", ZOE, "--config", known).err
    assert "erase d-1 at datananas" in program("review", "list", "--config", known).out
    assert program("forget", ZOE, "--yes", "--config", known).code == 2
    state = b"".join(p.read_bytes() for p in (known.parent / ".contact-sync").iterdir() if p.is_file())
    assert b"uillonia" not in state


def test_a_backup_that_is_restored_does_not_bring_them_back(program: Program, known: Path) -> None:
    matched(program, known)
    backup = known.parent / "before.db"
    assert program("state", "backup", backup, "--config", known).code == 0
    program("forget", ZOE, "--yes", "--config", known)
    told = program("state", "restore", backup, "--yes", "--config", known)
    assert "erased again, since the opt-out ledger tells that they were erased: 1" in told.out
    assert program("state", "check", "--accept", "--yes", "--config", known).code == 0
    assert "names nobody known here" in program("explain", ZOE, "--config", known).err
    assert program("explain", "bob.brun@oakmere.nl", "--config", known).code == 0


def test_an_older_database_that_is_put_back_by_hand_does_not_bring_them_back(
    program: Program, known: Path
) -> None:
    database = known.parent / ".contact-sync" / "state.db"
    matched(program, known)
    older = database.read_bytes()
    program("forget", ZOE, "--yes", "--config", known)
    database.write_bytes(older)
    assert program("state", "check", "--accept", "--yes", "--config", known).code == 0
    assert b"uillonia" not in database.read_bytes()
    assert "erase d-1 at datananas" in program("review", "list", "--config", known).out
    assert program("explain", "bob.brun@oakmere.nl", "--config", known).code == 0


def test_a_restore_that_cannot_read_the_ledger_erases_as_soon_as_it_can_be_read(
    program: Program, known: Path
) -> None:
    matched(program, known)
    backup, ledger = known.parent / "before.db", known.parent / ".contact-sync" / "opt-outs.ledger"
    assert program("state", "backup", backup, "--config", known).code == 0
    program("forget", ZOE, "--yes", "--config", known)
    ledger.chmod(0o644)
    assert program("state", "restore", backup, "--yes", "--config", known).code == 12
    ledger.chmod(0o600)
    assert program("state", "check", "--accept", "--yes", "--config", known).code == 0
    assert b"uillonia" not in (known.parent / ".contact-sync" / "state.db").read_bytes()


def test_a_database_that_a_restore_set_aside_is_named_because_nothing_is_erased_in_it(
    program: Program, known: Path
) -> None:
    matched(program, known)
    backup = known.parent / "before.db"
    for word in (["backup", backup], ["restore", backup, "--yes"], ["check", "--accept", "--yes"]):
        assert program("state", *word, "--config", known).code == 0
    told = program("forget", ZOE, "--yes", "--config", known)
    aside = known.parent / ".contact-sync" / "state.db.replaced"
    assert b"uillonia" in aside.read_bytes()
    assert f"not in {aside}, which `contact-sync state restore` set aside" in told.out
