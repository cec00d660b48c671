"""Which records are one person. Pure, linear in the records, independent of their order and of every clock.

Keys join, names guard, people decide. ``match`` answers for everything or for a region, which holds whatever is
tied to one of its records; both give the same clusters for those, because records in different components (tied
by no link, no judgement and no key but those that are nobody's) never influence each other.
"""

from sync.matching.face import cluster
from sync.matching.partition import match
from sync.matching.parts import Parts
from sync.matching.suspicions import (
    MAX_BLOCK,
    Likeliest,
    alike_blocks,
    alike_marks,
    likeness,
    may_be_alike,
    pairs_of,
)
from sync.matching.values import Apart, GenericKey, MatchPolicy, Partition, Twins

__all__ = [
    "MAX_BLOCK", "Apart", "GenericKey", "Likeliest", "MatchPolicy", "Partition", "Parts", "Twins",
    "alike_blocks", "alike_marks", "cluster", "likeness", "match", "may_be_alike", "pairs_of",
]  # fmt: skip
