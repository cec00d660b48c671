"""What is known of a person, as people read it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.report import words
from sync.report.masking import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN_OPERATIONS = 20
"""Writes that are listed, the latest ones; JSON lists all."""


def person_text(told: dict[str, Any]) -> Iterator[str]:
    """Values first, then why the records are one, what was sent, and what is open."""
    yield f"Person {told['person']}, known since {told['since']}"
    if told["former_ids"]:
        yield f"  merged into it: {', '.join(told['former_ids'])}"
    if told["split_from"]:
        yield f"  parted from: {told['split_from']}"
    yield ""
    yield from field_lines(told)
    yield ""
    yield from _records(told)
    yield from _listed("Opt-outs", [_opt_out(o) for o in told["opt_outs"]])
    yield from _listed("Decisions of people", [_decision(d) for d in told["decisions"]])
    yield from _listed("Perhaps the same as somebody else", [_suspicion(s) for s in told["suspicions"]])
    yield from _listed("Held", [f"{h['record']}: {h['why']}  [{h['item']}]" for h in told["holds"]])
    yield from _operations(told["operations"])
    cannot = [f"{c['field']} at {c['provider']}: {c['why']}" for c in told["cannot_express"]]
    yield from _listed("Cannot be held", cannot)
    actions = [f"{a['action']} at {a['provider']}  [{a['item']}]" for a in told["manual_actions"]]
    yield from _listed("To do by hand", actions)


def field_lines(told: dict[str, Any]) -> Iterator[str]:
    """Each field: its value, whose it is and why; below it what lost and what differs where."""
    width = max((len(name) for name in told["fields"]), default=0)
    live = {record["record"] for record in told["records"] if record["state"] == "live"}
    for name, field in told["fields"].items():
        yield f"  {name.ljust(width)}  {shown(field['value'])}{_why(field)}"
        below = " " * (width + 6)
        for source, value in field["lost"].items():
            yield f"{below}lost: {shown(value)} ({source})"
        conflict = field["conflict"]
        if conflict:
            yield f"{below}waits for you [{conflict['item']}]: {conflict['why']}"
            yield from (f"{below}{source} says {shown(value)}" for source, value in conflict["values"].items())
        for record, held in field["held_by"].items():
            if held["shows"] not in (field["value"], field["lost"].get(record, field["value"])):
                sent = f"; we sent {shown(held['sent'])}" if "sent" in held else ""
                shows = "shows" if record in live else "is gone and showed"
                yield f"{below}{record} {shows} {shown(held['shows'])}{sent}"


def _why(field: dict[str, Any]) -> str:
    if field["rule"] is None:
        return ""
    return f"   from {field['source']}, {field['rule']}, {field['at']}"


def _records(told: dict[str, Any]) -> Iterator[str]:
    records = told["records"]
    yield "Why these records are one person" if len(records) > 1 else "Record"
    for record in records:
        state = "" if record["state"] == "live" else f" ({record['state']})"
        yield f"  {record['record']}{state}: {record['why']}, linked {record['linked_at']}"
        if record["keys"]:
            yield f"      {', '.join(record['keys'])}"
        if record["former_keys"]:
            yield f"      formerly {', '.join(record['former_keys'])}"


def _operations(operations: list[dict[str, Any]]) -> Iterator[str]:
    if not operations:
        return
    yield ""
    yield "What was sent and what came back"
    for operation in operations[-SHOWN_OPERATIONS:]:
        record = f" {operation['record_id']}" if operation["record_id"] else ""
        at = operation["sent_at"] or operation["planned_at"]
        kind, state = words.kind(operation["kind"])[0], words.state(operation["state"])
        yield f"  {at}  {kind} at {operation['provider']}{record}: {state} ({operation['reason']})"
        for name, change in operation["fields"].items():
            kept = f"{shown(change['before'])} -> {shown(change['after'])}"
            yield f"      {name}  {kept if operation['values_kept'] else '(values no longer kept)'}"
        if operation["message"]:
            yield f"      {one_line(operation['message'], limit=words.LONGEST_VALUE)}"
    if len(operations) > SHOWN_OPERATIONS:
        yield f"  and {len(operations) - SHOWN_OPERATIONS} earlier ones; --format json lists all"


def _opt_out(told: dict[str, Any]) -> str:
    until = f" until {told['until']}" if told["until"] else ""
    return f"{told['reason']} from {told['source']}, {told['at']}{until}" + ("" if told["in_force"] else ", over")


def _decision(told: dict[str, Any]) -> str:
    return f"{' and '.join(told['records'])}: {told['verdict']}, {told['by']}, {told['at']}"


def _suspicion(told: dict[str, Any]) -> str:
    people = " and ".join(told["people"])
    return f"{people}: {told['reason']} ({told['score']:.0%})  [{told['item']}]"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def shown(value: str | list[str] | None, limit: int = words.LONGEST_VALUE) -> str:
    """A field's value on one line."""
    return one_line(value, limit=limit) or "(empty)"


def pair_text(told: dict[str, Any]) -> Iterator[str]:
    """Why two people are two, and both side by side."""
    yield f"{told['people'][0]} and {told['people'][1]} are two people."
    yield from (f"  {why}" for why in told["why"])
    yield from _listed("Decisions of people", [_decision(d) for d in told["decisions"]])
    yield from _listed("Perhaps one", [_suspicion(s) for s in told["suspicions"]])
    yield ""
    yield from pair_table(told)


def pair_table(pair: dict[str, Any]) -> Iterator[str]:
    """Two people side by side: every field, both values, their sources."""
    people = pair["people"]
    rows = [("", *people)]
    for name, both in pair["side_by_side"].items():
        rows.append((name, *(_cell(both[person]) for person in people)))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    if pair["shared_keys"]:
        yield f"  shared: {', '.join(pair['shared_keys'])}"


def _cell(told: dict[str, Any]) -> str:
    if told["value"] is None:
        return "-"
    source = f"  [{told['source'].partition(':')[0]}]" if told["source"] else ""
    return shown(told["value"], 40) + source
