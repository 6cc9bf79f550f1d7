"""A project folder made for a test, driven through the command line alone, and what the carrier saw of it."""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from agi_app.config.settings import load_settings
from agi_app.consent.caller_id_proof import proof_by_call
from agi_app.installation import installation
from agi_app.store.people.caller_ids import add_proof
from sandbox.asterisk import Asterisk
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from sandbox.sip import CarrierCall
from sandbox.supervise import Child
from sandbox.witness import read_stops
from sandbox.world import World, settings_toml
from tests.system.watched import WATCHED

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BULK = EXAMPLES / "bulk"
LETTER = EXAMPLES / "clinic" / "caller-id-letter.txt"
CALLER_ID = "+999862155500001"
CLOCK = "2026-03-03T17:30:00+08:00"  # a Tuesday, inside the calling hours of China and of Britain
NEXT_DAY = "2026-03-04T18:00:00+08:00"
POLL_S = 0.2
SETTLE_POLL_S = 0.5

# The one of examples/bulk, but it waits longer for a key, so that a call lasts while a test does something.
_PATIENT = (BULK / "flows" / "bulk.yaml").read_text("utf-8").replace("flow: bulk", "flow: patient")
PATIENT_FLOW = _PATIENT.replace("timeout: 3s", "timeout: 6s")

_serial = itertools.count(1)


def people(*suffixes: int) -> list[str]:
    """A new number of a test range for each; the suffix says what the person does (sandbox/scenarios/carrier.xml)."""
    # Scattered, as numbers that were given by people are; a counted-up list would be refused.
    return [f"+9998613{next(_serial) * 7919 % 1_000_000:06d}{suffix:02d}" for suffix in suffixes]


async def prove_phones(project: Path, database_url: str, numbers: Iterable[str]) -> None:
    """Make these numbers proved telephones of our staff, as if somebody had keyed the code there."""
    settings = load_settings(project).model_copy(update={"database_url": database_url})
    async with installation(settings) as inst:
        for number in numbers:
            await add_proof(inst.store, proof_by_call(number, "test", inst.clock.now()), inst.clock.now())


def until(what: str, happened: Callable[[], bool], timeout_s: float = 60.0, poll_s: float = POLL_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, f"in {timeout_s:.0f} s it did not happen that {what}"
        time.sleep(poll_s)


class Site:
    """One project of one Asterisk; its database is a server named by DATABASE_URL."""

    def __init__(
        self,
        folder: Path,
        world: World,
        asterisk: Asterisk,
        database_url: str,
        *,
        clock: str = CLOCK,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.world, self.asterisk = folder, world, asterisk
        self.project = folder / "project"
        self.database_url = database_url
        shutil.copytree(BULK, self.project)
        (self.project / "campaigns" / "bulk.yaml").unlink()
        (self.project / "flows" / "patient.yaml").write_text(PATIENT_FLOW, "utf-8")
        self.app = AgiApp(self.project, folder, _quiet, env={**os.environ, "DATABASE_URL": database_url, **(env or {})})
        WATCHED.add(asterisk, getattr(world, "agents", []), database_url, self.project / "var")
        self.set_clock(clock)
        self._workers = itertools.count(1)

    # ------------------------------------------------------------------ what an operator does

    def set_clock(self, clock: str) -> None:
        """Write the settings; workers and commands started later go by this clock."""
        write_settings(self.project, self.settings(f'[sandbox]\nclock = "{clock}"\n'))

    def settings(self, more: str = "") -> str:
        """The text of agi-app.toml."""
        return f"{settings_toml(self.asterisk, trunk='sandbox', calls_per_second=60, concurrent=400)}\n{more}"

    def prepare(self) -> None:
        """Make the tables and prove the caller ID."""
        self.app.ask("migrate")
        self.app.ask("callerid", "prove", CALLER_ID, "--letter", str(LETTER))

    def our_phones(self, *numbers: str) -> None:
        """These are proved telephones of our staff, as if somebody had keyed the code there."""
        asyncio.run(prove_phones(self.project, self.database_url, numbers))

    def write_campaign(
        self,
        name: str,
        *,
        purpose: str = "transactional",
        flow: str = "patient",
        rate: float = 20,
        concurrent: int = 50,
        jurisdictions: str = "CN",
    ) -> None:
        """A campaign's file."""
        text = (
            f"campaign: {name}\npurpose: {purpose}\njurisdictions: [{jurisdictions}]\nflow: {flow}\ntrunk: sandbox\n"
            f'caller_id: "{CALLER_ID}"\npace: {{calls_per_second: {rate}, concurrent: {concurrent}}}\nmax_call: 30s\n'
        )
        (self.project / "campaigns" / f"{name}.yaml").write_text(text, "utf-8")

    def write_contacts(self, numbers: Iterable[str], file: str = "contacts.csv") -> str:
        """A contacts file; a contact's external id is its number without the plus sign."""
        return self._write_csv(file, ("external_id", "number"), [(n.removeprefix("+"), n) for n in numbers])

    def write_consents(
        self,
        numbers: Iterable[str],
        purposes: Sequence[str] = ("transactional",),
        at: str = "2026-01-05T12:00:00+08:00",
    ) -> str:
        """A consent file."""
        columns = ("number", "purpose", "wording", "method", "time", "source")
        rows = [(n, purpose, "I agree to be called.", "web form", at, "test") for n in numbers for purpose in purposes]
        return self._write_csv("consent.csv", columns, rows)

    def _write_csv(self, file: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        with (self.project / file).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([columns, *rows])
        return file

    def consent(self, numbers: Iterable[str], *purposes: str) -> None:
        """Import a consent of each."""
        self.app.ask("consent", "import", self.write_consents(numbers, purposes or ("transactional",)))

    def add(self, name: str, numbers: Iterable[str], *, start: bool = True, **campaign: Any) -> None:
        """Write a campaign, import its contacts and start it; nobody's consent."""
        self.write_campaign(name, **campaign)
        self.app.ask("contacts", "import", name, self.write_contacts(numbers))
        if start:
            self.app.ask("campaign", "start", name)

    @contextmanager
    def worker(self) -> Iterator[Child]:
        """``agi-app run`` until the block ends; its log is ``worker_log``."""
        with self.app.worker(f"worker-{next(self._workers)}.log") as child:
            yield child

    # ------------------------------------------------------------------ what came of it

    def status(self, name: str) -> dict[str, Any]:
        """``campaign status --json``."""
        found: dict[str, Any] = json.loads(self.app.ask("campaign", "status", name, "--json"))
        return found

    def report(self, name: str) -> dict[str, Any]:
        """``report --format json``."""
        found: dict[str, Any] = json.loads(self.app.ask("report", name, "--format", "json"))
        return found

    def refused_by(self, name: str) -> dict[str, set[str]]:
        """The rules that a campaign's report names for each number."""
        return {f"+{c['external_id']}": set(c["refused_by"].split()) for c in self.report(name)["contact_list"]}

    def preview(self, name: str) -> dict[str, set[str]]:
        """The rules that would refuse each number now if the campaign ran, as ``campaign preview`` tells."""
        seen = json.loads(self.app.ask("campaign", "preview", name, "--json"))
        named = [contact for found in seen["samples"].values() for contact in found]
        rules = {f"+{c['external_id']}": set(re.findall(r"(?:^|; )(\w+): ", c["why"])) for c in named}
        return {number: found - {"campaign_not_running"} for number, found in rules.items()}

    def attempts(self, name: str) -> dict[str, dict[str, Any]]:
        """The call of each number in the report; nobody may have two."""
        listed = self.report(name)["attempt_list"]
        by_number = {f"+{a['external_id']}": a for a in listed}
        assert len(by_number) == len(listed)
        return by_number

    def settle(self, *names: str, timeout_s: float = 60.0) -> None:
        """Wait until none of these campaigns has a call or anybody due."""
        for name in names:
            until(f"{name} has nobody left to call", partial(self._is_quiet, name), timeout_s, SETTLE_POLL_S)

    def _is_quiet(self, name: str) -> bool:
        status = self.status(name)
        return not status["open_attempts"] and not status["due_now"]

    def calls(self, numbers: Iterable[str]) -> list[CarrierCall]:
        """What the carrier has seen so far of calls to these numbers, by time."""
        wanted = set(numbers)
        return [call for call in self.world.capture.calls() if call.to_user in wanted]

    def call(self, number: str) -> CarrierCall:
        """The one call that the carrier saw to this number."""
        (call,) = self.calls([number])
        return call

    def stops(self, *numbers: str) -> dict[str, float]:
        """When each said stop, or it was entered: seconds since the epoch, from the journal on disk."""
        return read_stops(self.project / "var", numbers, via=("key", "step", "command line", "line", "line keyed"))

    def last_stop_at(self) -> datetime:
        """Rules time of the last stop in the journal."""
        lines = (self.project / "var" / "refusals.jsonl").read_text().splitlines()
        return datetime.fromisoformat(json.loads(lines[-1])["at"])

    def sql(self, query: str) -> list[TupleRow]:
        """Look at the database behind agi-app's back."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()

    def sql_do(self, statement: str) -> None:
        """Change something behind agi-app's back."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement)


def _quiet(_: str) -> None:
    """Commands of tests are not shown."""
