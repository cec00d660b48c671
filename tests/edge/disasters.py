"""What providers may suddenly show although nothing of it is so: thirty disasters by name, each one a function."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from adapters.toolkit.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.house import House

Row = dict[str, Any]
Change = dict[str, Any]
ONE_EMAIL = "one@oakmere-logistics.com"
ONE_PROFILE = "https://www.linkedin.com/in/one-for-all"
LOCKED = "email_not_unlocked@domain.com"
NOTHING_MORE = json.dumps({"items": [], "total_count": 0, "total_pages": 0, "has_more": False})


def _every_topo(home: House, change: Callable[[int, Row], Change]) -> None:
    """Every contact of Topo shows something else, as if read through a broken door."""
    changes = [(row["id"], change(number, row)) for number, row in enumerate(home.topo.rows)]
    for row_id, fields in changes:
        home.topo.edit(row_id, last_seen_at=home.clock.now(), **fields)


def _every_apollo(home: House, change: Callable[[int, Row], Change]) -> None:
    changes = [(row["id"], change(number, row)) for number, row in enumerate(home.apollo.rows)]
    for row_id, fields in changes:
        home.apollo.edit(row_id, **fields)


def _topo_says(home: House, what: str) -> None:
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contacts:*:{what}"))


def _apollo_says(home: House, what: str) -> None:
    home.apollo.traffic.faults.append(Fault.parse(f"POST /api/v1/contacts/search:*:{what}"))


def _exclusions_say(home: House, what: str) -> None:
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-exclusions:*:{what}"))


def _exported(home: House, change: Callable[[list[Row]], list[Row]]) -> None:
    """The next export, made now, holds other rows."""
    home.export()
    path = home.folder / "datananas-export.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    _write(path, names, change(rows))


def _write(path: Path, names: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _rotated(home: House, name: str) -> Callable[[int, Row], Change]:
    values = [row[name] for row in home.topo.rows]
    return lambda number, _row: {name: values[(number + 1) % len(values)]}


def _renumbered(home: House) -> None:
    for row in list(home.topo.rows):
        home.topo.remove(row["id"])
        home.topo.add(**{n: v for n, v in row.items() if n not in {"id", "first_seen_at", "last_seen_at"}})


def _doubled(home: House) -> None:
    for row in list(home.topo.rows):
        home.topo.add(**{n: v for n, v in row.items() if n not in {"id", "first_seen_at", "last_seen_at"}})


def _emptied(home: House, share: float) -> None:
    rows = list(home.topo.rows)
    for row in rows[: round(len(rows) * share)]:
        home.topo.remove(row["id"])


def _apollo_emptied(home: House) -> None:
    for row in list(home.apollo.rows):
        home.apollo.remove(row["id"])


def _bad_rows(home: House, share: float) -> None:
    bad = round(len(home.topo.rows) * share)
    good = [{n: str(v) if n.endswith("_at") else v for n, v in row.items()} for row in home.topo.rows[bad:]]
    items = [{"id": 7}] * bad + good
    told = {"items": items, "total_count": len(items), "total_pages": 1, "has_more": False}
    _topo_says(home, f"body={json.dumps(told)}")


def _another_workspace(home: House) -> None:
    """Every contact belongs to another team."""
    _every_apollo(home, lambda *_: {"team_id": "7" * 24})


def _me(home: House) -> None:
    """Somebody put the key of another organization into the settings."""
    told = home.topo.get_me(None) | {"organization_id": "7b000000-0000-4000-8000-000000000002"}
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/me:*:body={json.dumps(told)}"))


DISASTERS: dict[str, tuple[Callable[[House], None], set[int]]] = {
    # name: (what happens, the exit codes that are right)
    "topo-shows-nobody": (lambda h: _topo_says(h, f"body={NOTHING_MORE}"), {5, 11, 0}),
    "topo-is-empty": (lambda h: _emptied(h, 1.0), {5}),
    "topo-lost-two-thirds": (lambda h: _emptied(h, 0.67), {5}),
    "topo-answers-garbage": (lambda h: _topo_says(h, "garbage"), {11}),
    "topo-answers-with-nothing": (lambda h: _topo_says(h, "empty"), {11}),
    "topo-cuts-every-answer": (lambda h: _topo_says(h, "cut-body"), {11}),
    "topo-answers-a-list": (lambda h: _topo_says(h, "body=[]"), {11}),
    "topo-refuses-the-key": (lambda h: _topo_says(h, "status=401"), {8}),
    "topo-breaks-half-its-rows": (lambda h: _bad_rows(h, 0.5), {3, 11}),
    "topo-breaks-one-row": (lambda h: _bad_rows(h, 0.05), {0, 3, 11}),
    "topo-titles-are-blank": (lambda h: _every_topo(h, lambda *_: {"job_title": None}), {0, 5}),
    "topo-names-are-blank": (lambda h: _every_topo(h, lambda *_: {"first_name": None, "last_name": None}), {0, 5}),
    "topo-emails-are-blank": (lambda h: _every_topo(h, lambda *_: {"email": None}), {0, 5}),
    "topo-profiles-are-blank": (lambda h: _every_topo(h, lambda *_: {"linkedin_url": None}), {0, 5}),
    "topo-keys-are-blank": (lambda h: _every_topo(h, lambda *_: {"email": None, "linkedin_url": None}), {0, 5}),
    "topo-titles-are-all-one": (lambda h: _every_topo(h, lambda *_: {"job_title": "Manager"}), {5}),
    "topo-companies-are-numbered": (lambda h: _every_topo(h, lambda n, _: {"company_name": f"Company {n}"}), {5}),
    "topo-emails-are-all-one": (lambda h: _every_topo(h, lambda *_: {"email": ONE_EMAIL}), {0, 5}),
    "topo-profiles-are-all-one": (
        lambda h: _every_topo(h, lambda *_: {"linkedin_url": ONE_PROFILE}), {0, 5}),
    "topo-names-are-shifted-by-a-row": (lambda h: _every_topo(h, _rotated(h, "first_name")), {5}),
    "topo-titles-are-shifted-by-a-row": (lambda h: _every_topo(h, _rotated(h, "job_title")), {5}),
    "topo-emails-are-shifted-by-a-row": (lambda h: _every_topo(h, _rotated(h, "email")), {0, 5}),
    "topo-first-and-last-names-are-swapped": (
        lambda h: _every_topo(h, lambda _, r: {"first_name": r["last_name"], "last_name": r["first_name"]}), {5}),
    "topo-shouts": (lambda h: _every_topo(h, lambda _, r: {"job_title": f"  {r['job_title'].upper()} "}), {0}),
    "topo-is-numbered-anew": (_renumbered, {0, 5}),
    "topo-shows-everybody-twice": (_doubled, {0, 5}),
    "topo-forgot-every-opt-out": (lambda h: h.topo.exclusions.clear(), {0}),
    "topo-hides-the-opt-outs": (lambda h: _exclusions_say(h, "status=500"), {11}),
    "topo-forbids-the-opt-outs": (lambda h: _exclusions_say(h, "status=403"), {8}),
    "topo-is-another-account": (_me, {5}),
    "apollo-is-empty": (_apollo_emptied, {5}),
    "apollo-titles-are-blank": (lambda h: _every_apollo(h, lambda *_: {"title": None}), {0, 5}),
    "apollo-titles-are-all-one": (lambda h: _every_apollo(h, lambda *_: {"title": "Manager"}), {5}),
    "apollo-emails-are-locked": (
        lambda h: _every_apollo(h, lambda *_: {"email": LOCKED, "contact_emails": []}), {0, 5}),
    "apollo-is-another-workspace": (_another_workspace, {5}),
    "apollo-tells-a-part": (lambda h: _apollo_says(h, "then-status=502"), {11}),
    "the-export-is-cut-in-half": (lambda h: _exported(h, lambda rows: rows[: len(rows) // 2]), {0}),
    "the-export-lost-a-column": (
        lambda h: _exported(h, lambda rows: [r | {"position": ""} for r in rows]), {0, 5}),
    "the-export-has-shifted-columns": (
        lambda h: _exported(h, lambda rows: [r | {"position": r["company"]} for r in rows]), {5}),
    "the-settings-name-another-list": (
        lambda h: h.configure("topo", contact_list_id=h.topo.add_list(name="another")["id"]), {5}),
}  # fmt: skip
