"""Whole calls on a real Asterisk to telephones of the test: runner, keys heard over AMI, transfers; no database."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from agi_app.calls.call_plan import CallPlan
from agi_app.calls.runner import LiveCall
from agi_app.config.ami import AmiSettings
from agi_app.config.destinations import DestinationSettings
from agi_app.config.settings import Settings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.agents.transfer_to_agent import Transfers
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.node import Node
from agi_app.dialer.worker.health import Health
from agi_app.dialer.worker.key_connection import KeyWatch
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_flow
from agi_app.gate.permit import Permit
from agi_app.model.call import CallResult, Party
from agi_app.pbx.channel import Channel
from sandbox.asterisk import AMI_USER, Asterisk
from tests.asterisk.client import CALLER_ID, TRUNK, Client, connected, settings_of
from tests.asterisk.phone import PhoneCall, Phones, phones
from tests.unit.gate_cases import CLAIM

DESKS = [f"desk-{n}" for n in range(10)]  # telephones of our own, and destinations of the same names
INBAND = "inband-carrier"  # a trunk with dtmf_mode = inband
FLOW = """\
flow: checkup
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", confirm: short}
start: greeting
nodes:
  greeting:
    - play: long
    - hangup
"""
DIGITS = """\
flow: checkup
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", confirm: short}
start: greeting
nodes:
  greeting:
    - gather: {prompt: long, digits: {min: 4, max: 4}, timeout: 5s, save: code}
    - hangup
"""
TRANSFER = """\
flow: checkup
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", confirm: short}
start: greeting
nodes:
  greeting:
    - play: short
    - transfer: {to: desk-0, timeout: 10s}
      on: {done: bye, failed: bye}
  bye:
    - play: short
    - hangup
"""
_serial = itertools.count(1)


@dataclasses.dataclass
class Talk:
    """One call: the telephone, our side of it, and its result to come."""

    phone: PhoneCall
    call: LiveCall
    channel: Channel
    result: asyncio.Task[CallResult]


def furnish(asterisk: Asterisk, sip_port: int) -> None:
    """Give a running Asterisk the telephones of our own, and its trunk ``INBAND`` the mode of its name."""
    etc = asterisk.run_dir / "etc"
    (etc / "pjsip_agents.conf").write_text(
        "\n".join(
            f"[{name}]\ntype = endpoint\ntransport = transport-udp\ndisallow = all\nallow = ulaw\naors = {name}\n"
            "direct_media = no\nmedia_address = 127.0.0.1\nbind_rtp_to_media_address = yes\n"
            f"[{name}]\ntype = aor\ncontact = sip:{name}@127.0.0.1:{sip_port}\nqualify_frequency = 0\n"
            for name in DESKS
        )
    )
    trunks = etc / "pjsip_trunks.conf"
    before, name, after = trunks.read_text().partition(f"[{INBAND}]\ntype = endpoint")
    trunks.write_text(before + name + after.replace("dtmf_mode = auto", "dtmf_mode = inband", 1))
    asterisk.cli("module reload res_pjsip.so")


class Stand:
    """What tests of whole calls need; ``stops`` are attempt ids in the order in which they were stored."""

    def __init__(self, asterisk: Asterisk, client: Client, phones: Phones, group: asyncio.TaskGroup) -> None:
        self.asterisk, self.client, self.phones, self._group = asterisk, client, phones, group
        self.stops: list[str] = []
        self.health = Health()
        nothing: Any = None
        self.node = Node("n", nothing, client.ari, client.router, client.clock, nothing, LiveCalls())
        desks = {name: DestinationSettings(endpoint=f"PJSIP/{name}") for name in DESKS}
        self._transfer = Transfers(self.node, AgentWatch(self.node, desks, AmiSettings(), str)).run
        self.background: list[asyncio.Task[None]] = []

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the calls, until the end."""
        self.background.append(self._group.create_task(work))

    def listen(self, port: int = 0) -> None:
        """Hear keys over the manager interface."""
        ami = AmiSettings(port=port or self.asterisk.ami_port, username=AMI_USER, password=self.asterisk.ami_password)
        watch = KeyWatch(Settings(project=Path(), ami=ami), self.health, self.node.key_began)
        self.run(watch.run())
        self.run(self.node.late_keys.run())

    async def dial(self, text: str = FLOW, *, max_call_s: float = 60.0, trunk: str = TRUNK) -> Talk:
        """Make a call and wait for its INVITE."""
        number = f"+99986138{next(_serial):07d}"
        waiting = self.phones.expect(number)
        attempt = f"stand-{next(_serial)}"
        claim = dataclasses.replace(CLAIM, attempt_id=attempt, number=number, caller_id=CALLER_ID)
        permit = Permit(attempt, number, CALLER_ID, TRUNK, self.client.clock.monotonic() + 5)
        endpoint = f"PJSIP/{number.removeprefix('+')}@{trunk}"
        channel = await self.client.call(number, permit=permit, max_call=max_call_s, ring_timeout=20, endpoint=endpoint)
        call = LiveCall(self._plan(claim.party, load_flow(text, "checkup.yaml"), max_call_s), self.client.clock)
        result = self._group.create_task(self._drive(call, channel))
        async with asyncio.timeout(40):
            return Talk(await waiting, call, channel, result)

    async def _drive(self, call: LiveCall, channel: Channel) -> CallResult:
        with self.node.late_keys.of(channel.id, call):
            return await call.run(channel)

    def _plan(self, party: Party, flow: Flow, max_call_s: float) -> CallPlan:
        async def store(number: str, _how: str) -> None:
            self.stops.append(number)

        return CallPlan(
            party=party,
            flow=flow,
            ring_time_s=20.0,
            max_call_s=max_call_s,
            media=lambda _, prompt: f"sound:{self.asterisk.prompts_path}/{prompt}",
            say=cast(Any, None),
            transfer=self._transfer,
            store_opt_out=store,
            trunk_works=lambda: None,
            local_now=lambda: None,
        )

    async def until_hearing(self) -> None:
        """The manager interface is connected."""
        async with asyncio.timeout(30):
            while self.health.keys is not None:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)


@asynccontextmanager
async def stand(asterisk: Asterisk, sip_port: int, *, listens: bool = True) -> AsyncIterator[Stand]:
    """Telephones on ``sip_port``, where the trunk of ``asterisk`` leads."""
    async with phones(sip_port) as made, connected(settings_of(asterisk)) as client:
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                here = Stand(asterisk, client, made, group)
                if listens:
                    here.listen()
                    await here.until_hearing()
                yield here
                for task in here.background:
                    task.cancel()
