"""How many contacts a second a worker decides about, in a small and in a big database, and how long a preview takes.

One claim is what the dialer does: lock due contacts and their persons, read the facts, decide, write decisions,
attempts and slots, commit (fsync on). ``contacts_per_second`` counts contacts that were decided about, in claims of
CLAIM contacts by one worker; about two of three are claimed, the others refused, each with its decision row. The small
and the big database take turns, so that whatever else the machine does meets both. Calls are ended between two
claims, which is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.stamps import Stamper
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import Terms, preview
from agi_app.clock import SandboxClock
from agi_app.config.settings import load_settings
from agi_app.due.planner import planner
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.model.campaign import Campaign, CampaignState, Pace, Purpose
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import campaigns, claims, decision_texts
from agi_app.store.database import checks, embedded
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids
from bench import people, usage
from bench.contacts import crowd, imports
from bench.output import machine, say
from sandbox.errors import SandboxError

SMALL, LARGE, LOOKED_AT = 100_000, 10_000_000, 1_000_000
IMPORTED = 1_000_000
CLAIM, SMALL_CLAIM = 200, 30  # contacts of a claim; a dialer that starts 60 calls a second claims 30
ROUNDS, CLAIMS = 6, 10  # turns of each database, claims a turn
WARM_UP = 6  # claims first: connections, plans and caches as they are in a worker that has run for a minute
LEAST_A_SECOND, LEAST_RATIO, LEAST_IMPORTED, MOST_PREVIEW_S = 2000, 0.8, 20_000, 30.0
PLACES = 1000  # calls at once
SEAL_S = 10.0  # for the sequencer, to seal what the claims before it left
DISK_A_CONTACT = 2_500  # bytes, with the write-ahead log
NOW = dt.datetime.fromisoformat(people.CLOCK)
OURS = Campaign(
    name=people.CAMPAIGN,
    purpose=Purpose.TRANSACTIONAL,
    flow="bulk",
    trunk="sandbox",
    caller_id=people.CALLER_ID,
    jurisdictions=("CN", "US", "GB"),
    pace=Pace(60, PLACES),
    retry={"no_answer": (dt.timedelta(days=1), dt.timedelta(days=2)), "busy": (dt.timedelta(hours=1),)},
)
_SETTINGS = '[trunks.sandbox]\nendpoint = "PJSIP/{number}@carrier"\nplus = true\nsandbox = true\n'
_END_CALLS = """
WITH freed AS (UPDATE slot SET attempt_id = NULL WHERE attempt_id IS NOT NULL)
UPDATE attempt SET state = 'ended' WHERE state = 'claimed'
"""


@dataclass(slots=True)
class Timed:
    """Claims that were made, and the seconds they took."""

    contacts: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> int:
        """Contacts decided about a second."""
        return round(self.contacts / self.seconds) if self.seconds else 0


def run(large: int = LARGE) -> dict[str, Any]:
    """One run: two databases made, measured in turn and thrown away; ``large`` contacts in the big one."""
    before, busy = machine(), usage.machine_times()
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as name:
        folder = Path(name)
        free = shutil.disk_usage(folder).free
        if free < large * DISK_A_CONTACT:
            raise SandboxError(f"{folder}: {free // 2**30} GiB are free, {large:,} contacts take more; set TMPDIR")
        say(f"== {before['at']}, load {before['load']}")
        with made(folder / "looked", LOOKED_AT) as looked:
            looking = asyncio.run(_preview(looked))
        say(f"   {looking}")
        with made(folder / "small", SMALL) as small, made(folder / "large", large) as big:
            figures = asyncio.run(_claims(small, big))
        say(f"   {figures}")
    imported = imports.run_big(IMPORTED, xlsx=False)
    return {
        "bench": "gate",
        **before,
        "load_after": machine()["load"],
        "machine_busy": usage.busy(busy, usage.machine_times()),
        "large": large,
        **figures,
        "import_rows_per_second": imported["rows_per_second"],
        **looking,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    goals = [
        ("contacts_per_second_10m", LEAST_A_SECOND),
        ("ratio", LEAST_RATIO),
        ("import_rows_per_second", LEAST_IMPORTED),
    ]
    missed = [f"{name} is {record[name]}, less than {least}" for name, least in goals if record[name] < least]
    if record["preview_1m_s"] > MOST_PREVIEW_S:
        missed.append(f"preview_1m_s is {record['preview_1m_s']}, more than {MOST_PREVIEW_S}")
    return missed


@contextlib.contextmanager
def made(project: Path, contacts: int, campaigns: Sequence[Campaign] = (OURS,)) -> Iterator[Path]:
    """A project whose database has so many contacts of these campaigns; removed in the end.

    Those of campaigns with ``due`` have appointments, priorities and second numbers.
    """
    people.make_project(project, _SETTINGS)
    began = time.perf_counter()
    server = embedded.acquire(project / "var", fast=True)  # without fsync while it is filled
    try:
        asyncio.run(_prepare(server.url, campaigns))
        names, office = [campaign.name for campaign in campaigns], campaigns[0].due is not None
        crowd.make(server.url, names, OURS.caller_id, contacts, NOW, office=office)
    finally:
        server.release()
    say(f"   {contacts:,} contacts made in {time.perf_counter() - began:.0f} s")
    yield project
    shutil.rmtree(project)


async def _prepare(url: str, ours: Sequence[Campaign]) -> None:
    store = await Store.open(url, Path(), clock=_clock(), hash_number=lambda _: b"", check_schema=False)
    try:
        await migrate(store)
        store.make_stamper = _stamper
        day = dt.timedelta(days=1)
        letter = caller_ids.CallerIdProof(OURS.caller_id, "letter", "l.txt", "", "bench", NOW - day, NOW + 90 * day)
        await caller_ids.add_proof(store, letter, NOW)
        for campaign in ours:
            await campaigns.save_campaign(store, campaign, "flows/bulk.yaml", "flow: bulk\n")
            await campaigns.set_state(store, campaign.name, CampaignState.RUNNING, None, NOW)
        await decision_texts.remember_ruleset(store, load_ruleset())
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def opened(project: Path) -> AsyncIterator[Store]:
    """As a worker opens it: fsync on."""
    store = await Store.open(None, project / "var", clock=_clock(), hash_number=lambda _: b"")
    try:
        await checks.assert_durable(store)
        yield store
    finally:
        await store.close()


async def _stamper() -> Stamper:
    return Stamper(Ed25519PrivateKey.generate(), "agi-app/bench")


def _clock() -> SandboxClock:
    return SandboxClock(NOW - SandboxClock(dt.timedelta(0)).real_now())


async def _claims(small: Path, big: Path) -> dict[str, Any]:
    async with opened(small) as few, opened(big) as many:
        for store in (few, many):
            await claim(store, CLAIM, WARM_UP)
            await claim(store, SMALL_CLAIM, WARM_UP)
        of_200, of_30 = [(Timed(), Timed()) for _ in range(2)]
        ratios = []
        for _ in range(ROUNDS):
            pair = [await claim(store, CLAIM, CLAIMS) for store in (few, many)]
            ratios.append(pair[1].per_second / pair[0].per_second)
            _add(of_200, pair)
            _add(of_30, [await claim(store, SMALL_CLAIM, CLAIMS) for store in (few, many)])
        beside = await _beside_sequencer(many, big)
    return {
        "contacts_per_second_100k": of_200[0].per_second,
        "contacts_per_second_10m": of_200[1].per_second,
        "ratio": round(of_200[1].per_second / of_200[0].per_second, 2),
        "ratio_median": round(statistics.median(ratios), 2),
        "claims_of_30": {"100k": of_30[0].per_second, "10m": of_30[1].per_second},
        "beside_audit_sequencer_10m": beside.per_second,
    }


async def _beside_sequencer(store: Store, project: Path) -> Timed:
    """The same while the worker's audit sequencer seals all these rows into the tree and signs."""
    sequencer = Sequencer(store, await Notary.open(load_settings(project), store))
    running = asyncio.get_running_loop().create_task(sequencer.run())
    try:
        await asyncio.sleep(SEAL_S)
        return await claim(store, CLAIM, ROUNDS * CLAIMS // 2)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _add(sums: tuple[Timed, Timed], turn: list[Timed]) -> None:
    for total, one in zip(sums, turn, strict=True):
        total.contacts += one.contacts
        total.seconds += one.seconds


async def claim(store: Store, limit: int, times: int, campaign: Campaign = OURS) -> Timed:
    """So many claims of one worker."""
    ruleset, timed = load_ruleset(), Timed()
    plan = planner(campaign, ruleset, PLACES)
    terms = claims.ClaimTerms("bench", dt.timedelta(seconds=30), PLACES, store.clock.offset, "sandbox", plan=plan)

    def judge(facts: Facts, now: dt.datetime) -> Decision:
        return decide(facts, campaign, True, ruleset, now)

    for _ in range(times):
        began = time.perf_counter()
        batch = await claims.claim(store, campaign, limit, terms, judge, look_at=limit)
        timed.seconds += time.perf_counter() - began
        if not batch.claims:
            raise SandboxError("a claim of the benchmark brought nothing: " + str(batch))
        timed.contacts += len(batch.claims) + batch.refused
        async with store.connection() as connection:
            await connection.execute(_END_CALLS)
    return timed


async def _preview(project: Path) -> dict[str, Any]:
    """The look ahead over a million contacts: seconds, and what it said."""
    async with opened(project) as store:
        began = time.perf_counter()
        seen = await preview(store, store.clock, Terms(OURS, True, Limits(60, PLACES), load_ruleset()))
        took = time.perf_counter() - began
    return {"preview_1m_s": round(took, 1), "preview_said": {"now": seen.callable_now, "never": seen.never}}
