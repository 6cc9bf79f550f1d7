"""How the cost of a claim grows: from ten thousand to ten million contacts, and from one campaign to a hundred.

A claim is what the dialer makes at 60 calls a second: 30 contacts of a campaign are locked with their persons, decided
about and written, fsync on (``bench.gate``). All databases take turns, so that whatever else the machine does meets
each; CPU tells of the work alone, contacts a second also of the disk.

The same for an office (``run_office``): each contact has an appointment and two points of time, some have a priority
or a second number; beside them one database of the smallest size without all that.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agi_app.model.campaign import Campaign, Due
from bench import main_job, usage
from bench.contacts import gate
from bench.output import machine, say
from sandbox.errors import SandboxError

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CAMPAIGNS, AMONG = (10, 100), 1_000_000  # so many share so many contacts; one campaign has them among the sizes
ROUNDS, CLAIMS = 6, 10  # turns of each database, claims a turn
WARM_UP = 6  # claims of each connection first: statements are prepared after five
OFFICE = replace(
    gate.OURS,
    zone="Asia/Shanghai",
    due=Due("appointment", (dt.timedelta(hours=48), dt.timedelta(hours=3))),
)
MOST = 1.25  # of the CPU a contact of the smallest: as gate's ratio of 0.8


@dataclass(slots=True)
class Crowd:
    """A database and what its claims cost so far."""

    contacts: int
    campaigns: Sequence[Campaign]
    project: Path
    server: int  # process id of its PostgreSQL
    turns: Iterator[Campaign]
    timed: gate.Timed = field(default_factory=gate.Timed)
    python_s: float = 0.0
    postgresql_s: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Contacts a second, and CPU a contact."""
        each = 1e6 / max(1, self.timed.contacts)
        return {
            "contacts": self.contacts,
            "campaigns": len(self.campaigns),
            "decided": self.timed.contacts,
            "per_second": self.timed.per_second,
            "python_us": round(self.python_s * each),
            "postgresql_us": round(self.postgresql_s * each),
        }


def run(largest: int = SIZES[-1]) -> dict[str, Any]:
    """One run; no database has more than ``largest`` contacts."""
    sizes = [size for size in SIZES if size <= largest]
    among = min(AMONG, sizes[-1])
    record, figures = _measured([(size, 1, gate.OURS) for size in sizes] + [(among, n, gate.OURS) for n in CAMPAIGNS])
    return {
        "bench": "growth",
        **record,
        "by_contacts": figures[: len(sizes)],
        "by_campaigns": [next(one for one in figures if one["contacts"] == among), *figures[len(sizes) :]],
    }


def run_office(largest: int = SIZES[-1]) -> dict[str, Any]:
    """The same with appointments, priorities and second numbers."""
    sizes = [size for size in SIZES if size <= largest]
    record, figures = _measured([(sizes[0], 1, gate.OURS)] + [(size, 1, OFFICE) for size in sizes])
    return {"bench": "growth-office", **record, "without": figures[0], "by_contacts": figures[1:]}


def _measured(wanted: Sequence[tuple[int, int, Campaign]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The machine, and the figures of databases of so many contacts in so many campaigns of that kind."""
    before, busy = machine(), usage.machine_times()
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as name:
        free = shutil.disk_usage(name).free
        if free < sum(size for size, _, _ in wanted) * gate.DISK_A_CONTACT:
            raise SandboxError(
                f"{name}: {free // 2**30} GiB are free, too few for these databases; set TMPDIR or --rows"
            )
        say(f"== {before['at']}, load {before['load']}")
        with contextlib.ExitStack() as stack:
            crowds = [_crowd(stack, Path(name) / str(n), *one) for n, one in enumerate(wanted)]
            for number in range(ROUNDS + 1):
                for crowd in crowds:
                    _turn(crowd, counted=number > 0)
    after = {"load_after": machine()["load"], "machine_busy": usage.busy(busy, usage.machine_times())}
    return before | after, [crowd.figures() for crowd in crowds]


def faults(record: dict[str, Any]) -> list[str]:
    """Where a claim's CPU grew with the contacts; for campaigns no limit is set."""
    first, *others = record["by_contacts"]
    return [
        f"{one['contacts']:,} contacts: {_cpu(one)} µs of CPU a contact, {_cpu(first)} at {first['contacts']:,}"
        for one in others
        if _cpu(one) > MOST * _cpu(first)
    ]


def _cpu(figures: dict[str, Any]) -> int:
    return int(figures["python_us"] + figures["postgresql_us"])


def _crowd(stack: contextlib.ExitStack, folder: Path, size: int, count: int, kind: Campaign) -> Crowd:
    ours = [replace(kind, name=f"{kind.name}-{place}" if place else kind.name) for place in range(count)]
    project = stack.enter_context(gate.made(folder, size, ours))
    _, server = stack.enter_context(main_job.database(project))  # it stays up: a new one would read from disk again
    return Crowd(size, ours, project, server, itertools.cycle(ours))


def _turn(crowd: Crowd, *, counted: bool) -> None:
    """Some claims of its campaigns, one after another; in the first turn of each, since that reads from disk."""
    warm_up = WARM_UP if counted else max(WARM_UP, len(crowd.campaigns))
    timed, python_s, postgresql_s = asyncio.run(_claims(crowd, warm_up))
    if counted:
        crowd.timed.contacts += timed.contacts
        crowd.timed.seconds += timed.seconds
        crowd.python_s += python_s
        crowd.postgresql_s += postgresql_s


async def _claims(crowd: Crowd, warm_up: int) -> tuple[gate.Timed, float, float]:
    total = gate.Timed()
    async with gate.opened(crowd.project) as store:
        for _ in range(warm_up):
            await gate.claim(store, gate.SMALL_CLAIM, 1, next(crowd.turns))
        python_s, postgresql_s = time.process_time(), usage.tree_cpu_seconds(crowd.server)
        for _ in range(CLAIMS):
            one = await gate.claim(store, gate.SMALL_CLAIM, 1, next(crowd.turns))
            total.contacts += one.contacts
            total.seconds += one.seconds
        return total, time.process_time() - python_s, usage.tree_cpu_seconds(crowd.server) - postgresql_s
