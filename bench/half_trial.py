"""One trial of agi-app at a rate, for ``bench.half_load``: the agi-app, the bench and the sandbox of one checkout.

    PYTHONPATH=CHECKOUT python -P bench/half_trial.py ROOT RATE CALLS

It is run by its path, so that all it imports is of the checkout, which may be older than this file. Its last line is
JSON.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

from bench import calls, line, main_job, people, rivals, verdict
from bench.stage import stage
from sandbox.capture import Capture
from sandbox.carrier import MEDIA_HOST
from sandbox.pcap import read_datagrams

WARM_UP = 60
ONE_IN = 20  # is listened to


def run(root: Path, rate: float, number: int) -> dict[str, Any]:
    """A fresh Asterisk, database and worker; CPU a call in milliseconds, and how long people waited."""
    warm_up = min(WARM_UP, number)
    with stage(root, "half", rate, dialplan=rivals.plan) as ready:
        called = iter(people.numbers(warm_up + number))
        everybody = list(itertools.islice(called, warm_up)), list(called)
        ready.invite([*everybody[0], *everybody[1]], {})
        with main_job.database(ready.project) as (connection, server), ready.app.worker("worker.log") as worker:
            ours = rivals.Worker(ready, connection, worker.pid)
            rivals.trial(ready, ours, everybody[0], min(rate, 20.0), server)
            file = ready.folder / "sound.pcap"
            with Capture(file, media_host=MEDIA_HOST, one_call_in=ONE_IN):
                done = rivals.trial(ready, ours, everybody[1], rate, server)
            begins = line.where_begins(calls._goodbye(ready.project))
            waits = line.waits(ready.world.capture.calls(), read_datagrams(file), begins)
    first = [one.first_audio for one in waits if one.first_audio is not None]
    keys = [wait for one in waits for wait in one.key_to_audio]
    return {
        "cpu_ms": {
            "python": done.cpu_ms["driver"],
            "postgresql": done.cpu_ms["postgresql"],
            "asterisk": done.cpu_ms["asterisk"],
        },
        "first_audio_p99_ms": verdict.quantiles(first).get("p99"),
        "key_to_audio_p99_ms": verdict.quantiles(keys).get("p99"),
        "success": done.success,
        "double_dials": done.double_dials,
        "machine_busy": done.machine_busy,
    }


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
