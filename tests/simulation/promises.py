"""The rest of the verdict at rest: what users are told to expect, said of the true state and of the reports."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sync.codes import StateReason
from sync.identity.canonical import compared
from tests.simulation.clock import START
from tests.simulation.witness import FIELDS

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.report.model import Report
    from tests.simulation.oracle import Oracle
    from tests.simulation.scene import Scene

A_DAY = timedelta(days=1)
LATE = frozenset({"index_lag_s", "search_lag_s", "resolve"})
"""Switches that let a write show later."""
LISTED_AFTER = timedelta(minutes=10)
"""The longest that a list takes to show what changed."""
MOST_ARGUED = 4
"""How often a value may be sent within a day against a tool that puts its own back."""
READABLE = ("topo", "apollo")


def is_lost(operation: Operation) -> bool:
    """Nobody knew what became of it, and it was given back to be planned again: no reason to wait for anything."""
    return operation.state == "failed" and operation.reason == StateReason.OUTCOME_UNKNOWN


def promises_kept(scene: Scene, oracle: Oracle) -> None:
    """Every promise is looked at; what is broken is in ``scene.witness.violations``."""
    promises = _Promises(scene, oracle)
    if not scene.reports[-1].guards:
        promises.everybody_is_everywhere()
        promises.noes_travelled()
    promises.the_gone_are_known()
    promises.what_stands_is_known()
    promises.guards_held()
    promises.nobody_made_blindly()
    promises.nobody_made_beside_themselves()
    promises.nobody_is_argued_with()
    promises.accepted_is_there()
    promises.written_is_read_back()


class _Promises:
    def __init__(self, scene: Scene, oracle: Oracle) -> None:
        self._scene, self._witness, self._oracle = scene, scene.witness, oracle

    def everybody_is_everywhere(self) -> None:
        """Whoever is nowhere at a provider where people may be made has an operation there that says why."""
        open_to_all = {name for name, own in self._scene.draw.settings.items() if own.get("create", True)}
        told = {(o.person_id, o.provider) for o in self._oracle.operations if not is_lost(o)}
        for person in self._oracle.people:
            there = {m.record.ref.provider for m in person.members} | {p for who, p in told if who == person.id}
            missing = sorted(open_to_all - there)
            if missing and (person.contact.emails or person.contact.linkedin_url):
                self._witness.blame("V8", f"{self._oracle.whos(person)} is not at {missing} and nothing says why")
        for operation in self._scene.reports[-1].operations:
            if operation.state == "deferred":
                self._witness.blame("V8", f"{operation.provider} {operation.kind} waits ({operation.reason})")

    def the_gone_are_known(self) -> None:
        """What somebody deleted does not count as there any more."""
        deleted = {(gone.provider, gone.record_id) for gone in self._witness.gone}
        for person in self._oracle.people:
            for member in person.members:
                ref = member.record.ref
                if (ref.provider, ref.record_id) in deleted and not member.gone:
                    self._witness.blame("V3", f"{ref} was deleted and still counts as there")

    def _is_new(self, row: dict[str, Any]) -> bool:
        """The row changed by itself since the last cycle began, or so shortly before that no list showed it."""
        began = self._scene.reports[-1].started_at - self._scene.clock.skew
        return "last_seen_at" in row and row["last_seen_at"] > began - LISTED_AFTER

    def what_stands_is_known(self) -> None:
        """What stands where it can be read was read."""
        for person in self._oracle.people:
            for member in person.members:
                ref, contact = member.record.ref, member.record.contact
                row = self._oracle.row(ref.provider, ref.record_id, person) if ref.provider in READABLE else None
                if row is None or member.gone or self._is_new(row):
                    continue
                for name, wire in FIELDS[ref.provider].items():
                    if compared(name, row.get(wire) or None, region="") != compared(
                        name, contact.get(name), region=""
                    ):
                        self._witness.blame("V1", f"{ref} shows {row.get(wire)!r}, {contact.get(name)!r} was read")

    def noes_travelled(self) -> None:
        """A no that Topo holds is known at Apollo, too, where there is a stage for it."""
        stage = self._scene.draw.settings["apollo"].get("opt_out_stage_id")
        if stage is None:
            return
        noes = {no.who for no in self._witness.noes if no.provider == "topo"}
        for row in self._scene.boxes["apollo"].rows:
            who = self._witness.identify("apollo", row)
            if who in noes and row["contact_stage_id"] != stage and not row["email_unsubscribed"]:
                self._witness.blame("V4", f"{who} said no at topo, and apollo was not told")

    def guards_held(self) -> None:
        """A run that would do more than it may do unasked, or start outreach, writes nothing anywhere."""
        for cycle, report in self._scene.cycle_reports:
            sent = [s.name for s in self._witness.requests if s.cycle == cycle and s.mutating]
            if not sent:
                continue
            if cycle in self._scene.unasked:
                self._sizes_held(cycle, report)
                if cycle == self._scene.emptied_in:
                    self._witness.blame("V6", f"a provider was emptied, and cycle {cycle} wrote: {sent[:3]}")
            reasons = {o.reason for o in report.operations if o.provider == "topo" and o.kind == "create"}
            if cycle >= self._scene.sequence_in and StateReason.EFFECT_NOT_ALLOWED in reasons:
                self._witness.blame("V5", f"outreach would start, and cycle {cycle} wrote: {sent[:3]}")

    def _sizes_held(self, cycle: int, report: Report) -> None:
        guards = self._scene.draw.sections.get("guards", {})
        everybody = len(set(self._witness.by_key.values()))
        counted: Counter[tuple[str, str]] = Counter(
            (o.kind, o.provider) for o in report.operations if o.attempt and o.kind in guards
        )
        if "merge" in guards:
            counted["merge", "all"] = report.people.merged
        for (kind, provider), count in counted.items():
            limit = guards[kind]
            if count > max(limit["floor"], limit["share"] * 2 * everybody):
                self._witness.blame(
                    "V6", f"{count} of {kind} at {provider} in cycle {cycle}, and nobody was asked"
                )

    def nobody_made_blindly(self) -> None:
        """Where a list of those who said no could not be read, nobody is created anywhere.

        A record that shows late comes to be while something else is asked: what asked for it was sent before.
        """
        cycles = {sent.name: sent.cycle for sent in self._witness.requests if sent.mutating}
        for made in self._witness.made:
            if cycles.get(made.request) in self._scene.unread_noes:
                self._witness.blame("V4", f"{made.who} was made by {made.request} while nobody knew the noes")

    def nobody_made_beside_themselves(self) -> None:
        """Whoever was one person here is in question until somebody judges, and is made nowhere else."""
        for made in self._witness.made:
            since = self._witness.divided.get(str(made.who), math.inf)
            if made.at > since and made.provider in READABLE:
                self._witness.blame("V2", f"{made.who} was made at {made.provider} beside a record of theirs")

    def nobody_is_argued_with(self) -> None:
        """A value that a tool puts back is not sent against it for ever."""
        sent = Counter(
            (o.record_id, name, str(change.after))
            for o in self._oracle.operations
            for name, change in o.fields.items()
            if o.record_id in self._scene.insisted and o.sent_at is not None and o.sent_at < START + A_DAY
        )
        for (record_id, name, value), count in sent.items():
            if count > MOST_ARGUED:
                self._witness.blame("V14", f"{value!r} was sent to {name} of {record_id} {count} times")

    def accepted_is_there(self) -> None:
        """Whom a sink surely accepted is in it."""
        if any(e.provider == "datananas" for e in self._witness.edits):
            return
        there = {self._witness.identify("datananas", row) for row in self._scene.boxes["datananas"].rows}
        for person in self._oracle.people:
            for operation in self._oracle.operations:
                mine = (operation.person_id, operation.provider, operation.kind) == (
                    person.id,
                    "datananas",
                    "create",
                )
                if (
                    mine
                    and operation.state == "acked"
                    and not operation.message
                    and not self._oracle.whos(person) & there
                ):
                    self._witness.blame(
                        "V13", f"{self._oracle.whos(person)} was accepted at datananas and is not there"
                    )

    def written_is_read_back(self) -> None:
        """Where nothing goes wrong and nothing lags, the run that wrote says that it was seen."""
        draw = self._scene.draw
        if not draw.clean or any(k in own for own in draw.switches.values() for k in LATE):
            return
        for report in self._scene.reports:
            late = [o for o in report.operations if o.provider in READABLE and o.state == "acked" and o.fields]
            if late:
                self._witness.blame("V13", f"{len(late)} writes were not read back")
