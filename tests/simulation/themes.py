"""Themes: a seed of a theme makes one kind of situation likely, with otherwise drawn details.

The n-th theme has the ``EACH`` seeds from ``FIRST + n * EACH`` on; all other seeds are as ``draw`` makes them. A
new theme goes to the end of the table, so that what a seed once showed can be seen again.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.draw import Aim, Cue, Draw, draw

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = 1_000_000
EACH = 10_000
SETTLED_S = 1000.0
"""Longer than `[sync] settle`."""

NEWEST_AT_TOPO = "topo GET /contacts?page=1&size=100&sort_by=last_seen_at&sort_order=desc"
OPT_OUT_STAGE = "609500000000000000000099"
NEWEST_NOES = "topo GET /contact-exclusions?page=1&size=100&sort_by=created_at&sort_order=desc"
ALL_NOES = "topo GET /contact-exclusions?page=1&size=100&sort_by=created_at&sort_order=asc"
SEARCH = "apollo POST /contacts/search"
ENTRIES = "topo POST /contact-entries"
BULK = "datananas POST /contacts/bulk"


def plan_of(seed: int) -> Draw:
    """The seed's schedule, with its theme if it has one."""
    drawn = draw(seed)
    place = (seed - FIRST) // EACH
    if not 0 <= place < len(THEMES):
        return drawn
    name = list(THEMES)[place]
    random = Random(f"theme {seed}")
    return replace(THEMES[name](random, _calm(random, drawn)), theme=name)


def seeds_of(theme: str) -> range:
    """The theme's seeds."""
    first = FIRST + list(THEMES).index(theme) * EACH
    return range(first, first + EACH)


def _calm(random: Random, drawn: Draw) -> Draw:
    """A small schedule in which nothing happens yet; a part of the providers' peculiarities stays."""
    peculiar = drawn.switches if random.random() < 0.3 else {name: {} for name in drawn.switches}
    return replace(
        drawn,
        people=random.randint(3, 6),
        clean=False,
        faults=0,
        wide=False,
        cycles=2,
        pauses=(60.0, 60.0),
        switches={name: dict(own) for name, own in peculiar.items()},
        settings={name: {} for name in drawn.settings},
        sections={"sync": {}, "merge": {}},
        acts={},
        kills=(),
        jumps=0.0,
        skews={},
        dry_first=False,
        tight=False,
        export=False,
        quiet=1,
        crowd="whole",
    )


def _with(plan: Draw, provider: str, **switches: Any) -> Draw:
    """The plan with these switches of a provider; lags and slow entries that were drawn beside them are off."""
    own = {n: v for n, v in plan.switches[provider].items() if n not in {"index_lag_s", "search_lag_s", "resolve"}}
    return replace(plan, switches=plan.switches | {provider: own | switches})


def _prompt(plan: Draw) -> Draw:
    """The plan with nothing that comes to show late."""
    return _with(_with(plan, "topo", index_lag_s=0.0), "apollo", search_lag_s=0.0)


def _set(plan: Draw, provider: str, **settings: Any) -> Draw:
    return replace(plan, settings=plan.settings | {provider: plan.settings[provider] | settings})


def _cycles(plan: Draw, *pauses: float) -> Draw:
    return replace(plan, cycles=len(pauses), pauses=pauses)


def _times(random: Random, act: str, least: int, most: int) -> tuple[str, ...]:
    return (act,) * random.randint(least, most)


def _late_create(random: Random, plan: Draw) -> Draw:
    """A create whose answer is lost arrives minutes later, while the next cycles already run."""
    plan = _with(plan, "topo", contact_unique="none", entry_match="insert", index_lag_s=0.0)
    plan = _set(plan, "topo", update_by_entry="never")
    aims = (Aim(cycle=1, match=ENTRIES, kind="late"),)
    return _cycles(replace(plan, places=("apollo",), aims=aims), 1.0, random.choice((30.0, 60.0)), 60.0)


def _asked_to_wait(random: Random, plan: Draw) -> Draw:
    """A provider asks to be left alone for longer than a cycle waits, and the next cycles come soon."""
    wait = random.choice(("130", "900", "15733", "date"))
    match = random.choice(("topo GET /contacts?", NEWEST_AT_TOPO, ENTRIES, "apollo POST /contacts/"))
    aims = (Aim(cycle=1, match=match, kind=f"429={wait}", planned=match == NEWEST_AT_TOPO),)
    return _cycles(replace(plan, places=("apollo",), aims=aims), 1.0, 30.0, 60.0)


def _no_while_waiting(random: Random, plan: Draw) -> Draw:
    """Somebody says no while a write waits because it was asked to."""
    aims = (Aim(cycle=1, match=ENTRIES, kind=f"429={random.choice(('90', '110', '75'))}"),)
    cues = (Cue(cycle=1, match=ENTRIES, acts=_times(random, "opt-out@apollo", 2, 3)),)
    plan = _with(plan, "topo", rate_limit_every=0)
    return replace(plan, places=("apollo",), aims=aims, cues=cues)


def _no_while_looking(random: Random, plan: Draw) -> Draw:
    """Somebody says no right after the plan was made, and the look before the write takes more than a minute."""
    aims = (Aim(cycle=1, match=NEWEST_AT_TOPO, kind=random.choice(("stall", "429=90", "429=75")), planned=True),)
    cues = (Cue(cycle=1, acts=_times(random, "opt-out@apollo", 2, 3), planned=True),)
    plan = _with(plan, "topo", rate_limit_every=0)
    return replace(plan, places=("apollo",), aims=aims, cues=cues)


def _sequence_meanwhile(random: Random, plan: Draw) -> Draw:
    """The target list gets a default sequence between the plan and the write."""
    cues = (
        Cue(cycle=random.choice((1, 1, 2)), acts=("sequence",), planned=True),
        Cue(cycle=2, acts=_times(random, "newcomer@apollo", 1, 2)),
    )
    return replace(_with(plan, "topo", default_sequence=None), places=("apollo",), cues=cues)


def _sequence_before(random: Random, plan: Draw) -> Draw:
    """The target list has a default sequence when people are to be created there."""
    cues = (Cue(cycle=2, acts=("sequence", *_times(random, "newcomer@apollo", 1, 3), "edit@apollo")),)
    return replace(_with(plan, "topo", default_sequence=None), cues=cues)


def _apart(random: Random, plan: Draw) -> Draw:
    """Records of one person that share no key and look alike; later they come to share one."""
    cues = (Cue(cycle=2, acts=("join",)),) if random.random() < 0.7 else ()
    limit = {"share": 0.1, "floor": 1}
    sections = plan.sections | {"guards": {"merge": limit}}
    plan = replace(plan, places=("topo", "apollo"), crowd="apart", cues=cues, sections=sections)
    plan = _prompt(plan)
    return replace(plan, unasked=(2,))


def _profiles(random: Random, plan: Draw) -> Draw:
    """People without an address, whom a provider that goes by addresses cannot recognise."""
    plan = _with(plan, "datananas", match_key="email")
    cues = (Cue(cycle=2, acts=_times(random, "edit@apollo", 2, 4)),)
    aims: tuple[Aim, ...] = ()
    if random.random() < 0.5:
        aims = (Aim(cycle=1, match=BULK, kind=random.choice(("reset-after", "500-done", "stall"))),)
    plan = replace(plan, places=("apollo",), crowd="profiles", cues=cues, aims=aims)
    return _cycles(plan, 3600.0, 60.0, 60.0)


def _short_reads(random: Random, plan: Draw) -> Draw:
    """Every read is a full one, and one of them ends too early or leaves rows out."""
    kind = random.choice(("early-end", "early-end", "bad-row"))
    aims = (Aim(cycle=2, match=SEARCH, kind=kind, skip=random.randint(3, 5)),)
    plan = _set(_with(plan, "apollo", search_lag_s=0.0), "apollo", page_size=2)
    plan = _cycles(plan, SETTLED_S, SETTLED_S)  # whoever was met right before a full read is not judged by it
    sections = plan.sections | {"sync": {"full_sweep_every": "0s"}}
    return replace(plan, people=random.randint(6, 9), aims=aims, sections=sections)


def _moving_pages(random: Random, plan: Draw) -> Draw:
    """Rows are deleted while the pages of a full read are walked."""
    plan = _cycles(_set(_with(plan, "topo", index_lag_s=0.0), "topo", page_size=2), SETTLED_S, SETTLED_S)
    sections = plan.sections | {"sync": {"full_sweep_every": "0s"}}
    match = "topo GET /contacts?page="
    cues = (Cue(cycle=2, match=match, skip=random.randint(2, 4), acts=("remove-first",)),)
    aims = (Aim(cycle=2, match=NEWEST_AT_TOPO, kind="short-page"),)
    return replace(plan, people=random.randint(7, 9), places=("topo",), aims=aims, cues=cues, sections=sections)


def _old_reads(random: Random, plan: Draw) -> Draw:
    """Reads lag, so that after a write they still show what it replaced, while people go on editing."""
    plan = _with(plan, "apollo", search_lag_s=random.choice((120.0, 300.0, 600.0)))
    acts = _times(random, "edit@topo", 2, 5)
    plan = replace(plan, places=("apollo",), cues=(Cue(cycle=2, acts=acts), Cue(cycle=4, acts=acts)))
    return _cycles(plan, 1000.0, 1.0, random.choice((1.0, 60.0)), 60.0, 60.0)


def _edits_meanwhile(random: Random, plan: Draw) -> Draw:
    """What is about to be overwritten is edited between the plan and the write."""
    cues = (
        Cue(cycle=2, acts=_times(random, "edit@topo", 3, 5)),
        Cue(cycle=2, acts=_times(random, "edit@apollo", 3, 5), planned=True),
    )
    plan = _prompt(plan)
    return replace(plan, people=2, places=("topo", "apollo"), crowd="everywhere", cues=cues)


def _ties(random: Random, plan: Draw) -> Draw:
    """Two edits within the second that is the grain of a provider's times, one before and one after a read."""
    plan = _with(plan, "topo", timestamp_grain="s", stores_finer=False, index_lag_s=0.0)
    match = "topo GET /contacts?page=1&size=100&sort_by=last_seen_at&sort_order=asc"
    cues = (
        Cue(cycle=2, match=match, acts=("edit@topo",)),
        Cue(cycle=2, match=match, acts=_times(random, "edit@topo", 1, 3), applied=True),
    )
    sections = plan.sections | {"sync": {"full_sweep_every": "60d"}}
    plan = replace(plan, people=random.randint(4, 6), places=("topo", "apollo"), crowd="everywhere", cues=cues)
    return _cycles(replace(plan, sections=sections), 1000.0, 60.0)


def _strangers(random: Random, plan: Draw) -> Draw:
    """Somebody else imports as many people as we do at the same time, and one of our rows is refused."""
    size = plan.people
    plan = _with(
        plan, "datananas", foreign=size, foreign_first=True, foreign_same_list=random.random() < 0.5,
        uuid_in_answer=True, starting="before", ending="after", drop_running=False, bad_totals="",
        match_key="email", body_empty=False, status=200, work_s=0.002, second_ending=False, replay=False,
    )  # fmt: skip
    return replace(plan, places=("apollo",), refused="ana0")


def _write_back(random: Random, plan: Draw) -> Draw:
    """A tool at one provider puts its own value back whenever somebody changes it."""
    sections = plan.sections | {"merge.fields.job_title": {"owner": "topo"}}
    plan = _prompt(plan)
    cues = tuple(Cue(cycle=n, acts=("write-back@apollo",)) for n in range(2, 8))
    plan = replace(plan, people=2, places=("topo", "apollo"), crowd="everywhere", sections=sections, cues=cues)
    return _cycles(plan, *(random.choice((950.0, 1800.0)) for _ in range(7)))


def _lost_updates(random: Random, plan: Draw) -> Draw:
    """The answers to updates are lost; some of them were applied."""
    kind = random.choice(("reset-before", "reset-after", "502", "503-done", "stall", "never"))
    aims = (Aim(cycle=2, match="apollo POST /contacts/bulk_update", kind=kind),)
    cues = (Cue(cycle=2, acts=_times(random, "edit@topo", 2, 4)),)
    plan = _prompt(plan)
    plan = replace(plan, places=("topo", "apollo"), crowd="everywhere", aims=aims, cues=cues)
    return _cycles(plan, 1000.0, 60.0)


def _no_travels(random: Random, plan: Draw) -> Draw:
    """Somebody says no at one provider while nothing else about them is new, and another can hold it too."""
    cues = (Cue(cycle=2, acts=_times(random, "opt-out@apollo", 1, 3)),)
    plan = _set(plan, "apollo", opt_out_stage_id=OPT_OUT_STAGE, opt_out_stages=[OPT_OUT_STAGE])
    plan = _prompt(plan)
    return _cycles(replace(plan, places=("topo", "apollo"), cues=cues), 1000.0, 60.0)


def _undisturbed(random: Random, plan: Draw) -> Draw:
    """Nothing goes wrong and nothing lags; sometimes a few records are deleted between two cycles."""
    plan = _with(_with(plan, "topo"), "apollo")
    cues = (Cue(cycle=2, acts=_times(random, random.choice(("delete@apollo", "delete@topo")), 1, 2)),)
    clean = random.random() < 0.4
    return _cycles(replace(plan, clean=clean, cues=() if clean else cues), 1000.0, 60.0)


def _news_in_read_back(random: Random, plan: Draw) -> Draw:
    """Records are edited after we wrote to them and before we read back."""
    match = "apollo POST /contacts/bulk_update"
    cues = (
        Cue(cycle=2, acts=_times(random, "edit@topo", 2, 4)),
        Cue(cycle=2, match=match, acts=_times(random, "edit@apollo", 3, 5), applied=True),
    )
    plan = _prompt(plan)
    plan = replace(plan, people=random.randint(2, 3), places=("topo", "apollo"), crowd="everywhere", cues=cues)
    return _cycles(plan, 1000.0, 60.0)


def _never_shows(random: Random, plan: Draw) -> Draw:
    """A provider takes entries for contacts that are there, and shows nothing of them."""
    plan = _with(plan, "topo", entry_updates_contact=False, index_lag_s=0.0)
    plan = _with(plan, "apollo", search_lag_s=0.0)
    cues = (Cue(cycle=2, acts=_times(random, "edit@apollo", 2, 4)),)
    return _cycles(replace(plan, places=("apollo",), cues=cues), 1000.0, 60.0)


def _emptied(random: Random, plan: Draw) -> Draw:
    """A provider suddenly shows nobody any more, while there is something to write elsewhere."""
    place, other = random.choice((("topo", "apollo"), ("apollo", "topo")))
    cues = (Cue(cycle=2, acts=(f"clear@{place}", *_times(random, f"edit@{other}", 2, 3))),)
    sections = plan.sections | {"sync": {"full_sweep_every": "0s"}}
    plan = _prompt(plan)
    return replace(plan, places=("topo", "apollo"), cues=cues, sections=sections, unasked=(2,))


def _unread_noes(random: Random, plan: Draw) -> Draw:
    """The list of those who said no cannot be read in the cycle in which people are to be created."""
    aims = (Aim(cycle=random.choice((1, 2)), match=ALL_NOES, kind="403"),)
    cues = (Cue(cycle=2, acts=_times(random, "newcomer@apollo", 1, 2)),)
    return _cycles(replace(plan, places=("apollo", "topo"), aims=aims, cues=cues), 60.0, 60.0)


def _no_of_a_double(random: Random, plan: Draw) -> Draw:
    """Of two records of one person that share no key and look alike, one says no: before the plan, or after it,
    and then the look before the write takes more than a minute.
    """
    no = Cue(cycle=1, acts=_times(random, "opt-out@topo", 1, 3), planned=random.random() < 0.6)
    aims = (Aim(cycle=1, match=NEWEST_NOES, kind=random.choice(("429=90", "429=75")), planned=True),)
    plan = replace(plan, places=("topo", "apollo"), crowd="apart", cues=(no,), aims=aims if no.planned else ())
    plan = _with(plan, "topo", rate_limit_every=0)
    return _prompt(plan)


def _arrivals(random: Random, plan: Draw) -> Draw:
    """People are entered by hand, while we write about them elsewhere, at a provider where we make nobody."""
    match = "apollo POST /contacts/bulk_update"
    cues = (
        Cue(cycle=2, acts=_times(random, "edit@topo", 4, 6)),
        Cue(cycle=2, match=match, acts=_times(random, "add@apollo", 2, 4), applied=True),
    )
    plan = _prompt(plan)
    plan = _set(plan, "apollo", create=False)
    return _cycles(replace(plan, crowd="mixed", cues=cues), 1000.0, 60.0)


def _abilities(random: Random, plan: Draw) -> Draw:
    """For a while the target list has a default sequence, or the key's scopes do not suffice to write."""
    loss, back = random.choice((("sequence", "no-sequence"), ("narrow-key", "whole-key")))
    news = (*_times(random, "edit@apollo", 1, 3), *_times(random, "opt-out@apollo", 0, 1))
    if loss == "narrow-key":
        news += _times(random, "newcomer@apollo", 0, 2)
    cues = (Cue(cycle=2, acts=(loss, *news)), Cue(cycle=3, acts=(back,)))
    plan = replace(_with(_prompt(plan), "topo", default_sequence=None), places=("apollo",), cues=cues)
    return _cycles(plan, 1000.0, 1000.0, 1000.0)


def _decisions(random: Random, plan: Draw) -> Draw:
    """People decide between cycles what waits for them, or take back at once what they decided by mistake."""
    crowd = random.choice(("apart", "everywhere", "mixed"))
    # Who looks alike and shares no key is told apart by an edit of what they look alike in.
    edits = () if crowd == "apart" else (*_times(random, "edit@topo", 2, 5), *_times(random, "edit@apollo", 2, 5))
    acts = random.choice((("answer",), ("answer",), ("split-and-join",), ("answer", "split-and-join")))
    cues = [Cue(cycle=number, acts=(*acts, *edits) if random.random() < 0.5 else acts) for number in (2, 3, 4)]
    cues.append(Cue(cycle=random.choice((2, 3)), acts=edits, planned=True))
    places = plan.places if crowd == "mixed" else ("topo", "apollo")
    faults = random.choice((0, random.randint(1, 4)))
    plan = replace(plan, places=places, crowd=crowd, cues=tuple(cues), faults=faults)
    return _cycles(plan, 60.0, random.choice((60.0, 1000.0)), 60.0, 60.0)


def _settings(random: Random, plan: Draw) -> Draw:
    """Between cycles somebody changes what a provider is given or who decides, and later gives it back."""
    edits = (*_times(random, "edit@topo", 0, 3), *_times(random, "edit@apollo", 0, 3))
    extra = random.choice(
        ((), ("newcomer",), ("opt-out@apollo",), ("add",), ("blank",), ("email",), ("delete@apollo",))
    )
    first = random.choice((("scope",), ("policy",), ("scope", "scope"), ("scope", "policy"), ("policy", "policy")))
    later = (*_times(random, "edit", 0, 2), *_times(random, random.choice(("scope", "policy")), 0, 1))
    back = ("scope-back", *_times(random, "edit", 0, 2))
    acts = {2: (*first, *edits, *extra), 3: later, 4: back}
    cues = tuple(Cue(cycle=cycle, acts=own) for cycle, own in acts.items())
    crowd = random.choice(("everywhere", "mixed", "mixed", "whole"))
    faults = random.choice((0, 0, random.randint(1, 3)))
    plan = _with(_prompt(plan), "topo", default_sequence=None)
    plan = replace(plan, crowd=crowd, cues=cues, faults=faults, changing=True)
    return _cycles(plan, *(random.choice((60.0, 1000.0)) for _ in range(4)))


def _divided(random: Random, plan: Draw) -> Draw:
    """Somebody's records come to show nothing any more that ties them; later they are edited."""
    news = (*_times(random, "edit", 0, 4), *_times(random, "email", 1, 4))
    cues = [Cue(cycle=2, acts=_times(random, "other-keys", 1, 3)), Cue(cycle=3, acts=news)]
    if random.random() < 0.5:
        cues.append(Cue(cycle=4, acts=("answer", *_times(random, "edit@apollo", 0, 2))))
    faults = random.choice((0, 0, random.randint(1, 3)))
    plan = replace(_prompt(plan), places=("topo", "apollo"), crowd="everywhere", cues=tuple(cues), faults=faults)
    plan = _set(plan, "datananas", create=False)  # a third record would tie the others by the profile of before
    return _cycles(plan, *(random.choice((60.0, 1000.0)) for _ in range(4)))


THEMES: dict[str, Callable[[Random, Draw], Draw]] = {
    "late-create": _late_create,
    "asked-to-wait": _asked_to_wait,
    "no-while-waiting": _no_while_waiting,
    "no-while-looking": _no_while_looking,
    "sequence-meanwhile": _sequence_meanwhile,
    "sequence-before": _sequence_before,
    "apart": _apart,
    "profiles": _profiles,
    "short-reads": _short_reads,
    "moving-pages": _moving_pages,
    "old-reads": _old_reads,
    "edits-meanwhile": _edits_meanwhile,
    "ties": _ties,
    "strangers": _strangers,
    "write-back": _write_back,
    "lost-updates": _lost_updates,
    "no-travels": _no_travels,
    "undisturbed": _undisturbed,
    "news-in-read-back": _news_in_read_back,
    "never-shows": _never_shows,
    "emptied": _emptied,
    "unread-noes": _unread_noes,
    "no-of-a-double": _no_of_a_double,
    "arrivals": _arrivals,
    "abilities": _abilities,
    "decisions": _decisions,
    "settings": _settings,
    "divided": _divided,
}
