"""Whatever the far end says, no INVITE leaves Asterisk but those that we asked for, and each shows our number.

Every INVITE is judged, wherever it goes: the capture is of all that Asterisk itself sends. The far end is a peer that
answers as each test says (``strange_peer``); it plays the carrier, another trunk and the telephones of staff.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from agi_app.gate.permit import InternalLeg
from agi_app.pbx import originate
from agi_app.pbx.ari.events import Destroyed, Key, Started
from agi_app.pbx.bridges import join, part
from agi_app.pbx.channel import Channel
from agi_app.pbx.reconcile import live_channels
from agi_app.pbx.trunks import asker, trunk_facts
from sandbox.agents import Agents
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture, read_messages
from sandbox.ports import free_port
from tests.asterisk.client import CALLER_ID, TRUNK, Client, all_events, connected, number, settings_of, wait_for
from tests.asterisk.strange_peer import SDP, Answer, Dialog, FarEnd, far_end

pytestmark = pytest.mark.asterisk

STATUSES = (300, 301, 302, 305, 380)
OTHER = "other-trunk"
EXTENSION = "1000"
SETTLE_S = 0.5  # a call that Asterisk makes of a redirect leaves within milliseconds
_leg = itertools.count(1)

# {n}: a number that nobody may call. An extension, or a Local channel, would run in the dialplan of calls that come in.
CONTACTS = {
    "a number": "<sip:{n}@127.0.0.1:{carrier}>",
    "an escaped dial string": f"<sip:PJSIP%2F{{n}}%40{TRUNK}@127.0.0.1>",
    "a dial string": f"<sip:PJSIP/{{n}}%40{TRUNK}@127.0.0.1>",
    "another trunk": f"<sip:PJSIP%2F{{n}}%40{OTHER}@127.0.0.1>",
    "a URI of another trunk": f"<sip:PJSIP%2F{OTHER}%2Fsip%3A{{n}}%40127.0.0.1@127.0.0.1>",
    "a Local channel": f"<sip:Local%2F{EXTENSION}%40agi-app-from-trunk@127.0.0.1>",
    "an extension": f"<sip:{EXTENSION}@127.0.0.1>",
    "a stream": "<sip:UnicastRTP%2F127.0.0.1%3A39002@127.0.0.1>",
    "a telephone number": "<tel:+{n}>",
    "a user with options": "<sip:{n};phone-context=x@127.0.0.1>",
    "two of them": f"<sip:PJSIP%2F{{n}}%40{OTHER}@127.0.0.1>;q=0.9, <sip:{{n}}@127.0.0.1>;q=0.1",
    "nothing": "",
}


class Phones:
    """Telephones of staff, one for each status, and a queue for each of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.names = [f"staff-{status}" for status in (*STATUSES, 200)]

    def pjsip_conf(self) -> str:
        """As ``sandbox.agents``."""
        return "\n".join(
            f"[{name}]\ntype = endpoint\ntransport = transport-udp\ncontext = agi-app-when-down\ndisallow = all\n"
            f"allow = ulaw\naors = {name}\ndirect_media = no\nmedia_address = 127.0.0.1\nallow_transfer = no\n\n"
            f"[{name}]\ntype = aor\ncontact = sip:{name}@127.0.0.1:{self.port}\nqualify_frequency = 0\n"
            for name in self.names
        )

    def queues_conf(self) -> str:
        """As ``sandbox.agents``."""
        return "".join(
            f"[desk-{name}]\nstrategy = rrmemory\ntimeout = 2\nretry = 1\nmember => PJSIP/{name}\n\n"
            for name in self.names
        )


DIALPLAN = f"""
[agi-app-from-trunk](+)
exten => {EXTENSION},1,Dial(PJSIP/{EXTENSION}@{OTHER})
"""


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Of the carrier, and of the other trunk and the telephones."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def pbx(
    tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path, prompts: Path, ports: tuple[int, int]
) -> Iterator[Asterisk]:
    """An Asterisk of our own making, with a carrier, another trunk, telephones and queues."""
    carrier, other = ports
    with Asterisk(
        asterisk_root,
        tmp_path_factory.mktemp("only-ours"),
        carrier=("127.0.0.1", carrier),
        extra_trunks={OTHER: ("127.0.0.1", other)},
        prompts_dir=prompts,
        extra_dialplan=DIALPLAN,
        agents=cast(Agents, Phones(other)),
    ) as running:
        yield running


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, pbx: Asterisk) -> Iterator[Capture]:
    """All SIP of this Asterisk."""
    with Capture(tmp_path_factory.mktemp("only-ours-wire") / "sip.pcap", pbx.sip_port) as running:
        yield running


class World:
    """What a test works with."""

    def __init__(self, pbx: Asterisk, wire: Capture, client: Client, carrier: FarEnd, other: FarEnd) -> None:
        self.pbx, self.client, self.carrier, self.other = pbx, client, carrier, other
        self._wire = wire
        self._before = 0
        self.begin()

    def begin(self) -> None:
        """Whoever was called so far does not count."""
        self._before = len(self._sent())

    def _sent(self) -> list[tuple[str, str]]:
        messages = read_messages(self._wire.file)
        ours = [m for m in messages if m.method == "INVITE" and m.source[1] == self.pbx.sip_port and not m.to_tag]
        return list({m.call_id: (m.to_user, m.from_user) for m in ours}.values())  # one a call, however often sent

    async def only_to(self, *users: str) -> None:
        """Nobody else was called since then, and each saw our number."""
        await asyncio.sleep(SETTLE_S)
        sent = self._sent()[self._before :]
        assert sorted(user for user, _ in sent) == sorted(user.removeprefix("+") for user in users)
        assert {shown for _, shown in sent} <= {CALLER_ID}

    async def no_channel_is_left(self) -> None:
        """Not even one that calls nobody."""
        left = []
        for _ in range(40):
            if not (left := await live_channels(self.client.ari)):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"still alive: {left}")

    def contact(self, kind: str, victim: str) -> tuple[tuple[str, str], ...]:
        """The header of a redirect."""
        value = CONTACTS[kind].format(n=victim, carrier=self.carrier.port)
        return (("Contact", value),) if value else ()

    async def ring(self, endpoint: str, seconds: float = 5) -> Channel:
        """An internal leg."""
        leg = InternalLeg(f"far-{next(_leg)}", "desk", endpoint, CALLER_ID)
        return await originate.place_internal(
            self.client.ari, self.client.router, leg, ring_timeout=seconds, max_call=30
        )


@pytest.fixture
async def world(pbx: Asterisk, wire: Capture, ports: tuple[int, int]) -> AsyncIterator[World]:
    """Everybody, with nothing on."""
    async with far_end(ports[0], {}) as carrier, far_end(ports[1], {}) as other, connected(settings_of(pbx)) as client:
        carrier.asterisk = other.asterisk = ("127.0.0.1", pbx.sip_port)
        yield World(pbx, wire, client, carrier, other)


# ---- redirects -------------------------------------------------------------------


@pytest.mark.attack("row 1: a callee's redirect makes Asterisk call a number without consent")
@pytest.mark.parametrize("kind", CONTACTS)
async def test_a_callee_who_redirects_makes_asterisk_call_nobody(world: World, kind: str) -> None:
    callees = {status: number("98") for status in STATUSES}
    for status, callee in callees.items():
        victim = number("97").removeprefix("+")
        world.carrier.answers[callee.removeprefix("+")] = Answer(status, world.contact(kind, victim), rings=True)
    channels = await asyncio.gather(*(world.client.call(callee) for callee in callees.values()))
    ends = await asyncio.gather(*map(all_events, channels))
    assert all(isinstance(events[-1], Destroyed) and Started() not in events for events in ends)
    await world.only_to(*callees.values())
    await world.no_channel_is_left()


@pytest.mark.attack("row 1: a telephone of staff that redirects")
@pytest.mark.parametrize("kind", CONTACTS)
async def test_a_telephone_of_staff_that_redirects_makes_asterisk_call_nobody(world: World, kind: str) -> None:
    staff = {status: f"staff-{status}" for status in STATUSES}
    for status, name in staff.items():
        world.other.answers[name] = Answer(status, world.contact(kind, number("97").removeprefix("+")))
    channels = await asyncio.gather(*(world.ring(f"PJSIP/{name}") for name in staff.values()))
    await asyncio.gather(*map(all_events, channels))
    await world.only_to(*staff.values())
    await world.no_channel_is_left()


@pytest.mark.attack("row 1: a member of a queue that redirects")
@pytest.mark.parametrize("kind", CONTACTS)
async def test_a_member_of_a_queue_that_redirects_makes_asterisk_call_nobody(world: World, kind: str) -> None:
    staff = {status: f"staff-{status}" for status in STATUSES}
    for status, name in staff.items():
        world.other.answers[name] = Answer(status, world.contact(kind, number("97").removeprefix("+")))
    legs = (world.ring(f"Local/desk-{name}@agi-app-queue/n", 2) for name in staff.values())
    await asyncio.gather(*map(all_events, await asyncio.gather(*legs)))
    await asyncio.sleep(SETTLE_S)
    assert {user for user, _ in world._sent()[world._before :]} == set(staff.values())
    assert {shown for _, shown in world._sent()[world._before :]} == {CALLER_ID}
    await world.no_channel_is_left()


# ---- transfers, and calls that take another one's place --------------------------


@asynccontextmanager
async def talking(world: World) -> AsyncIterator[tuple[Channel, Channel, Dialog, Dialog]]:
    """A person and somebody of staff in a talk; their channels, and their calls as the far end sees them.

    At its end both are still in it, and nobody else was called.
    """
    world.begin()
    callee = number("98")
    world.carrier.answers[callee.removeprefix("+")] = Answer(200)
    world.other.answers["staff-200"] = Answer(200)
    person, agent = await asyncio.gather(world.client.call(callee), world.ring("PJSIP/staff-200"))
    await asyncio.gather(wait_for(person, Started), wait_for(agent, Started))
    bridge = f"{person.id}-talk"
    await join(world.client.ari, bridge, person.id, agent.id)
    persons = await world.carrier.answered(callee.removeprefix("+"))
    yield person, agent, persons, await world.other.answered("staff-200")
    await world.only_to(callee, "staff-200")
    found = {name: sorted(members) for name, members in (await world.client.bridges()).items()}
    assert found == {bridge: sorted([person.id, agent.id])}, "nobody was moved"
    await part(world.client.ari, bridge)
    await asyncio.gather(person.hangup(), agent.hangup())
    await asyncio.gather(all_events(person), all_events(agent))


def refer_to(world: World, kind: str, replaces: str = "") -> tuple[str, str]:
    """The header that says where to go."""
    target = {
        "an extension": f"sip:{EXTENSION}@127.0.0.1",
        "a number": f"sip:{number('97')}@127.0.0.1:{world.carrier.port}",
        "a dial string": f"sip:PJSIP%2F{number('97')}%40{OTHER}@127.0.0.1",
    }[kind]
    return "Refer-To", f"<{target}{replaces}>"


def replaces_of(dialog: Dialog) -> str:
    """What names this call to Asterisk, for Replaces."""
    tags = [part.partition("tag=")[2] for part in (dialog.invite["From"], dialog.ok["To"])]
    return f"{dialog.invite['Call-ID']};to-tag={tags[0]};from-tag={tags[1]}"


def attended(world: World, agents: Dialog) -> tuple[str, str]:
    """The header of an attended transfer into the call of ``agents``."""
    other_call = replaces_of(agents).replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
    return refer_to(world, "a number", f"?Replaces={other_call}")


REFERRED = ["an extension", "a number", "a dial string"]


@pytest.mark.attack("row 1: REFER of a callee or of staff")
@pytest.mark.parametrize("kind", REFERRED)
async def test_a_refer_within_a_talk_moves_nobody(world: World, kind: str) -> None:
    """Nor is it answered: res_pjsip_refer is not loaded."""
    async with talking(world) as (_, _, persons, agents):
        assert await world.carrier.in_dialog(persons, "REFER", refer_to(world, kind)) == 0
        assert await world.other.in_dialog(agents, "REFER", refer_to(world, kind)) == 0


@pytest.mark.attack("row 1: an attended transfer by the callee")
async def test_an_attended_transfer_moves_nobody(world: World) -> None:
    async with talking(world) as (_, _, persons, agents):
        assert await world.carrier.in_dialog(persons, "REFER", attended(world, agents)) == 0


@pytest.mark.attack("row 1: REFER outside of any call")
@pytest.mark.parametrize("kind", REFERRED)
async def test_a_refer_outside_of_a_call_calls_nobody(world: World, kind: str) -> None:
    assert await world.carrier.request("REFER", EXTENSION, refer_to(world, kind)) not in range(200, 300)
    await world.only_to()


@pytest.mark.attack("row 1: INVITE with Replaces")
async def test_an_invite_with_replaces_takes_nobodys_place(world: World) -> None:
    """It is a call that comes in like any other, and goes to the dialplan of such."""
    async with talking(world) as (_, _, persons, agents):
        for dialog in (persons, agents):
            header = ("Replaces", replaces_of(dialog))
            offer = ("Content-Type", "application/sdp")
            assert await world.carrier.request("INVITE", "4711", header, offer, body=SDP) == 0, "it rings here"
    await asyncio.to_thread(world.pbx.cli, "channel request hangup all")


@pytest.mark.attack("row 1: Diversion and forwarding that is only reported")
async def test_a_report_of_a_diversion_changes_nothing(world: World) -> None:
    callee, victim = number("98"), number("97")
    diversion = (("Diversion", f"<sip:{victim}@127.0.0.1>;reason=unconditional"), ("History-Info", f"<sip:{victim}@x>"))
    told = ((181, diversion), (183, (("Contact", f"<sip:{victim}@127.0.0.1:{world.carrier.port}>"),)))
    world.carrier.answers[callee.removeprefix("+")] = Answer(486, diversion, provisional=told)
    await all_events(await world.client.call(callee))
    await world.only_to(callee)


@pytest.mark.attack("row 1: feature codes of the dialplan")
@pytest.mark.parametrize("code", ["##", "#1", "*1", "*2", "*3", "*8", "#72"])
async def test_feature_codes_move_nobody(world: World, code: str) -> None:
    """Whatever features.conf says: our bridges have none of them. The keys come to us, and the opt-out among them."""
    digits = f"{code}{EXTENSION}#"
    async with talking(world) as (person, agent, persons, agents):
        for far, dialog in ((world.carrier, persons), (world.other, agents)):
            for digit in digits:
                body = f"Signal={digit}\r\nDuration=100\r\n"
                info = ("Content-Type", "application/dtmf-relay")
                assert await far.in_dialog(dialog, "INFO", info, body=body) == 200
        for channel in (person, agent):
            keys = [(await wait_for(channel, Key)).digit for _ in digits]
            assert "".join(keys) == digits


@pytest.mark.attack("row 1: REFER where res_pjsip_refer is loaded")
async def test_with_res_pjsip_refer_a_transfer_is_declined(world: World) -> None:
    """The last test here: the module stays. No endpoint of the templates allows transfers."""
    await asyncio.to_thread(world.pbx.cli, "module load res_pjsip_refer.so")
    for kind in REFERRED:
        async with talking(world) as (_, _, persons, agents):
            assert await world.carrier.in_dialog(persons, "REFER", refer_to(world, kind)) == 603
            assert await world.other.in_dialog(agents, "REFER", refer_to(world, kind)) == 603
            assert await world.carrier.in_dialog(persons, "REFER", attended(world, agents)) == 603
        assert await world.carrier.request("REFER", EXTENSION, refer_to(world, kind)) not in range(200, 300)
    facts = await trunk_facts(asker(world.client.ari), TRUNK)
    assert facts.faults(sandbox=True) == []
    assert replace(facts, transfers=True).faults(sandbox=True) != []
