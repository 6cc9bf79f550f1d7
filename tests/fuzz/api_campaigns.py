"""Campaigns that dial one after another while ``scripts/fuzz api`` asks: who consents, who does not, and who stopped.

Each is stored here as an import does it, and started by the API: its asks are for a worker. Every third one is
marketing, whose start waits until a generated request approves it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from agi_app.model.actors import Role
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent, ContactRow
from agi_app.operations.calling import approvals, pauses, stored_campaigns
from agi_app.operations.reporting import jobs
from agi_app.operations.service import webhooks
from agi_app.store.calling import tallies
from agi_app.store.calling.approvals import StartRequest
from agi_app.store.calling.campaigns import save_campaign
from agi_app.store.people import consents
from tests.api.site import CAMPAIGN, Site
from tests.store.world import LONG_AGO, campaign, import_contacts

CALLER_ID = "+999862155500001"
FLOW = "checkup-reminder"
SUFFIXES = (1, 2, 9, 12, 20, 21, 10, 11)  # what the carrier's people do (sandbox/scenarios/carrier.xml)
CONSENTING, WITHOUT, OTHERWISE, STOPPED = 40, 8, 6, 6  # contacts of each campaign
LASTS_S, LOOK_EVERY_S = 30.0, 1.5
DRAFTS_EVERY_S = 6.0
PAUSED_S = 8.0
KEPT = 3  # campaigns that requests name
RECEIVERS = 4


@dataclass
class Round:
    """One campaign."""

    name: str
    purpose: Purpose
    numbers: list[str]
    began: float = field(default_factory=time.monotonic)


class Campaigns:
    """Makes them, and keeps the file of what exists now."""

    def __init__(self, site: Site, project: Path, there: Path, receiver: str) -> None:
        self._site, self._project, self._there, self._receiver = site, project, there, receiver
        self._luck = random.Random(0)
        self._rounds: list[Round] = []
        self._serial = itertools.count(1)
        self._drafts_kept_at = float("-inf")
        self.saved: set[str] = set()  # operations by which a draft was saved
        self._waiting: list[StartRequest] = []  # for somebody who approves

    @property
    def made(self) -> int:
        """How many campaigns there were."""
        return len(self._rounds)

    @property
    def purposes(self) -> dict[str, str]:
        """Of every campaign: these, and those whose files the project has."""
        return {CAMPAIGN: "transactional", "march-checkup": "transactional"} | {
            one.name: one.purpose.value for one in self._rounds
        }

    async def run(self, http: aiohttp.ClientSession, over: asyncio.Event) -> None:
        """A new one each time that the last one has nobody left, until told to end."""
        while not over.is_set():
            if not self._rounds or await self._is_over(self._rounds[-1]):
                await self._begin(http)
            await self._end_pause()
            for one in self._rounds[-KEPT:]:
                await self._keep_running(http, one)
            await self._keep_drafts(http)
            await self.tell()
            await asyncio.sleep(LOOK_EVERY_S)

    async def tell(self) -> None:
        """Write down what exists now."""
        inst, some = self._site.inst, self._rounds[-KEPT:]
        places = [one for one in await webhooks.endpoints(inst) if one.enabled]
        if not any(one.url == self._receiver for one in places) and len(places) < RECEIVERS:
            await webhooks.add(inst, self._receiver, ["*"])
        names = [one.name for one in some]
        self._waiting = [one for one in await approvals.waiting(inst) if one.campaign in names]
        now: dict[str, Any] = {
            "campaign": names,
            "number": [number for one in some for number in one.numbers],
            "external_id": [number.removeprefix("+") for one in some for number in one.numbers],
            "webhook": [one.endpoint_id for one in places if one.url != self._receiver] or [1],  # which stays
            "event": sorted({one.event for one in await webhooks.deliveries(inst)}),
            "job": [one.job_id for one in await jobs.jobs(inst) if one.state == "done"][-KEPT:],
            "approvals": [[one.campaign, one.request_id] for one in self._waiting],
        }
        new = self._there.with_suffix(".new")
        new.write_text(json.dumps(now), "utf-8")
        new.replace(self._there)

    async def _begin(self, http: aiohttp.ClientSession) -> None:
        number = len(self._rounds) + 1
        purpose = Purpose.TRANSACTIONAL if number % 3 != 1 else Purpose.MARKETING
        one = Round(f"round-{number}", purpose, self._people(CONSENTING + WITHOUT + OTHERWISE + STOPPED))
        file = self._project / "campaigns" / f"{one.name}.yaml"
        file.write_text(
            f"campaign: {one.name}\npurpose: {purpose}\njurisdictions: [CN]\nflow: {FLOW}\ntrunk: sandbox\n"
            f'caller_id: "{CALLER_ID}"\npace: {{calls_per_second: 3, concurrent: 20}}\nmax_call: 30s\n',
            "utf-8",
        )
        for old in self._rounds[:-KEPT]:
            (self._project / "campaigns" / f"{old.name}.yaml").unlink(missing_ok=True)
        inst = self._site.inst
        wanted = campaign(one.name, purpose=purpose, flow=FLOW, trunk="sandbox", caller_id=CALLER_ID)
        await save_campaign(inst.store, wanted, f"flows/{FLOW}.yaml", "flow: waits\n")
        await self._consents(one)
        stopped = one.numbers[:STOPPED]
        await self._ask(http, "/stops/lists", {"numbers": stopped})
        fields = {"name": "测试", "appointment": "九点"}
        rows = [ContactRow(n.removeprefix("+"), n, "CN", ("Asia/Shanghai",), "zh-CN", fields) for n in one.numbers]
        await import_contacts(inst.store, one.name, rows, inst.clock.now())
        self._rounds.append(one)
        await self._ask(http, f"/campaigns/{one.name}/asks", {"verb": "start", "reason": "a new round"})

    async def _consents(self, one: Round) -> None:
        """Of all but some; of some only to another purpose; and of those who will say stop."""
        agreed = one.numbers[: STOPPED + CONSENTING]
        otherwise = one.numbers[STOPPED + CONSENTING :][:OTHERWISE]
        other = Purpose.SURVEY if one.purpose is Purpose.MARKETING else Purpose.MARKETING
        given = [_consent(n, one.purpose) for n in agreed] + [_consent(n, other) for n in otherwise]
        inst = self._site.inst
        await consents.import_consents(inst.store, given, "fuzz", inst.clock.now())

    async def _keep_running(self, http: aiohttp.ClientSession, one: Round) -> None:
        """Whatever a generated request has done to it, it goes on."""
        state = (await stored_campaigns.one(self._site.inst, one.name)).state
        if state in ("paused", "stopped") and one.name not in [wait.campaign for wait in self._waiting]:
            verb = "resume" if state == "paused" and self._luck.random() < 0.5 else "start"
            await self._ask(http, f"/campaigns/{one.name}/asks", {"verb": verb, "reason": "it goes on"})

    async def _end_pause(self) -> None:
        """If a generated request paused everything, and another one had the time to end that."""
        inst = self._site.inst
        found = await pauses.current(inst)
        if found is not None and (inst.clock.real_now() - found.recorded_at).total_seconds() > PAUSED_S:
            await pauses.resume_all(inst, "it goes on")

    async def _keep_drafts(self, http: aiohttp.ClientSession) -> None:
        """What was discarded or published is there again; no generated text is a file that a project takes."""
        if time.monotonic() - self._drafts_kept_at < DRAFTS_EVERY_S:
            return
        self._drafts_kept_at = time.monotonic()
        more = {"If-Match": "*", "Content-Type": "application/yaml"}
        headers = {"Authorization": f"Bearer {self._site.tokens[Role.OPERATOR]}", **more}
        for kind, path in (("flow", f"/flows/{FLOW}/draft"), ("campaign", f"/campaigns/{CAMPAIGN}/draft")):
            async with http.put(f"/api/v1{path}", data=self._site.drafts[kind], headers=headers) as answer:
                if answer.status == 200:
                    self.saved.add(f"drafts_save_{kind}")

    async def _is_over(self, one: Round) -> bool:
        found = await tallies.of_campaign(self._site.inst.store, one.name)
        left = found.contacts.get("pending", 0) + found.contacts.get("claimed", 0)
        return not left or time.monotonic() - one.began > LASTS_S

    async def _ask(self, http: aiohttp.ClientSession, path: str, body: Any) -> None:
        headers = {"Authorization": f"Bearer {self._site.tokens[Role.OPERATOR]}"}
        async with http.post(f"/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status in (201, 202), (path, answer.status, await answer.text())

    def _people(self, count: int) -> list[str]:
        """New numbers, scattered as numbers are that people gave."""
        places = (next(self._serial) * 7919 % 1_000_000 for _ in range(count))
        return [f"+9998614{place:06d}{self._luck.choice(SUFFIXES):02d}" for place in places]


def _consent(number: str, purpose: Purpose) -> Consent:
    return Consent(number, purpose, "I agree to be called.", "web form", LONG_AGO, "fuzz")
