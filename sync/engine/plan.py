"""Planning and guarding a whole cycle: what changes where, and whether it may."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync import guards
from sync.change import CHANGE, ManualAction
from sync.codes import StateReason
from sync.engine.attention import provider_set, reads_late, targets_since
from sync.engine.doubts import doubts
from sync.engine.erasing import still_theirs
from sync.engine.met_before import perhaps_left, place_of, pushed, refused, tried, unsure
from sync.engine.named import find_people
from sync.engine.people import chunks
from sync.engine.recognising import left_in_doubt
from sync.engine.resolve import as_repeat
from sync.garbage import uncollected
from sync.guards import Facts, GuardPolicy, Limit
from sync.identity import email_key
from sync.optouts import effect_of, in_force
from sync.planning import ONLY_BY_HAND, Side, World, plan_person
from sync.planning.opt_outs import keys_of_person, plan_opt_outs
from sync.planning.scope import Scope
from sync.plans import MAKE_ANOTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sync.change import CannotExpress, Operation
    from sync.config import ProviderSettings
    from sync.contact import Value
    from sync.engine.session import Seat, Session
    from sync.optouts import Effect
    from sync.person import Person
    from sync.planning import PersonPlan
    from sync.record import RecordRef

ONLY_NOBODY = (
    "--only names nobody known here, so nothing was planned; "
    "a KEY is an email, a LinkedIn URL, a person's id or provider:id"
)


def scope_of(settings: ProviderSettings) -> Scope:
    """The provider's switches in canonical names."""
    return Scope(
        write=settings.write,
        create=settings.create,
        update=settings.update,
        create_from=frozenset(settings.create_from),
        require=frozenset(settings.require),
        ignore_fields=frozenset(settings.ignore_fields),
        countries=frozenset(settings.filter.countries),
        company_domains=frozenset(settings.filter.company_domains),
        exclude_domains=frozenset(settings.filter.exclude_domains),
    )


def side_of(seat: Seat, target_since: datetime | None = None) -> Side:
    """The provider as the planner sees it."""
    return Side(
        name=seat.name,
        capabilities=seat.provider.capabilities,
        scope=scope_of(seat.settings),
        swept=seat.state.swept_at is not None,
        target=seat.target,
        target_since=target_since,
    )


@uncollected()
def plan_all(session: Session) -> list[str]:
    """Every dirty person is planned; returns the ids of those about whom nothing waits afterwards."""
    ids = session.store.dirty_people()
    if session.only_key is not None:
        wanted = find_people(session.store, session.only_key)
        if not wanted:
            session.notes.append(ONLY_NOBODY)
        ids = sorted(wanted & set(ids))
    if session.only_people is not None:
        ids = sorted(session.only_people & set(ids))
    session.planned_people = ids
    return _Planner(session, ids).plan(ids) if ids else []


class _Planner:
    """Plans all people of one cycle, one after another in the order of their ids."""

    def __init__(self, session: Session, ids: list[str]) -> None:
        self._session = session
        suspected = session.store.suspected_people(ids)
        self._records = session.store.places(suspected)
        self._places = {person: set(where) for person, where in self._records.items()}
        self._shared: set[str] = set()
        self._doubts: dict[str, Effect] = {}
        self._in_doubt = left_in_doubt(session)
        self._perhaps: dict[RecordRef, dict[str, tuple[Value, ...]]] = {}
        self._world = _world(session, suspected, self._places, self._shared, self._doubts, self._perhaps)
        self._pushed = pushed(session)
        blocked = session.store.standing(("blocked",))
        self._told = {(o.person_id, o.provider, o.kind, o.reason) for o in blocked}
        self._unsure = unsure(session)
        self._cannot: list[tuple[CannotExpress, str]] = []
        self._manual: list[ManualAction] = []
        self._asked: dict[str, list[ManualAction]] = {}
        for action in session.store.manual_actions():
            if action.action.startswith(CHANGE):
                self._asked.setdefault(action.person_id, []).append(action)
        self._moot: list[ManualAction] = []
        self._knows_mailboxes = False

    def plan(self, ids: list[str]) -> list[str]:
        session = self._session
        quiet = []
        for people in chunks(session, ids):
            self._shared |= session.store.shared_keys([p.id for p in people]) | still_theirs(session, people)
            self._doubts.update(doubts(session, people, self._world.suspected))
            self._perhaps.update(perhaps_left(session, people, self._in_doubt))
            if not self._knows_mailboxes and any(map(_shows_no_key, people)):
                self._shared |= session.store.shared_mailboxes()
                self._knows_mailboxes = True
            quiet += [person.id for person in people if self._plan(person)]
        fresh = session.store.note_cannot_express(self._cannot, at=self._world.now)
        session.cannot_express += fresh
        # of a wish that is new or changed, what was done by hand was another one
        anew = [
            ManualAction(person_id=wish.person_id, provider=wish.provider, action=CHANGE + wish.field)
            for wish in fresh
            if wish.reason in ONLY_BY_HAND
        ]
        session.store.withdraw_manual_actions([*self._moot, *anew])
        session.store.note_manual_actions(self._manual, at=self._world.now)
        return quiet

    def _plan(self, person: Person) -> bool:
        """Plans one person; tells whether nothing waits about them."""
        session, world = self._session, self._world
        entries = session.opt_outs.entries(keys_of_person(person))
        effect = effect_of(e.reason for e in entries if in_force(e, world.now))
        plan = plan_person(person, effect, world)
        opt_outs = plan_opt_outs(
            person, entries, session.opt_outs, world.sides, now=world.now, pushed=self._pushed, new_id=world.new_id
        )
        operations = (*opt_outs.operations, *plan.operations)
        self._keep(operations)
        self._cannot += plan.cannot_express
        self._manual += (*plan.manual_actions, *opt_outs.manual_actions)
        self._moot += self._no_longer_wished(person, plan)
        session.refused_before += plan.refused_before
        doubted = any(
            o.reason == StateReason.SUSPECTED_DUPLICATE and (person.id in world.doubts or not self._is_there(o))
            for o in operations
        )
        if plan.waits or doubted or reads_late(session, person):
            session.unsettled_people.add(person.id)
            return False
        return all(o.state == "blocked" for o in operations)

    def _no_longer_wished(self, person: Person, plan: PersonPlan) -> list[ManualAction]:
        """Changes asked for by hand that the plan does without; a provider that is not planned for may need them
        still, and a field in dispute as well.
        """
        planned = {side.name for side in self._world.sides}
        held = {conflict.field for conflict in person.conflicts} | person.frozen
        return [
            asked
            for asked in self._asked.get(person.id, ())
            if asked.provider in planned
            and asked.action.removeprefix(CHANGE) not in held
            and asked not in plan.manual_actions
        ]

    def _is_there(self, blocked: Operation) -> bool:
        """Whether a record of who may be one with them forbids it.

        What else does is somebody else's opt-out or create, whose end nothing about this person tells.
        """
        others = self._world.suspected.get(blocked.person_id, frozenset())
        return any(blocked.provider in self._records.get(other, ()) for other in others)

    def _keep(self, operations: Iterable[Operation]) -> None:
        """The operations belong to this run; one blocked as before is kept but not told again.

        Whoever is to be created somewhere has, for the people planned after them, a place there.
        """
        session = self._session
        for planned in operations:
            operation = as_repeat(planned) if planned.effects and place_of(planned) in self._unsure else planned
            session.operations[operation.id] = replace(operation, run_id=session.run_id)
            place = (operation.person_id, operation.provider, operation.kind, operation.reason)
            if operation.state == "blocked" and place in self._told:
                session.told_before.add(operation.id)
            if operation.kind == "create" and operation.state == "planned":
                self._places.setdefault(operation.person_id, set()).add(operation.provider)


def _shows_no_key(person: Person) -> bool:
    """Whether the person has an address that joins nobody."""
    return any(email_key(email) is None for m in person.members for email in m.record.contact.emails)


def _world(
    session: Session,
    suspected: Mapping[str, frozenset[str]],
    places: dict[str, set[str]],
    shared_keys: set[str],
    doubted: dict[str, Effect],
    perhaps: dict[RecordRef, dict[str, tuple[Value, ...]]],
) -> World:
    """The world the planner sees; all but ``suspected`` go on growing while it plans."""
    creates = session.store.open_creates()
    for person_id, provider in creates:
        if person_id in suspected:
            places.setdefault(person_id, set()).update(_places_of_create(session, provider))
    since = targets_since(session)
    sides = tuple(side_of(s, since.get(s.name)) for s in session.seats.values() if s.active and s.up)
    return World(
        sides=tuple(sorted(sides, key=lambda s: s.name)),
        now=session.clock.now(),
        new_id=session.clock.new_id,
        suspected=suspected,
        places=MappingProxyType(places),
        doubts=MappingProxyType(doubted),
        shared_keys=shared_keys,
        open_creates=frozenset(creates),
        refused=MappingProxyType(refused(session)),
        tried=MappingProxyType(tried(session)),
        perhaps=MappingProxyType(perhaps),
        optouts_readable=session.optouts_readable,
        blanks=session.settings.merge.blanks == "explicit",
        region=session.settings.sync.default_region,
    )


def _places_of_create(session: Session, provider: str) -> Iterable[str]:
    """Where an open create at ``provider`` takes a place: everywhere, if its record may come to be later, for then
    who may be the same person is perhaps that very record.
    """
    seat = session.seats.get(provider)
    later = seat is not None and seat.provider.capabilities.resolves_later
    return session.seats if later else (provider,)


def as_reviewed(session: Session) -> bool:
    """Whether what is planned is the saved plan that is to be carried out, where there is one."""
    plan = session.options.plan
    if plan is None:
        return True
    gone, new = plan.differs(session.operations.values(), session.store.keyed_hash)
    if not gone and not new:
        return True
    away = sorted({wish.provider for wish in plan.wishes} & {s.name for s in session.seats.values() if not s.up})
    session.stale = not away
    why = (
        f"{' and '.join(away)} did not answer as it should, so the plan cannot be compared with what stands there."
        if away
        else f"The plan is stale: of its changes {gone} would not be sent any more, and {new} others would be."
    )
    session.notes.append(f"{why} Nothing was sent; {MAKE_ANOTHER}.")
    return False


def stop_or_go(session: Session) -> bool:
    """Whether the guards let the plan through; what stops it is in the report, with the words to type.

    A verification compares, however much it finds.
    """
    if session.options.mode == "verify":
        return True
    settings = session.settings.guards
    policy = GuardPolicy(
        create=Limit(settings.create.share, settings.create.floor),
        update=Limit(settings.update.share, settings.update.floor),
        blank=Limit(settings.blank.share, settings.blank.floor),
        merge=Limit(settings.merge.share, settings.merge.floor),
    )
    planned = {o.provider for o in session.operations.values() if o.state == "planned"}
    facts = Facts(
        known=MappingProxyType({name: session.store.people_at(name) for name in planned}),
        people=session.store.people_count() if session.merges or session.lost_database else 0,
        merges=MappingProxyType(session.merges),
        vanished=MappingProxyType({s.name: s.vanished for s in session.seats.values() if s.vanished}),
        changed_config=MappingProxyType(
            {
                s.name: (s.fingerprint, s.changed_config)
                for s in session.seats.values()
                if s.changed_config is not None
            }
        ),
    )
    facts = replace(facts, lost_database=session.lost_database, other_host=session.other_host)
    known_set = session.store.provider_state(guards.EVERY).fingerprint
    if known_set is not None and known_set != provider_set(session):
        change = (provider_set(session), "the set of configured providers changed since the last run")
        facts = replace(facts, changed_config=MappingProxyType({**facts.changed_config, guards.EVERY: change}))
    session.guards = guards.check(session.operations.values(), facts, policy, session.options.allowances)
    return not session.guards
