"""How often a property of decisions is tried: the same few examples in the suite, more and others in the bench."""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = "EXAMPLES_TIMES"
"""Environment: so many times as many examples, drawn anew."""


def tried(examples: int) -> settings:
    """The settings of a property that the suite tries with so many examples."""
    times = int(os.environ.get(TIMES, "1"))
    return settings(max_examples=examples * times, derandomize=times == 1)
