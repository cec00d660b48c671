"""What waits for a person, as JSON values and as people read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.change import CHANGE, HUMAN, Conflict, Hold, ManualAction, Suspicion
from sync.cli.explain_text import field_lines, pair_table, shown
from sync.clock import utc
from sync.codes import HoldKind, explain, phrase
from sync.engine.explaining import Explainer
from sync.items import look_for
from sync.report.masking import masked, masked_value, one_line, sentence
from sync.report.record_names import masked_name
from sync.report.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.change import Operation
    from sync.engine.review import Item
    from sync.person import Person
    from sync.store_port import Store

KINDS = {
    "pair": ("pair of people who may be one", "pairs of people who may be one"),
    "field": ("field that waits for a value", "fields that wait for a value"),
    "hold": ("held record", "held records"),
    "parked": ("write whose outcome only you can find out", "writes whose outcome only you can find out"),
    "todo": ("thing to do by hand", "things to do by hand"),
}
ANSWERS = {
    "pair": ("accept: they are one person from now on", "reject: they stay two, for good"),
    "field": (
        "take {id} PROVIDER: what that provider shows stands everywhere",
        "set {id} VALUE: your value stands",
    ),
    "hold": ("accept: {accept}", "reject: {reject}"),
    "parked": ("accept: it did arrive; it is looked for and linked", "reject: it did not; it is planned again"),
    "todo": ("accept: it is done",),
}
GONE = ("the record is gone for good and never created again", "the person may be created there once more")
DOUBT = ("they are one person", "they are not one person")


class Told:
    """Items of one store as JSON values; personal data only with ``values``."""

    def __init__(self, store: Store, *, values: bool) -> None:
        self._store = store
        self._values = values

    def item(self, item: Item) -> dict[str, Any]:
        """The item in short."""
        told = {"item": item.id, "kind": item.kind, "people": list(item.people)}
        return told | self._finding(item.finding)

    def page(self, item: Item) -> dict[str, Any]:
        """The item with everything needed to decide."""
        explainer = Explainer(self._store, datetime.now(UTC), values=self._values)
        people = self._store.people(self._about(item))
        told = self.item(item) | {"answers": self._answers(item)}
        if isinstance(item.finding, ManualAction):
            told |= self._wanted(item.finding, people)
        if len(people) == 2:
            return told | {"pair": explainer.pair(*people)}
        return told | {"persons": [explainer.person(p) for p in people]}

    def _about(self, item: Item) -> list[str]:
        finding = item.finding
        people = list(item.people)
        if isinstance(finding, Hold) and finding.kind != HoldKind.DISAPPEARED:
            from sync.record import RecordRef

            owner = self._store.person_of(RecordRef(finding.provider, finding.record_id))
            people += [owner] if owner is not None else []
        return people

    def _answers(self, item: Item) -> list[str]:
        gone = isinstance(item.finding, Hold) and item.finding.kind == HoldKind.DISAPPEARED
        accept, reject = GONE if gone else DOUBT
        answers = [text.format(id=item.id, accept=accept, reject=reject) for text in ANSWERS[item.kind]]
        by_hand = isinstance(item.finding, Conflict) and HUMAN in item.finding.values
        return [*answers, f"take {item.id} {HUMAN}: what was decided by hand stands"] if by_hand else answers

    def _finding(self, finding: object) -> dict[str, Any]:
        if isinstance(finding, Suspicion):
            return self._suspicion(finding)
        if isinstance(finding, Conflict):
            return self._conflict(finding)
        if isinstance(finding, Hold):
            record = f"{finding.provider}:{self._id(finding.record_id)}"
            return {"reason": finding.kind, "why": explain(finding.kind), "record": record}
        if isinstance(finding, ManualAction):
            return {"provider": finding.provider, "action": finding.action}
        return self._operation(finding)  # type: ignore[arg-type]  # the only kind left

    def _wanted(self, action: ManualAction, people: Sequence[Person]) -> dict[str, Any]:
        """What the field is to hold that somebody is to change by hand."""
        name = action.action.removeprefix(CHANGE)
        if name == action.action or not people:
            return {}
        return {"field": name, "wanted": masked_value(name, people[0].contact.get(name), values=self._values)}

    def _suspicion(self, finding: Suspicion) -> dict[str, Any]:
        return {
            "score": round(finding.score, 2),
            "why": finding.reason,
            "records": [f"{r.provider}:{self._id(r.record_id)}" for r in finding.records],
            "features": [
                {
                    "name": f.name,
                    "score": round(f.score, 2),
                    "detail": sentence(f.detail, values=self._values),
                }
                for f in finding.features
            ],
        }

    def _conflict(self, finding: Conflict) -> dict[str, Any]:
        values = {}
        for source, value in finding.values.items():
            provider, colon, record_id = source.partition(":")
            values[provider + colon + self._id(record_id)] = masked_value(
                finding.field, value, values=self._values
            )
        return {
            "field": finding.field,
            "values": values,
            "since": utc(finding.since),
            "reason": finding.reason,
            "why": explain(finding.reason),
        }

    def _operation(self, operation: Operation) -> dict[str, Any]:
        return {
            "operation": operation.id,
            "provider": operation.provider,
            "what": operation.kind,
            "reason": operation.reason,
            "why": explain(operation.reason),
            "sent_at": utc(operation.sent_at),
            "look_for": {k: self._text(v) for k, v in look_for(operation).items()},
        }

    def _text(self, text: str) -> str:
        return text if self._values else masked(text)

    def _id(self, record_id: str) -> str:
        return record_id if self._values else masked_name(record_id)


def as_list(items: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The queue, by kind."""
    if not items:
        yield "Nothing waits for you."
        return
    for kind, (one, many) in KINDS.items():
        own = [item for item in items if item["kind"] == kind]
        if own:
            yield count(len(own), one, many)
            yield from (f"  {item['item']}  {_line(item)}" for item in own)
    yield ""
    yield "`contact-sync review show ITEM` tells more."


def _line(item: dict[str, Any]) -> str:
    kind = item["kind"]
    if kind == "pair":
        return f"{' and '.join(item['records'])}: {item['why']} ({item['score']:.0%})"
    if kind == "field":
        values = ", ".join(f"{source} {shown(value)}" for source, value in item["values"].items())
        return f"{item['field']} of person {item['people'][0]}: {values}"
    if kind == "hold":
        return f"{item['record']} of person {item['people'][0]}: {phrase(item['reason'])}"
    if kind == "parked":
        return f"{item['what']} at {item['provider']} of person {item['people'][0]}: {phrase(item['reason'])}"
    return f"{item['action']} at {item['provider']}: person {item['people'][0]}"


def as_page(told: dict[str, Any]) -> Iterator[str]:
    """One item with what there is to know and the answers to it."""
    yield f"{told['item']}: {_line(told)}"
    if "why" in told:
        yield f"  why: {told['why']}"
    if "since" in told:
        yield f"  since: {told['since']}"
    if "wanted" in told:
        yield f"  {told['field']} there is to be: {shown(told['wanted'])}"
    for name, value in told.get("look_for", {}).items():
        yield f"  look there for {name}: {one_line(value)}"
    for feature in told.get("features", ()):
        yield f"  {feature['name']} {feature['score']:.0%}: {one_line(feature['detail'])}"
    if "pair" in told:
        yield ""
        yield from pair_table(told["pair"])
    for person in told.get("persons", ()):
        yield ""
        yield f"Person {person['person']}"
        yield from field_lines(person)
    yield ""
    for answer in told["answers"]:
        word, _, meaning = answer.partition(":")
        command = word if told["item"] in word else f"{word} {told['item']}"
        yield f"contact-sync review {command}  ({meaning.strip()})"
