"""What the benches of calls begin with: a project, an Asterisk and its carrier in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import people
from bench.output import machine, say
from sandbox.asterisk import Asterisk
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from sandbox.world import World, settings_toml

CONCURRENT = 800


@dataclass(frozen=True, slots=True)
class Stage:
    """All of it, running."""

    folder: Path
    project: Path
    world: World
    app: AgiApp

    def invite(self, called: Sequence[str], files: Mapping[str, tuple[str, Sequence[str]]]) -> None:
        """Prove the caller ID, import everybody's consent, write the files of contacts (name: prefix, numbers)."""
        for name, (prefix, some) in files.items():
            people.write_contacts(self.project / name, some, prefix)
        people.write_consents(self.project / "consent.csv", called)
        self.app("callerid", "prove", people.CALLER_ID, "--letter", "caller-id-letter.txt")
        self.app("consent", "import", "consent.csv")


@contextlib.contextmanager
def stage(
    root: Path,
    name: str,
    rate: float,
    change: Callable[[Path], None] = lambda _: None,
    *,
    dialplan: Callable[[Asterisk], str] | None = None,
    agents: int = 0,
    talk_s: tuple[float, float] = (2.0, 5.0),
) -> Iterator[Stage]:
    """The bulk campaign at ``rate`` calls a second, its project changed by ``change`` before anything reads it.

    With a ``dialplan`` of its own Asterisk also takes orders by AMI, from a user who may originate. The folder is kept
    under the temporary folder.
    With ``agents`` a queue has so many, whose talks last ``talk_s``.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"agi-app-{name}-"))
    project = folder / "project"
    people.make_project(project, "")
    set_pace(project, rate)
    change(project)
    made = World(root, folder, prompts_dir=project / "prompts", agents=agents, talk_s=talk_s)
    if dialplan is not None:
        made.asterisk.originator, made.asterisk.extra_dialplan = True, dialplan(made.asterisk)
    with made as world:
        settings = settings_toml(world.asterisk, trunk="sandbox", calls_per_second=rate, concurrent=CONCURRENT)
        write_settings(project, f'{settings}\n[sandbox]\nclock = "{people.CLOCK}"\n')
        as_we_are(world.asterisk.pid)
        now = machine()
        say(f"== {now['at']}, load {now['load']}; logs in {folder}")
        yield Stage(folder, project, world, AgiApp(project, folder, say))


def as_we_are(pid: int) -> None:
    """Give Asterisk our real-time priority if we have one (``chrt``); it gives up what it inherits."""
    policy = os.sched_getscheduler(0)
    if policy != os.SCHED_OTHER:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setscheduler(int(task), policy, os.sched_getparam(0))


def set_pace(project: Path, rate: float) -> None:
    """Let the bulk campaign offer ``rate`` calls a second."""
    set_campaign(project, "pace", f"{{calls_per_second: {rate:g}, concurrent: {CONCURRENT}}}")


def set_campaign(project: Path, key: str, value: str) -> None:
    """Change one line of the bulk campaign."""
    file = project / "campaigns" / "bulk.yaml"
    lines = [f"{key}: {value}" if line.startswith(f"{key}:") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
