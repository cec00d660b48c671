"""The verdict at rest: what must hold of the true state of all providers and of what the engine says about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from sync.change import State
from sync.codes import StateReason
from sync.identity.canonical import compared
from tests.simulation.witness import FIELDS

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.person import Person
    from sync.report.model import Report
    from tests.simulation.scene import Scene

ENDED = frozenset({"acked", "verified", "refused", "failed"})
WAITS_WITH_REASON = frozenset({"parked", "blocked", "pending", "deferred"})
FAILED = frozenset({"failed", "refused", "unknown", "parked"})
LINE_CUT = frozenset({"cut", "reset-before", "reset-after", "stall", "never", "late", "partly"})
"""After these the next request may go out on a line that is dead already, and never arrive."""
SENT = frozenset({"acked", "verified", "unknown", "pending", "refused", "failed"})


def judge(scene: Scene) -> None:
    """Every invariant is looked at; what is broken is in ``scene.witness.violations``."""
    assert scene.store is not None
    oracle = _Oracle(scene, scene.store)
    oracle.edits_kept()
    oracle.everybody_agrees()
    oracle.no_second_create()
    oracle.nobody_resurrected()
    oracle.no_side_effects()
    oracle.quiet_reports()
    oracle.state_is_whole()
    oracle.reports_are_true()
    oracle.effort_is_bounded()
    oracle.operations_ended()
    oracle.nobody_merged_falsely()
    oracle.everybody_is_everywhere()
    oracle.the_gone_are_known()
    oracle.what_stands_is_known()
    oracle.guards_held()
    oracle.nobody_is_argued_with()
    oracle.accepted_is_there()
    oracle.written_is_read_back()


SETTLED = frozenset({"verified", "acked"})
LATE = frozenset({"index_lag_s", "search_lag_s", "resolve"})
"""Switches that let a write show later."""
MOST_ARGUED = 4
READABLE = ("topo", "apollo")


def _is_lost(operation: Operation) -> bool:
    """Nobody knew what became of it, and it was given back to be planned again: no reason to wait for anything."""
    return operation.state == "failed" and operation.reason == StateReason.OUTCOME_UNKNOWN


class _Oracle:
    def __init__(self, scene: Scene, store: Any) -> None:
        self._scene, self._store = scene, store
        self._witness = scene.witness
        store.mark_all_people_dirty()
        self._people: list[Person] = store.people(store.dirty_people())
        self._operations = store.operations()
        self._conflicts = store.conflicts()
        scene.states = dict(Counter((o.provider, o.kind, o.state) for o in self._operations))

    # V1 -----------------------------------------------------------------------------------------------
    def edits_kept(self) -> None:
        """What was typed and shown to us stands somewhere, or a later edit took its place.

        What only a process that died then was shown it may never have kept.
        """
        last: dict[tuple[str, str], float] = {}
        for edit in self._witness.edits:
            last[edit.who, edit.name] = max(edit.at, last.get((edit.who, edit.name), 0.0))
        for edit in self._witness.edits:
            value = (edit.provider, edit.record_id, edit.name, edit.value)
            shown = self._witness.shown_in.get(value, set()) - self._scene.died_in
            if not (shown and edit.value) or edit.at < last[edit.who, edit.name]:
                continue
            if edit.value not in self._traces(edit.who, edit.name):
                self._witness.blame("V1", f"{edit.value} typed at {edit.provider} is nowhere any more")

    def _traces(self, who: str, name: str) -> set[str]:
        found = {str(row.get(FIELDS[p][name])) for p, row in self._rows(who)}
        for person in self._people:
            if who not in self._whos(person):
                continue
            found.add(str(person.contact.get(name)))
            choice = person.choices.get(name)
            found |= {str(v) for v in choice.losers.values()} if choice else set()
            found |= {str(v) for c in person.conflicts if c.field == name for v in c.values.values()}
        return found

    def _rows(self, who: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (provider, row)
            for provider, box in self._scene.boxes.items()
            for row in box.rows
            if self._witness.identify(provider, row) == who
        ]

    def _whos(self, person: Person) -> set[str]:
        found = set()
        for member in person.members:
            ref, contact = member.record.ref, member.record.contact
            who = self._witness.of_record.get((ref.provider, ref.record_id))
            who = who or self._witness.identify_keys(contact.email, contact.linkedin_url)
            if who is not None:
                found.add(who)
        return found

    def everybody_agrees(self) -> None:
        """Each field stands on all linked sides, or something says why it cannot."""
        if self._scene.reports[-1].guards:
            return  # a run that a guard stops writes nothing at all
        with self._store.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT person_id, provider, field FROM cannot_express")
            excused = {(person, provider, field) for person, provider, field in rows}
        waiting = {(o.person_id, o.provider) for o in self._operations if o.state not in SETTLED and not _is_lost(o)}
        for person in self._people:
            held = {c.field for c in person.conflicts} | set(person.frozen)
            first: set[str] = set()
            for member in sorted(person.members, key=lambda m: m.rid):
                provider = member.record.ref.provider
                if member.gone or provider in first:
                    continue
                first.add(provider)
                if (person.id, provider) not in waiting:
                    self._agrees(person, provider, member.record.ref.record_id, held, excused)

    def _agrees(
        self, person: Person, provider: str, record_id: str, held: set[str], excused: set[tuple[str, str, str]]
    ) -> None:
        row = self._row(provider, record_id, person)
        if row is None:
            return
        for name, wire in FIELDS[provider].items():
            wanted = person.contact.get(name)
            if name in held or wanted is None or (person.id, provider, name) in excused:
                continue
            if compared(name, row.get(wire) or None, region="") != compared(name, wanted, region=""):
                self._witness.blame(
                    "V1", f"{provider} holds {row.get(wire)!r}, {wanted!r} stands for {self._whos(person)}"
                )

    def _row(self, provider: str, record_id: str, person: Person) -> dict[str, Any] | None:
        """The true row of a record; one at a sink only while nobody else works there."""
        box = self._scene.boxes[provider]
        if provider != "datananas":
            return next((row for row in box.rows if row["id"] == record_id), None)
        whos = self._whos(person)
        rows = [r for r in box.rows if self._witness.identify("datananas", r) in whos]
        disturbed = any(e.provider == "datananas" and e.who in whos for e in self._witness.edits)
        return (
            rows[0]
            if len(rows) == 1 and len(whos) == 1 and not disturbed and not self._scene.others_blanked
            else None
        )

    # V2, V3, V5 ---------------------------------------------------------------------------------------
    def no_second_create(self) -> None:
        """One applied create per person and provider.

        A record that somebody deleted before it could be shown to us is as if it had never been made.
        """
        if self._scene.draw.wide:
            return
        unseen = {(gone.provider, gone.record_id) for gone in self._witness.gone if not gone.known}
        made = Counter(
            (m.who, m.provider)
            for m in self._witness.made
            if m.who is not None and not m.again and (m.provider, m.record_id) not in unseen
        )
        for (who, provider), count in made.items():
            if count > 1:
                by = [m.request for m in self._witness.made if (m.who, m.provider) == (who, provider)]
                self._witness.blame("V2", f"{who} was created {count} times at {provider}: {by}")

    def nobody_resurrected(self) -> None:
        """After a deletion of a record we knew, no create of that person there."""
        received = {sent.name: sent.at for sent in self._witness.requests}
        for gone in self._witness.gone:
            for made in self._witness.made:
                same = (made.who, made.provider) == (gone.who, gone.provider)
                if same and gone.known and received[made.request] > gone.at and made.provider != "datananas":
                    self._witness.blame(
                        "V3", f"{made.who} was deleted at {made.provider} and came back by {made.request}"
                    )

    def no_side_effects(self) -> None:
        """Nobody is enrolled, moved or handed to another owner."""
        topo, datananas = self._scene.boxes["topo"], self._scene.boxes["datananas"]
        if topo.enrolled:
            self._witness.blame("V5", f"{len(topo.enrolled)} people were enrolled at topo")
        if datananas.moved or datananas.owners_replaced:
            self._witness.blame("V5", "list or owner moved at datananas")

    # V8, V11, V13, V14, V16 ---------------------------------------------------------------------------
    def quiet_reports(self) -> None:
        """The last cycles had nothing to send."""
        for report in self._scene.reports[self._scene.quiet_from :]:
            sent = [
                f"{o.provider} {o.kind} {o.state} {o.reason} {sorted(o.fields)}"
                for o in report.operations
                if o.state in SENT
            ]
            if sent:
                self._witness.blame("V8", f"still sent: {sent[:3]}")

    def state_is_whole(self) -> None:
        """The database is whole and every operation in a legal state."""
        with self._store.database.read() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if found != "ok" or broken:
            self._witness.blame("V11", f"{found} {len(broken)} foreign keys")
        legal = set(get_args(State))
        self._store.check_audit()
        for operation in self._operations:
            if operation.state not in legal:
                self._witness.blame("V11", f"{operation.id} is {operation.state}")

    def reports_are_true(self) -> None:
        """A report that says 0 has nothing to tell, and counts what was really sent."""
        for report in self._scene.reports:
            bad = [o.state for o in report.operations if o.state in FAILED]
            lame = [n for n, p in report.providers.items() if p.status in {"failed", "refused", "unreachable"}]
            if report.exit_code == 0 and (bad or lame or report.guards):
                self._witness.blame("V13", f"exit 0 with {bad} {lame} {[g.kind for g in report.guards]}")
            if report.exit_code not in {0, 3, 5, 8, 9, 11}:
                self._witness.blame("V13", f"exit {report.exit_code}")
        for cycle, report in self._scene.cycle_reports:
            for name, provider in report.providers.items():
                seen = sum(s.mutating and s.provider == name and s.cycle == cycle for s in self._witness.requests)
                cut = sum(n.startswith(name) and kind in LINE_CUT for n, kind in self._witness.struck)
                if not seen <= provider.write_requests <= seen + cut:
                    self._witness.blame(
                        "V13", f"{name} received {seen} writes, the report says {provider.write_requests}"
                    )

    def effort_is_bounded(self) -> None:
        """No storm of requests."""
        counted = Counter((s.provider, s.cycle) for s in self._witness.requests)
        limit = 120 + 12 * self._scene.draw.people
        for (provider, cycle), count in counted.items():
            if count > limit:
                self._witness.blame("V14", f"{count} requests to {provider} in cycle {cycle}")

    def operations_ended(self) -> None:
        """Every operation is final, or waits with a reason that a person can act on."""
        for operation in self._operations:
            fine = operation.state in ENDED or (operation.state in WAITS_WITH_REASON and operation.reason)
            if not fine:
                self._witness.blame(
                    "V16", f"{operation.provider} {operation.kind} is {operation.state} ({operation.reason})"
                )

    def nobody_merged_falsely(self) -> None:
        """Two hidden people are never one."""
        for person in self._people:
            whos = self._whos(person)
            if len(whos) > 1:
                self._witness.blame("merge", f"{sorted(whos)} became one person")

    # what must have been done, and what must not --------------------------------------------------------
    def everybody_is_everywhere(self) -> None:
        """Whoever is nowhere at a provider has an operation there that says why."""
        if self._scene.reports[-1].guards:
            return
        told = {(o.person_id, o.provider) for o in self._operations if not _is_lost(o)}
        for person in self._people:
            there = {m.record.ref.provider for m in person.members} | {p for who, p in told if who == person.id}
            missing = sorted(set(self._scene.boxes) - there)
            if missing and (person.contact.emails or person.contact.linkedin_url):
                self._witness.blame("V8", f"{self._whos(person)} is not at {missing} and nothing says why")
        for operation in self._scene.reports[-1].operations:
            if operation.state == "deferred":
                self._witness.blame("V8", f"{operation.provider} {operation.kind} waits ({operation.reason})")

    def the_gone_are_known(self) -> None:
        """What somebody deleted does not count as there any more."""
        deleted = {(gone.provider, gone.record_id) for gone in self._witness.gone}
        for person in self._people:
            for member in person.members:
                ref = member.record.ref
                if (ref.provider, ref.record_id) in deleted and not member.gone:
                    self._witness.blame("V3", f"{ref} was deleted and still counts as there")

    def what_stands_is_known(self) -> None:
        """What people typed a day ago where it can be read was read."""
        for person in self._people:
            for member in person.members:
                ref, contact = member.record.ref, member.record.contact
                row = None if ref.provider == "datananas" else self._row(ref.provider, ref.record_id, person)
                for name, wire in FIELDS[ref.provider].items() if row is not None and not member.gone else ():
                    if compared(name, row.get(wire) or None, region="") != compared(name, contact.get(name), region=""):
                        self._witness.blame("V1", f"{ref} shows {row.get(wire)!r}, {contact.get(name)!r} was read")

    def guards_held(self) -> None:
        """A run that would do more than it may do unasked, or start outreach, writes nothing anywhere."""
        for cycle, report in self._scene.cycle_reports:
            sent = [s.name for s in self._witness.requests if s.cycle == cycle and s.mutating]
            if not sent:
                continue
            if cycle in self._scene.unasked:
                self._sizes_held(cycle, report)
            reasons = {o.reason for o in report.operations if o.provider == "topo" and o.kind == "create"}
            if cycle >= self._scene.sequence_in and StateReason.EFFECT_NOT_ALLOWED in reasons:
                self._witness.blame("V5", f"outreach would start, and cycle {cycle} wrote: {sent[:3]}")

    def _sizes_held(self, cycle: int, report: Report) -> None:
        guards = self._scene.draw.sections.get("guards", {})
        everybody = len(set(self._witness.by_key.values()))
        counted = Counter((o.kind, o.provider) for o in report.operations if o.attempt and o.kind in guards)
        if "merge" in guards:
            counted["merge", "all"] = report.people.merged
        for (kind, provider), count in counted.items():
            limit = guards[kind]
            if count > max(limit["floor"], limit["share"] * 2 * everybody):
                self._witness.blame("V6", f"{count} of {kind} at {provider} in cycle {cycle}, and nobody was asked")

    def nobody_is_argued_with(self) -> None:
        """A value that a tool puts back is not sent against it for ever."""
        sent = Counter(
            (o.record_id, name, str(change.after))
            for o in self._operations
            for name, change in o.fields.items()
            if o.record_id in self._scene.insisted and o.attempt and change.after is not None
        )
        for (record_id, name, value), count in sent.items():
            if count > MOST_ARGUED:
                self._witness.blame("V14", f"{value!r} was sent to {name} of {record_id} {count} times")

    def accepted_is_there(self) -> None:
        """Whom a sink surely accepted is in it."""
        if any(e.provider == "datananas" for e in self._witness.edits):
            return
        there = {self._witness.identify("datananas", row) for row in self._scene.boxes["datananas"].rows}
        for person in self._people:
            for operation in self._operations:
                mine = (operation.person_id, operation.provider, operation.kind) == (person.id, "datananas", "create")
                if mine and operation.state == "acked" and not operation.message and not self._whos(person) & there:
                    self._witness.blame("V13", f"{self._whos(person)} was accepted at datananas and is not there")

    def written_is_read_back(self) -> None:
        """Where nothing goes wrong and nothing lags, the run that wrote says that it was seen."""
        draw = self._scene.draw
        if not draw.clean or any(k in own for own in draw.switches.values() for k in LATE):
            return
        for report in self._scene.reports:
            late = [o for o in report.operations if o.provider in READABLE and o.state == "acked" and o.fields]
            if late:
                self._witness.blame("V13", f"{len(late)} writes were not read back")
