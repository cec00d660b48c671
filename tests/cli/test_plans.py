"""A saved plan: shown, kept without anybody's data, carried out exactly or not at all."""

from __future__ import annotations

import json
import re
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Program

HEAD = "record_id,email,first_name,last_name,job_title\n"
FIRST = ("Zoe", "Bob", "Ida")
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "hy", "ka", "le", "mi", "no")
TESTS = count(1)
"""Every test has people of its own: the servers are there for all of them."""


class People:
    """An export of so many people whom no other test has."""

    def __init__(self, program: Program, config: Path) -> None:
        self._program, self._config = program, config
        # far apart, or the people of two tests would be suspected to be one
        self._last = "".join(SYLLABLES[int(digit)] for digit in f"{next(TESTS) * 271_829 % 1_000_000:06}")

    def email(self, number: int) -> str:
        return f"{FIRST[number].lower()}.{self._last}quillonia@{self._last}forge.fr"

    def take_in(self, how_many: int) -> None:
        rows = (f"{self._last}{i},{self.email(i)},{FIRST[i]},{self._last}quillonia,CFO\n" for i in range(how_many))
        export = self._config.parent / "export.csv"
        export.write_text(HEAD + "".join(rows))
        assert self._program("import", "datananas", export, "--config", self._config).code == 0


@pytest.fixture
def people(program: Program, config: Path) -> People:
    return People(program, config)


@pytest.fixture
def plan(program: Program, config: Path, people: People) -> Path:
    """A plan to create two people at two providers, beside what other tests left to do."""
    people.take_in(2)
    path = config.parent / "plan.json"
    told = program("plan", "--out", path, "--config", config)
    assert (told.code, f"Saved as {path}: " in told.err) == (0, True), told
    return path


def carried_out(program: Program, config: Path, plan: Path, *flags: str) -> Done:
    return program("apply", plan, "--config", config, *flags)


def replaced_titles(program: Program, config: Path, plan: Path) -> str:
    """The run that wrote COO everywhere in place of the CFO that the plan had made."""
    assert carried_out(program, config, plan, "-q").code == 0
    export = config.parent / "export.csv"
    export.write_text(export.read_text().replace("CFO", "COO"))
    assert program("import", "datananas", export, "--config", config).code == 0
    changed = program("run", "--report", "json", "--config", config)
    assert changed.code == 0
    return str(json.loads(changed.out)["run_id"])


def test_a_plan_holds_no_personal_data_and_is_for_nobody_else_to_read(plan: Path) -> None:
    text = plan.read_text()
    assert "quillonia" not in text
    assert "zoe" not in text.lower()
    assert plan.stat().st_mode & 0o777 == 0o600
    wishes = [w for w in json.loads(text)["wishes"] if w["provider"] != "datananas"]
    assert sorted((w["provider"], w["kind"]) for w in wishes) == [
        *[("apollo", "create")] * 2,
        *[("topo", "create")] * 2,
    ]


def test_what_is_pending_ends_with_4_only_where_it_is_asked_for(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    known = ("--config", config)
    pending = program("plan", "--out", plan, "--exit-code", "--report", "json", *known)
    assert (pending.code, json.loads(pending.out)["exit_code"]) == (4, 4)
    assert f"Saved as {plan}: " in pending.err
    assert program("verify", "--exit-code", *known).code == 10


@pytest.mark.parametrize("command", ["run", "plan", "apply", "undo", "verify"])
def test_whoever_tells_a_report_can_be_asked_for_an_exit_code_of_what_is_pending(
    program: Program, command: str
) -> None:
    assert "--exit-code" in program(command, "--help").out


def test_a_plan_is_carried_out_once(program: Program, config: Path, people: People, plan: Path) -> None:
    done = carried_out(program, config, plan)
    assert (done.code, "changes made" in done.out) == (0, True)
    assert program("explain", people.email(0), "--config", config).out.count("verified") >= 1
    again = carried_out(program, config, plan)
    assert (again.code, again.out) == (6, "")
    assert "the plan was used, or another run came after it" in again.err
    assert "contact-sync plan --out FILE" in again.err


def test_what_is_not_what_was_reviewed_is_not_sent(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    people.take_in(3)
    stale = carried_out(program, config, plan)
    assert stale.code == 6
    assert "of its changes 0 would not be sent any more, and 2 others would be. Nothing was sent" in stale.out
    assert program("verify", "-q", "--config", config).code == 10


def test_a_plan_that_cannot_be_compared_is_not_called_stale(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    wrong = config.parent / "wrong-key"
    wrong.write_text("nobody's")
    wrong.chmod(0o600)
    right = config.read_text()
    before, begin, table = right.partition("[providers.topo]")
    config.write_text(before + begin + re.sub(r"(?m)^api_key = .*$", f'api_key = "file:{wrong}"', table, count=1))
    done = carried_out(program, config, plan)
    assert done.code == 8
    assert "topo did not answer as it should, so the plan cannot be compared" in done.out
    assert "stale" not in done.out


def test_a_plan_that_was_changed_or_made_elsewhere_is_refused(program: Program, config: Path, plan: Path) -> None:
    plan.write_text(plan.read_text().replace('"kind": "create"', '"kind": "update"', 1))
    told = carried_out(program, config, plan)
    assert (told.code, "made elsewhere, or changed since" in told.err) == (6, True)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "\x00", '{"schema": "contact-sync/report/1", "seal": ""}'),
        '{"schema": "contact-sync/plan/1", "seal": "\\ud800"}',
    ],
)
def test_what_is_no_plan_is_refused(program: Program, config: Path, plan: Path, text: str) -> None:
    plan.write_text(text)
    told = carried_out(program, config, plan)
    assert (told.code, told.out) == (6, "")


@pytest.mark.parametrize("place", ["nowhere/plan.json", "config.toml", "told.json"])
def test_where_no_plan_can_be_saved_is_told_of_out_before_anything_is_asked(
    program: Program, config: Path, place: str
) -> None:
    before = config.read_bytes()
    out, report = config.parent / place, f"json:{config.parent / 'told.json'}"
    told = program("plan", "--out", out, "--report", report, "--config", config)
    assert (told.code, told.out, "--out" in told.err, "--report" in told.err) == (2, "", True, False)
    assert (config.read_bytes(), [path.name for path in config.parent.iterdir()]) == (before, ["config.toml"])


def test_a_plan_needs_a_plain_file_where_a_report_goes_to_standard_output(program: Program, config: Path) -> None:
    for words, whereto in (
        (["plan", "--out", "/dev/null"], ""),
        (["run", "--report", "json:/dev/null"], ", or leave the path out for standard output"),
    ):
        told = program(*words, "--config", config)
        assert (told.code, told.out) == (2, "")
        assert f"Name a plain file{whereto}." in told.err


def test_a_plan_that_is_not_there_is_a_wrong_name_and_leaves_no_trace(program: Program, config: Path) -> None:
    told = carried_out(program, config, config.parent / "no-plan.json")
    assert (told.code, "no-plan.json cannot be read (No such file or directory)" in told.err) == (2, True)
    assert "contact-sync plan --out FILE" in told.err
    assert not (config.parent / ".contact-sync").exists()


def test_an_expired_plan_is_refused(program: Program, config: Path, plan: Path) -> None:
    config.write_text(config.read_text() + '\n[sync]\nplan_expires = "1s"\n')
    assert program("plan", "--out", plan, "-q", "--config", config).code == 0
    time.sleep(1.1)
    told = carried_out(program, config, plan)
    assert (told.code, "the plan expired at" in told.err) == (6, True)


def test_changed_settings_need_another_plan(program: Program, config: Path, plan: Path) -> None:
    config.write_text(config.read_text().replace("[providers.topo]\n", '[providers.topo]\nrequire = ["email"]\n'))
    told = carried_out(program, config, plan)
    assert (told.code, "settings of a provider changed" in told.err) == (6, True)


def test_a_plan_of_one_person_needs_the_same_key_again(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    only = ("--only", people.email(0))
    told = program("plan", "--out", plan, *only, "--config", config)
    assert (told.code, "2 to send" in told.err) == (0, True)
    assert f"`contact-sync apply {plan} --only KEY` (the same KEY) sends exactly this" in told.err
    assert "zoe" not in plan.read_text()
    assert carried_out(program, config, plan).code == 2
    assert carried_out(program, config, plan, *only).code == 0


def test_what_a_guard_stops_is_not_saved_and_what_it_lets_through_is_bound_to_the_plan(
    program: Program, config: Path, people: People
) -> None:
    config.write_text("[guards]\ncreate = { share = 0.0, floor = 1 }\n" + config.read_text())
    people.take_in(3)
    path = config.parent / "plan.json"
    stopped = program("plan", "--out", path, "--config", config)
    assert (stopped.code, path.exists()) == (5, False)
    assert "No plan was saved" in stopped.err
    ceilings = {"topo": 3, "apollo": 3, "datananas": 999}
    allow = [word for p, most in ceilings.items() for word in ("--allow", f"create={p}:{most}")]
    assert program("plan", "--out", path, "-q", *allow, "--config", config).code == 0
    assert carried_out(program, config, path, "-q").code == 0


def test_what_a_guard_would_stop_only_when_the_plan_is_carried_out_can_be_let_through_there(
    program: Program, config: Path, plan: Path
) -> None:
    config.write_text("[guards]\ncreate = { share = 0.0, floor = 1 }\n" + config.read_text())
    allow = [word for name in ("topo", "apollo", "datananas") for word in ("--allow", f"create={name}:999")]
    assert carried_out(program, config, plan, "-q", *allow).code == 0


def test_an_undo_is_shown_asked_for_and_carried_out_also_as_a_plan(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    run = replaced_titles(program, config, plan)
    asked = program("undo", run, "--config", config)
    assert (asked.code, "repeat it with --yes" in asked.err) == (2, True)
    assert "COO -> CFO" in asked.out or "4 changes would be made" in asked.out
    undo = config.parent / "undo.json"
    assert program("undo", run, "--out", undo, "-q", "--config", config).code == 0
    done = carried_out(program, config, undo)
    assert (done.code, "changes made" in done.out) == (0, True)
    told = program("explain", people.email(0), "--values", "--config", config).out
    assert "CFO" in told
    assert program("undo", "nonsense", "--yes", "--config", config).code == 2


def test_a_reviewed_undo_is_sent_although_a_provider_that_it_leaves_alone_refuses_us(
    program: Program, config: Path, people: People, plan: Path
) -> None:
    run = replaced_titles(program, config, plan)
    wrong = config.parent / "wrong-key"
    wrong.write_text("nobody's")
    wrong.chmod(0o600)
    before, begin, table = config.read_text().partition("[providers.topo]")
    config.write_text(before + begin + re.sub(r"(?m)^api_key = .*$", f'api_key = "file:{wrong}"', table, count=1))
    undo = config.parent / "undo.json"
    quiet = program("undo", run, "--provider", "apollo", "--out", undo, "-q", "--config", config)
    assert (quiet.code, quiet.out) == (8, "")
    assert "! topo: " in quiet.err
    done = carried_out(program, config, undo)
    assert (done.code, "2 changes made" in done.out) == (8, True)


def test_an_undo_that_is_stale_is_not_decided(program: Program, config: Path, people: People, plan: Path) -> None:
    run = replaced_titles(program, config, plan)
    export, undo = config.parent / "export.csv", config.parent / "undo.json"
    assert program("undo", run, "--out", undo, "-q", "--config", config).code == 0
    export.write_text(export.read_text().replace("COO", "CEO", 1))
    assert program("import", "datananas", export, "--config", config).code == 0
    assert carried_out(program, config, undo, "-q").code == 6
    wished = json.loads(program("run", "--dry-run", "--report", "json", "--config", config).out)["operations"]
    titles = [o["fields"]["job_title"]["after"] for o in wished if "job_title" in o["fields"]]
    assert "CFO" not in titles
    assert "CEO" in titles
