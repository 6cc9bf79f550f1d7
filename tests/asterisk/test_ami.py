"""The manager interface of a real Asterisk: registrations, endpoints that do not answer, queues."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from agi_app.config.ami import AmiSettings
from agi_app.config.destinations import DestinationSettings
from agi_app.config.settings import Settings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.worker.trunk_watch import TrunkWatch, examine
from agi_app.errors import AsteriskError
from agi_app.pbx.ami.connection import Ami, connected
from agi_app.pbx.ami.redirect_steps import following
from agi_app.pbx.ami.trunks_and_queues import contacts, context_of, queue, registrations
from sandbox.asterisk import TRUNK, Asterisk

pytestmark = pytest.mark.asterisk
USER = "agi-app-look"
PJSIP = """
[up]
type = registration
transport = transport-udp
server_uri = sip:127.0.0.1:{port}
client_uri = sip:up@127.0.0.1:{port}
retry_interval = 1
max_random_initial_delay = 0
expiration = 60

[up]
type = endpoint
aors = up
identify_by = ip

[up]
type = aor
contact = sip:127.0.0.1:{port}

[gone]
type = endpoint
aors = gone
identify_by = ip

[gone]
type = aor
contact = sip:127.0.0.1:9
qualify_frequency = 1
qualify_timeout = 0.3
"""


class Registrar(asyncio.DatagramProtocol):
    """A carrier that takes registrations, or refuses them."""

    def __init__(self) -> None:
        self.status = "200 OK"

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        lines = data.decode().split("\r\n")
        if not lines[0].startswith("REGISTER"):
            return
        kept = [n for n in lines if re.match(r"(Via|From|To|Call-ID|CSeq|Contact):", n)]
        kept = [f"{n};tag=x" if n.startswith("To:") else n for n in kept]
        answer = [f"SIP/2.0 {self.status}", *kept, "Expires: 60", "Content-Length: 0", "", ""]
        self._transport.sendto("\r\n".join(answer).encode(), addr)


@pytest.fixture
async def registrar() -> AsyncIterator[tuple[Registrar, int]]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Registrar, local_addr=("127.0.0.1", 0))
    yield made, transport.get_extra_info("sockname")[1]
    transport.close()


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> Iterator[Asterisk]:
    """An Asterisk with the manager interface on."""
    with Asterisk(asterisk_root, tmp_path_factory.mktemp("ami")) as running:
        yield running


def settings(pbx: Asterisk, tmp_path: Path, **trunks: str) -> Settings:
    """Settings with these trunks: name -> endpoint."""
    ami = AmiSettings(port=pbx.ami_port, username=USER, password=pbx.ami_password, every=1, queues=("desk", "nobody"))
    made = {name: TrunkSettings(endpoint=f"PJSIP/{{number}}@{endpoint}") for name, endpoint in trunks.items()}
    return Settings(project=tmp_path, ami=ami, trunks=made)


async def until(happened: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something is so."""
    for _ in range(900):
        if found if isinstance(found := happened(), bool) else await found:
            return
        await asyncio.sleep(0.1)
    pytest.fail("it did not happen in 90 s")


async def reload(pbx: Asterisk, module: str) -> None:
    await asyncio.to_thread(pbx.cli, f"module reload {module}")


def test_asterisk_takes_every_line_of_our_manager_conf(pbx: Asterisk) -> None:
    """What it does not take it says at its start, and goes on without it: then the keys of both sides are told."""
    told = [line for line in pbx.log_path.read_text().splitlines() if "manager.c" in line]
    assert told == []


async def test_it_sees_registrations_contacts_and_queues(
    pbx: Asterisk, registrar: tuple[Registrar, int], tmp_path: Path
) -> None:
    carrier, port = registrar
    etc = pbx.run_dir / "etc"
    (etc / "pjsip_trunks.conf").write_text((etc / "pjsip_trunks.conf").read_text() + PJSIP.format(port=port))
    (etc / "queues.conf").write_text(f"{(etc / 'queues.conf').read_text()}\n[desk]\nmember => PJSIP/{TRUNK},0,张伟\n")
    for module in ("res_pjsip.so", "res_pjsip_outbound_registration.so", "app_queue.so"):
        await reload(pbx, module)
    config = settings(pbx, tmp_path, good="up", dead="gone", plain=TRUNK)
    async with connected(AmiSettings(port=pbx.ami_port, username=USER, timeout=3.0), pbx.ami_password) as ami:
        await until(lambda: _is_registered(ami))
        await until(lambda: _is_unreachable(ami))
        assert await contacts(ami, "nothing") == []
        desk = await queue(ami, "desk")
        assert desk is not None
        assert (desk.logged_in, desk.available) == (1, 1)
    breakers = {name: Breaker() for name in config.trunks}
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(TrunkWatch(config, breakers).run())
        await until(lambda: breakers["dead"].down is not None)
        assert (breakers["good"].room(0.0), breakers["dead"].room(0.0), breakers["plain"].room(0.0)) == (None, 0, None)
        carrier.status = "403 Forbidden"
        await asyncio.to_thread(pbx.cli, "pjsip send register up")
        await until(lambda: breakers["good"].down is not None)
        assert breakers["good"].reason(0.0) == "registration up is Rejected"
        carrier.status = "200 OK"
        await asyncio.to_thread(pbx.cli, "pjsip send register up")
        await until(lambda: breakers["good"].down is None)
        watching.cancel()
    seen = {s.check: s for s in await examine(config)}
    assert {name for name, s in seen.items() if not s.well} == {"trunk dead can carry calls", "queue nobody"}
    assert seen["queue desk"].text == "1 of 1 agents are free, 0 callers wait"


@pytest.mark.attack("row 1: a Dial or Queue that follows a redirect")
async def test_it_sees_where_the_dialplan_follows_a_redirect(pbx: Asterisk, tmp_path: Path) -> None:
    """Ours nowhere; an old copy of our queue context, and a site's own where calls that come in may get to."""
    etc = pbx.run_dir / "etc"
    (etc / "extensions_local.conf").write_text(
        "[agi-app-local]\nexten => _X.,1,Dial(PJSIP/desk,30,t)\n\n[agi-app-queue](+)\nexten => old,1,Queue(old,n)\n"
    )
    await reload(pbx, "pbx_config.so")
    async with connected(AmiSettings(port=pbx.ami_port, username=USER, timeout=3.0), pbx.ami_password) as ami:
        assert await following(ami, ["agi-app-amd", "agi-app-screen", "agi-app-after-call", "agi-app-dialled"]) == []
        assert await context_of(ami, TRUNK) == "agi-app-from-trunk"
    config = settings(pbx, tmp_path, plain=TRUNK)
    desks = {"own": DestinationSettings(queue="desk")}
    seen = {s.check: s for s in await examine(config.model_copy(update={"destinations": desks}))}
    assert seen["redirects of staff"].text.startswith("Queue in [agi-app-queue] old: ")
    assert not seen["redirects of staff"].well
    assert "Dial in [agi-app-local] _X." in seen["redirects"].text
    assert seen["redirects"].well


async def _is_unreachable(ami: Ami) -> bool:
    return [c.status for c in await contacts(ami, "gone")] == ["Unreachable"]


async def _is_registered(ami: Ami) -> bool:
    return [r.status for r in await registrations(ami) if r.name == "up"] == ["Registered"]


@pytest.mark.attack("row 13: the user who looks is used to originate, or shares its secret with one who may")
async def test_its_user_can_call_nobody_even_past_the_fence(pbx: Asterisk) -> None:
    """Asterisk itself refuses: the user has no right to originate, to redirect or to run commands."""
    actions = {
        "Originate": "Channel: Local/1@nowhere\r\nApplication: Echo\r\n",
        "Redirect": "Channel: x\r\n",
        "Command": "Command: core show channels\r\n",
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.ami_port)
    await reader.readuntil(b"\r\n")
    writer.write(f"Action: Login\r\nUsername: {USER}\r\nSecret: {pbx.ami_password}\r\nEvents: off\r\n\r\n".encode())
    assert b"Success" in await reader.readuntil(b"\r\n\r\n")
    for action, rest in actions.items():
        writer.write(f"Action: {action}\r\n{rest}\r\n".encode())
        assert b"Permission denied" in await reader.readuntil(b"\r\n\r\n"), action
    writer.close()


def test_no_user_of_the_shipped_configuration_may_originate_and_each_secret_is_used_once(pbx: Asterisk) -> None:
    """One who may is written for a bench alone, with a secret of its own."""
    text = (pbx.run_dir / "etc" / "manager.conf").read_text()
    assert re.findall(r"^\[(.+)\]", text, re.M) == ["general", USER]
    assert not re.search(r"^(write|read) *=.*(all|originate|call|command|config|agent|user)", text, re.M)
    assert not (pbx.run_dir / "etc" / "manager_local.conf").exists()
    bench = Asterisk(pbx.root, pbx.run_dir, originator=True)
    assert len({bench.ami_password, bench.originator_password, bench.ari_password}) == 3


async def test_a_wrong_password_is_told(pbx: Asterisk) -> None:
    with pytest.raises(AsteriskError, match="refused Login: Authentication failed"):
        async with connected(AmiSettings(port=pbx.ami_port, username=USER, timeout=3.0), "wrong"):
            pass
