"""Calls for the agents of a real queue, progressive and predictive: who is abandoned, how busy agents are.

SIPp plays the people (some answer after 0.2 or 8 s, some are busy, most let it ring) and the agents, whose talks are
short so that a run takes minutes. Both ways are campaigns of one worker, one after the other. Times are of the attempts
in the database, written when an agent and a person begin to talk, and when they end.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import people
from bench.main_job import database
from bench.output import machine, say
from bench.stage import CONCURRENT, Stage, stage

AGENTS, TALK_S = 48, (4.0, 10.0)
ANSWERED = 300  # of each way
RATE = 20.0
# Of eighteen five answer, four of them after 8 s; five are busy, the others let it ring for 15 s.
SUFFIXES = (*(2 * ("21", "20", "27", "21")), *("21", "10", "21", "20", "27"), *("21", "20", "21", "27", "20"))
LONGEST_S = 600.0
CEILING = 0.01
FLOW = """\
flow: for-agents
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: opted_out}
abandoned: greeting
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {to: advisers}
      on: {done: bye, failed: bye}
  bye:
    - hangup
"""
_CALLS = """
SELECT extract(epoch FROM met_at)::float8, extract(epoch FROM coalesce(parted_at, ended_at))::float8,
       extract(epoch FROM answered_at)::float8, outcome
FROM attempt WHERE campaign = %s AND answered_at IS NOT NULL AND state = 'ended' ORDER BY answered_at
"""
_STANDS = """
SELECT c.state, coalesce((SELECT sum(answered) FROM agent_tally WHERE campaign = c.name), 0)::int
FROM campaign c WHERE c.name = %s
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One answered call: when an agent was met and left, seconds since the epoch."""

    met: float | None
    parted: float | None
    answered: float
    outcome: str


def run(root: Path, answered: int) -> dict[str, Any]:
    """Both ways, at least ``answered`` answered calls each."""
    before = machine()
    with stage(root, "agents", RATE, _with_agents, agents=AGENTS, talk_s=TALK_S) as ready:
        contacts = {name: _people(number, answered) for number, name in enumerate(("progressive", "predictive"))}
        everybody = [number for some in contacts.values() for number in some]
        ready.invite(everybody, {f"{name}.csv": (name[:4], some) for name, some in contacts.items()})
        for name in contacts:
            ready.app("contacts", "import", name, f"{name}.csv")
        with database(ready.project) as (connection, _), ready.app.worker("worker.log"):
            figures = {name: _dial(ready, connection, name, answered) for name in contacts}
    return {
        "bench": "agents",
        **before,
        "load_after": machine()["load"],
        "agents": AGENTS,
        "talk_s": list(TALK_S),
        **figures,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What missed its target."""
    found = []
    for name in ("progressive", "predictive"):
        seen = record[name]
        if seen["abandoned_share"] > CEILING:
            found.append(f"{name}: {seen['abandoned_share']:.2%} of the answered calls were abandoned")
        if seen["state"] != "running":
            found.append(f"{name}: the campaign is {seen['state']} after {seen['answered']} answered calls")
    return found


def _with_agents(project: Path) -> None:
    (project / "flows" / "for-agents.yaml").write_text(FLOW, "utf-8")
    bulk = project / "campaigns" / "bulk.yaml"
    lines = [line for line in bulk.read_text("utf-8").splitlines() if not line.startswith(("retry:", "max_call:"))]
    for pacing in ("progressive", "predictive"):
        pace = f"{{calls_per_second: {RATE:g}, concurrent: {CONCURRENT}}}"
        changed = {"campaign": pacing, "flow": "for-agents", "pace": pace, "ring_time": "15s"}
        kept = [line for line in lines if line.split(":")[0] not in changed]
        more = [f"{key}: {value}" for key, value in changed.items()]
        more.append(f"agents: {{to: advisers, pacing: {pacing}}}")
        (project / "campaigns" / f"{pacing}.yaml").write_text("\n".join([*more, *kept]) + "\n", "utf-8")


def _people(first: int, answered: int) -> list[str]:
    """More than are needed, since a quarter answers; the suffixes are mixed."""
    count = 6 * answered
    plain = people.numbers(count, 20_000 + first * 10_000, "")
    return [number + suffix for number, suffix in zip(plain, itertools.cycle(SUFFIXES), strict=False)]


def _dial(ready: Stage, connection: psycopg.Connection[Any], name: str, answered: int) -> dict[str, Any]:
    ready.app("campaign", "start", name)
    began = time.monotonic()
    state, seen = "running", 0
    while state == "running" and seen < answered and time.monotonic() - began < LONGEST_S:
        time.sleep(0.5)
        state, seen = connection.execute(_STANDS, (name,)).fetchone() or ("gone", 0)
    ready.app("campaign", "pause", name) if state == "running" else say(f"{name} is {state}")
    while connection.execute("SELECT 1 FROM attempt WHERE state <> 'ended'").fetchone():
        time.sleep(0.5)
    calls = [Way(*row) for row in connection.execute(_CALLS, (name,))]
    return {"state": state, "minutes": round((time.monotonic() - began) / 60, 1), **_figures(calls)}


def _figures(calls: Sequence[Way]) -> dict[str, Any]:
    abandoned = sum(call.outcome == "abandoned" for call in calls)
    reached = sorted(call.met - call.answered for call in calls if call.met is not None)
    return {
        "answered": len(calls),
        "abandoned": abandoned,
        "abandoned_share": round(abandoned / len(calls), 5) if calls else 0.0,
        "occupancy": _occupancy(calls),
        "occupancy_after_100": _occupancy(calls[100:]),
        "answer_to_agent_p50_s": round(reached[len(reached) // 2], 2) if reached else 0.0,
        "answer_to_agent_p99_s": round(reached[int(len(reached) * 0.99)], 2) if reached else 0.0,
    }


def _occupancy(calls: Sequence[Way]) -> float:
    """Of the agents' time between the first and the last answer of these, how much was in talks."""
    if len(calls) < 2:
        return 0.0
    first, last = calls[0].answered, calls[-1].answered
    talks = ((max(first, c.met), min(last, c.parted)) for c in calls if c.met is not None and c.parted is not None)
    return round(sum(max(0.0, end - begin) for begin, end in talks) / (AGENTS * (last - first)), 4)
