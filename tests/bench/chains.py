"""Chains of decisions, drawn anew: joins, splits and what people type in between, taken back in any order."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import tests.decisions
from tests.decisions.chances import TIMES


def main(arguments: list[str]) -> int:
    """1 when a property of decisions does not hold; the smallest chain that breaks it is printed."""
    parser = argparse.ArgumentParser(prog="bench chains", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="times as many examples as in the suite (20)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only properties whose names have WORDS")
    parser.add_argument("--jobs", type=int, default=1, help="processes at the same time")
    asked = parser.parse_args(arguments)
    options = ["-q", "-m", "hypothesis", "-k", asked.only, "-n", str(asked.jobs), "--durations", "0"]
    command = [sys.executable, "-m", "pytest", *options, str(Path(tests.decisions.__file__).parent)]
    return subprocess.run(command, env=os.environ | {TIMES: str(asked.times)}, check=False).returncode  # ourselves
