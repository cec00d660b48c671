"""How good a partition is, counted in pairs of records: averages over records would hide one giant cluster."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Score(NamedTuple):
    """``precision`` / ``recall`` / ``f1`` of pairs; ``largest``: records in the largest cluster;
    ``mixed``: clusters that hold several people.
    """

    precision: float
    recall: float
    f1: float
    largest: int
    mixed: int


def score(clusters: Iterable[Sequence[int]], truth: Mapping[int, int]) -> Score:
    """``clusters`` of record numbers against ``truth``, record number to the person it really is."""
    said = right = largest = mixed = 0
    for part in clusters:
        people = Counter(truth[rid] for rid in part)
        said += _pairs(len(part))
        right += sum(map(_pairs, people.values()))
        largest = max(largest, len(part))
        mixed += len(people) > 1
    true = sum(map(_pairs, Counter(truth.values()).values()))
    precision, recall = right / max(1, said), right / max(1, true)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return Score(precision, recall, f1, largest, mixed)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
