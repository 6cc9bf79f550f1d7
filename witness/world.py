"""The world of one run: Asterisk, the carrier's addresses, the project, and who is who."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.ports import free_port
from sandbox.root import ensure_root
from witness import certificate, texts
from witness.carrier import Carrier
from witness.cases import finals, inbound, keys, media_cases, orders, plain, secure, talks
from witness.cases.model import Case, Seen
from witness.judge import instant
from witness.leg import Leg
from witness.pbx import Phones, WitnessAsterisk, other_ways, over_ipv6, settings
from witness.project import CALLER_ID, CLOCK, Numbers, Project
from witness.site import Script, Site
from witness.wire import Wire

DECOY_TRUNK = "witness-other"
OTHER_DESTINATIONS = ("queue-forwards", "queue-talks", "staff-unproved")


@dataclass(slots=True, frozen=True)
class Plan:
    """A campaign: its flow and trunk, and what differs from the usual."""

    flow: str
    trunk: str
    phase: int = 1
    rate: int = 8
    concurrent: int = 60
    ring: int = 15
    longest: int = 120


PLANS: dict[str, Plan] = {
    "o-ring": Plan("quiz", "main", phase=0, ring=45),
    "o-stay": Plan("stay", "main", phase=0, ring=20),
    "o-talk": Plan("talk", "main", phase=0),
    "slow": Plan("quiz", "second", phase=0, rate=2, concurrent=40),
    "paused": Plan("quiz", "second", phase=0, ring=30),
    "halted": Plan("quiz", "second", phase=0, ring=30),
    "network": Plan("quiz", "network"),
    "redirects": Plan("quiz", "redirects"),
    "password-401": Plan("quiz", "password-a"),
    "password-407": Plan("quiz", "password-b"),
    "silent": Plan("quiz", "silent"),
    "rings": Plan("quiz", "second"),
    "media-1": Plan("quiz", "media-a"),
    "media-2": Plan("quiz", "media-b"),
    "media-3": Plan("quiz", "media-c"),
    "tones": Plan("quiz", "tones"),
    "quiz": Plan("quiz", "main"),
    "stay": Plan("stay", "main"),
    "digits": Plan("digits", "main"),
    "talk": Plan("talk", "main"),
    "secure": Plan("quiz", "secure"),
    "tcp": Plan("quiz", "tcp"),
    "short-talk": Plan("talk", "main", longest=15),
}
TRUNKS = (
    "main",
    "second",
    "network",
    "redirects",
    "password-a",
    "password-b",
    "silent",
    "media-a",
    "media-b",
    "media-c",
    "tones",
)


class World:
    """Everything that a run needs; ``async with`` starts and ends it."""

    def __init__(self, folder: Path, *, quick: bool, only: str | None, seed: int) -> None:
        self.folder, self.quick, self.only = folder, quick, only
        self.numbers = Numbers(seed)
        self.stranger = self.numbers.draw()  # to whom redirects lead: a number without consent
        self.carrier = Carrier(folder / "carrier")
        self.project = Project(folder / "mine")
        self.orders: dict[str, orders.Order] = {}
        self.cases: list[Case] = []
        self.incoming: list[inbound.Incoming] = []
        self.people: dict[str, Seen] = {}  # by number
        self.desks: dict[str, Script] = {}
        self.asterisk: WitnessAsterisk
        self.wire: Wire
        self.port6 = 0
        self.started = 0.0
        self.probe: dict[str, str] = {}
        self._random = random.Random(seed)

    # ------------------------------------------------------------------ start and end

    async def __aenter__(self) -> World:
        await self.carrier.__aenter__()
        try:
            await self._start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def _start(self) -> None:
        sites: dict[str, Site] = {}
        for name in TRUNKS:
            sites[name] = await self.carrier.listen(name, self._person)
        tls = self.folder / "asterisk" / "tls"
        certificate.make(tls)
        sites["secure"] = await self.carrier.listen("secure", self._person, kind="tls", tls=certificate.server(tls))
        sites["tcp"] = await self.carrier.listen("tcp", self._person, kind="tcp")
        desk = await self.carrier.listen("desks", self._desk)
        decoy = await self.carrier.listen("decoy", lambda leg: _decoy)
        await self.carrier.listen("callers", lambda leg: None)
        await self.carrier.listen("callers6", lambda leg: None, host="::1")
        self.port6 = free_port()
        self._choose_cases(f"127.0.0.1:{decoy.port}")
        await self.project.command("init", str(self.project.folder))
        phones = Phones(
            endpoints={name: f"sip:{name}@127.0.0.1:{desk.port}" for name in self.desks},
            trunks={f"witness-{name}": f"sip:127.0.0.1:{sites[name].port}" for name in TRUNKS[1:]}
            | {DECOY_TRUNK: f"sip:127.0.0.1:{decoy.port}"},
            more={"witness-tones": "dtmf_mode = inband"},  # install-on-asterisk.md, keys as tones
            queues={"forwards": "desk-redirects-trunk", "talks": "desk-leaves"},
            extra=other_ways(sites["secure"].port, sites["tcp"].port) + over_ipv6(self.port6),
        )
        root = await asyncio.to_thread(ensure_root, lambda text: None)
        self.asterisk = WitnessAsterisk(
            root, self.folder / "asterisk", name="witness", carrier=("127.0.0.1", sites["main"].port),
            prompts_dir=self.project.folder / "prompts", agents=phones,  # type: ignore[arg-type]
        )  # fmt: skip
        self.asterisk.modules = ("res_srtp.so",)
        self.wire = Wire(self.asterisk.sip_port)
        await asyncio.to_thread(self.asterisk.start)
        self.wire.start()
        self.started = time.time()
        await self._make_project()

    async def __aexit__(self, *error: object) -> None:
        await self.project.stop_worker()
        if hasattr(self, "asterisk"):
            self.wire.stop()
            await asyncio.to_thread(self.asterisk.stop)
        await self.carrier.__aexit__(None, None, None)

    @property
    def rules_now(self) -> float:
        """What the sandbox clock says now, about."""
        return instant(CLOCK) + time.time() - self.started

    # ------------------------------------------------------------------ who is who

    def _choose_cases(self, decoy: str) -> None:
        scale = 1 if self.quick else 6
        self.desks = talks.desks(self.stranger, decoy, DECOY_TRUNK)
        everything = [
            *finals.cases(),
            *finals.redirects(self.stranger, decoy, DECOY_TRUNK),
            *media_cases.cases(),
            *keys.cases(scale),
            *talks.cases(scale, self.stranger, decoy, DECOY_TRUNK),
            *orders.cases(scale, self.orders),
            *secure.cases(scale, self.stranger, decoy, DECOY_TRUNK),
        ]
        self.cases = [case for case in everything if self._wanted(case.name, case.group, case.quick)]
        self.incoming = [case for case in inbound.cases() if self._wanted(case.name, case.group, case.quick)]
        if self.only is None:
            self.cases += plain.fillers(self.cases, scale)
        used = {case.orders for case in self.cases}
        self.orders = {name: order for name, order in self.orders.items() if name in used}
        for case in self.cases:
            for index in range(case.times):
                number = self.numbers.draw()
                self.people[number] = Seen(case, number, f"{case.slug}-{index}", [], [], {})
                if case.orders:
                    self.orders[case.orders].numbers.append(number)

    def _wanted(self, name: str, group: str, quick: bool) -> bool:
        if self.only is not None:
            return any(fnmatch.fnmatch(text.lower(), self.only.lower()) for text in (name, group))
        return quick or not self.quick

    def _person(self, leg: Leg) -> Script | None:
        seen = self.people.get(leg.number)
        return seen.case.script if seen is not None else None

    def _desk(self, leg: Leg) -> Script | None:
        return self.desks.get(leg.number)

    # ------------------------------------------------------------------ the project

    def of_campaign(self, name: str) -> list[Seen]:
        return [seen for seen in self.people.values() if seen.case.campaign == name]

    @property
    def campaigns(self) -> dict[str, Plan]:
        used = {seen.case.campaign for seen in self.people.values()}
        return {name: plan for name, plan in PLANS.items() if name in used}

    async def _make_project(self) -> None:
        flows = {
            "quiz": texts.QUIZ,
            "stay": texts.STAY,
            "digits": texts.DIGITS,
            "talk": texts.talk([*self.desks, *OTHER_DESTINATIONS]),
        }
        campaigns = {
            name: texts.campaign(
                name,
                plan.flow,
                plan.trunk,
                rate=plan.rate,
                concurrent=plan.concurrent,
                ring=plan.ring,
                longest=plan.longest,
            )
            for name, plan in self.campaigns.items()
        }
        campaigns["probe"] = texts.campaign(
            "probe", "quiz", "probe", rate=200, concurrent=1000, window='{days: [tue], from: "19:00", to: "19:30"}'
        )
        trunks = {"main": "sandbox-carrier"} | {name: f"witness-{name}" for name in (*TRUNKS[1:], "secure", "tcp")}
        trunks["probe"] = DECOY_TRUNK
        destinations = {name: f"PJSIP/{name}" for name in self.desks} | {"front-desk": "PJSIP/desk-stays"}
        destinations |= {"queue-forwards": "forwards", "queue-talks": "talks"}
        destinations["staff-unproved"] = f"PJSIP/{self.stranger}@witness-second"
        text = settings(self.asterisk, trunks, destinations, CLOCK)
        self.project.fill(text, {name: texts.flow(name, nodes) for name, nodes in flows.items()}, campaigns)
        checked = await self.project.command("check", ok=(0, 1))
        if " error" in checked.out and not checked.out.strip().splitlines()[-1].startswith("0 errors"):
            raise RuntimeError(f"the witness's own project has faults:\n{checked.out}")
        await self.project.command("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
        everybody = list(self.people)
        await self.project.command("consent", "import", str(self.project.write_consents("consents.csv", everybody)))
        await self.project.start_worker()  # also keeps the database up between the commands
        everything = {name: self.of_campaign(name) for name in self.campaigns} | {"probe": list(self.people.values())}
        await self.side_by_side([self._import(name, people) for name, people in everything.items()])

    async def side_by_side(self, commands: Sequence[tuple[str, ...]]) -> list[str]:
        """Runs commands of agi-app, three at once; what each printed."""
        gate = asyncio.Semaphore(3)

        async def one(argv: tuple[str, ...]) -> str:
            async with gate:
                return (await self.project.command(*argv)).out

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(argv)) for argv in commands]
        return [task.result() for task in tasks]

    def _import(self, campaign: str, people: Sequence[Seen]) -> tuple[str, ...]:
        shuffled = list(people)
        self._random.shuffle(shuffled)
        rows = [
            {"external_id": one.external_id, "number": one.number, "language": "en", **one.case.columns}
            for one in shuffled
        ]
        path = self.project.write_contacts(f"{campaign}.csv", rows)
        return ("contacts", "import", campaign, str(path))

    # ------------------------------------------------------------------ what came of it

    async def collect(self) -> None:
        """Reads the reports of all campaigns and puts both sides of each person together."""
        by_id = {seen.external_id: seen for seen in self.people.values()}
        for seen in self.people.values():
            seen.records = self.carrier.book.of(seen.number)
        names = list(self.campaigns)
        said = await self.side_by_side([("report", name, "--format", "json") for name in names])
        reports = {name: json.loads(text) for name, text in zip(names, said, strict=True)}
        (self.folder / "reports.json").write_text(json.dumps(reports), "utf-8")
        self.carrier.book.save(self.folder / "carrier" / "calls.json")
        for name in self.campaigns:
            report = reports[name]
            attempts: dict[str, list[dict[str, object]]] = defaultdict(list)
            for attempt in report["attempt_list"]:
                attempts[attempt["external_id"]].append(attempt)
            for contact in report["contact_list"]:
                by_id[contact["external_id"]].contact = contact
                by_id[contact["external_id"]].attempts = attempts.get(contact["external_id"], [])


async def _decoy(leg: Leg) -> None:
    """Nobody should ever come here."""
    await leg.ring(0.2)
    await leg.answer()
    await leg.wait_end(30.0)
