"""People decide at the command line: shown first, asked, masked, remembered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from sync.cli.deciding import deciding
from sync.cli.explain_text import field_lines
from sync.engine import ledger
from sync.wiring import load_settings, opened_store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Program

EXPORT = (
    "record_id,email,first_name,last_name,job_title,linkedin_url\n"
    "1,ana.diaz@lumenforge.fr,Ana,Diaz,COO,\n"
    "2,bob.brun@oakmere.nl,Bob,Brun,Clerk,https://www.linkedin.com/in/bob-brun\n"
    "3,ana.diaz@lumenforge.fr,Robert,Klein,Buyer,\n"
)
ANA, BOB, ROBERT = "datananas:1", "datananas:2", "datananas:3"


@pytest.fixture
def known(program: Program, config: Path) -> Path:
    """Three people, two of whom share an email although their names disagree."""
    export = config.parent / "export.csv"
    export.write_text(EXPORT)
    assert program("import", "datananas", export, "--config", config).code == 0
    return config


def ids(config: Path) -> dict[str, str]:
    """Record → whose it is."""
    with opened_store(load_settings(config)) as store:
        from sync.record import RecordRef

        return {name: store.person_of(RecordRef.parse(name)) or "" for name in (ANA, BOB, ROBERT)}


def people(program: Program, config: Path, *words: str) -> Done:
    return program("people", *words, "--config", config)


def test_a_join_is_shown_and_needs_a_yes_where_nobody_can_be_asked(program: Program, known: Path) -> None:
    told = people(program, known, "join", ANA, BOB)
    assert told.code == 2
    assert "repeat it with --yes" in told.err
    assert "goes on as" in told.out
    assert "bob.brun" not in told.out
    assert len(set(ids(known).values())) == 3


def test_a_join_is_done_remembered_and_taken_back(program: Program, known: Path) -> None:
    before = ids(known)
    done = people(program, known, "join", "bob.brun@oakmere.nl", ANA, "--yes")
    assert done.code == 0
    assert "Done and remembered" in done.out
    assert ids(known)[ANA] == ids(known)[BOB]
    again = people(program, known, "join", ANA, BOB, "--yes")
    assert again.code == 2
    assert "one person already" in again.err
    assert people(program, known, "join", ANA, BOB, "--undo", "--yes").code == 0
    assert ids(known) == before
    nothing = people(program, known, "join", ANA, BOB, "--undo", "--yes")
    assert (nothing.code, nothing.out) == (0, "No such decision stands; nothing was done.\n")


def test_a_split_names_the_records_a_person_has_when_it_is_given_others(program: Program, known: Path) -> None:
    people(program, known, "join", ANA, BOB, "--yes")
    wrong = people(program, known, "split", ANA, ROBERT, "--yes")
    assert wrong.code == 2
    assert "datananas:1, datananas:2" in wrong.err
    everything = people(program, known, "split", ANA, ANA, BOB, "--yes")
    assert everything.code == 2
    assert "leave at least one" in everything.err
    split = people(program, known, "split", ANA, BOB, "--yes", "--values")
    assert split.code == 0
    assert "the former id, given back" in split.out
    assert "Clerk" in split.out
    assert ids(known)[ANA] != ids(known)[BOB]


def takes_back(told: str) -> list[str]:
    """The words of the command that undoes what was told."""
    (command,) = re.findall(r"`contact-sync people (.+ --undo)` takes it back", told)
    assert "@" not in command
    return str(command).split()


def test_what_was_done_to_people_tells_the_command_that_takes_it_back(program: Program, known: Path) -> None:
    before = ids(known)
    join = takes_back(people(program, known, "join", BOB, ANA, "--yes").out)
    split = takes_back(people(program, known, "split", ANA, BOB, "--yes").out)
    assert "1 judgement from before stands again" in people(program, known, *split, "--yes").out
    assert ids(known)[ANA] == ids(known)[BOB]
    people(program, known, "join", BOB, ROBERT, "--yes")
    never = takes_back(people(program, known, "split", ROBERT, ROBERT, "--yes").out)
    assert people(program, known, *never, "--yes").code == 0
    assert len(set(ids(known).values())) == 1
    assert join[0] == "join"
    assert set(join[1:3]) == {before[ANA], before[BOB]}


def test_people_kept_apart_are_told_how_to_take_it_back(program: Program, known: Path) -> None:
    never = takes_back(people(program, known, "never", ANA, BOB, "--yes").out)
    assert "Taken back" in people(program, known, *never, "--yes").out


def test_an_answer_about_people_named_by_their_email_shows_no_email(program: Program, config: Path) -> None:
    export = config.parent / "export.csv"
    named = [f"{mailbox}@lumenforge.fr,Ana,Diaz,Lumenforge SA" for mailbox in ("ana.diaz", "a.diaz")]
    export.write_text("\n".join(["email,first_name,last_name,company_name", *named]))
    assert program("import", "datananas", export, "--config", config).code == 0
    (item,) = json.loads(program("review", "list", "--format", "json", "--config", config).out)["items"]
    back = takes_back(program("review", "reject", item["item"], "--config", config).out)
    assert "Taken back" in people(program, config, *back, "--yes").out


def test_a_key_that_names_nobody_says_what_a_key_is_and_is_masked(program: Program, known: Path) -> None:
    told = people(program, known, "never", "zoe.quill@north.io", ANA)
    assert told.code == 2
    assert "zoe.quill" not in told.err
    assert "a person's id or provider:id" in told.err


def test_a_key_that_names_two_people_lists_their_ids(program: Program, known: Path) -> None:
    told = people(program, known, "join", "ana.diaz@lumenforge.fr", BOB)
    assert told.code == 2
    assert ids(known)[ANA] in told.err
    assert ids(known)[ROBERT] in told.err


def test_the_queue_is_listed_shown_and_answered(program: Program, known: Path) -> None:
    listed = program("review", "list", "--format", "json", "--config", known)
    (item,) = json.loads(listed.out)["items"]
    assert (item["kind"], sorted(item["people"])) == ("pair", sorted({ids(known)[ANA], ids(known)[ROBERT]}))
    assert item["item"] in program("review", "list", "--config", known).out
    page = program("review", "show", item["item"], "--config", known)
    assert page.code == 0
    assert "ana.diaz" not in page.out
    assert f"contact-sync review accept {item['item']}" in page.out
    shown = program("review", "show", item["item"], "--values", "--config", known).out
    assert "Robert" in shown
    assert "Ana" in shown
    answered = program("review", "reject", item["item"], "--config", known)
    assert "They stay two people for good" in answered.out
    assert program("review", "list", "--config", known).out == "Nothing waits for you.\n"
    gone = program("review", "accept", item["item"], "--config", known)
    assert gone.code == 2
    assert "may be settled by now" in gone.err


def test_an_answer_that_does_not_fit_says_which_does(program: Program, known: Path) -> None:
    (item,) = json.loads(program("review", "list", "--format", "json", "--config", known).out)["items"]
    told = program("review", "take", item["item"], "topo", "--config", known)
    assert told.code == 2
    assert f"contact-sync review accept {item['item']}" in told.err


def test_an_explanation_tells_values_sources_and_reasons_masked(program: Program, known: Path) -> None:
    told = program("explain", BOB, "--config", known)
    assert told.code == 0
    assert "from datananas:2, first-contact" in told.out
    assert "bob" not in told.out.replace("datananas", "").lower().replace("in:b", "")
    parts = json.loads(program("explain", BOB, "--format", "json", "--values", "--config", known).out)
    assert parts["fields"]["job_title"]["value"] == "Clerk"
    assert parts["fields"]["job_title"]["held_by"] == {BOB: {"shows": "Clerk"}}
    assert parts["records"][0]["keys"] == ["email bob.brun@oakmere.nl", "linkedin in:bob-brun"]


def test_an_explanation_shows_nobodys_address_that_a_title_holds(program: Program, known: Path) -> None:
    export = known.parent / "later.csv"
    export.write_text(EXPORT.replace("Clerk", "Clerk (zoe.quill@north.io)"))
    assert program("import", "datananas", export, "--config", known).code == 0
    for form in ("text", "json"):
        told = program("explain", BOB, "--format", form, "--config", known).out
        assert "Clerk (z…@n….io)" in told.replace("\\u2026", "…")
        assert "zoe.quill" not in told
        assert "zoe.quill" in program("explain", BOB, "--values", "--format", form, "--config", known).out


@pytest.mark.parametrize("words", [["explain", "ana.diaz@lumenforge.fr"], ["review", "show", "conflict:1"]])
def test_before_the_first_run_there_is_nothing_to_show(program: Program, config: Path, words: list[str]) -> None:
    told = program(*words, "--config", config)
    assert (told.code, told.out) == (2, "")
    assert "nothing is known yet" in told.err
    assert "`contact-sync run` or `contact-sync import` makes it" in told.err
    ledger = config.parent / ".contact-sync" / "opt-outs.ledger"
    ledger.parent.mkdir(mode=0o700)
    ledger.touch(0o600)
    assert program(*words, "--config", config).code == 12


def test_two_keys_tell_why_two_are_two(program: Program, known: Path) -> None:
    told = program("explain", ANA, ROBERT, "--values", "--config", known)
    assert "same email, names disagree" in told.out
    assert "shared: email ana.diaz@lumenforge.fr" in told.out
    apart = program("explain", ANA, BOB, "--config", known)
    assert "They share no email and no profile that joins." in apart.out
    one = program("explain", BOB, "bob.brun@oakmere.nl", "--config", known)
    assert "Both keys name one person" in one.out


def test_an_opt_out_is_noted_listed_and_released_in_somebodys_name(program: Program, known: Path) -> None:
    added = program("optout", "add", BOB, "--reason", "unsubscribed", "--config", known)
    assert added.code == 0
    assert f"UNSUBSCRIBED for person {ids(known)[BOB]}" in added.out
    assert json.loads(program("explain", BOB, "--format", "json", "--config", known).out)["opt_outs"][0][
        "in_force"
    ]
    listed = program("optout", "list", "--config", known).out
    assert "UNSUBSCRIBED" in listed
    assert "bob.brun" not in listed
    released = program(
        "optout", "release", "bob.brun@oakmere.nl", "--by", "Ann", "--why", "asked again", "--config", known
    )
    assert "Released 1 opt-out" in released.out
    assert json.loads(program("explain", BOB, "--format", "json", "--config", known).out)["opt_outs"] == []
    assert "Ann: asked again" in program("optout", "list", "--config", known).out
    assert (
        "nothing was done"
        in program("optout", "release", BOB, "--by", "Ann", "--why", "again", "--config", known).out
    )


def test_what_was_typed_is_told_again_without_anybodys_address(program: Program, known: Path) -> None:
    program("optout", "add", BOB, "--reason", "OTHER", "--config", known)
    why = "he asked from bob.brun@oakmere.nl"  # as ledgers of before may hold it
    with deciding(known, 0) as session:
        ledger.release(session, BOB, "Ann", why)
    for form in ("text", "json"):
        told = program("optout", "list", "--format", form, "--config", known).out
        assert "he asked from b…@o….nl" in told.replace("\\u2026", "…")
        assert why in program("optout", "list", "--format", form, "--values", "--config", known).out
    wrong = program("review", "show", "bob.brun@oakmere.nl", "--config", known)
    assert "Nothing called b…@o….nl waits" in wrong.err


def test_somebody_nobody_knows_can_opt_out_beforehand(program: Program, known: Path) -> None:
    told = program("optout", "add", "zoe.quill@north.io", "--reason", "CONTACT_REFUSED", "--config", known)
    assert told.code == 0
    assert "nobody known yet" in told.out
    assert program("optout", "add", "Zoe", "--reason", "OTHER", "--config", known).code == 2


@pytest.mark.parametrize(
    ("reason", "follows"),
    [
        ("UNSUBSCRIBED", "tells every provider that can be told; nobody covered is created meanwhile"),
        ("BOUNCED", "tells every provider that can be told; nobody covered is created meanwhile"),
        ("INTERESTED", "records are created as before, and no provider is told"),
        ("EXCLUDE_FROM_CRM", "created anywhere but in the outreach tool; no provider is told"),
        ("BAD_TIMING", "Nobody covered is created until somebody releases it; no provider is told"),
    ],
)
def test_a_noted_opt_out_tells_what_its_reason_brings_about(
    program: Program, known: Path, reason: str, follows: str
) -> None:
    assert follows in program("optout", "add", BOB, "--reason", reason, "--config", known).out


def test_a_release_of_nothing_says_so(program: Program, known: Path) -> None:
    told = program("optout", "release", "zoe.quill@north.io", "--by", "Ann", "--why", "x", "--config", known)
    assert told.out == "No opt-out covers this key; nothing was done.\n"


def test_a_reason_is_a_known_one_or_a_plain_no_in_somebodys_own_words(program: Program, known: Path) -> None:
    mistyped = program("optout", "add", BOB, "--reason", "UNSUBSCRIBE", "--config", known)
    assert (mistyped.code, "Did you mean UNSUBSCRIBED?" in mistyped.err) == (2, True)
    assert program("optout", "add", BOB, "--reason", "\x1b[2J", "--config", known).code == 2
    assert program("optout", "add", BOB, "--reason", " ", "--config", known).code == 2
    own = program("optout", "add", BOB, "--reason", "asked by  phone", "--config", known)
    assert own.out.startswith("Noted: asked by phone for ")
    assert "nobody covered is created" in own.out


@pytest.mark.parametrize(
    "reason",
    [
        "Zed Mo (zed.mo@zed-q.com) wrote that he wants none",
        "rang from +33 6 12 34 56 78",
        "06 12 34 56 78",
        "www.linkedin.com/in/zed-mo",
        "asked " * 15,
    ],
)
def test_a_reason_that_may_tell_whose_it_is_is_refused_and_not_kept(
    program: Program, known: Path, reason: str
) -> None:
    told = program("optout", "add", BOB, "--reason", reason, "--config", known)
    assert told.code == 2
    assert "at most 80 letters, digits and marks without @ and /, no more than 6 of them digits" in told.err
    assert "UNSUBSCRIBED" in told.err
    assert "The ledger is empty" in program("optout", "list", "--config", known).out


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--why", "he asked from bob.brun@oakmere.nl"),
        ("--why", "rang from +33 6 12 34 56 78"),
        ("--why", "asked " * 15),
        ("--why", " "),
        ("--by", "ann.lee@lumenforge.fr"),
        ("--by", "\x1b[2J"),
    ],
)
def test_a_release_that_may_tell_whose_it_is_is_refused_and_not_kept(
    program: Program, known: Path, option: str, text: str
) -> None:
    program("optout", "add", BOB, "--reason", "OTHER", "--config", known)
    words = {"--by": "Ann Lee", "--why": "asked  again", option: text}
    told = program("optout", "release", BOB, *(w for pair in words.items() for w in pair), "--config", known)
    assert (told.code, told.out) == (2, "")
    assert f"{option}: must be a few words: at most 80 letters, digits and marks without @ and /" in told.err
    assert "as in '" in told.err
    listed = program("optout", "list", "--values", "--format", "json", "--config", known).out
    assert [entry["released_why"] for entry in json.loads(listed)["entries"]] == [None]


def test_the_queue_is_listed_where_nothing_else_is_asked(program: Program, known: Path) -> None:
    listed = program("review", "list", "--format", "json", "--config", known)
    assert program("review", "--format", "json", "--config", known) == listed
    assert "accept" in program("review", "--help").out
    assert program("review", "lst").code == 2


def test_nothing_is_known_before_the_first_run(program: Program, config: Path) -> None:
    assert program("review", "list", "--config", config).out == "Nothing waits for you.\n"
    assert "The ledger is empty" in program("optout", "list", "--config", config).out


def test_an_address_that_joins_nobody_names_whoever_shows_it(program: Program, config: Path) -> None:
    export = config.parent / "shared.csv"
    export.write_text("record_id,email,first_name\n1,info@lumenforge.fr,Ana\n2,bob.brun@oakmere.nl,Bob\n")
    assert program("import", "datananas", export, "--config", config).code == 0
    told = program("explain", "Info@Lumenforge.fr", "--config", config)
    assert (told.code, "datananas:1" in told.out) == (0, True)
    added = program("optout", "add", "info@lumenforge.fr", "--reason", "OTHER", "--config", config)
    assert "for person" in added.out


def test_what_a_record_showed_that_is_gone_is_told_as_past() -> None:
    held = {"topo:1": {"shows": "COO"}, "apollo:2": {"shows": "CFO"}}
    title = {"value": "CEO", "rule": None, "lost": {}, "conflict": None, "held_by": held}
    records = [{"record": "topo:1", "state": "gone"}, {"record": "apollo:2", "state": "live"}]
    told = [line.strip() for line in field_lines({"fields": {"job_title": title}, "records": records})]
    assert told[1:] == ["topo:1 is gone and showed COO", "apollo:2 shows CFO"]


def test_what_a_record_shows_now_is_told_beside_another_value_of_it_that_lost() -> None:
    held = {"topo:1": {"shows": "COO"}, "apollo:2": {"shows": "CFO"}}
    lost = {"topo:1": "Chief", "apollo:2": "CFO"}
    title = {"value": "CEO", "rule": None, "lost": lost, "conflict": None, "held_by": held}
    records = [{"record": name, "state": "live"} for name in held]
    told = [line.strip() for line in field_lines({"fields": {"job_title": title}, "records": records})]
    assert told[1:] == ["lost: Chief (topo:1)", "lost: CFO (apollo:2)", "topo:1 shows COO"]


PAYLOAD = "\x1b[2J\u202e\x9b31m\nX"


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_name_of_a_variable_reaches_the_terminal_as_it_is(program: Program, config: Path, form: str) -> None:
    row = {"record_id": "1", "email": "ana.diaz@lumenforge.fr", "vars": {PAYLOAD: "v", "\ud800": "w", "\x00": "z"}}
    export = config.parent / "export.jsonl"
    export.write_text(json.dumps(row) + "\n")
    assert program("import", "datananas", export, "--config", config).code == 0
    told = program("explain", ANA, "--format", form, "--config", config)
    assert told.code == 0
    assert not set("\x1b\x9b\x00\u202e") & set(told.out)
    assert "\nX" not in told.out
