"""The largest and the most wasteful bodies are read or refused quickly and in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MORE_MIB = 64
LONGEST_S = 60
"""For all parsers one after the other, on a busy machine."""

READ = """
import json, resource, sys, time
from contextlib import suppress
from tests.edge.test_bad_bodies import OURS, PARSERS

kind = sys.argv[1]
size = 16 * 2**20 - 8
unit = {"dicts": b'{"id":1},', "lists": b"[],", "numbers": b"1.5,", "zeros": b"0,"}.get(kind)
if unit:
    inner = b"[" + unit * (size // len(unit) - 1) + b"0]"
elif kind == "text":
    inner = b'"' + b"x" * (size - 2) + b'"'
elif kind == "brackets":
    inner = b"[" * size
elif kind == "keys":
    inner = b"{" + b",".join(b'"k%d":0' % n for n in range(MANY)) + b"}"
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.process_time()
for name, (parse, _) in PARSERS.items():
    with suppress(*OURS):
        parse(inner)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(json.dumps([grown, time.process_time() - begun]))
""".replace("MANY", "1_000_000")


@pytest.mark.parametrize("kind", ["dicts", "lists", "numbers", "zeros", "text", "brackets", "keys"])
def test_no_body_takes_much_memory_or_time(kind: str) -> None:
    told = subprocess.run([sys.executable, "-c", READ, kind], cwd=ROOT, check=True, capture_output=True, text=True)
    grown, seconds = (float(part) for part in told.stdout.strip("[]\n").split(","))
    assert grown <= MORE_MIB
    assert seconds < LONGEST_S
