"""Screening at speed: calls that come in from SIPp, a million known numbers, a real Asterisk and a real worker.

The hook's time is that of the TCP connection on the wire, from Asterisk's first packet to the worker's last. Then the
worker is stopped, and another one killed, in the middle of such calls: each must ring all the same.
"""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from bench import main_job, people, usage
from bench.output import machine, say
from bench.wire import Wire
from sandbox.asterisk import Asterisk
from sandbox.caller import Callers, Incoming
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from sandbox.supervise import Child
from sandbox.world import World, settings_toml

KNOWN = 1_000_000
CALLS, RATE = 3_000, 50.0
BLOW_CALLS, BLOW_AFTER_S = 500, 3.0
P99_MS, RINGS_S, MEMORY_MIB = 20.0, 0.6, 300.0
DIALPLAN = """
[agi-app-from-trunk]
exten => _7XXX,1,Gosub(agi-app-screen,s,1(${EXTEN}))
 same => n,Ringing()
 same => n,Wait(5)
"""
# Marks at most, so that every call rings; it judges all the same.
SETTINGS = '\n[guard]\nregion = "CN"\nlevel = "notice"\n'

_KNOWN = """
INSERT INTO guard_caller (number, first_seen, last_seen, talked, dialled_at, nuisance_at)
SELECT '+999861' || lpad((i * 37)::text, 9, '0'), %(now)s::timestamptz - interval '40 days',
       %(now)s::timestamptz - interval '2 days', i %% 3 = 0, CASE WHEN i %% 10 = 0 THEN %(now)s::timestamptz END,
       CASE WHEN i %% 50 = 0 THEN %(now)s::timestamptz - interval '9 days' END
FROM generate_series(1, %(count)s::bigint) i
"""
_PEOPLE = """
INSERT INTO person (e164, number_hash, region, zones)
SELECT number, sha256(number::bytea), 'CN', '{Asia/Shanghai}' FROM guard_caller
"""
_PAST = """
INSERT INTO guard_call (call_id, caller_id, at, called, endpoint, action, unjudged)
SELECT md5(caller_id::text), caller_id, %(now)s::timestamptz - interval '2 days', '7001', 'PJSIP/x', 'allow', 'bench'
FROM guard_caller
"""
_VOTES = """
WITH told AS (
    INSERT INTO guard_change (at, what, details, entered_by) VALUES (%(now)s, 'reported', '{}', 'bench')
    RETURNING change_id
)
INSERT INTO guard_vote (caller_id, voter, at, nuisance, change_id)
SELECT caller_id, '7001', %(now)s::timestamptz - interval '9 days', true, change_id
FROM guard_caller, told WHERE nuisance_at IS NOT NULL
"""
_WORDS = """
WITH script AS (
    INSERT INTO guard_script (name, text, learned, heard_at, entered_by) VALUES ('bench', '', false, %(now)s, 'bench')
    RETURNING script_id
)
INSERT INTO guard_transcript (caller_id, at, source, text, script_id, words, share)
SELECT caller_id, %(now)s::timestamptz - interval '9 days', 'voicemail', '', script_id, 30, 0.75
FROM guard_caller, script WHERE nuisance_at IS NOT NULL
"""
_JUDGED = "SELECT count(*), count(unjudged) FROM guard_call WHERE unjudged IS DISTINCT FROM 'bench'"


def run(root: Path, calls: int, rate: float, known: int = KNOWN) -> dict[str, Any]:
    """One run in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="agi-app-bench-"))
    project = folder / "project"
    before = machine()
    people.make_project(project, "")
    with World(root, folder, prompts_dir=project / "prompts") as world:
        asterisk = world.asterisk
        write_settings(
            project, f'{settings_toml(asterisk, trunk="sandbox")}{SETTINGS}\n[sandbox]\nclock = "{people.CLOCK}"\n'
        )
        _add_dialplan(asterisk)
        app = AgiApp(project, folder, say)
        app("migrate")
        say(f"== {before['at']}, load {before['load']}; logs in {folder}")
        with main_job.database(project) as (connection, _):
            _load(connection, known)
            with app.worker("worker.log") as worker:
                _call(asterisk, folder, 100, rate)  # the first look-ups read from disk
                cpu = usage.cpu_seconds(worker.pid)
                with Wire(folder / "agi.pcap", asterisk.agi_port) as wire:
                    rang = _call(asterisk, folder, calls, rate)
                hook = sorted(wire.spans())
                cpu = usage.cpu_seconds(worker.pid) - cpu
                memory = usage.memory_mib(worker.pid)
                stopped = _call(asterisk, folder, BLOW_CALLS, rate, worker, signal.SIGSTOP)
                worker.send(signal.SIGCONT)
                time.sleep(1.0)
                killed = _call(asterisk, folder, BLOW_CALLS, rate, worker, signal.SIGKILL)
            judged = connection.execute(_JUDGED).fetchone() or (0, 0)
    return {
        "bench": "agi",
        **before,
        "known": known,
        "offered": rate,
        "calls": calls,
        "hook_ms": {"count": len(hook), **_spread([span * 1000 for span in hook])},
        "rings_s": _spread(rang),
        "worker_stopped": {"calls": BLOW_CALLS, "rings_s": _spread(stopped)},
        "worker_killed": {"calls": BLOW_CALLS, "rings_s": _spread(killed)},
        "judged": judged[0] - judged[1],
        "unjudged": judged[1],
        "worker_cpu_ms": round(cpu * 1000 / calls, 2),
        "worker_mib": round(memory, 1),
    }


def faults(record: dict[str, Any]) -> list[str]:
    """Which target was missed."""
    found = []
    if record["hook_ms"]["p99"] > P99_MS:
        found.append(f"the hook's p99 is {record['hook_ms']['p99']} ms, more than {P99_MS:g}")
    if record["hook_ms"]["count"] < record["calls"]:
        found.append(f"only {record['hook_ms']['count']} of {record['calls']} calls were asked about")
    for name, rings in (
        ("well", record["rings_s"]),
        ("stopped", record["worker_stopped"]["rings_s"]),
        ("killed", record["worker_killed"]["rings_s"]),
    ):
        if rings["max"] > RINGS_S:
            found.append(f"with the worker {name} a call rang after {rings['max']} s, later than {RINGS_S:g}")
    if record["worker_mib"] > MEMORY_MIB:
        found.append(f"the worker has {record['worker_mib']} MiB, more than {MEMORY_MIB:g}")
    return found


def _add_dialplan(asterisk: Asterisk) -> None:
    (asterisk.run_dir / "etc" / "extensions_local.conf").write_text(DIALPLAN)
    asterisk.cli("dialplan reload")


def _load(connection: psycopg.Connection[Any], known: int) -> None:
    """The known numbers, with a past, as callers and as people of campaigns."""
    say(f"loading {known:,} known numbers")
    values = {"now": people.CLOCK, "count": known}
    for statement in (_KNOWN, _PEOPLE, _PAST, _VOTES, _WORDS):
        connection.execute(statement, values)
    connection.execute("VACUUM (ANALYZE)")  # what autovacuum would do by and by, in the middle of the calls
    connection.execute("CHECKPOINT")


def _call(
    asterisk: Asterisk,
    folder: Path,
    calls: int,
    rate: float,
    worker: Child | None = None,
    blow: signal.Signals | None = None,
) -> list[float]:
    """Half of the callers are known; a blow hits the worker after BLOW_AFTER_S. How long each waited to ring."""
    chance = random.Random(calls)
    incoming = [
        Incoming(
            f"+999861{chance.randrange(1, KNOWN) * 37 if chance.random() < 0.5 else chance.randrange(10**9):09d}",
            f"7{chance.randrange(1000):03d}",
        )
        for _ in range(calls)
    ]
    with Callers(folder / "callers", ("127.0.0.1", asterisk.sip_port), incoming, rate=rate) as callers:
        if worker is not None and blow is not None:
            time.sleep(BLOW_AFTER_S)
            worker.send(blow)
        return callers.wait(calls / rate + 60)


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Middle, 99th percentile and largest."""
    ordered = sorted(values)
    return {
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3),
        "max": round(ordered[-1], 3),
    }
