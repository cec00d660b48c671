"""The text explains every change, stays short, and cannot be used against the terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings

from sync.codes import Rule, phrase
from sync.report.colour import coloured, wants_colour
from sync.report.model import DeferredReport, ProviderReport, Report
from sync.report.summary import NOTHING
from sync.report.text import FIRST, to_errors, to_text
from tests.report import samples
from tests.report.hostile import ANY_TEXT


def summary_of(text: str) -> list[str]:
    """The lines before the first group's heading."""
    lines = text.splitlines()
    rule = next((n for n, line in enumerate(lines) if line and set(line) == {"-"}), len(lines) + 1)
    return lines[: rule - 1]


def crowd() -> Report:
    """Many providers, kinds, states, problems, guards and notes at once."""
    report = samples.full()
    states = ("planned", "verified", "failed", "blocked", "deferred")
    kinds = ("create", "update", "variables", "exclude", "stage")
    operations = tuple(
        samples.operation(n, provider=f"p{n % 12}", kind=kinds[n % 5], state=states[n % 3], fields=samples.NEW_ANA)
        for n in range(3000)
    )
    return replace(
        report,
        operations=operations,
        providers={f"p{n}": ProviderReport(problems=("one", "two", "three")) for n in range(12)},
        notes=tuple(f"note {n}" for n in range(30)),
        guards=samples.guarded().guards * 10,
        conflicts=report.conflicts * 500,
    )


@pytest.mark.parametrize("report", [samples.quiet(), samples.full(), samples.guarded(), crowd()])
def test_the_summary_has_at_most_forty_lines(report: Report) -> None:
    assert len(summary_of(to_text(report, values=True))) <= 40


def test_each_group_shows_its_first_twenty() -> None:
    text = to_text(samples.guarded(), values=False)
    assert text.count("  person p-") == FIRST
    assert "... and 1,980 more" in text


def test_nothing_to_do_is_said_plainly() -> None:
    assert NOTHING in to_text(samples.quiet(), values=False)
    assert NOTHING == "Nothing to do: every provider already holds what it should."
    for report in (samples.full(), samples.guarded()):
        assert NOTHING not in to_text(report, values=False)


def test_nothing_to_do_is_not_said_when_a_provider_could_not_be_read() -> None:
    report = samples.report(providers={"topo": ProviderReport(status="unreachable")})
    assert NOTHING not in to_text(report, values=False)
    assert "topo" in to_text(report, values=False).splitlines()[3]


def test_every_change_tells_before_after_source_and_rule() -> None:
    text = to_text(samples.full(), values=True)
    assert "job_title  CFO -> COO" in text
    assert "from topo: only one provider changed it since the last run" in text
    for operation in samples.OPERATIONS:
        for change in operation.fields.values():
            assert f"from {change.source}: {phrase(change.rule)}" in text


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_told_in_words(rule: Rule) -> None:
    changes = {"city": samples.change("Lyon", None, rule=str(rule))}
    text = to_text(samples.report(operations=(samples.operation(1, fields=changes),)), values=True)
    assert f"from topo: {phrase(rule)}" in text
    assert "Lyon -> (empty)" in text


def test_errors_alone_are_guards_with_their_flags_and_what_failed_in_the_words_of_the_text() -> None:
    report = replace(
        samples.guarded(),
        exit_code=5,
        providers={
            "apollo": ProviderReport(status="refused", problems=("the key is not taken",)),
            "topo": ProviderReport(problems=("to be known",)),
        },
    )
    told, whole = to_errors(report, values=False), to_text(report, values=False)
    assert set(told.splitlines()) <= set(whole.splitlines())
    assert [line.strip() for line in told.splitlines() if "--allow" in line] == [
        f"--allow {guard.allow}" for guard in report.guards if guard.allow
    ]
    assert "! apollo: the key is not taken\n" in told
    assert "to be known" not in told


def test_of_a_run_that_ends_well_no_error_is_told() -> None:
    assert [to_errors(replace(samples.full(), exit_code=code), values=False) for code in (0, 4)] == ["", ""]


def test_whatever_else_ends_a_run_is_told_with_its_notes() -> None:
    report = replace(samples.quiet(), exit_code=6, notes=("the plan is stale",))
    assert to_errors(report, values=False).splitlines()[1:] == ["the plan is stale"]


def test_each_guard_prints_the_whole_flag_to_repeat() -> None:
    lines = [line.strip() for line in to_text(samples.guarded(), values=False).splitlines()]
    assert "--allow create=apollo:2000 --allow config=topo:9f86d081884c" in lines
    assert "--allow create=apollo:2000" in lines
    assert "--allow config=topo:9f86d081884c" in lines


@pytest.mark.parametrize(
    ("mode", "words"), [("dry-run", "would be made"), ("verify", "difference"), ("run", "made")]
)
def test_the_headline_fits_the_mode(mode: str, words: str) -> None:
    report = samples.report(mode=mode, operations=samples.OPERATIONS)
    assert words in to_text(report, values=False).splitlines()[3]


def test_only_what_would_be_sent_counts_as_a_change() -> None:
    planned, blocked = (samples.operation(n, state=s) for n, s in enumerate(("planned", "blocked")))
    dry = samples.report(mode="dry-run", operations=(planned, blocked))
    stopped = replace(samples.guarded(), operations=(planned, blocked))
    assert to_text(dry, values=False).splitlines()[3] == (
        "Dry run: 1 change would be made; 1 blocked. Nothing was sent."
    )
    assert "1 change planned, nothing was sent" in to_text(stopped, values=False).splitlines()[3]


@given(ANY_TEXT)
@settings(max_examples=80)
def test_no_value_reaches_the_terminal_unescaped(text: str) -> None:
    for values in (True, False):
        shown = to_text(samples.hostile(text), values=values)
        assert all(
            line.isprintable() or not set(line) & set("\x1b\x07\x9b\u202e\x00") for line in shown.splitlines()
        )
        assert not any(c in shown for c in "\x1b\x07\x9b\x85\x00\r\t\u202e\u2066\u2028\ufeff")
        shown.encode("utf-8")


def test_the_number_of_lines_does_not_depend_on_hostile_values() -> None:
    plain = to_text(samples.hostile("x"), values=True).count("\n")
    assert to_text(samples.hostile("x\r\ny\u2028z\n"), values=True).count("\n") == plain


def test_brackets_are_left_alone() -> None:
    assert "[/oops]" in to_text(samples.hostile("[/oops]"), values=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_that_wants_it() -> None:
    assert wants_colour(Terminal(), {})
    assert not wants_colour(io.StringIO(), {})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})


def test_colour_changes_no_word() -> None:
    text = to_text(samples.full(), values=True)
    painted = coloured(text)
    for code in ("\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m"):
        assert code in painted
        painted = painted.replace(code, "")
    assert painted == text


def test_a_limit_met_while_reading_puts_off_what_was_not_read() -> None:
    met = DeferredReport(provider="topo", reason="max-requests", count=0, until=None)
    text = to_text(replace(samples.full(), deferred=(met,)), values=False)
    assert "  topo: what was not read, until a later run" in text.splitlines()
