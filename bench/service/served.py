"""The service of a project as a process of its own: API and pages, with the rights of the service's database role.

    python -m bench.service.served PROJECT

Says where it is on a line of JSON, and serves until it is told to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from aiohttp import web

from agi_app import log
from agi_app.config.console import ConsoleSettings
from agi_app.config.settings import load_settings
from agi_app.console.app import make_console
from agi_app.event_loop import give_way
from agi_app.installation import installation
from agi_app.model.actors import Actor
from agi_app.operations.service import accounts, sessions, tokens
from agi_app.operations.service.sessions import SecondShown, SignInForm
from agi_app.store.database import embedded, service_rights
from agi_app.store.database.pool import Store
from agi_app.store.lists import paging
from bench import usage
from bench.service.population import Sizes
from sandbox.errors import SandboxError

TOKENS = 10  # and as many sessions, so that no limit of requests a minute is met
PASSWORD = "only of the benchmark's database"
SETTLE_S = 10.0


@dataclass(frozen=True, slots=True)
class Service:
    """A process that serves, and what its clients need."""

    url: str
    pid: int
    start_s: float
    idle_mib: float
    tokens: tuple[str, ...]
    sessions: tuple[str, ...]  # cookies of pages
    secret: str  # of cursors
    sizes: Sizes


@contextlib.contextmanager
def running(project: Path, sizes: Sizes) -> Iterator[Service]:
    """Started, and idle for a while; ended with the block. The database's server stays up meanwhile."""
    server = embedded.acquire(project / "var")
    try:
        let_in = asyncio.run(_let_in(project))
        began = time.monotonic()
        argv = [sys.executable, "-m", __name__, str(project)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                told = json.loads(process.stdout.readline() or "{}")
                if "url" not in told:
                    raise SandboxError("the service did not start")
                urllib.request.urlopen(f"{told['url']}/health/live", timeout=5).close()
                start_s = time.monotonic() - began
                time.sleep(SETTLE_S)
                idle = usage.memory_mib(process.pid)
                yield Service(told["url"], process.pid, round(start_s, 2), round(idle, 1), *let_in, sizes)
            finally:
                process.terminate()
    finally:
        server.release()


async def _let_in(project: Path) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Tokens, sessions, and the key of cursors."""
    async with installation(load_settings(project)) as inst:
        async with inst.store.connection() as connection:
            await connection.execute(f"ALTER ROLE {service_rights.CONSOLE.name} LOGIN")
        account = inst.actor.account
        scopes = await tokens.allowed(inst, account)
        made = [await tokens.create(inst, account, f"bench {n}", scopes, 1) for n in range(TOKENS)]
        await accounts.set_own_secret(inst, PASSWORD)
        signed_in = [await sessions.sign_in(inst, SignInForm(account, PASSWORD, SecondShown())) for _ in range(TOKENS)]
        return tuple(one.text for one in made), tuple(signed_in), (await paging.secret(inst.store)).decode()


async def serve(project: Path) -> None:
    """Until SIGTERM."""
    give_way()
    log.configure(json=True, for_good=True)
    over, settings = asyncio.Event(), load_settings(project)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with installation(settings) as inst:
        url = psycopg.conninfo.make_conninfo(inst.store._conninfo, user=service_rights.CONSOLE.name)
        store = await Store.open(url, settings.data, clock=inst.clock, hash_number=lambda _: b"")
        nobody = Actor("agi-app console", frozenset(), "api")
        no_key: Any = cast(Any, None)
        serving = dataclasses.replace(inst, store=store, actor=nobody, key=no_key, journal=no_key)
        runner = web.AppRunner(make_console(serving, ConsoleSettings()), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
        await over.wait()
        await runner.cleanup()
        await store.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
