"""An office with a feed, for the tests: its project on disk, two people with secrets, and a worker's part."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from agi_app import asked
from agi_app.clock import Clock
from agi_app.config.feed_definition import FeedDefinition
from agi_app.config.settings import load_settings
from agi_app.consent.account_secrets import workers_key
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.worker.asks import Asks
from agi_app.dialer.worker.feed_runs import FeedRuns
from agi_app.exchange.feed_reader import FeedReader
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.calling import feeds
from agi_app.operations.calling.feeds import ApprovalAsked, FeedStatus
from agi_app.operations.project import project_files
from agi_app.operations.service import accounts
from agi_app.store.calling import approvals
from agi_app.store.feeds import feeds as table
from agi_app.store.feeds.runs import FeedRun
from agi_app.store.requested_calls import asks
from tests.store.world import World, campaign, installation_for, number

KEY = SuppressionKey(b"k" * 32)
SECRET = "correct horse battery"
FEED = "appointments"
SETTINGS = """\
approval = "{approval}"

[trunks.carrier]
endpoint = "PJSIP/{number}@carrier"

[feeds.appointments]
campaign = "checkup"
folder = "out"
most_a_day = 50

{more}
"""
CAMPAIGN = """\
campaign: checkup
purpose: transactional
jurisdictions: [CN]
flow: reminder
trunk: carrier
caller_id: "+99986210000001"
"""


STEP = 37  # between two numbers of a list: no neighbours
CONSENTING = range(STEP, 41 * STEP + 1, STEP)


class FeedOffice:
    """wang asks for feeds, li approves; ``worker`` does what a worker does."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.store, self.folder = world, world.store, folder / "project"
        self.clock = Clock()
        self.data = folder
        (self.folder / "campaigns").mkdir(parents=True)
        (self.folder / "out").mkdir()
        (self.folder / "campaigns" / "checkup.yaml").write_text(CAMPAIGN)
        self.write()

    def write(self, settings: str = SETTINGS, more: str = "", approval: str = "two") -> None:
        """Write agi-app.toml."""
        (self.folder / "agi-app.toml").write_text(settings.replace("{more}", more).replace("{approval}", approval))

    async def open(self) -> FeedOffice:
        """The accounts and the workers' key."""
        await approvals.keep_key(self.store, workers_key(KEY).public_key().public_bytes_raw())
        admin = self.acting("anna", *Role)
        await accounts.add(admin, "wang", [Role.OPERATOR])
        await accounts.add(admin, "li", [Role.COMPLIANCE])
        for one in (self.acting("wang", Role.OPERATOR), self.acting("li", Role.COMPLIANCE)):
            await accounts.set_own_secret(one, SECRET)
        return self

    def acting(self, name: str, *roles: Role) -> Installation:
        """As this account, with the settings as they are in the file now."""
        settings = load_settings(self.folder)
        base = installation_for(self.store, Journal(self.data, self.clock), self.clock)
        return dataclasses.replace(
            base, settings=settings, key=KEY, actor=Actor(name, frozenset(roles or Role), "cli", name)
        )

    @property
    def wang(self) -> Installation:
        """Who asks."""
        return self.acting("wang", Role.OPERATOR)

    @property
    def li(self) -> Installation:
        """Who approves."""
        return self.acting("li", Role.COMPLIANCE)

    async def ask(self, who: Installation | None = None) -> FeedDefinition | ApprovalAsked:
        """Ask for the feed."""
        return await feeds.start(who or self.wang, project_files.read(self.folder), FEED)

    async def answer(self, inst: Installation | None = None) -> None:
        """A worker does what waits."""
        made = inst or dataclasses.replace(self.acting("agi-app"), actor=Actor("agi-app", frozenset(), "worker"))
        keep = Stops(self.store, made.journal, self.clock, "node-1").keep
        await Asks(self.store, "node-1", keep, partial(asked.prepare, made), partial(asked.do, made)).take_all()

    async def approve(self, who: Installation | None = None, secret: str = SECRET) -> str:
        """Approve the newest request; returns what came of it, or the refusal."""
        number = await feeds.approve(who or self.li, FEED, secret)
        await self.answer()
        found = await asks.by_id(self.store, number)
        assert found is not None
        return found.state if found.state == "done" else str((found.answer or {})["text"])

    async def started(self) -> FeedOffice:
        """The feed runs, as the file has it."""
        assert isinstance(await self.ask(), ApprovalAsked)
        assert await self.approve() == "done"
        return self

    async def status(self) -> FeedStatus:
        """How the feed stands."""
        return await feeds.status(self.wang, FEED)

    async def feed(self) -> table.StoredFeed:
        """Its row."""
        found = await table.feed(self.store, FEED)
        assert found is not None
        return found

    async def later(self, span: dt.timedelta) -> None:
        """So much time goes by, for a worker's claims."""
        self.world.terms = dataclasses.replace(self.world.terms, offset=self.world.terms.offset + span)

    # What the exchange and the worker do.

    def reader(self, name: str = "exchange 1") -> FeedReader:
        """A process that reads the feed, as the settings file is now."""
        return FeedReader(self.folder, self.store, self.clock, FEED, name)

    def runs(self, node: str = "node-1", **changed: Any) -> FeedRuns:
        """A worker that takes runs."""
        worker = dataclasses.replace(self.acting("agi-app"), actor=Actor("agi-app", frozenset(), "worker"))
        do = changed.get("do", partial(asked.take_run, worker))
        return FeedRuns(self.store, worker.clock, node, do)

    def put(self, *rows: str, name: str = "list.csv", header: str = "external_id,number", age: float = 5.0) -> Path:
        """Put a file into the folder, written so many seconds ago."""
        file = self.folder / "out" / name
        file.write_text("\n".join((header, *rows)) + "\n")
        at = self.clock.real_now().timestamp() - age
        os.utime(file, (at, at))
        return file

    async def brings(self, *rows: str, **how: Any) -> FeedRun:
        """A file with these rows, from the folder to what came of it."""
        self.put(*rows, **how)
        return await self.pass_on()

    async def pass_on(self) -> FeedRun:
        """Look until a file is taken, import it, put it away; returns its run."""
        reader = self.reader()
        try:
            for _ in range(3):
                await reader.once()
            await self.runs().take_all()
            await reader.once()
        finally:
            await reader.close()
        return (await feeds.newest_runs(self.wang, FEED, 1))[0]

    async def states(self) -> dict[str, str]:
        """The campaign's contacts: external id -> state."""
        found = await self.store.records("SELECT external_id, state FROM contact WHERE campaign = 'checkup'")
        return {row["external_id"]: row["state"] for row in found}


async def running_office(world: World, folder: Path) -> FeedOffice:
    """Its feed is started, and its campaign runs; the persons of ``row`` consent."""
    made = await FeedOffice(world, folder).open()
    await made.started()
    await world.running(campaign(), [], consenting=CONSENTING)
    return made


def row(n: int, *more: str) -> str:
    """The n-th person in a list, whose number is no neighbour of the others."""
    return ",".join((f"row-{n}", number(STEP * n), *more))


def result(run: FeedRun) -> dict[str, Any]:
    """What came of a run."""
    found: dict[str, Any] = json.loads(run.result or "{}")
    return found
