"""Which records are one person. Pure, linear in the records, independent of their order and of every clock.

Keys join, names guard, people decide. ``match`` answers for everything or for a region that is closed under
``reach``; both give the same clusters for the records of the region, because records in different components
(tied by no key, link or judgement) never influence each other.
"""

from sync.matching.blocks import Blocks, full_name
from sync.matching.face import cluster
from sync.matching.partition import match
from sync.matching.parts import Parts
from sync.matching.region import Reach, close, reach
from sync.matching.suspicions import Likeliest, alike_blocks, likeness, may_be_alike, pairs_of
from sync.matching.values import Apart, GenericKey, MatchPolicy, Partition, Twins

__all__ = [
    "Apart", "Blocks", "GenericKey", "Likeliest", "MatchPolicy", "Partition", "Parts", "Reach", "Twins",
    "alike_blocks", "close", "cluster", "full_name", "likeness", "match", "may_be_alike", "pairs_of", "reach",
]  # fmt: skip
