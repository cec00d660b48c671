"""One component: records that keys, links or judgements tie together in any way, resolved into people.

A generic key ties nobody; its holders are in one component only where something else ties them.

Stages, each stronger than the next: human "same", profile keys, links, emails. Human "not the same" stands
above all. Then merges that a person should see first are taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Suspicion
from sync.identity.linkedin import is_profile
from sync.matching.bridges import hold_bridges
from sync.matching.follow import follow
from sync.matching.hubs import Entry, Hub, hubs_of
from sync.matching.in_question import in_question
from sync.matching.twins import hold_twins
from sync.matching.unions import Unions
from sync.matching.values import (
    DISPUTED,
    DIVIDED,
    OPENED,
    REFUSED,
    TWO_PROFILES,
    Apart,
    Findings,
    every_two,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.matching.hubs import Hubs
    from sync.matching.values import MatchPolicy
    from sync.person import Decision
    from sync.record import RecordRef


class Resolution:
    """Entries in canonical order, each with its place in ``at``, resolved once."""

    def __init__(
        self,
        entries: Sequence[Entry],
        decisions: Iterable[Decision],
        policy: MatchPolicy,
        findings: Findings,
        generic: frozenset[str],
        *,
        with_aliases: bool = True,
    ) -> None:
        self._entries = entries
        self._findings = findings
        self._hubs: Hubs = hubs_of(entries, decisions, policy, findings, generic)
        if not with_aliases:
            self._hubs.aliases = []
        self.used_aliases = bool(self._hubs.aliases)
        self._unions = Unions(len(entries), {entry.at: self._slugs(entry) for entry in entries})
        self._links: list[Hub] = []
        self._disputes: list[tuple[list[Apart], str, set[int], tuple[str, ...]]] = []
        self._keep_apart()

    def people(self) -> list[list[Entry]]:
        """The people of this component."""
        for a, b in self._hubs.same:
            self._join([a, b], "human decision")
        for hub in self._hubs.profiles:
            self._join_hub(hub)
        self._join_links()
        self._join_emails()
        self._join_aliases()
        groups = self._unions.groups(range(len(self._entries)))
        ties = [*self._hubs.profiles, *self._hubs.emails, *self._links]
        ties += self._hubs.aliases
        ties += [Hub("human decision", [a, b]) for a, b in self._hubs.same]
        near = (self._entries, ties, self._hubs, self._findings)
        people = [part for group in groups for part in hold_twins(group, self._unions.barred, *near)]
        people = [part for group in people for part in hold_bridges(group, *near)]
        self._note_disputes(people)
        if len(people) > 1:
            self._findings.suspicions += in_question(self._entries, people, self._hubs.generic)
        return [[self._entries[at] for at in part] for part in people]

    def _keep_apart(self) -> None:
        """Whom a human called different will not come together, nor will who is linked to either's person."""
        linked: dict[str | None, set[int]] = {}
        for entry in self._entries if self._hubs.different else ():
            linked.setdefault(entry.record.person_id, set()).add(entry.at)
        seen: set[tuple[str, str]] = set()
        for a, b in self._hubs.different:
            self._unions.forbid([a], [b])
            one, two = (self._entries[at].record.person_id for at in (a, b))
            if one is not None and two is not None and one != two and (one, two) not in seen:
                seen |= {(one, two), (two, one)}
                self._keep_people_apart(linked[one], linked[two])

    def _keep_people_apart(self, ones: set[int], others: set[int]) -> None:
        """All of ``ones`` from all of ``others``, but for two of them that a human called the same."""
        same: dict[int, set[int]] = {}
        for a, b in self._hubs.same:
            if (a in ones and b in others) or (a in others and b in ones):
                same.setdefault(a, set()).add(b)
                same.setdefault(b, set()).add(a)
        self._unions.forbid(ones - same.keys(), others - same.keys())
        for at, with_whom in same.items():
            self._unions.forbid([at], (others if at in ones else ones) - with_whom)

    def _join_hub(self, hub: Hub) -> None:
        """Whom a human parts are not joined, nor is anybody else whom the key ties to more than one of them."""
        parts = self._unions.join_alike(hub.members)
        if len(parts) > 1:
            self._note_refused([part[0] for part in parts], hub.key)

    def _join(self, members: Sequence[int], key: str) -> None:
        parts = self._unions.join_all(members)
        if len(parts) > 1:
            self._note_refused(parts, key)

    def _note_refused(self, parts: list[int], key: str) -> None:
        sides = tuple((self._rid(part),) for part in parts)
        self._findings.refused.append(Apart(reason=REFUSED, sides=sides, keys=(key,)))
        refs = sorted(self._entries[part].record.ref for part in parts)
        self._suspect(refs, REFUSED)

    def _join_links(self) -> None:
        """Linked records stay together unless a generic key tied them or they show different slugs."""
        linked: dict[str, list[int]] = {}
        for entry in self._entries:
            if entry.record.person_id is not None:
                linked.setdefault(entry.record.person_id, []).append(entry.at)
        for person_id in sorted(linked):
            members = own = self._untainted(linked[person_id])
            slugs = self._slugs_by_root(members)
            if len(slugs) == 1 and len(set().union(*slugs.values())) > 1:
                # Who shows several already, as one replaced another or a human said so, loses nobody.
                members = [*slugs, *(at for at in members if self._unions.find(at) not in slugs)]
            # One slug on both sides of a human decision is no dispute either.
            if len(slugs) < 2 or len(set().union(*slugs.values())) < 2:
                self._links.append(Hub(person_id, own))
                self._join(members, "link")
            else:
                self._dispute_profiles(DIVIDED, slugs, members)

    def _untainted(self, members: list[int]) -> list[int]:
        """``members`` of one person without those whose link may rest on a key that became generic."""
        holders: dict[str, list[int]] = {}
        for at in members:
            entry = self._entries[at]
            for key in self._hubs.generic.intersection((*entry.keys, *entry.aliases)):
                holders.setdefault(key, []).append(at)
        tainted = {at for held in holders.values() if len(held) > 1 for at in held}
        keys = tuple(sorted(key for key, held in holders.items() if len(held) > 1))
        self._disputes.append((self._findings.opened, OPENED, tainted, keys))
        return [at for at in members if at not in tainted]

    def _join_emails(self) -> None:
        """Emails join, but never two profiles: there records without one follow whom they touch alone."""
        nodes = Unions(len(self._entries))
        for at in range(len(self._entries)):
            nodes.join(at, self._unions.find(at))
        for hub in self._hubs.emails:
            nodes.join_all(hub.members)
        reach = {node: at for at, node in ((at, nodes.find(at)) for at in range(len(self._entries)))}
        by_reach: dict[int, list[Hub]] = {node: [] for node in reach}
        for hub in self._hubs.emails:
            by_reach[nodes.find(hub.members[0])].append(hub)
        members: dict[int, list[int]] = {}
        for at in range(len(self._entries)):
            members.setdefault(nodes.find(at), []).append(at)
        for node, hubs in by_reach.items():
            self._join_reach(members[node], hubs)

    def _join_reach(self, members: list[int], hubs: list[Hub]) -> None:
        slugs = self._slugs_by_root(members)
        if len(slugs) < 2:
            for hub in hubs:
                self._join_hub(hub)
            return
        self._dispute_profiles(TWO_PROFILES, slugs, members)
        labels = {root: root for root in slugs}
        roots = sorted({self._unions.find(at) for at in members})
        ties = [sorted({self._unions.find(at) for at in hub.members}) for hub in hubs]
        for root, label in follow(roots, labels, ties, self._unions.barred).items():
            self._join([label, root], "email")

    def _join_aliases(self) -> None:
        """New records come to the one person who had their keys before, unless they live with another by now."""
        disputed = set().union(*(found for _, _, found, _ in self._disputes))
        found: dict[int, dict[int, list[Hub]]] = {}
        lives = self._linked_roots()
        for hub in self._hubs.aliases:
            roots = {self._unions.find(at) for at in hub.members if at not in disputed}
            for new in roots - lives:
                for old in roots & lives:
                    found.setdefault(new, {}).setdefault(old, []).append(hub)
        for new, by_old in sorted(found.items()):
            (old, hubs), *more = by_old.items()
            if not more and self._is_one_profile([new, old], hubs):
                self._join([old, new], hubs[0].key)

    def _is_one_profile(self, roots: list[int], hubs: list[Hub]) -> bool:
        """Whether ``roots`` show one slug at most, or several only where one replaced the other."""
        shown = self._slugs_by_root(roots)
        tied = {at for hub in hubs if is_profile(hub.key) for at in hub.members}
        replaced: set[str] = set().union(*(self._slugs(self._entries[at]) for at in tied))
        return len(shown) < 2 or all(slugs <= replaced for slugs in shown.values())

    def _linked_roots(self) -> set[int]:
        return {self._unions.find(entry.at) for entry in self._entries if entry.record.person_id is not None}

    def _slugs(self, entry: Entry) -> set[str]:
        """The slugs that ``entry`` shows; a generic one is nobody's."""
        return entry.slugs - self._hubs.generic

    def _slugs_by_root(self, members: Iterable[int]) -> dict[int, frozenset[str]]:
        """The sets of ``members`` that show a slug, anywhere in them."""
        roots = {self._unions.find(at) for at in members}
        slugs = {root: self._unions.marks(root) for root in sorted(roots)}
        return {root: shown for root, shown in slugs.items() if shown}

    def _dispute_profiles(self, reason: str, slugs: dict[int, frozenset[str]], members: Iterable[int]) -> None:
        keys = tuple(sorted(frozenset().union(*slugs.values())))
        self._disputes.append((self._findings.conflicts, reason, set(members), keys))

    def _note_disputes(self, people: list[list[int]]) -> None:
        """What was in dispute, by the sides that it ended on; nothing when it ended on one."""
        seen: set[tuple[str, tuple[tuple[int, ...], ...]]] = set()
        side_of = {at: number for number, part in enumerate(people) for at in part}
        for where, reason, disputed, keys in self._disputes:
            sides: dict[int, list[int]] = {}
            for at in sorted(disputed):
                sides.setdefault(side_of[at], []).append(at)
            shape = (reason, tuple(map(tuple, sides.values())))
            if len(sides) > 1 and shape not in seen:
                seen.add(shape)
                self._note(where, reason, list(sides.values()), keys)

    def _note(self, where: list[Apart], reason: str, sides: list[list[int]], keys: tuple[str, ...]) -> None:
        where.append(Apart(reason=reason, sides=tuple(tuple(map(self._rid, side)) for side in sides), keys=keys))
        refs = [self._entries[side[0]].record.ref for side in sides]
        self._suspect(refs, reason)

    def _suspect(self, sides: list[RecordRef], reason: str) -> None:
        """``sides``: a record of each."""
        self._findings.suspicions += [
            Suspicion(records=pair, score=DISPUTED, reason=reason) for pair in every_two(sides)
        ]

    def _rid(self, at: int) -> int:
        return self._entries[at].record.rid
