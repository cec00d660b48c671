"""Other people at work in the providers while the engine runs: they edit, delete, add and say no."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.topo.exchange import SCOPES
from sync.contact import Contact
from sync.record import RecordRef
from tests.simulation.desk import answer, undo_a_split
from tests.simulation.office import change_policy, change_scope, restore_scope
from tests.simulation.people import DOMAINS, slug_of
from tests.simulation.witness import Edit, Gone, No

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.simulation.scene import Scene


OF_OUR_SIDE: dict[str, Callable[[Scene, Random], None]] = {
    "answer": answer, "split-and-join": undo_a_split, "scope": change_scope, "scope-back": restore_scope,
    "policy": change_policy,
}  # fmt: skip
"""What is done by those who run the engine."""
OF_THEMES = OF_OUR_SIDE.keys() | {
    "sequence", "no-sequence", "narrow-key", "whole-key", "join", "newcomer", "remove-first", "write-back",
    "clear", "other-keys",
}  # fmt: skip


class Others:
    """Everybody who is not us."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._witness = scene.witness

    def act(self, act: str, random: Random) -> None:
        """One of ``draw.ACTS`` or of a theme's own, to a record drawn from those that are there.

        ``act@provider``: to one at that provider.
        """
        self._scene.loop.note(f"* {act}")
        act, _, place = act.partition("@")
        if act == "add":
            self._add(random, place)
            return
        rows = [row for row in self._rows() if not place or row[0] == place]
        if act in OF_THEMES:
            self._act_of_theme(act, rows, random)
            return
        if not rows:
            return
        provider, record_id, row = rows[random.randrange(len(rows))]
        if act in {"edit", "same-edit", "blank"}:
            self._edit(act, provider, record_id, random)
        elif act == "delete" and provider != "datananas":
            self._delete(provider, record_id)
        elif act == "email" and provider != "datananas":
            self._email(provider, record_id, row, random)
        elif act in {"opt-out", "unsubscribe"}:
            self._say_no(act, provider, record_id, row)

    def _act_of_theme(self, act: str, rows: list[tuple[str, str, dict[str, Any]]], random: Random) -> None:
        topo = self._scene.boxes["topo"]
        if act == "sequence":
            topo.lists[topo.list_id]["default_sequence_template_id"] = "5e9ce000-0000-4000-8000-000000000001"
            self._scene.sequence_in = min(self._scene.sequence_in, self._scene.cycle + self._scene.planned)
        elif act == "no-sequence":
            topo.lists[topo.list_id]["default_sequence_template_id"] = None
        elif act in {"narrow-key", "whole-key"}:
            kept = SCOPES if act == "whole-key" else [s for s in SCOPES if not s.endswith(":write")]
            topo.switches = replace(topo.switches, scopes=tuple(kept))
        elif act in OF_OUR_SIDE:
            OF_OUR_SIDE[act](self._scene, random)
        elif act == "newcomer":
            self._newcomer()
        elif act == "remove-first":
            self._delete("topo", min(topo.rows, key=lambda row: (row["first_seen_at"], row["id"]))["id"])
        elif act == "other-keys":
            self._other_keys(rows, random)
        elif act == "clear":
            self._scene.emptied_in = self._scene.cycle
            for provider, record_id, _ in rows:
                self._delete(provider, record_id)
        elif act == "join":
            for provider, record_id, row in rows:
                url = f"https://www.linkedin.com/in/{slug_of(self._who(provider, record_id))}"
                if not (row.get("linkedin_url") or row.get("linkedin")):
                    self._scene.actors[provider].edit(record_id, {"linkedin_url": url})
        else:
            for provider, record_id, row in rows:
                own = self._scene.insisted.setdefault(record_id, f"{self._who(provider, record_id)}|title|tool")
                if row.get("title") != own:
                    self._scene.actors[provider].edit(record_id, {"job_title": own})

    def _newcomer(self) -> None:
        """Somebody new is entered at Apollo."""
        who = f"zoe{len(set(self._witness.by_key.values()))}"
        contact = Contact(
            first_name=who.title(), last_name="Entered", emails=(f"{who}@{DOMAINS[0]}",),
            linkedin_url=f"https://www.linkedin.com/in/{slug_of(who)}", job_title=f"{who}|title|added",
        )  # fmt: skip
        record_id = self._scene.actors["apollo"].create(contact)
        self._witness.know(who, email=contact.email, profile=contact.linkedin_url)
        self._witness.of_record["apollo", record_id] = who

    def _rows(self) -> list[tuple[str, str, dict[str, Any]]]:
        found = []
        for provider, box in sorted(self._scene.boxes.items()):
            for row in box.rows:
                record_id = str(row.get("id") or row.get("_id"))
                if self._witness.identify(provider, row) is not None:
                    found.append((provider, record_id, row))
        return found

    def _who(self, provider: str, record_id: str) -> str:
        row = next(r for p, i, r in self._rows() if (p, i) == (provider, record_id))
        who = self._witness.identify(provider, row)
        assert who is not None
        return who

    def _edit(self, act: str, provider: str, record_id: str, random: Random) -> None:
        who, name = self._who(provider, record_id), random.choice(("job_title", "company_name"))
        serial = len(self._witness.edits) + 1
        value = f"{who}|{name}|agreed" if act == "same-edit" else f"{who}|{name}|edit-{serial}"
        if act == "blank":
            value = ""
            self._scene.others_blanked = True
        self._scene.actors[provider].edit(record_id, {name: value})
        edit = Edit(
            who=who, provider=provider, record_id=record_id, name=name, value=value, at=self._scene.loop.time()
        )
        self._witness.edits.append(edit)
        self._scene.loop.note(f"* {provider}:{record_id} {name} = {value!r}")

    def _email(self, provider: str, record_id: str, row: dict[str, Any], random: Random) -> None:
        if not self._is_kept(provider, record_id):
            return  # nobody could know any more whose record it was
        who = self._who(provider, record_id)
        email = f"{who}.new{len(self._witness.by_key)}@{random.choice(DOMAINS)}"
        self._witness.of_record[provider, record_id] = who
        self._witness.know(who, email=email)
        if provider == "apollo":
            self._scene.boxes["apollo"].edit(
                record_id, email=email, contact_emails=[{"email": email, "position": 0, "email_status": None}]
            )
        else:
            self._scene.actors[provider].edit(record_id, {"emails": email})
        self._scene.loop.note(f"* {provider}:{record_id} email = {email}")

    def _other_keys(self, rows: list[tuple[str, str, dict[str, Any]]], random: Random) -> None:
        """Somebody's records, where several can be read, show an address, a profile and a family name each."""
        of: dict[str, list[tuple[str, str]]] = {}
        for provider, record_id, _ in rows:
            if provider != "datananas":
                of.setdefault(self._who(provider, record_id), []).append((provider, record_id))
        several = sorted(who for who, own in of.items() if len(own) > 1 and self._is_one(own))
        if not several:
            return
        who = random.choice(several)
        self._witness.divided.setdefault(who, self._scene.loop.time())
        for number, (provider, record_id) in enumerate(of[who]):
            name = f"{who}-{provider}-{len(self._witness.by_key)}"
            email, url = f"{name}@{DOMAINS[number % 3]}", f"https://www.linkedin.com/in/{slug_of(name)}"
            self._witness.of_record[provider, record_id] = who
            self._witness.know(who, email=email, profile=url)
            if provider == "apollo":
                self._scene.boxes["apollo"].edit(record_id, contact_emails=[])
            shows = {"emails": email, "linkedin_url": url, "last_name": provider.title() * 2}
            self._scene.actors[provider].edit(record_id, shows)
            self._scene.loop.note(f"* {provider}:{record_id} is {name}")

    def _delete(self, provider: str, record_id: str) -> None:
        who = self._who(provider, record_id)
        self._scene.boxes[provider].remove(record_id)
        known = self._is_kept(provider, record_id)
        self._witness.gone.append(
            Gone(who=who, provider=provider, record_id=record_id, at=self._scene.loop.time(), known=known)
        )
        self._scene.loop.note(f"* {provider}:{record_id} deleted")

    def _is_kept(self, provider: str, record_id: str) -> bool:
        """Whether the engine has the record, tied to a person; what it read and lost by dying does not count."""
        assert self._scene.store is not None
        return self._scene.store.person_of(RecordRef(provider, record_id)) is not None

    def _is_one(self, records: Sequence[tuple[str, str]]) -> bool:
        """Whether those records are known, and one person's."""
        assert self._scene.store is not None
        owners = {self._scene.store.person_of(RecordRef(*record)) for record in records}
        return len(owners) == 1 and None not in owners

    def _add(self, random: Random, place: str) -> None:
        """Somebody known elsewhere, or somebody new, is entered by hand; ``place``: ``""`` = anywhere."""
        anywhere = random.choice(("topo", "apollo"))
        provider = place or anywhere
        people = sorted(set(self._witness.by_key.values()))
        who = random.choice(people) if random.random() < 0.7 else f"zoe{len(people)}"
        email = f"{who}@{DOMAINS[len(people) % 3]}"
        known = next(
            (
                k.removeprefix("email:")
                for k, w in sorted(self._witness.by_key.items())
                if w == who and k.startswith("email:")
            ),
            email,
        )
        contact = Contact(
            first_name=who.rstrip("0123456789").title(), last_name="Entered", emails=(known,),
            linkedin_url=f"https://www.linkedin.com/in/{slug_of(who)}", job_title=f"{who}|title|added",
        )  # fmt: skip
        same = next((r for p, i, r in self._rows() if self._witness.identify(p, r) == who), None)
        if same is not None:
            last = same.get("last_name") or same.get("lastName")
            contact = replace(contact, last_name=last)
        record_id = self._scene.actors[provider].create(contact)
        self._witness.know(who, email=known, profile=contact.linkedin_url)
        self._witness.of_record[provider, record_id] = who
        self._scene.loop.note(f"* {provider}:{record_id} added by hand")

    def _say_no(self, act: str, provider: str, record_id: str, row: dict[str, Any]) -> None:
        who = self._who(provider, record_id)
        if provider == "apollo" and act == "unsubscribe":
            self._scene.boxes["apollo"].edit(record_id, email_unsubscribed=True)
            place = "apollo"
        else:
            email, url = row.get("email"), row.get("linkedin_url") or row.get("linkedin")
            if not (email or url):
                return
            self._scene.boxes["topo"].add_exclusion(email=email, linkedin_url=url, reason="UNSUBSCRIBED")
            place = "topo"
        self._witness.noes.append(No(who=who, provider=place, record_id=record_id, at=self._scene.loop.time()))
        self._scene.loop.note(f"* {who} says no at {place}")
