"""The first page of a report for people: what happened, what stopped it, what waits. Pure, ≤ 40 lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.redaction import visible
from sync.report import words
from sync.report.model import DIFFERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.report.model import Report
    from sync.report.view import Shown

NOTHING = "Nothing to do: every provider already holds what it should."
_MOST_NAMED = 20
"""Things that a note names here; the others are counted."""
_DONE = ("acked", "pending", "verified")
_TROUBLE = frozenset({"partial", "unreachable", "refused", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """One provider's line."""

    name: str
    status: str
    read: str
    complete: str
    written: str


def title(report: Report) -> str:
    """Which run this is."""
    return visible(f"contact-sync {report.mode}, run {report.run_id}")


def when(report: Report) -> str:
    """When it ran, how long, and how it ended."""
    took = words.seconds((report.finished_at - report.started_at).total_seconds())
    return f"{words.moment(report.started_at)}, {took}, exit code {report.exit_code}"


def headline(report: Report) -> str:
    """The run in one sentence."""
    if report.guards:
        guards = words.count(len(report.guards), "guard", "guards")
        return f"Stopped before writing by {guards}. {_changes(report, 'planned')} planned, nothing was sent."
    if not report.operations:
        return _nothing(report)
    if report.mode == "verify":
        found = words.count(sum(o.state in DIFFERS for o in report.operations), "difference", "differences")
        return f"Verification found {found}. Nothing was sent."
    if report.mode == "dry-run":
        found = f"{_changes(report, 'planned')} would be made"
        return f"Dry run: {found}{_others(report, 'planned')}{_before(report)}. Nothing was sent."
    return f"{_changes(report, *_DONE)} made{_others(report, *_DONE)}{_before(report)}."


def _nothing(report: Report) -> str:
    unread = sorted(name for name, p in report.providers.items() if p.status in _TROUBLE)
    if unread:
        return visible(f"No change is planned, but not everything went well at {', '.join(unread)}.")
    if waiting(report):
        return f"Nothing to send; some things wait for you{_before(report)}."
    if report.refused_before:
        return f"Nothing to send{_before(report)} and not sent again."
    if report.unsettled:
        looked_up = words.count(report.unsettled, "earlier operation is", "earlier operations are")
        return f"Nothing to send; {looked_up} not settled yet and looked up again by the next runs."
    if report.still_blocked:
        return (
            f"Nothing to send; {words.count(report.still_blocked, 'operation', 'operations')} blocked as before."
        )
    return NOTHING


def _changes(report: Report, *states: str) -> str:
    """How many operations are in these states."""
    return words.count(sum(o.state in states for o in report.operations), "change", "changes")


def _others(report: Report, *states: str) -> str:
    """The operations in other states, by state, those that need a look first; ``""`` when there are none."""
    found: Counter[str] = Counter(o.state for o in report.operations if o.state not in states)
    rest = [f"{words.number(found[state])} {words.state(state)}" for state in sorted(found, key=words.urgency)]
    return f"; {', '.join(rest)}" if rest else ""


def _before(report: Report) -> str:
    """The wishes that are no longer sent because they were refused; ``""`` when there are none."""
    return f"; {words.number(report.refused_before)} refused before" if report.refused_before else ""


def provider_rows(report: Report) -> Iterator[ProviderRow]:
    """One row a provider."""
    complete = {True: "yes", False: "no", None: "-"}
    for name, provider in report.providers.items():
        yield ProviderRow(
            name=visible(name),
            status=provider.status,
            read=_requests(provider.records, provider.changed, provider.read_requests),
            complete=complete[provider.complete],
            written=words.count(provider.write_requests, "request", "requests"),
        )


def _requests(records: int, changed: int, requests: int) -> str:
    if not (records or requests):
        return "nothing"
    found = f"{words.count(records, 'record', 'records')}, {words.number(changed)} changed"
    return f"{found}, {words.count(requests, 'request', 'requests')}"


def people(report: Report) -> str:
    """How many people there are."""
    found = report.people
    parts = [f"{words.number(found.total)} known"]
    parts += [f"{words.number(found.new)} new"] * bool(found.new)
    parts += [f"{words.number(found.merged)} merged"] * bool(found.merged)
    parts += [f"{words.number(found.excluded)} excluded by an opt-out"] * bool(found.excluded)
    return ", ".join(parts)


def count_rows(report: Report) -> Iterator[tuple[str, str, str]]:
    """Provider, kind and the numbers in each state."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for operation in report.operations:
        found.setdefault((operation.provider, operation.kind), Counter())[operation.state] += 1
    for (provider, kind), states in sorted(found.items()):
        ordered = sorted(states, key=words.urgency)
        texts = [f"{words.number(states[s])} {words.state(s)}" for s in ordered]
        yield visible(provider), words.kind(kind)[1], ", ".join(texts)


def waiting(report: Report) -> str:
    """What waits for a person, in words; ``""`` when nothing does."""
    found = (
        (len(report.conflicts), "conflict", "conflicts"),
        (report.suspected, "suspected duplicate", "suspected duplicates"),
        (len(report.holds), "hold", "holds"),
        (len(report.parked), "parked operation", "parked operations"),
        (len(report.manual_actions), "action to do by hand", "actions to do by hand"),
    )
    return ", ".join(words.count(*entry) for entry in found if entry[0])


def problems(report: Report, shown: Shown, *, failed: bool = False) -> list[str]:
    """What went wrong or has to be known, by provider; ``failed``: only where not everything went well."""
    return [
        f"{visible(name)}: {shown.text(problem)}"
        for name, provider in report.providers.items()
        if not failed or provider.status in _TROUBLE
        for problem in provider.problems
    ]


def notes(report: Report, shown: Shown) -> Iterator[str]:
    """What is to be known of the whole run; of a long list its first things."""
    for note in report.notes:
        things = note.split("; ")
        left_out = len(things) - _MOST_NAMED
        more = f" and {words.number(left_out)} more; --report json:FILE names all" if left_out > 0 else ""
        yield shown.text("; ".join(things[:_MOST_NAMED]) + more)


def allow_line(report: Report) -> str:
    """The flags that would let this run through, as they are to be typed; ``""`` when one guard has no flag."""
    if not all(guard.allow for guard in report.guards):
        return ""
    return " ".join(f"--allow {visible(guard.allow)}" for guard in report.guards)
