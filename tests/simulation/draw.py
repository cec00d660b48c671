"""Everything a seed decides before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

PROVIDERS = ("topo", "apollo", "datananas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What others do in a cycle: before it, once it is ``planned``, or at a request that begins with ``match``.

    ``skip``: how many such requests pass before; ``applied``: when the provider has worked on it.
    """

    cycle: int
    acts: tuple[str, ...]
    planned: bool = False
    match: str = ""
    skip: int = 0
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A fault that strikes one request of a cycle: the first that begins with ``match`` after ``skip`` others.

    ``planned``: only once the cycle is planned.
    """

    cycle: int
    match: str
    kind: str
    planned: bool = False
    skip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One schedule. ``acts``: gate ordinal → what somebody else does then. ``kills``: where the process dies.

    A kill is ``("commit", n)``: at the n-th half of a commit, or ``("gate", n)``: when the n-th gate opens.
    ``quiet``: how many cycles must send nothing at the end. ``clean``: nothing is disturbed at all.
    ``tight``: the guards are low and nothing is allowed in the first cycle; ``unasked``: nor in these.
    ``theme``, ``cues``, ``aims``: what the seed is about. ``places``, ``crowd``: where people's records stand, and
    what they have in common. ``refused``: whose rows Datananas leaves out without a word. ``changing``: the
    configuration is changed on the way.
    """

    seed: int
    people: int
    clean: bool
    faults: int
    wide: bool
    cycles: int
    pauses: tuple[float, ...]
    switches: dict[str, dict[str, Any]]
    settings: dict[str, dict[str, Any]]
    sections: dict[str, dict[str, Any]]
    acts: dict[int, str] = field(default_factory=dict)
    kills: tuple[tuple[str, int], ...] = ()
    jumps: float = 0.0
    skews: dict[int, float] = field(default_factory=dict)
    dry_first: bool = False
    tight: bool = False
    export: bool = False
    quiet: int = 1
    theme: str = ""
    unasked: tuple[int, ...] = ()
    cues: tuple[Cue, ...] = ()
    aims: tuple[Aim, ...] = ()
    places: tuple[str, ...] = PROVIDERS
    crowd: str = "mixed"
    refused: str = ""
    changing: bool = False


ACTS = ("edit", "edit", "edit", "edit", "same-edit", "delete", "opt-out", "unsubscribe", "add", "email", "blank")


def draw(seed: int) -> Draw:
    """The schedule of ``seed``."""
    random = Random(f"draw {seed}")
    clean = random.random() < 0.2
    cycles = random.randint(1, 3)
    acts = {} if clean else {random.randint(1, 220): random.choice(ACTS) for _ in range(random.randint(0, 8))}
    kills = () if clean or random.random() < 0.6 else tuple(_kill(random) for _ in range(random.randint(1, 2)))
    switches = {"topo": _topo(random), "apollo": _apollo(random), "datananas": _datananas(random)}
    settings: dict[str, dict[str, Any]] = {"topo": {}, "apollo": {}, "datananas": {}}
    if random.random() < 0.3:
        settings["topo"]["page_size"] = random.choice((2, 5, 10))
    if random.random() < 0.3:
        settings["apollo"]["page_size"] = random.choice((2, 5, 10))
    if random.random() < 0.3:
        settings["apollo"]["opt_out_stage_id"] = "609500000000000000000099"
        settings["apollo"]["opt_out_stages"] = ["609500000000000000000099"]
    if random.random() < 0.3:
        settings["datananas"]["batch_size"] = random.choice((1, 3))
    if Random(f"pace {seed}").random() < 0.1:
        settings["topo"]["requests_per_second"] = 0.05  # a cycle takes minutes, in which others go on
    tight = random.random() < 0.1
    return Draw(
        seed=seed,
        people=random.choice((3, 4, 5, 6, 8, 12)) if random.random() < 0.95 else random.randint(20, 40),
        clean=clean,
        faults=0 if clean else random.choice((0, 1, 1, 2, 2, 3, 4, 6, 8)),
        wide=random.random() < 0.05,
        cycles=cycles,
        pauses=tuple(random.choice((1.0, 60.0, 900.0, 3600.0)) for _ in range(cycles)),
        switches=switches,
        settings=settings,
        sections=_sections(random, tight=tight),
        acts=acts,
        kills=kills,
        jumps=0.0 if clean or random.random() < 0.8 else 0.01,
        skews={}
        if clean or random.random() < 0.92
        else {random.randint(20, 200): random.choice((-3600.0, -60.0, 60.0))},
        dry_first=random.random() < 0.1,
        tight=tight,
        export=random.random() < 0.3,
        quiet=3 if random.random() < 0.2 else 1,
    )


def _kill(random: Random) -> tuple[str, int]:
    return ("commit", random.randint(1, 120)) if random.random() < 0.7 else ("gate", random.randint(1, 200))


def _sections(random: Random, *, tight: bool) -> dict[str, dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {"sync": {}, "merge": {}}
    if random.random() < 0.3:
        sections["merge"]["priority"] = random.sample(PROVIDERS, 3)
    if random.random() < 0.15:
        sections["merge"]["blanks"] = "explicit"
    if tight:
        limit = {"share": 0.1, "floor": 1}
        sections["guards"] = {"create": limit, "update": limit, "blank": limit, "merge": limit}
    return sections


def _some(random: Random, share: float, **choices: tuple[Any, ...]) -> dict[str, Any]:
    """Some of the switches in a position of their own; the others stay as they are."""
    return {name: random.choice(values) for name, values in choices.items() if random.random() < share}


def _topo(random: Random) -> dict[str, Any]:
    return _some(
        random,
        0.2,
        entry_match=("insert", "email", "linkedin_url", "list_email"),
        atomic=(True,),
        status_field=("outcome", "", "result"),
        index_base=(1,),
        timestamp_grain=("s", "ms"),
        stores_finer=(True,),
        tie_order=("insertion", "reverse", "random"),
        index_lag_s=(5.0, 120.0, 600.0),
        duplicate_exclusion=("second_row", "existing"),
        expired_exclusions_listed=(False,),
        exclusion_case=(False,),
        resolve=("after_reads=3", "seconds=30", "seconds=1500", "never"),
        entry_updates_contact=(False,),
        patch_touches=(False,),
        edits_touch=(True,),
        default_sequence=("5e9ce000-0000-4000-8000-000000000001",) if random.random() < 0.2 else (None,),
        rate_limit_every=(17,) if random.random() < 0.2 else (0,),
    )


def _apollo(random: Random) -> dict[str, Any]:
    return _some(
        random,
        0.2,
        shuffle=(True,),
        search_lag_s=(5.0, 120.0, 600.0),
        capped_total=(True,),
        bulk_update_atomic=(True,),
        patch_empty=("ignored",),
        window_headers=("daily", "none"),
        normalise_phones=(False,),
        label_matches=(True,),
        windows=((200, 400, 2000),),
    ) | {"windows": (200, 4000, 20000)}


def _datananas(random: Random) -> dict[str, Any]:
    return _some(
        random,
        0.2,
        status=(201, 202, 204),
        body_empty=(True,),
        uuid_in_answer=(True,),
        match_key=("email", "both"),
        resets_defaults=(True,),
        empties=("ignore", "blank"),
        envelope=("event-payload", "name-args", "flat", "array", "socket.io", "short"),
        starting=("before", "after", "never"),
        ending=("before", "after"),
        running_base=(0,),
        running_every=(3,),
        drop_running=(True,),
        duplicate=(True,),
        shuffle=(True,),
        foreign=(4,),
        foreign_same_list=(False, True),
        foreign_first=(False,),
        second_ending=(True,),
        bad_totals=("too-many", "negative", "text"),
        replay=(True,),
        work_s=(0.5, 30.0),
    )
