"""Records that may belong to several people follow the one whom they touch alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_LABELS = 8
"""A tie that this many labels share tells nothing of its members; it bounds the work."""


def follow(
    items: Sequence[int],
    labels: Mapping[int, int],
    ties: Sequence[Sequence[int]],
    barred: Callable[[int, int], bool],
) -> dict[int, int]:
    """The label that each unlabelled item comes to, absent for those that stay alone.

    Rounds: an item that touches exactly one label takes it, all of a round at once; one that touches several
    stays alone for good. ``barred``: pairs of item and label that never come together. What has taken a label
    counts as labelled afterwards, so asking again with the answer taken in gives the same answer. Linear in
    the ties.
    """
    found: dict[int, int] = {}
    stuck: set[int] = set()
    ties_of: dict[int, list[int]] = {}
    for number, tie in enumerate(ties):
        for item in tie:
            ties_of.setdefault(item, []).append(number)
    inside: list[set[int]] = [set() for _ in ties]
    front = [(item, labels[item]) for item in items if item in labels]
    while front:
        touched: set[int] = set()
        for item, label in front:
            for number in ties_of.get(item, ()):
                if label not in inside[number] and len(inside[number]) < MAX_LABELS:
                    inside[number].add(label)
                    touched.update(ties[number])
        front = []
        for item in sorted(touched - labels.keys() - found.keys() - stuck):
            near = set().union(*(inside[number] for number in ties_of[item]))
            free = [label for label in sorted(near)[: 2 * MAX_LABELS] if not barred(item, label)]
            if len(free) == 1 and len(near) < MAX_LABELS:
                front.append((item, free[0]))
            elif free:
                stuck.add(item)
        found.update(front)
    return found
