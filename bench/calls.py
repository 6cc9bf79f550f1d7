"""agi-app against what a user would write instead: one harness, one run, one machine.

Four rivals make the same short calls (rings 0.2 s, a greeting, a question, one key after 1.5 s, a goodbye) in turn:
the dialplan alone, a bare ARI loop, a loop on the library asyncari, agi-app with every check and fsync on. First the
highest rate of each; then agi-app and the bare loop at half of agi-app's, where one call in 50 is listened to.
"""

from __future__ import annotations

import itertools
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench import line, main_job, people, rivals, usage, verdict
from bench.line import Waits
from bench.output import machine, say
from bench.rate_search import MOST, RateSearch
from bench.rivals import Rival, Trial
from bench.stage import Stage, stage
from sandbox.capture import Capture
from sandbox.carrier import MEDIA_HOST
from sandbox.pcap import read_datagrams

CALLS = 6_000  # at half load: 120 of them are listened to
TRIAL_S, WARM_UP = 12.0, 200
PEOPLE = 90_000  # for the search
ONE_IN = 50
RATIO, OVER_BARE_MS, POSTGRES_MS, WAIT_MS = 0.8, 1.6, 1.7, 60.0


def run(root: Path, calls: int = CALLS) -> dict[str, Any]:
    """One run; ``calls`` are made twice at half load."""
    before, busy = machine(), usage.machine_times()
    with stage(root, "calls", MOST, dialplan=rivals.plan) as ready:
        called = people.numbers(PEOPLE + 2 * calls)
        ready.invite(called, {})
        with main_job.database(ready.project) as (connection, server), ready.app.worker("worker.log") as worker:
            ours = rivals.Worker(ready, connection, worker.pid)
            bench = _Bench(ready, server, iter(called))
            everybody: list[Rival] = [*rivals.loops(ready.world, ready.folder).values(), ours]
            best, tries = bench.search(everybody)
            half = bench.half(everybody[1], ours, best[ours.name] / 2, calls)
            durable = {name: main_job.setting(connection, name) for name in ("fsync", "synchronous_commit")}
    return {
        "bench": "calls",
        **before,
        "load_after": machine()["load"],
        "machine_busy": usage.busy(busy, usage.machine_times()),
        **_figures(best, half),
        "peak_mib": {name: max(t.peak_mib for t in tries if t.rival == name) for name in best},
        "durable": durable,
        "tries": [asdict(t) for t in tries],
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    cpu, found = record["cpu_per_call_ms"], []
    if record["ratio_bare"] < RATIO:
        found.append(f"ratio_bare is {record['ratio_bare']}, less than {RATIO}")
    if cpu["agi_app"] > cpu["bare_driver"] + OVER_BARE_MS:
        over = cpu["agi_app"] - cpu["bare_driver"]
        found.append(f"agi-app takes {over:.2f} ms of CPU a call more than the bare loop, not {OVER_BARE_MS} at most")
    if cpu["postgresql"] > POSTGRES_MS:
        found.append(f"PostgreSQL takes {cpu['postgresql']} ms of CPU a call, more than {POSTGRES_MS}")
    for name in ("first_audio_p99_ms", "key_to_audio_p99_ms"):
        if record[name] is None or record[name] > WAIT_MS:
            found.append(f"{name} is {record[name]}, more than {WAIT_MS:g}")
    if record["double_dials"]:
        found.append(f"{record['double_dials']} double dials")
    return found


class _Bench:
    """The trials of a run; nobody is called twice."""

    def __init__(self, ready: Stage, postgres: int, called: Iterator[str]) -> None:
        self._ready, self._postgres, self._called = ready, postgres, called

    def search(self, everybody: Sequence[Rival]) -> tuple[dict[str, int], list[Trial]]:
        """The highest rate of each, in turns, so that whatever else the machine does meets all."""
        searches = {rival.name: RateSearch() for rival in everybody}
        tries = []
        for rival in everybody:
            self.trial(rival, WARM_UP, 20)
        while any(search.next() for search in searches.values()):
            for rival in everybody:
                if rate := searches[rival.name].next():
                    one = self.trial(rival, round(rate * TRIAL_S), rate)
                    searches[rival.name].told(rate, good=one.good)
                    tries.append(one)
        return {name: search.passed for name, search in searches.items()}, tries

    def half(self, bare: Rival, ours: Rival, rate: float, calls: int) -> dict[str, tuple[Trial, list[Waits]]]:
        """Both at this rate, and how long people waited."""
        begins = line.where_begins(_goodbye(self._ready.project))
        found = {}
        for rival in (bare, ours):
            file = self._ready.folder / f"{rival.name}-sound.pcap"
            with Capture(file, media_host=MEDIA_HOST, one_call_in=ONE_IN):
                one = self.trial(rival, calls, rate)
            done = self._ready.world.capture.calls()
            found[rival.name] = (one, line.waits(done, read_datagrams(file), begins))
        return found

    def trial(self, rival: Rival, calls: int, rate: float) -> Trial:
        """Of so many people who were not called yet."""
        return rivals.trial(self._ready, rival, list(itertools.islice(self._called, calls)), rate, self._postgres)


def _figures(best: Mapping[str, int], half: Mapping[str, tuple[Trial, list[Waits]]]) -> dict[str, Any]:
    (bare, bare_waits), (ours, our_waits) = half["bare_ari"], half["agi_app"]
    found = {"agi_app": _waited(our_waits), "bare_ari": _waited(bare_waits)}
    mine = found["agi_app"]
    say(f"   at half load: {found}")
    return {
        **{f"{name}_cps": rate for name, rate in best.items()},
        "ratio_bare": round(best["agi_app"] / max(1, best["bare_ari"]), 3),
        "cpu_per_call_ms": {
            "asterisk": ours.cpu_ms["asterisk"],
            "bare_driver": bare.cpu_ms["driver"],
            "agi_app": ours.cpu_ms["driver"],
            "postgresql": ours.cpu_ms["postgresql"],
        },
        "first_audio_p99_ms": mine["first_audio_ms"].get("p99"),
        "key_to_audio_p99_ms": mine["key_to_audio_ms"].get("p99"),
        "double_dials": ours.double_dials,
        "half_load": {"rate": ours.rate, "waits": found, "agi_app": asdict(ours), "bare_ari": asdict(bare)},
    }


def _waited(waits: Sequence[Waits]) -> dict[str, Any]:
    return {
        "probed": len(waits),
        "unheard": sum(one.first_audio is None or not one.key_to_audio for one in waits),
        "first_audio_ms": verdict.quantiles([one.first_audio for one in waits if one.first_audio is not None]),
        "key_to_audio_ms": verdict.quantiles([wait for one in waits for wait in one.key_to_audio]),
    }


def _goodbye(project: Path) -> list[int]:
    with wave.open(str(project / "prompts" / people.LANGUAGE / "goodbye.wav")) as sound:
        return [int(n) for n in np.frombuffer(sound.readframes(sound.getnframes()), "<i2")]
