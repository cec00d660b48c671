"""The verdict at rest: what must hold of the true state of all providers and of what the engine says about it."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args

from sync.change import State
from sync.identity.canonical import compared
from tests.simulation.promises import READABLE, is_lost, promises_kept
from tests.simulation.witness import FIELDS, KEYS, keys_of

if TYPE_CHECKING:
    from sync.person import Person
    from tests.simulation.scene import Scene
    from tests.simulation.witness import Gone

ENDED = frozenset({"acked", "verified", "refused", "failed"})
WAITS_WITH_REASON = frozenset({"parked", "blocked", "pending", "deferred"})
FAILED = frozenset({"failed", "refused", "unknown", "parked"})
LINE_CUT = frozenset({"cut", "reset-before", "reset-after", "stall", "never", "late", "partly"})
"""After these the next request may go out on a line that is dead already, and never arrive."""
A_LOOK_S = 60.0
"""The longest that a look at single records may be old when a write goes out."""
SENT = frozenset({"acked", "verified", "unknown", "pending", "refused", "failed"})


def judge(scene: Scene) -> None:
    """Every invariant is looked at; what is broken is in ``scene.witness.violations``."""
    assert scene.store is not None
    oracle = Oracle(scene, scene.store)
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
    promises_kept(scene, oracle)


SETTLED = frozenset({"verified", "acked"})


class Oracle:
    def __init__(self, scene: Scene, store: Any) -> None:
        self._scene, self._store = scene, store
        self._witness = scene.witness
        store.mark_all_people_dirty()
        self.people: list[Person] = store.people(store.dirty_people())
        self.operations = store.operations()
        self._conflicts = store.conflicts()
        scene.states = dict(Counter((o.provider, o.kind, o.state) for o in self.operations))

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
        for person in self.people:
            if who not in self.whos(person):
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

    def whos(self, person: Person) -> set[str]:
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
        waiting = {(o.person_id, o.provider) for o in self.operations if o.state not in SETTLED and not is_lost(o)}
        for person in self.people:
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
        row = self.row(provider, record_id, person)
        if row is None:
            return
        for name, wire in FIELDS[provider].items():
            wanted = person.contact.get(name)
            if name in held or wanted is None or (person.id, provider, name) in excused:
                continue
            if compared(name, row.get(wire) or None, region="") != compared(name, wanted, region=""):
                self._witness.blame(
                    "V1", f"{provider} holds {row.get(wire)!r}, {wanted!r} stands for {self.whos(person)}"
                )

    def row(self, provider: str, record_id: str, person: Person) -> dict[str, Any] | None:
        """The true row of a record; one at a sink only while nobody else works there."""
        box = self._scene.boxes[provider]
        if provider != "datananas":
            return next((row for row in box.rows if row["id"] == record_id), None)
        whos = self.whos(person)
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

        A record that somebody deleted before it could be shown to us is as if it had never been made. When it
        was not ours, it may have been what showed that the others are of one person.
        """
        if self._scene.draw.wide:
            return
        unseen = {(gone.provider, gone.record_id) for gone in self._witness.gone if not gone.known}
        unseen |= self._replaced()
        ours = {(made.provider, made.record_id) for made in self._witness.made}
        untold = {gone.who for gone in self._witness.gone if (gone.provider, gone.record_id) in unseen - ours}
        made = Counter(
            (m.who, m.provider)
            for m in self._witness.made
            if m.who is not None
            and m.who not in untold
            and not m.again
            and (m.provider, m.record_id) not in unseen
        )
        for (who, provider), count in made.items():
            if count > 1 and not self._could_not_be_told(who, provider):
                by = [m.request for m in self._witness.made if (m.who, m.provider) == (who, provider)]
                self._witness.blame("V2", f"{who} was created {count} times at {provider}: {by}")

    def _replaced(self) -> set[tuple[str, str]]:
        """Records of ours that were deleted before their person was made again: whether that may be, V3 says."""
        gone_at = {(gone.provider, gone.record_id): gone.at for gone in self._witness.gone}
        last = {(made.who, made.provider): made.at for made in self._witness.made}
        return {
            (made.provider, made.record_id)
            for made in self._witness.made
            if gone_at.get((made.provider, made.record_id), math.inf) < last[made.who, made.provider]
        }

    def _could_not_be_told(self, who: str, provider: str) -> bool:
        """Nothing told that what was made is of one person: no key in common, and a record of theirs unread."""
        made = [m for m in self._witness.made if (m.who, m.provider) == (who, provider)]
        ids = {m.record_id for m in made}
        rows = [row for row in self._scene.boxes[provider].rows if str(row.get("id") or row["_id"]) in ids]
        keys = [frozenset(keys_of(*(row.get(name) for name in KEYS[provider]))) for row in rows]
        seen: dict[tuple[str, str], float] = {}
        for (at, record_id, _, _), when in self._witness.shown.items():
            seen[at, record_id] = min(when, seen.get((at, record_id), when))
        ours = {(m.provider, m.record_id) for m in self._witness.made}
        theirs = {ref for ref, owner in self._witness.of_record.items() if owner == who} - ours
        last = max(m.at for m in made)
        unread = any(seen.get(ref, last) >= last for ref in theirs if ref[0] in READABLE)
        return unread and len(keys) == len(ids) and not any(a & b for a, b in combinations(keys, 2))

    def nobody_resurrected(self) -> None:
        """After a deletion of a record we knew, no create of that person there."""
        received = {sent.name: sent.at for sent in self._witness.requests}
        for gone in self._witness.gone:
            for made in self._witness.made:
                same = (made.who, made.provider) == (gone.who, gone.provider)
                late = received[made.request] > gone.at and not self._just_looked(gone, received[made.request])
                if same and gone.known and late and made.provider != "datananas":
                    self._witness.blame(
                        "V3", f"{made.who} was deleted at {made.provider} and came back by {made.request}"
                    )

    def _just_looked(self, gone: Gone, received: float) -> bool:
        """The record was asked for by its id right before it was deleted, and then the write was on its way."""
        path = f"/contacts/{gone.record_id}"
        looks = (s.at for s in self._witness.requests if path in s.name and s.at < received)
        return received - A_LOOK_S < max(looks, default=0.0) < gone.at

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
        for operation in self.operations:
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
        for operation in self.operations:
            fine = operation.state in ENDED or (operation.state in WAITS_WITH_REASON and operation.reason)
            if not fine:
                self._witness.blame(
                    "V16", f"{operation.provider} {operation.kind} is {operation.state} ({operation.reason})"
                )

    def nobody_merged_falsely(self) -> None:
        """Two hidden people are never one."""
        for person in self.people:
            whos = self.whos(person)
            if len(whos) > 1:
                self._witness.blame("merge", f"{sorted(whos)} became one person")
