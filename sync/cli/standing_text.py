"""How things stand, as people read it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.codes import phrase
from sync.report import words

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_CODES = {
    0: "done", 1: "unexpected error", 2: "wrong configuration", 3: "partly done", 4: "something is pending",
    5: "stopped by a guard, nothing written", 6: "the plan could not be used", 7: "another run held the lock",
    8: "credentials refused", 9: "a quota, price cap or request ceiling was reached",
    10: "verification found differences", 11: "a provider was unreachable", 12: "the state store is unfit",
    130: "interrupted", 143: "interrupted",
}  # fmt: skip
GUARDED = 5
TITLES = {
    "conflicts": ("field with several new values", "fields with several new values"),
    "suspected_duplicates": ("pair of people who may be one", "pairs of people who may be one"),
    "holds": ("held record", "held records"),
    "parked": ("parked operation, whose outcome only you can settle",
               "parked operations, whose outcome only you can settle"),
    "manual_actions": ("thing to do by hand, because no API can", "things to do by hand, because no API can"),
    "unsettled": ("operation not settled yet; the next runs look it up",
                  "operations not settled yet; the next runs look them up"),
}  # fmt: skip


def as_text(told: dict[str, Any]) -> str:
    """The whole status; short when there is nothing to tell."""
    now = _moment(told["at"])
    lines = [*_places(told)]
    warnings = [f"Warning: {warning}" for warning in told["warnings"]]
    if not told["made"]:
        lines += ["", *(warnings or ["There is no state store yet; the first `contact-sync run` makes it."])]
        return "\n".join(lines)
    lines += ["", *_runs(told["runs"], at_work=bool(told["locks"]["run"]))]
    for name, provider in told["providers"].items():
        lines += ["", *_provider(name, provider, now)]
    lines += [
        "",
        *_waiting(told["waiting"], stopped=bool(told["runs"]) and told["runs"][0]["exit_code"] == GUARDED),
    ]
    if warnings:
        lines += ["", *warnings]
    return "\n".join(lines)


def _places(told: dict[str, Any]) -> Iterator[str]:
    locks = told["locks"]
    yield f"Configuration  {told['config']}"
    yield f"State          {told['database']}" + (f" ({_people(told['people'])})" if told["made"] else "")
    yield f"Lock           {'held by ' + locks['run'] if locks['run'] else 'free'}"
    yield f"Daemon         {locks['daemon'] or 'not running'}"


def _people(amount: int) -> str:
    return words.count(amount, "person", "people")


def _runs(runs: list[dict[str, Any]], *, at_work: bool) -> Iterator[str]:
    if not runs:
        yield "No run was recorded yet."
        return
    yield "Last runs"
    for run in runs:
        began = _moment(run["started_at"])
        ended = _ended(run, began, at_work=at_work and run is runs[0])
        yield f"  {run['run_id']}  {words.moment(began)}  {run['mode']:<7}  {ended}"


def _ended(run: dict[str, Any], began: datetime, *, at_work: bool) -> str:
    if run["finished_at"] is None:
        return "works now" if at_work else "was broken off before its end"
    took = words.seconds((_moment(run["finished_at"]) - began).total_seconds())
    code = run["exit_code"]
    operations = run["counts"].get("operations")
    done = "" if operations is None else ", " + words.count(operations, "operation", "operations")
    return f"{code:>3} {EXIT_CODES.get(code, 'ended')}{done}, took {took}"


def _provider(name: str, told: dict[str, Any], now: datetime) -> Iterator[str]:
    yield f"{name}: {words.count(told['records'], 'record', 'records')}"
    yield f"  {_reading(told, now)}"
    for limit in told["limits"]:
        left = f"{words.number(limit['left'])} of {words.number(limit['limit'])} requests left"
        yield f"  {limit['endpoint']}: {left} until {words.moment(_moment(limit['resets_at']))}"
    for endpoint, moment in told["not_before"].items():
        yield f"  {endpoint}: not asked before {words.moment(_moment(moment))}, as the provider wishes"
    if told["spent_today_usd"] is not None:
        yield f"  spent today: {told['spent_today_usd']:.3f} USD"
    for group in told["deferred"]:
        until = words.until(_moment(group["until"]) if group["until"] else None)
        one, many = words.kind(group["kind"])
        yield f"  {words.count(group['count'], one, many)} put off {until}: {phrase(group['reason'])}"


def _reading(told: dict[str, Any], now: datetime) -> str:
    parts = []
    if told["swept_at"]:
        parts.append(f"read completely {words.seconds((now - _moment(told['swept_at'])).total_seconds())} ago")
    if told["export_as_of"]:
        parts.append(f"known from an export of {words.moment(_moment(told['export_as_of']))}")
    if told["sweeping"]:
        parts.append("a full read is under way")
    if not parts:
        return "never read completely"
    return "; ".join(parts) + ("; later runs read only what changed since" if told["has_cursor"] else "")


def _waiting(waiting: dict[str, Any], *, stopped: bool) -> Iterator[str]:
    """``stopped``: a guard stopped the last run."""
    met = {kind: waiting[kind] for kind in TITLES if waiting[kind]["count"]}
    if stopped:
        yield "A guard stopped the last run; `contact-sync run --dry-run` tells why and what lets it through."
    if not met:
        yield from () if stopped else ("Nothing waits for you.",)
        return
    yield "Waiting"
    for kind, told in met.items():
        yield f"  {words.count(told['count'], *TITLES[kind])}"
        yield from (f"    {_item(kind, item)}" for item in told["first"])
        more = told["count"] - len(told["first"])
        if more:
            yield f"    and {words.number(more)} more"
    if met.keys() != {"unsettled"}:
        yield "`contact-sync review list` names each of them, `contact-sync review show ITEM` tells what to type."


def _item(kind: str, item: dict[str, Any]) -> str:
    if kind == "conflicts":
        return f"{item['field']} of person {item['person']}"
    if kind == "suspected_duplicates":
        return f"{' and '.join(item['records'])}: {item['reason']} ({item['score']:.0%})"
    if kind == "holds":
        return f"{item['record']} of person {item['person']}: {phrase(item['kind'])}"
    if kind == "manual_actions":
        return f"{item['action']} at {item['provider']} for person {item['person']}"
    return f"{words.kind(item['kind'])[0]} at {item['provider']} for person {item['person']}: {item['operation']}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
