"""A campaign for agents on a real Asterisk with a queue: people meet one, or are not called, or hear who rang."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.capture import Capture
from sandbox.carrier import MEDIA_HOST
from sandbox.errors import SandboxError
from sandbox.pcap import read_datagrams
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World
from tests.asterisk.proxy import Proxy
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

PATIENT = 10  # says nothing until BYE
SLOW = 27  # rings for 8 s before
FLOW = """\
flow: for-agents
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: opted_out}
abandoned: greeting
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {to: advisers}
      on: {done: bye, failed: bye}
  bye:
    - hangup
"""


class AgentSite(Site):
    """A project whose campaigns may have agents; ``ami_port`` is what its settings say."""

    ami_port = 0

    def settings(self, more: str = "") -> str:
        team = ", ".join(f'"{phone}"' for phone in self.world.agents[0].endpoints)
        text = super().settings(f"[destinations.team]\nagents = [{team}]\nwrap_up = 1\n\n{more}")
        return text.replace(f"port = {self.asterisk.ami_port}\n", f"port = {self.ami_port or self.asterisk.ami_port}\n")

    def call_for_agents(self, name: str, numbers: list[str], to: str = "advisers", **more: object) -> None:
        """Import and start a campaign for agents."""
        (self.project / "flows" / "for-agents.yaml").write_text(FLOW.replace("to: advisers", f"to: {to}"), "utf-8")
        self.write_campaign(name, flow="for-agents", **more)  # type: ignore[arg-type]
        with (self.project / "campaigns" / f"{name}.yaml").open("a") as file:
            file.write(f"agents: {{to: {to}}}\n")
        self.consent(numbers)
        self.app.ask("contacts", "import", name, self.write_contacts(numbers))
        self.app.ask("campaign", "start", name)

    def pause_agents(self, *endpoints: str, paused: bool = True) -> None:
        """Agents take a break, or come back."""
        word = "pause" if paused else "unpause"
        for endpoint in endpoints:
            self.asterisk.cli(f"queue {word} member {endpoint} queue advisers")

    def held_by(self, name: str) -> list[str]:
        """What holds a campaign back, by its short names."""
        return [hold["by"] for hold in self.status(name)["waiting_reasons"]]


@pytest.fixture(scope="module")
def agents_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    ensure_tools(print)
    root = ensure_root(print)
    folder = tmp_path_factory.mktemp("agents")
    made = World(root, folder, prompts_dir=BULK / "prompts", agents=2, talk_s=(1.0, 1.5))
    made.agents[0].wrap_up_s = 1
    with made as running:
        yield running


@pytest.fixture
def site(agents_world: World, new_database: NewDatabase, tmp_path: Path) -> Iterator[AgentSite]:
    made = AgentSite(tmp_path, agents_world, agents_world.asterisk, new_database())
    made.prepare()
    yield made
    made.pause_agents(*agents_world.agents[0].endpoints, paused=False)


@contextmanager
def wire_to(url: str) -> Iterator[Proxy]:
    """A wire to a port that can be cut."""
    proxy, ready = Proxy(url), threading.Event()
    over: list[Callable[[], object]] = []

    async def serve() -> None:
        ended = asyncio.Event()
        over.append(partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set))
        async with await asyncio.start_server(proxy.handle, "127.0.0.1", 0) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            ready.set()
            await ended.wait()
            proxy.cut()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(5)
    try:
        yield proxy
    finally:
        over[0]()
        thread.join(5)


@contextmanager
def heard(sound: Capture) -> Iterator[None]:
    """All calls of this machine are in it, so it may lose some; a gap only gets longer by that."""
    sound.start()
    try:
        yield
    finally:
        with suppress(SandboxError):
            sound.stop()


def longest_silence(file: Path, rtp: tuple[int, int], port: int | None) -> float:
    """Seconds: the longest gap in the sound from these ports of Asterisk to the person who hears it at ``port``."""
    sound = [
        packet.at
        for packet in read_datagrams(file)
        if packet.target == (MEDIA_HOST, port) and rtp[0] <= packet.source[1] <= rtp[1]
        if len(packet.payload) > 12 and packet.payload[1] & 0x7F < 72  # no RTCP
    ]
    return max(after - before for before, after in pairwise(sound))


def test_people_meet_agents_one_call_for_each_who_is_free(site: AgentSite) -> None:
    """Two agents, six people: never more than two calls at once, everybody talks to somebody."""
    numbers = people(*[PATIENT] * 6)
    site.call_for_agents("all", numbers)
    with site.worker():
        until("agents are seen", lambda: bool(site.status("all")["agents"]))
        site.settle("all")
        status = site.status("all")
    attempts = site.attempts("all")
    assert {a["outcome"] for a in attempts.values()} == {"answered"}
    assert site.sql("SELECT count(*) FROM attempt WHERE met_at IS NOT NULL") == [(6,)]
    assert max(_at_once(site, numbers)) == 2
    assert status["agents"]["answered"] == 6
    assert 2.0 <= status["agents"]["handling_s"] <= 3.5


def test_agents_may_be_a_list_of_phones_each_left_alone_for_a_while_after_a_call(site: AgentSite) -> None:
    """Without a queue: two phones, four people, nobody is abandoned, and no phone rings within a second of its call."""
    numbers = people(*[PATIENT] * 4)
    site.call_for_agents("listed", numbers, to="team")
    with site.worker():
        site.settle("listed")
    assert {a["outcome"] for a in site.attempts("listed").values()} == {"answered"}
    talks = site.sql("SELECT agent, met_at, coalesce(parted_at, ended_at) FROM attempt ORDER BY agent, met_at")
    assert sorted({agent for agent, _, _ in talks}) == site.world.agents[0].endpoints
    for (phone, _, parted), (next_phone, met, _) in pairwise(talks):
        assert phone != next_phone or (met - parted).total_seconds() > 1


def test_while_no_agent_is_free_nobody_is_called(site: AgentSite) -> None:
    """The carrier sees no INVITE, the status says why; the call comes when an agent is back."""
    phones, numbers = site.world.agents[0].endpoints, people(PATIENT)
    site.pause_agents(*phones)
    site.call_for_agents("later", numbers)
    with site.worker():
        until("the worker looks for agents", lambda: site.held_by("later") == ["agents"])
        status = site.status("later")
        assert "none of the agents advisers is free" in status["waiting_reasons"][0]["text"]
        assert [(seen["free"], seen["busy"]) for seen in status["agents"]["seen"]] == [(0, 0)]
        assert site.calls(numbers) == []
        site.pause_agents(phones[0], paused=False)
        site.settle("later")
    assert site.attempts("later")[numbers[0]]["outcome"] == "answered"


def test_whoever_meets_nobody_hears_who_rang_and_the_campaign_stops(site: AgentSite) -> None:
    """The agents leave while the phone rings: a prompt within 2 s, no call for 72 h, and none to anybody else."""
    phones, numbers = site.world.agents[0].endpoints, people(SLOW, SLOW)
    site.call_for_agents("missed", numbers, concurrent=1)
    sound = Capture(site.folder / "sound.pcap", site.world.carrier.port, media_host=MEDIA_HOST)
    with heard(sound), site.worker():
        until("somebody is called", lambda: bool(site.calls(numbers)), poll_s=0.05)
        site.pause_agents(*phones)
        until("the call is over", lambda: site.status("missed")["outcomes"].get("abandoned") == 1, 40)
        site.pause_agents(*phones, paused=False)
        until("the campaign pauses", lambda: site.status("missed")["state"] == "paused")
    (call,) = site.calls(numbers)
    assert 1.0 < longest_silence(sound.file, site.asterisk.rtp, call.media_port) < 2.0, (
        "greeting, then the wait, then the prompt"
    )
    assert call.bye_from == "us"
    status = site.status("missed")
    assert status["agents"]["abandoned_percent"] == 100
    assert "1 of 1 answered calls were abandoned, over 1 %" in status["waiting_reasons"][0]["text"]
    (left,) = set(numbers) - {call.to_user}
    assert site.refused_by("missed")[left] == {"abandoned_ceiling"}
    site.add("another", [call.to_user], start=False)
    assert "gap_after_abandoned" in site.preview("another")[call.to_user]


def test_while_asterisk_cannot_be_asked_about_agents_nobody_is_called(site: AgentSite) -> None:
    """The manager interface is cut off, so keys are not heard either: no INVITE, the reason in the status."""
    numbers = people(PATIENT)
    with wire_to(f"http://127.0.0.1:{site.asterisk.ami_port}") as wire:
        site.ami_port = wire.port
        site.set_clock(CLOCK)
        with site.worker():
            wire.freeze = True
            site.call_for_agents("deaf", numbers)
            until("the worker says why", lambda: "start of a key" in str(site.status("deaf")["waiting_reasons"]))
            assert site.calls(numbers) == []
            wire.freeze = False
            site.settle("deaf")
    assert site.attempts("deaf")[numbers[0]]["outcome"] == "answered"


def _at_once(site: AgentSite, numbers: list[str]) -> list[int]:
    """How many calls were open when each one began, with itself."""
    calls = site.calls(numbers)
    spans = [(c.invite_at, c.ended_at or float("inf")) for c in calls]
    return [sum(begin <= at < end for begin, end in spans) for at, _ in spans]
