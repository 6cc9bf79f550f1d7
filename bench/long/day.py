"""A million calls a day, for as long as is asked: does everybody get through, and does anything grow?

28 calls a second that last 24 s, so that about 670 are on at once; a million in ten hours. A real worker with every
check and fsync on, a real Asterisk, SIPp. What happened is judged by the carrier's capture and by `agi-app report`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import main_job, people, usage, verdict
from bench.line import Waits, waits
from bench.long import long_call
from bench.long.soak import BEGIN_S, GROWTH, Held, held, once_idle
from bench.output import machine, say
from bench.stage import Stage, stage
from sandbox.capture import Capture
from sandbox.carrier import MEDIA_HOST
from sandbox.pcap import read_datagrams

RATE = 28.0
COMPLETED = 0.999
LEAST_MINUTES = 2.0  # a shorter run has nothing to compare the first minute with
SAMPLE_S = 30.0
FIRST_S = 60.0  # memory is compared with what it was then
LATE, LATE_S = 0.05, 120.0  # beyond the time that the rate needs: a share of it, and so many seconds
PROBED, KEEP = 50, 64  # one call in 50 is listened to; so many bytes of a packet hold its heads
SOON = "SELECT 1 FROM contact WHERE campaign = %s AND state <> 'done' LIMIT 1"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was held a while after the first call."""

    at_s: float
    held: Held


def run(root: Path, minutes: float, rate: float = RATE) -> dict[str, Any]:
    """One run."""
    before = machine()
    calls = round(minutes * 60 * rate)
    called = people.numbers(calls, suffix=long_call.SUFFIX)
    with stage(root, "day", rate, long_call.write) as ready:
        ready.invite(called, {"contacts.csv": ("B", called)})
        ready.app("contacts", "import", people.CAMPAIGN, "contacts.csv")
        sound = Capture(ready.folder / "sound.pcap", media_host=MEDIA_HOST, one_call_in=PROBED, keep=KEEP)
        with sound:
            dialled = _dial(ready, minutes, rate)
        done = ready.world.capture.calls()
        say("== reading the report and the captures")
        report = json.loads(ready.app.ask("report", people.CAMPAIGN, "--format", "json"))
        heard = waits(done, read_datagrams(sound.file))
    judged = verdict.judge(done, called, _confirmed(report, called))
    return {
        "bench": "day",
        **before,
        "load_after": machine()["load"],
        "minutes": minutes,
        "rate": rate,
        "offered": calls,
        "placed": judged.calls,
        "placed_a_second": judged.rate,
        "completed_share": round(judged.success, 5),
        "in_report": {
            "contacts": report["contacts"],
            "attempts": len(report["attempt_list"]),
            **report["dispositions"],
        },
        "double_dials": judged.double_dials,
        "peak_concurrent": verdict.most_at_once(done),
        "call_s": {name: ms / 1000 for name, ms in judged.answer_to_bye_ms.items()},
        "probed": len(heard),
        "heard_all_share": round(sum(_heard_all(one) for one in heard) / max(1, len(heard)), 4),
        **_latency(heard),
        **dialled,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    found, offered, held_ = [], record["offered"], record["held"]
    if record["completed_share"] < COMPLETED:
        found.append(f"{record['completed_share']:.3%} completed, less than {COMPLETED:.1%}")
    if (told := record["in_report"]["attempts"]) != record["placed"] or record["in_report"]["contacts"] != offered:
        found.append(f"{told} calls in the report, {record['placed']} at the carrier, {offered} contacts")
    if record["placed_a_second"] < record["rate"] * (1 - LATE):
        found.append(f"{record['placed_a_second']} calls a second placed, {record['rate']} were offered")
    if record["double_dials"]:
        found.append(f"{record['double_dials']} double dials")
    if record["heard_all_share"] < COMPLETED:
        found.append(
            f"{record['heard_all_share']:.2%} of the probed calls heard every prompt, less than {COMPLETED:.1%}"
        )
    if record["memory_ratio"] > GROWTH:
        found.append(f"the worker's memory grew to {record['memory_ratio']} of what it was after a minute")
    if Held(**held_["at_the_end"]).counted != Held(**held_["idle"]).counted:
        found.append("worker's descriptors, channels or Asterisk's descriptors are not those before the first call")
    for name in ("first_audio_ms", "key_to_audio_ms"):
        if verdict.grew(record[name]["first"], record[name]["last"]):
            found.append(f"{name} grew from {record[name]['first']} to {record[name]['last']}")
    return found


def _dial(ready: Stage, minutes: float, rate: float) -> dict[str, Any]:
    """Start the campaign and look on until all are done and the worker is idle again."""
    with main_job.database(ready.project) as (connection, server), ready.app.worker("worker.log") as worker:
        time.sleep(BEGIN_S)
        idle = held(worker.pid, ready.world)
        pids = {"agi_app": worker.pid, "postgresql": server, "asterisk": ready.world.asterisk.pid}
        before, machine_before = main_job.sample(pids), usage.machine_times()
        ready.app("campaign", "start", people.CAMPAIGN)
        samples = _look_on(ready, worker.pid, connection, minutes)
        cpu = usage.spent(before, main_job.sample(pids), round(minutes * 60 * rate))
        busy = usage.busy(machine_before, usage.machine_times())
        last, drained_s = once_idle(worker.pid, ready.world, idle)
        durable = {name: main_job.setting(connection, name) for name in ("fsync", "synchronous_commit")}
    dialling = [s for s in samples if FIRST_S <= s.at_s <= minutes * 60]
    return {
        "cpu_per_call_ms": cpu,
        "machine_busy": busy,
        "memory_ratio": round(dialling[-1].held.worker_mib / dialling[0].held.worker_mib, 3),
        "held": {
            "idle": asdict(idle),
            "after_a_minute": asdict(dialling[0].held),
            "last_minute": asdict(dialling[-1].held),
            "at_the_end": asdict(last),
        },
        "drained_s": drained_s,
        "worker_mib": [s.held.worker_mib for s in dialling],
        "durable": durable,
    }


def _look_on(ready: Stage, worker: int, connection: psycopg.Connection[Any], minutes: float) -> list[Sample]:
    """A sample every SAMPLE_S until everybody was called, or it is too late."""
    began, samples = time.monotonic(), list[Sample]()
    while connection.execute(SOON, (people.CAMPAIGN,)).fetchone():
        past = time.monotonic() - began
        if past > minutes * 60 * (1 + LATE) + LATE_S:
            say("not all contacts were done in time")
            break
        if past >= len(samples) * SAMPLE_S:
            samples.append(Sample(round(past, 1), held(worker, ready.world)))
            if len(samples) % 10 == 1:
                say(f"   {past:5.0f} s: {samples[-1].held}")
        time.sleep(2.0)
    return samples


def _confirmed(report: dict[str, Any], called: Sequence[str]) -> set[str]:
    """Numbers of those whose both keys were understood, by the report alone; contacts are numbered as written."""
    return {
        called[int(row["external_id"][1:])]
        for row in report["contact_list"]
        if row["disposition"] == "confirmed" and row["outcome"] in ("answered", "human") and row["attempts"] == "1"
    }


def _latency(heard: Sequence[Waits]) -> dict[str, Any]:
    """Of the first and the last tenth of the probed calls."""
    first, last = verdict.tenths(heard)
    parts = {"first": first, "last": last, "all": heard}
    return {
        name: {part: verdict.quantiles(of(some)) for part, some in parts.items()}
        for name, of in (("first_audio_ms", _audio), ("key_to_audio_ms", _keys))
    }


def _heard_all(one: Waits) -> bool:
    """The greeting, and a prompt after each key."""
    return one.first_audio is not None and len(one.key_to_audio) == long_call.KEYS


def _audio(heard: Sequence[Waits]) -> list[float]:
    return [one.first_audio for one in heard if one.first_audio is not None]


def _keys(heard: Sequence[Waits]) -> list[float]:
    return [wait for one in heard for wait in one.key_to_audio]
