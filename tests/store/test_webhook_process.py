"""`agi-app deliver` as a process: killed at every step, over HTTPS, told to end; and how soon a stop is there."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks import Webhook

from agi_app.campaigns.project.new_project import make_project
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.webhooks import deliveries
from tests.store.test_audit_commands import agi_app
from tests.store.test_webhook_delivery import PATIENCE_S, SECRET, Receiver, endpoint, listening, ok, tell
from tests.store.webhook_sender import STEPS
from tests.store.world import number

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
AT_ONCE_S = 2.0  # within which 95 of 100 stops are there
STOPS = 40


async def sent_by_process(url: str, step: str, ahead: float) -> int:
    arguments = ("-m", "tests.store.webhook_sender", url, step, str(ahead))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    async with asyncio.timeout(PATIENCE_S):
        return await process.wait()


async def test_killed_at_each_step_it_loses_no_event(store: Store, database_url: str) -> None:
    """The next one, half a minute later by its clock, delivers what was left: each at least once, by one id."""
    async with listening(Receiver()) as receiver:
        await endpoint(store, receiver.url())
        for n, step in enumerate(STEPS):
            await tell(store)
            assert await sent_by_process(database_url, step, n * 40) == -signal.SIGKILL, step
        assert await sent_by_process(database_url, "none", len(STEPS) * 40) == 0
        rows = await deliveries.deliveries(store)
        assert {row.event for row in rows} == set(receiver.ids)
        assert len(rows) == len(STEPS)
        assert {row.state for row in rows} == {"delivered"}
        assert len(receiver.ids) > len(STEPS), "what was sent and not recorded is sent again"


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The file of an authority's certificate, and a receiver named localhost with one by it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agi-app test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca, whole = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole.write_bytes(ca.read_bytes() + key.private_bytes(*private))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(whole)
    return ca, server


@asynccontextmanager
async def over_tls(receiver: Receiver, tls: ssl.SSLContext) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=tls).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def delivering(folder: Path, database_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`agi-app deliver`; told to end at the end, which it must do well."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_")} | {"DATABASE_URL": database_url}
    command = ("-m", "agi_app.cli.main", "deliver", "--json-logs")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose settings open this host to webhooks."""
    folder = tmp_path / "clinic"
    make_project(folder)
    return folder


def allow(folder: Path, *lines: str) -> None:
    with (folder / "agi-app.toml").open("a") as settings:
        settings.write("\n".join(("", "[webhooks]", *lines, "")))


async def run(folder: Path, database_url: str, *arguments: str, code: int | None = 0) -> str:
    done = await asyncio.to_thread(agi_app, folder, database_url, *arguments)
    assert code is None or done.returncode == code, done.stderr + done.stdout
    return done.stdout + done.stderr


async def test_an_endpoint_over_https_from_registration_to_removal(project: Path, database_url: str) -> None:
    ca, tls = certificate(project)
    receiver = Receiver()
    async with over_tls(receiver, tls):
        url = f"https://localhost:{receiver.port}/hook"
        made = json.loads(await run(project, database_url, "webhook", "add", url, "--event", "*", "--json"))
        assert "start `agi-app deliver`" in await run(project, database_url, "webhook", "test", "1", code=1)
        async with delivering(project, database_url) as process:
            await wait_for_sender(project, database_url, process)
            told = await run(project, database_url, "webhook", "test", "1", code=1)
            assert "is not an address of the public internet" in told
            assert receiver.got == []
        allow(project, 'allow_private = ["127.0.0.1/32", "::1/128"]', f'ca_file = "{ca}"')
        async with delivering(project, database_url) as process:
            await wait_for_sender(project, database_url, process)
            assert "delivered in" in await run(project, database_url, "webhook", "test", "1")
            await run(project, database_url, "stop", "+999861380000177")
            async with asyncio.timeout(PATIENCE_S):
                while "person.stopped" not in {event["type"] for event in receiver.events}:
                    await receiver.has(len(receiver.got) + 1)
        for headers, body, _ in receiver.got:
            Webhook(made["secret"]).verify(body, headers)
        assert made["secret"] not in await run(project, database_url, "webhook", "show", "1", "--json")
        listed = json.loads(await run(project, database_url, "webhook", "deliveries", "--json"))
        assert {row["type"] for row in listed} >= {"webhook.test", "person.stopped"}
        again = await run(project, database_url, "webhook", "replay", listed[0]["event"])
        assert "deliveries that begin again: 1" in again
        await run(project, database_url, "webhook", "remove", "1")
        assert json.loads(await run(project, database_url, "webhook", "list", "--json")) == []


async def wait_for_sender(folder: Path, database_url: str, process: asyncio.subprocess.Process) -> None:
    """Until the process says that it delivers."""
    async with asyncio.timeout(PATIENCE_S):
        while "no process" in await run(folder, database_url, "webhook", "test", "1", code=None):
            assert process.returncode is None
            await asyncio.sleep(0.3)


async def test_a_stop_is_there_within_two_seconds(project: Path, store: Store, database_url: str) -> None:
    """95 of 100, beside an endpoint that hangs and a backlog of other events; a busy machine has three chances."""
    allow(project, 'allow_private = ["127.0.0.1/32"]', "allow_http = true")
    hang, at = asyncio.Event(), dict[str, float]()
    clock = asyncio.get_running_loop().time

    async def hangs(_request: web.Request) -> web.StreamResponse:
        await hang.wait()
        return web.Response()

    async def takes_note(request: web.Request) -> web.StreamResponse:
        event: dict[str, Any] = json.loads(await request.read())
        if event["type"] == "person.stopped":
            at.setdefault(event["data"]["entry"], clock())
        return await ok(request)

    async with listening(Receiver(hangs)) as slow, listening(Receiver(takes_note)) as receiver:
        await endpoint(store, slow.url())
        await endpoint(store, receiver.url())
        await tell(store, 300)
        async with delivering(project, database_url):
            best = AT_ONCE_S + 1
            for first in range(0, 3 * STOPS, STOPS):
                if best > AT_ONCE_S:
                    late = await stops_in(store, receiver, at, first)
                    best = min(best, sorted(late)[int(STOPS * 0.95) - 1])
            hang.set()
        assert best <= AT_ONCE_S
        assert SECRET not in b"".join(body for _, body, _ in receiver.got)


async def stops_in(store: Store, receiver: Receiver, at: dict[str, float], first: int) -> list[float]:
    """Seconds from each stop that is in the database to the receiver."""
    began, clock = list[float](), asyncio.get_running_loop().time
    for n in range(first, first + STOPS):
        await stops.revoke(store, number(n), None, dt.datetime.now(dt.UTC), reason="said so", via="key")
        began.append(clock())
        await asyncio.sleep(0.05)
    async with asyncio.timeout(PATIENCE_S):
        while len(at) < first + STOPS:
            await receiver.has(len(receiver.got) + 1)
    arrived = [at[f"suppression/{n + 1}"] for n in range(first, first + STOPS)]
    return [there - begun for there, begun in zip(arrived, began, strict=True)]
