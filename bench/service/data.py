"""The big database of ``scripts/bench service``: made once, kept in a folder of its own, and used again."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import shutil
import time
from pathlib import Path

from agi_app.config.settings import load_settings
from agi_app.installation import installation
from agi_app.model.campaign import Campaign, CampaignState, Pace, Purpose
from agi_app.secret_keys import read_key
from agi_app.store.calling import campaigns, tallies
from agi_app.store.database import embedded
from bench import people
from bench.output import say
from bench.service import population
from sandbox.errors import SandboxError

CONTACTS = 10_000_000
FOLDER = "BENCH_SERVICE_DATA"  # in the environment
DISK_A_CONTACT = 1_500  # bytes, with the write-ahead log
NOW = dt.datetime.fromisoformat(people.CLOCK)
_READY = "ready.json"  # written when all is there
SETTINGS = '[trunks.sandbox]\nendpoint = "PJSIP/{number}@carrier"\nplus = true\nsandbox = true\n'


def place(contacts: int) -> Path:
    """Where the project with so many contacts is, or will be."""
    kept = os.environ.get(FOLDER)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return (Path(kept) if kept else cache / "agi-app" / "bench-service") / f"{contacts}"


def ready(contacts: int = CONTACTS) -> Path:
    """The project, made first if need be; half of one, of a run that was ended, is made anew. Raises SandboxError."""
    project = place(contacts)
    if (project / _READY).exists():
        return project
    if project.exists():
        shutil.rmtree(project)
    project.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(project.parent).free
    if free < contacts * DISK_A_CONTACT:
        raise SandboxError(f"{project}: {free // 2**30} GiB are free, too few for {contacts:,} contacts; set {FOLDER}")
    say(f"== {contacts:,} contacts are made in {project}, once")
    began = time.monotonic()
    people.make_project(project, SETTINGS)
    server = embedded.acquire(project / "var", fast=True)  # without fsync while it is filled
    try:
        asyncio.run(_store_campaigns(project))
        key = read_key(project / "var" / "suppression.key", "suppression key")
        population.populate(server.url, population.Sizes(contacts), NOW, key or b"", say)
        wrong = asyncio.run(_recount(project))
    finally:
        server.release()
    if wrong:
        raise SandboxError(f"the kept figures are not what the rows say: {wrong[:3]}")
    took = round(time.monotonic() - began)
    (project / _READY).write_text(json.dumps({"contacts": contacts, "made_s": took}), encoding="utf-8")
    say(f"   made in {took} s")
    return project


async def _store_campaigns(project: Path) -> None:
    async with installation(load_settings(project)) as inst:
        for name, _ in population.SHARES:
            campaign = Campaign(
                name=name,
                purpose=Purpose.TRANSACTIONAL,
                flow="bulk",
                trunk="sandbox",
                caller_id=people.CALLER_ID,
                jurisdictions=("CN",),
                pace=Pace(60, 800),
            )
            await campaigns.save_campaign(inst.store, campaign, "flows/bulk.yaml", "flow: bulk\n")
            await campaigns.set_state(inst.store, name, CampaignState.PAUSED, "of the benchmark", NOW)


async def _recount(project: Path) -> list[tallies.WrongFigure]:
    async with installation(load_settings(project)) as inst:
        return await tallies.recount(inst.store, correct=False)
