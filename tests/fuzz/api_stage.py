"""What ``scripts/fuzz api`` asks, and beside what: Asterisk and its carrier, a worker, the console, who sends events.

The project is a new one with its own database, filled as the API's tests have it. The console is the real process, with
the service's role; each role has many tokens, so that no limit of requests a minute is met.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import http.server
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.config.settings import load_settings
from agi_app.installation import installation
from agi_app.model.actors import Actor, Role, scopes_of
from agi_app.operations.service import accounts, tokens
from agi_app.store.database import embedded
from sandbox.commands import COMMAND, AgiApp
from sandbox.desks import ANSWERS, DESK
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.project import write_settings
from sandbox.supervise import Child, tail
from sandbox.world import World, line_toml, settings_toml
from tests.api import generated_seed
from tests.api.generated import THERE
from tests.api.site import Site, seed, settings_for
from tests.fuzz.api_campaigns import CALLER_ID
from tests.fuzz.api_client import ACCOUNTS

TOKENS = 24  # of each role
START_S = 60.0
DESKS = {DESK: ANSWERS, "desk": ANSWERS}  # the second one is asked to call people
APPROVERS = (Role.SUPERVISOR, Role.COMPLIANCE)


@dataclass(frozen=True, slots=True)
class Stage:
    """All of it, running."""

    folder: Path
    project: Path
    world: World
    site: Site
    tokens: dict[str, list[str]]  # of each role
    named: dict[str, Any]  # what exists from the beginning
    receiver: str  # the address of one that takes every event
    database_url: str

    @contextlib.contextmanager
    def processes(self) -> Iterator[None]:
        """A worker, who sends events, who makes reports and the console, until the block ends; each must outlast it."""
        app = AgiApp(self.project, self.folder, _say)
        beside = _process(self, "deliver", "--json-logs"), _process(self, "report", "run-jobs")
        with app.worker("worker.log"), beside[0], beside[1], _process(self, "console", "--json-logs") as console:
            until = time.monotonic() + START_S
            while not _ready(self.site.url):
                if console.returncode is not None or time.monotonic() > until:
                    raise SandboxError(f"agi-app console does not serve; its log:\n{tail(console.log)}")
                time.sleep(0.1)
            yield


@contextlib.asynccontextmanager
async def stage(root: Path, folder: Path) -> AsyncIterator[Stage]:
    """All but the processes of agi-app, until the block ends."""
    project = folder / "project"
    settings_for(project, "")
    with World(root, folder, prompts_dir=project / "prompts", desks=DESKS) as world, _receiver() as receiver:
        port = free_port()
        write_settings(project, _settings(world, project, port))
        app = AgiApp(project, folder, _say)
        app.ask("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
        app.ask("console", "setup")
        server = embedded.acquire(project / "var")
        try:
            async with installation(load_settings(project)) as inst:
                site = Site(f"http://127.0.0.1:{port}")
                site.inst = inst
                site._loop = asyncio.get_running_loop()
                await seed(site)
                named = await asyncio.to_thread(generated_seed.seed, site)
                yield Stage(folder, project, world, site, await _tokens(site), named, receiver, server.url)
        finally:
            server.release()


def _settings(world: World, project: Path, port: int) -> str:
    """The rules' clock is at ten in the morning of the next Tuesday in China."""
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).replace(hour=10, minute=0, second=0, microsecond=0)
    clock = today + dt.timedelta(days=(1 - today.weekday()) % 7 or 7)
    text = settings_toml(world.asterisk, trunk="sandbox", calls_per_second=10, concurrent=60)
    return (
        f'approval = "two"\n{text}\n{line_toml(project, DESKS)}\n'
        f"[console]\nport = {port}\nhealth_port = 0\n\n"
        '[webhooks]\nallow_private = ["127.0.0.0/8"]\nallow_http = true\n\n'
        f'[sandbox]\nclock = "{clock.isoformat()}"\n'
    )


async def _tokens(site: Site) -> dict[str, list[str]]:
    """Many of each role; and who may approve has the secret that right requests name."""
    made: dict[str, list[str]] = {}
    for role in Role:
        scopes = scopes_of(frozenset({role}))
        names = [f"the-{role.value}", *(f"the-{role.value}-{n}" for n in range(2, ACCOUNTS + 1))]
        for name in names[1:]:
            await accounts.add(site.inst, name, [role])
        for name in names if role in APPROVERS else ():
            actor = Actor(name, frozenset({role}), "cli")
            await accounts.set_own_secret(dataclasses.replace(site.inst, actor=actor), THERE["body"]["secret"])
        whose = (names[n % ACCOUNTS] for n in range(TOKENS))
        given = [await tokens.create(site.inst, name, f"fuzz {n}", scopes, 2) for n, name in enumerate(whose)]
        made[role.value] = [one.text for one in given]
    return made


@contextlib.contextmanager
def _process(stage: Stage, name: str, *arguments: str) -> Iterator[Child]:
    child = Child([*COMMAND, name, *arguments], log=stage.folder / f"{name}.log", cwd=stage.project)
    try:
        yield child
        if child.returncode is not None:
            raise child.died(f"agi-app {name}")
    finally:
        child.end(START_S)


def _ready(url: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(f"{url}/health/ready", timeout=60).status == 200)
    return False


@contextlib.contextmanager
def _receiver() -> Iterator[str]:
    """A program that takes every event."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Takes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/events"
        server.shutdown()


class _Takes(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _say(line: str) -> None:
    print(line, file=sys.stderr)
