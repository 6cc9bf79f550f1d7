"""What ``containers/compose up -d`` brings up, with an engine of this check; and what an admin asks of it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from release import deb
from release.engine import Engine
from release.errors import PackageError
from sandbox.ports import free_port, free_range

IMAGES = {
    "AGI_IMAGE": "localhost/agi-app",
    "AGI_ASTERISK_IMAGE": "localhost/agi-app-asterisk",
    "AGI_SANDBOX_IMAGE": "localhost/agi-app-sandbox",
    "AGI_POSTGRES_IMAGE": "localhost/agi-app-check-postgres",
}
CLINIC = "/opt/agi-app/lib/python3.13/site-packages/agi_app/share/examples/clinic"
CAMPAIGN, CALLER_ID = "march-checkup", "+999862155500001"
FIRST = "compose.yaml:compose.sandbox.yaml"
NODE = "compose.node.yaml:compose.node.sandbox.yaml"
UP_S, SETTLE_S, MIDWAY_S, BACK_S = 300.0, 400.0, 240.0, 90.0
RTP_PORTS = 1_000
_PORTS = ("HTTP", "AMI", "AGI", "MONITOR", "CONSOLE", "CONSOLE_HEALTH", "POSTGRES", "CARRIER")
_LOOKS_EVERY_S = 6.0


class Stack:
    """The services of one node; a context manager, which takes all away at its end.

    ``first``: the stack of the first node, for one more on its database, which calls the same carrier.
    """

    def __init__(self, engine: Engine, folder: Path, name: str, *, first: Stack | None = None) -> None:
        self.engine, self.name = engine, name
        self._folder = folder / name
        shutil.copytree(deb.ROOT / "containers", self._folder, ignore=shutil.ignore_patterns("secrets", ".env"))
        self.ports = {port: free_port() for port in _PORTS}
        self.sip_port = free_port()
        low, high = free_range(RTP_PORTS)
        if first is not None:
            self.ports |= {name: first.ports[name] for name in ("POSTGRES", "CARRIER")}
            (self._folder / "secrets").mkdir(mode=0o700)
            shutil.copy(first.secrets / "database-url", self.secrets / "database-url")
        settings = {
            "COMPOSE_FILE": FIRST if first is None else NODE,
            "AGI_COMPOSE": f"podman-compose -p {name}",
            **IMAGES,
            **{f"AGI_{name}_PORT": str(port) for name, port in self.ports.items()},
            "AGI_SIP_BIND": f"127.0.0.1:{self.sip_port}",
            "AGI_RTP_START": str(low),
            "AGI_RTP_END": str(high),
        }
        (self._folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in settings.items()), "utf-8")
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.compose("down", "--volumes", "--timeout", "5", check=False)
        self._looking.join()

    @property
    def secrets(self) -> Path:
        """Where its secrets are."""
        return self._folder / "secrets"

    def compose(self, *words: str, check: bool = True, given: bytes = b"", limit_s: float = 900) -> tuple[int, str]:
        """``containers/compose WORDS``, as an admin types it; its exit status and what it printed."""
        done = subprocess.run(
            [str(self._folder / "compose"), *words],
            env=self.engine.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=limit_s,
        )
        text = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise PackageError(f"compose {shlex.join(words)}: status {done.returncode}\n{text[-3000:]}")
        return done.returncode, text

    def up(self) -> float:
        """Bring it up; seconds until every part is healthy. Raises PackageError when that does not come."""
        began = time.monotonic()
        self.compose("up", "-d", "--no-build")
        while sick := {part: state for part in self.parts() if (state := self.health(part)) not in ("healthy", "")}:
            if time.monotonic() > began + UP_S:
                told = "\n".join(f"{part}: {state}\n{self.log(part)}" for part, state in sick.items())
                raise PackageError(f"not healthy within {UP_S:.0f} s: {', '.join(sick)}\n{told}")
            time.sleep(0.5)
        return round(time.monotonic() - began, 1)

    def container(self, part: str) -> str:
        """The name of a part's container."""
        return f"{self.name}_{part}_1"

    def parts(self) -> list[str]:
        """What is there of it, running or not, but what has done its work."""
        words = ("ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^{self.name}_")
        names = self.engine.run(*words).split()
        return sorted(part for name in names if (part := name[len(self.name) + 1 : -2]) != "prepare")

    def state(self, part: str) -> dict[str, Any]:
        """What the engine says of a part."""
        found: dict[str, Any] = self.engine.inspect("container", self.container(part))
        return found

    def health(self, part: str) -> str:
        """``healthy``, ``starting``, ``unhealthy``, ``exited`` …; empty for a part that runs and has no check."""
        state = self.state(part)["State"]
        health: str = (state.get("Health") or {}).get("Status") or ""
        return health if state["Running"] else str(state["Status"])

    def log(self, part: str, lines: int = 25) -> str:
        """The end of what a part printed."""
        _, errors, text = self.engine.tried("logs", "--tail", str(lines), self.container(part))
        return text.decode(errors="replace") + errors

    def app(self, *words: str) -> str:
        """Run agi-app in the worker's container. Raises PackageError when it fails."""
        return self.engine.run("exec", self.container("worker"), "agi-app", *words)

    def ask(self, *words: str) -> Any:
        """The JSON that a command of agi-app prints."""
        return json.loads(self.app(*words))

    def slow_down(self, calls_per_second: float) -> None:
        """Change the rate of the trunk while it runs: in the settings, and by SIGHUP."""
        rate = f"s/^calls_per_second = .*/calls_per_second = {calls_per_second}/"
        self.engine.run("exec", self.container("worker"), "sed", "-i", rate, "/project/agi-app.toml")
        # Not `podman kill`, after which podman takes a part for stopped and does not start it again when it dies.
        self.engine.run("exec", self.container("worker"), "sh", "-c", "kill -HUP 1")

    def begin(self) -> None:
        """Start the clinic's campaign."""
        self.app("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
        self.app("consent", "import", f"{CLINIC}/consent.csv")
        self.app("contacts", "import", CAMPAIGN, f"{CLINIC}/contacts.csv")
        self.app("campaign", "start", CAMPAIGN)

    def until_done(self, contacts: int) -> None:
        """Wait until so many contacts are done. Raises PackageError when they never are."""
        end = time.monotonic() + MIDWAY_S
        while self._status().get("done", 0) < contacts:
            if time.monotonic() > end:
                raise PackageError(f"fewer than {contacts} contacts are done\n{self.log('worker')}")
            time.sleep(1)

    def settle(self) -> dict[str, Any]:
        """Wait until nobody is called or due any longer; the campaign's status then."""
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end:
            status = self._status()
            if status and not status["open_attempts"] and not status["due_now"]:
                return status
            time.sleep(1)
        raise PackageError(f"the campaign did not come to its end\n{self.log('worker')}")

    def kill(self, part: str, program: str = "") -> float:
        """Kill -9 a part's first process, or the one of this program in it; seconds until it is healthy again."""
        first = int(self.state(part)["State"]["Pid"])
        victim = _child_of(first, program) if program else first
        os.kill(victim, signal.SIGKILL)
        began = time.monotonic()
        while time.monotonic() < began + BACK_S:
            state = self.state(part)["State"]
            if state["Running"] and int(state["Pid"]) not in (0, first) and self.health(part) == "healthy":
                return round(time.monotonic() - began, 1)
            time.sleep(0.5)
        raise PackageError(f"{part} does not come back after kill -9\n{self.log(part)}")

    def _status(self) -> dict[str, Any]:
        """Of the campaign; nothing while the database or the worker is away."""
        try:
            found: dict[str, Any] = self.ask("campaign", "status", CAMPAIGN, "--json")
        except PackageError:
            return {}
        return found

    def _look(self) -> None:
        """Run the health checks: podman leaves that to systemd's timers, which a machine without systemd has not."""
        while not self._ended.wait(_LOOKS_EVERY_S):
            _, _, names = self.engine.tried("ps", "--format", "{{.Names}}", "--filter", f"name=^{self.name}_")
            for name in names.decode().split():
                if not self._ended.is_set():
                    self.engine.tried("healthcheck", "run", name)


def environment_of(state: Mapping[str, Any]) -> list[str]:
    """What the processes of a container have in their environment, as the engine shows it to everybody who may ask."""
    return [str(one) for one in state["Config"]["Env"]]


def _child_of(pid: int, program: str) -> int:
    """The process of this program that ``pid`` started."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if program in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "):
            return int(child)
    raise PackageError(f"process {pid} has no child {program}")
