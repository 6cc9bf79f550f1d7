"""Who makes the same calls: Asterisk alone, two loops that a user would write, and agi-app; and one trial of each.

All of them call through the same Asterisk and carrier; a trial is judged by the carrier's capture, and for agi-app also
by its stored results.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bench import main_job, people, usage, verdict
from bench.loops.bare_loop import TAIL_S
from bench.loops.native_loop import dialplan
from bench.output import say
from bench.stage import Stage, set_pace
from sandbox.asterisk import ORIGINATOR, Asterisk
from sandbox.supervise import Child, tail
from sandbox.world import World

SUCCESS = 0.995
OFFERED = 0.97  # of the rate must have been placed, or the rate was not offered
LONGEST_S = 10.0  # from answer to BYE: a call of 2.4 s that was ended by its leash is no success
QUIET_S = 25.0  # for calls that are still on when their program has ended
CONTEXT = "bench-native"


@dataclass(frozen=True, slots=True)
class Driven:
    """What the program says of its own part; ``understood`` is None if only the carrier can tell."""

    cpu_s: float
    peak_mib: float
    understood: set[str] | None = None


class Rival(Protocol):
    """Makes calls to these numbers at an even rate and returns when they have ended."""

    @property
    def name(self) -> str:
        """As in the figures."""
        ...

    def offer(self, numbers: Sequence[str], rate: float) -> Driven:
        """Make the calls."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """One rival's calls at one rate; CPU in milliseconds a call."""

    rival: str
    rate: float
    calls: int
    placed_a_second: float
    success: float
    double_dials: int
    answer_to_bye_ms: Mapping[str, float]
    cpu_ms: Mapping[str, float]
    peak_mib: float
    machine_busy: float

    @property
    def good(self) -> bool:
        """The rate was offered, and enough of the calls succeeded."""
        return self.success >= SUCCESS and self.placed_a_second >= self.rate * OFFERED


@dataclass(frozen=True, slots=True)
class Loop:
    """A program of bench/ that makes the calls and ends; its last line of JSON says what it used."""

    name: str
    module: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    folder: Path

    def offer(self, numbers: Sequence[str], rate: float) -> Driven:
        """A run of the program; one that fails has used nothing and is told of, its calls count as they ended."""
        file, log = self.folder / f"{self.name}-numbers.txt", self.folder / f"{self.name}.log"
        file.write_text("\n".join(numbers))
        argv = [sys.executable, "-m", self.module, *self.arguments, str(file), str(rate)]
        child = Child(argv, log=log, env={**os.environ, **self.env})
        ended = child.wait(len(numbers) / rate + 2 * TAIL_S)
        child.end(1.0)
        if not ended or child.returncode != 0:
            say(f"   {self.name} failed: {tail(log, 2)}")
            return Driven(0.0, 0.0)
        lines = log.read_text().splitlines()
        report = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
        return Driven(report["cpu_s"], report["peak_mib"])


def plan(asterisk: Asterisk) -> str:
    """The dialplan that Asterisk needs for the native rival."""
    return dialplan(_prompts(asterisk), CONTEXT)


def loops(world: World, folder: Path) -> dict[str, Loop]:
    """The programs, by their names."""
    asterisk = world.asterisk
    prompts = _prompts(asterisk)
    ari = ([asterisk.ari_url, asterisk.ari_user, prompts], {"ARI_PASSWORD": asterisk.ari_password})
    ami = ([str(asterisk.ami_port), ORIGINATOR, CONTEXT], {"AMI_PASSWORD": asterisk.originator_password})
    return {
        "native": Loop("native", "bench.loops.native_loop", *ami, folder),
        "bare_ari": Loop("bare_ari", "bench.loops.bare_loop", *ari, folder),
        "asyncari": Loop("asyncari", "bench.loops.asyncari_loop", *ari, folder),
    }


def _prompts(asterisk: Asterisk) -> str:
    return f"{asterisk.prompts_path}/{people.LANGUAGE}"


@dataclass(slots=True)
class Worker:
    """agi-app as it is used: contacts are imported into a running campaign, a worker dials them."""

    ready: Stage
    connection: psycopg.Connection[Any]
    pid: int
    name: str = "agi_app"
    _files: int = 0

    def offer(self, numbers: Sequence[str], rate: float) -> Driven:
        """Everybody must have given consent already."""
        self._files += 1
        file = f"contacts-{self._files}.csv"
        people.write_contacts(self.ready.project / file, numbers, f"T{self._files}-")
        set_pace(self.ready.project, rate)
        if self._files > 1:
            self.ready.app.ask("campaign", "start", people.CAMPAIGN)
        before = usage.cpu_seconds(self.pid)
        self.ready.app.ask("contacts", "import", people.CAMPAIGN, file)
        if self._files == 1:
            self.ready.app.ask("campaign", "start", people.CAMPAIGN)
        main_job.wait_until_done(self.connection, main_job.Job(len(numbers), rate))
        stored = (verdict.Stored(*row) for row in self.connection.execute(main_job.CALLS))
        understood = verdict.confirmed(stored)
        return Driven(usage.cpu_seconds(self.pid) - before, usage.peak_memory_mib(self.pid), understood)


def trial(ready: Stage, rival: Rival, numbers: Sequence[str], rate: float, postgres: int) -> Trial:
    """One rival's turn, and silence after it; the capture of it alone stays."""
    world = ready.world
    world.capture.go_on_in(world.folder / "carrier" / f"{rival.name}-{rate:g}-{numbers[0]}.pcap")
    pids = {"asterisk": world.asterisk.pid, "postgresql": postgres}
    before, machine_before = main_job.sample(pids), usage.machine_times()
    driven = rival.offer(numbers, rate)
    _until_quiet(world)
    spent = usage.spent(before, main_job.sample(pids), len(numbers))
    busy = usage.busy(machine_before, usage.machine_times())
    calls = world.capture.calls()
    through = {call.to_user for call in calls if (call.bye_at or 0) - (call.answered_at or 0) <= LONGEST_S}
    judged = verdict.judge(calls, numbers, through if driven.understood is None else through & driven.understood)
    cpu = {"driver": round(driven.cpu_s * 1000 / len(numbers), 2), **spent}
    if driven.understood is None:
        del cpu["postgresql"]
    done = Trial(
        rival.name,
        rate,
        len(numbers),
        judged.rate,
        round(judged.success, 4),
        judged.double_dials,
        judged.answer_to_bye_ms,
        cpu,
        driven.peak_mib,
        busy,
    )
    say(f"   {done.rival:9} {rate:5g}/s: placed {done.placed_a_second:6.1f}/s, {done.success:.2%} good, CPU {cpu}")
    return done


def _until_quiet(world: World) -> None:
    """Until no call is on; those that are on for too long are ended."""
    deadline = time.monotonic() + QUIET_S
    while _channels(world) and time.monotonic() < deadline:
        time.sleep(0.5)
    if _channels(world):
        world.asterisk.cli("channel request hangup all")
        time.sleep(1.0)


def _channels(world: World) -> int:
    count = world.asterisk.cli("core show channels count").split()
    return int(count[0]) if count and count[0].isdigit() else 0
