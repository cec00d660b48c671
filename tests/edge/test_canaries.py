"""Tokens and people that must not be seen: not in output, logs, reports or tracebacks, and tokens in no file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import GENEROUS, House, crowd, house, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.crash.nursery import Ended, Nursery

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME, FAMILY, SLUG = "Zyxwana", "Qwertzcanary", "zyxwana-qwertzcanary-77"
EMAIL = "zyxwana.qwertzcanary@canarycorp-industries.com"
PEOPLE = (NAME, FAMILY, SLUG, EMAIL, "zyxwana", "qwertzcanary", "+33698765432", "0698765432", "698 76 54 32")
CANARY = person(
    f"{NAME} {FAMILY}",
    emails=(EMAIL,),
    linkedin_url=f"https://www.linkedin.com/in/{SLUG}",
    phone="+33698765432",
    city="Canaryville",
)
FORMATS = ("json", "ndjson", "markdown", "html", "csv", "text")
SAYS_EVERYTHING = (
    '{{"status_code":{0},"type":"X","message":"{1} of {2} with {3}","error":"{3} {1}","request_id":"{3}"}}'
)
TROUBLES = {
    "refused": ("* /v1/*:*:status=401,body={401}", "* /api/v1/*:*:status=401,body={401}",
                "POST /contacts/bulk:*:status=401,body={401}"),
    "forbidden": ("* /v1/*:*:status=403,body={403}", "* /api/v1/*:*:status=403,body={403}"),
    "invalid": ("POST /v1/*:*:status=422,body={422}", "POST /api/v1/contacts/bulk_create:*:status=422,body={422}",
                "POST /contacts/bulk:*:status=422,body={422}"),
    "garbage": ("GET /v1/contacts:*:garbage", "POST /api/v1/*:*:garbage", "POST /contacts/bulk:*:garbage"),
    "another shape": ("GET /v1/contacts:*:body={200}", "POST /api/v1/*:*:body={200}"),
    "cut off": ("* /v1/*:*:cut-body", "* /api/v1/*:*:reset-before", "POST /contacts/bulk:*:reset-after"),
    "redirected": ("* /v1/*:*:redirect=https://evil.example/?x={0}",
                   "* /api/v1/*:*:redirect=http://127.0.0.1:9/"),
    "too many": ("* /v1/*:*:status=429,retry-after=700,body={429}",
                 "* /api/v1/*:*:status=429,retry-after=700,body={429}"),
    "broken": ("POST /v1/*:*:status=500,body={500}", "POST /api/v1/contacts/bulk_create:*:then-status=502",
               "POST /contacts/bulk:*:status=503,body={500}"),
}  # fmt: skip


def faults_of(trouble: str, secret: str) -> list[Fault]:
    bodies = {
        str(code): SAYS_EVERYTHING.format(code, EMAIL, NAME, secret) for code in (200, 401, 403, 422, 429, 500)
    }
    texts = []
    for text in TROUBLES[trouble]:
        for code, body in bodies.items():
            text = text.replace("{" + code + "}", body)  # noqa: PLW2901  # filled in step by step
        texts.append(text.replace("{0}", EMAIL))
    return [Fault.parse(text) for text in texts]


@asynccontextmanager
async def watched(program: Nursery, folder: Path) -> AsyncIterator[House]:
    """Canaries at every provider, in an otherwise ordinary world."""
    async with house(folder) as home:
        home.section("sync", settle="0")
        home.actors["topo"].create(CANARY)
        for contact in crowd(2):
            home.actors["apollo"].create(contact)
        program.environ = dict(home.environ)
        assert home.config.exists()
        yield home


async def look(program: Nursery, home: House, *command: str) -> Ended:
    """The command was run with everything that talks, and nothing that it left shows a canary."""
    ended = await program.run("--debug", *command, "--config", home.folder / "config.toml", loud=True)
    secrets = [value for box in home.boxes.values() for value in box.secrets.values()]
    for file in home.folder.rglob("*"):
        if file.is_file():
            raw = file.read_bytes()
            assert [s for s in secrets if s.encode() in raw] == [], file
    told = ended.output + "".join(p.read_text("utf-8") for p in home.folder.glob("report.*"))
    assert [s for s in (*secrets, *PEOPLE) if s in told] == [], told
    return ended


def run(home: House) -> list[str]:
    reports = [word for form in FORMATS for word in ("--report", f"{form}:{home.folder}/report.{form}")]
    allowed = [word for text in GENEROUS for word in ("--allow", text)]
    return ["run", "-vvv", "--log-format", "json", *reports, "--report", "text", *allowed]


async def test_a_whole_run_and_every_look_at_it_show_no_canary(program: Nursery, folder: Path) -> None:
    async with watched(program, folder) as home:
        ended = await look(program, home, *run(home))
        assert ended.code == 0
        assert [told for told in ("phase ended", "batch sent", "run ended") if told not in ended.output] == []
        assert EMAIL in {row["email"] for row in home.apollo.rows}
        for command in (["status"], ["status", "--format", "json"], ["doctor"], ["state", "check"], run(home)):
            assert (await look(program, home, *command)).code == 0, command


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_no_trouble_makes_a_canary_show(program: Nursery, folder: Path, trouble: str) -> None:
    async with watched(program, folder) as home:
        for box in home.boxes.values():
            for secret in box.secrets.values():
                box.traffic.faults += faults_of(trouble, secret)
        ended = await look(program, home, *run(home))
        assert ended.code in {3, 8, 9, 11}
        assert "phase ended" in ended.output
        await look(program, home, "doctor")
        for box in home.boxes.values():
            box.traffic.faults.clear()
        await look(program, home, *run(home))


async def test_tracebacks_show_no_canary(program: Nursery, folder: Path) -> None:
    async with watched(program, folder) as home:
        await look(program, home, *run(home))
        database = home.folder / "state" / "state.db"
        database.write_bytes(database.read_bytes()[:30_000])
        ended = await look(program, home, *run(home))
        assert ended.code == 12
        assert "Traceback" in ended.output
