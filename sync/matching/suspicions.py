"""People without a common key who look alike: name, company, domain and phone together.

Nothing here ever joins. Records are compared only inside small groups that share something rare.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from sync.change import Feature, Suspicion
from sync.identity.domains import company_domain
from sync.identity.emails import mailbox_of
from sync.identity.folding import fold_name, fold_text, spaced
from sync.identity.linkedin import is_profile
from sync.identity.names import names_agree
from sync.identity.phones import phone_number
from sync.identity.words import words
from sync.matching.hubs import entry_of
from sync.matching.values import ALIKE, FORMER, KEPT_APART, ONE_MAILBOX, REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.matching.hubs import Entry
    from sync.matching.numbers import Numbers
    from sync.person import MatchRecord
    from sync.record import RecordRef

MAX_BLOCK: Final = 25
"""Records compared pair by pair in one block (300 pairs); larger blocks are skipped and counted."""

_WEIGHTS: Final = {"name": 0.5, "company": 0.2, "domain": 0.2, "phone": 0.3}
_LATER: Final = {KEPT_APART: 1, FORMER: 1, ALIKE: 2}
"""Reasons that tell less than the others."""
_REST: Final = 0.7
"""What all but the name weigh together: no pair reaches more than they and its name can give."""
_ROUNDING: Final = 0.00005
_ONE_MAILBOX: Final = 0.9
"""The likeness of two addresses of one mailbox whose names do not disagree."""
_OTHER_MAILBOX: Final = 0.05
_OTHER_PROFILE: Final = 0.3

_LEGAL_FORMS: Final = words(
    """
    inc incorporated llc llp lp ltd limited plc corp corporation co company gmbh mbh ag kg ohg ug ev eg se sa sas
    sasu sarl eurl snc sci spa srl sl slu bv nv cv ab as asa aps oy oyj pty pte sro doo kft zrt bvba sprl sp zoo
    holding group
    """
)
"""Endings that do not tell companies apart. Source: GLEIF's list of legal forms (ISO 20275)."""


def alike_blocks(record: MatchRecord) -> tuple[str, ...]:
    """The groups in which ``record`` is compared; a store may keep them to find whom to compare it with."""
    tokens = fold_name(record.name).tokens
    boxes = [f"mailbox {box}" for box in _mailboxes(record)]
    if not tokens:
        return tuple(boxes)
    domains, phone, company = _domains(record), read_phone(record.phone), read_company(record.company)
    blocks = [f"domain {domain} {tokens[-1][:4]}" for domain in sorted(domains)]
    blocks += boxes
    if phone:
        blocks.append(f"phone {phone} {tokens[0][:1]}")
    if company:
        blocks.append(f"company {company} {' '.join(sorted(tokens))}")
    return tuple(blocks)


def alike_marks(record: MatchRecord) -> tuple[int, ...]:
    """``alike_blocks`` as numbers of 64 bits: equal blocks have equal marks, and others hardly ever."""
    return tuple(
        int.from_bytes(blake2b(block.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
        for block in alike_blocks(record)
    )


def find_alike(people: Sequence[Sequence[Entry]], suspect_score: float) -> tuple[list[Suspicion], int]:
    """Suspicions between different people that reach ``suspect_score``; the count of blocks left out."""
    records = {entry.record.rid: entry.record for part in people for entry in part}
    owners = {entry.record.rid: number for number, part in enumerate(people) for entry in part}
    blocks: dict[str, list[int]] = {}
    for rid, record in records.items():
        for block in alike_blocks(record):
            blocks.setdefault(block, []).append(rid)
    small = [block for block in blocks.values() if len(block) <= MAX_BLOCK]
    compared = (likeness(records[a], records[b], suspect_score) for a, b in pairs_of(small, owners))
    return [found for found in compared if found], len(blocks) - len(small)


def pairs_of(blocks: Iterable[Sequence[int]], owners: Numbers) -> Iterator[tuple[int, int]]:
    """Each two records of different people that share a block, once, the lower number first."""
    seen: set[int] = set()  # of one number a pair: half of the memory
    for block in blocks:
        for low, high in combinations(sorted(block), 2):
            if owners[low] != owners[high] and (pair := high << 64 | low) not in seen:
                seen.add(pair)
                yield low, high


class Likeliest:
    """Of the suspicions on each two people the likeliest; none on whom somebody judged."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Suspicion] = {}
        self._settled: set[tuple[int, int]] = set()

    def settle(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Somebody judged on those people."""
        self._settled.update((one, two) if one <= two else (two, one) for one, two in pairs)

    def add(self, one: int, two: int, suspicion: Suspicion) -> None:
        """The two may be one person; one person with itself is none."""
        pair = (one, two) if one <= two else (two, one)
        kept = self._kept.get(pair)
        if one != two and (kept is None or _telling(suspicion) < _telling(kept)):
            self._kept[pair] = suspicion

    def suspicions(self) -> tuple[Suspicion, ...]:
        """Those that are left, likeliest first."""
        open_ones = (suspicion for pair, suspicion in self._kept.items() if pair not in self._settled)
        return tuple(sorted(open_ones, key=_rank))


def _telling(suspicion: Suspicion) -> tuple[bool, int, float, tuple[RecordRef, RecordRef], str]:
    """What no record tells comes first, as it would be lost, and a key that they share before likeness."""
    return suspicion.reason not in REMEMBERED, _LATER.get(suspicion.reason, 0), *_rank(suspicion)


def _rank(suspicion: Suspicion) -> tuple[float, tuple[RecordRef, RecordRef], str]:
    return -suspicion.score, suspicion.records, suspicion.reason


def may_be_alike(a: str | None, b: str | None, suspect_score: float) -> bool:
    """Whether people of those names can reach ``suspect_score`` at all."""
    name = names_agree(a, b)
    if name.agree is not False and suspect_score <= _ONE_MAILBOX:
        return True
    most = (_WEIGHTS["name"] * name.score + _REST) / (_WEIGHTS["name"] + _REST)
    return name.agree is not None and most >= suspect_score - _ROUNDING


def likeness(one: MatchRecord, two: MatchRecord, suspect_score: float) -> Suspicion | None:
    """``None`` when the score is not reached, or nothing beside the name can be compared."""
    if not may_be_alike(one.name, two.name, suspect_score):
        return None
    a, b = sorted((one, two), key=lambda record: record.ref)
    name = names_agree(a.name, b.name)
    own = _feature("name", name.score, name.reason)
    if name.agree is not False and _share_mailbox(a, b):
        return _one_mailbox(a, b, own, suspect_score)
    features = [own, *filter(None, _features(a, b))]
    if len(features) == 1 or name.agree is None:
        return None
    weight = sum(_WEIGHTS[feature.name] for feature in features)
    total = sum(_WEIGHTS[feature.name] * feature.score for feature in features)
    if total / weight < suspect_score - _ROUNDING:
        return None
    against = _against(a, b)
    score = round(max(0.0, total / weight - (1 - against.score if against else 0.0)), 4)
    if score < suspect_score:
        return None
    return Suspicion(
        records=(a.ref, b.ref), score=score, reason=ALIKE, features=(*features, *([against] if against else []))
    )


def _one_mailbox(a: MatchRecord, b: MatchRecord, name: Feature, suspect_score: float) -> Suspicion | None:
    """Whatever else differs: what a tag or a dot means is known to the mail service alone."""
    score = max(_ONE_MAILBOX, round((name.score + 1) / 2, 4))
    box = _feature("mailbox", 1.0, "Both addresses reach one mailbox, as far as is known of its mail service.")
    return (
        Suspicion(records=(a.ref, b.ref), score=score, reason=ONE_MAILBOX, features=(name, box))
        if score >= suspect_score
        else None
    )


def _share_mailbox(a: MatchRecord, b: MatchRecord) -> bool:
    """Whether other addresses of the two reach one mailbox, and no profile says that they are two people."""
    if not set(a.emails).isdisjoint(b.emails) or _mailboxes(a).isdisjoint(_mailboxes(b)):
        return False
    return not entry_of(a).differs_in_profile(entry_of(b))


def _mailboxes(record: MatchRecord) -> set[str]:
    return {box for email in record.emails if (box := mailbox_of(email))}


def _features(a: MatchRecord, b: MatchRecord) -> Iterable[Feature | None]:
    yield _company_feature(read_company(a.company), read_company(b.company))
    yield _overlap("domain", _domains(a), _domains(b))
    yield _overlap("phone", {read_phone(a.phone)} - {""}, {read_phone(b.phone)} - {""})


def _company_feature(a: str, b: str) -> Feature | None:
    if not a or not b:  # two empty texts would count as equal
        return None
    score = round(fuzz.token_sort_ratio(a, b) / 100, 4)
    return _feature("company", score, "The companies' names without legal form are compared.")


def _overlap(name: str, a: set[str], b: set[str]) -> Feature | None:
    if not a or not b:
        return None
    shared = not a.isdisjoint(b)
    return _feature(
        name, 1.0 if shared else 0.0, f"They have the same {name}." if shared else f"Each has another {name}."
    )


def _against(*pair: MatchRecord) -> Feature | None:
    """Two profiles, or two mailboxes at one company, speak against one person."""
    a, b = map(entry_of, pair)
    if a.differs_in_profile(b):
        return _feature("profile", 1 - _OTHER_PROFILE, "Each has another LinkedIn profile.")
    own, others = ({key for key in entry.keys if not is_profile(key)} for entry in (a, b))
    hosts = [{email.rpartition("@")[2] for email in emails} for emails in (own, others)]
    if own.isdisjoint(others) and not hosts[0].isdisjoint(hosts[1]):
        return _feature("mailbox", 1 - _OTHER_MAILBOX, "Each has another mailbox at one host.")
    return None


@lru_cache(maxsize=1024)
def _feature(name: str, score: float, detail: str) -> Feature:
    return Feature(name=name, score=score, detail=detail)


def _domains(record: MatchRecord) -> set[str]:
    found = {read_domain(host) for email in record.emails if (host := email.rpartition("@")[2])}
    if record.domain:
        found.add(read_domain(record.domain))
    return {domain for domain in found if domain}


@lru_cache(maxsize=65536)
def read_domain(host: str) -> str | None:
    """Kept, as people of one company are many: reading one afresh takes 10 µs."""
    return company_domain(host)


def read_phone(phone: str | None) -> str:
    """Kept numbers are in one form already; reading each again would take a third of the whole search."""
    return phone if phone and phone[0] == "+" and phone[1:].isdigit() else _phone(phone)


@lru_cache(maxsize=65536)
def _phone(phone: str | None) -> str:
    return str(phone_number(phone) or "") if phone else ""


@lru_cache(maxsize=65536)
def read_company(name: str | None) -> str:
    """A company's name for comparison: folded, without legal forms at its end; never emptied by that."""
    tokens = spaced(fold_text((name or "").replace(".", ""))).split()
    while len(tokens) > 1 and tokens[-1] in _LEGAL_FORMS:
        tokens.pop()
    return " ".join(tokens)
