"""How many prompts a minute `agi-app prompts prepare` makes ready: recordings as a studio delivers them.

44.1 kHz, stereo, each another one, because what was made before is found by its content. The command is timed whole,
from start to prompt; the second time everything is there already.
"""

from __future__ import annotations

import json
import tempfile
import time
import wave
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from bench.output import machine, say
from sandbox.commands import AgiApp

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RATE = 44100
COUNT = 150
LEAST_A_MINUTE = 100.0


def run() -> dict[str, Any]:
    """One run in a folder of its own, which is removed."""
    before = machine()
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as name:
        project = Path(name)
        seconds = _record(project / "prompts" / "en")
        app = AgiApp(project, project, say)
        first, made = _timed(app, "prepared")
        second, there = _timed(app, "there already")
    return {
        "bench": "prompts",
        **before,
        "load_after": machine()["load"],
        "prompts": COUNT,
        "made": made,
        "found_again": there,
        "seconds_of_sound": round(seconds),
        "a_minute": round(COUNT * 60 / first, 1),
        "a_minute_when_there": round(COUNT * 60 / second, 1),
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    missed = []
    if {record["made"], record["found_again"]} != {record["prompts"]}:
        missed.append(f"{record['made']} of {record['prompts']} prompts were made, {record['found_again']} found again")
    if record["a_minute"] < LEAST_A_MINUTE:
        missed.append(f"{record['a_minute']} prompts a minute, fewer than {LEAST_A_MINUTE:g}")
    return missed


def _timed(app: AgiApp, state: str) -> tuple[float, int]:
    """Seconds of the command, and of how many prompts it says this."""
    began = time.monotonic()
    told = json.loads(app.ask("prompts", "prepare", "--json"))
    return time.monotonic() - began, sum(one["state"] == state for one in told)


def _record(folder: Path) -> float:
    """Write the recordings; how long all of them last."""
    folder.mkdir(parents=True)
    sources = sorted((EXAMPLES / "clinic" / "prompts").rglob("*.wav"))
    seconds = 0.0
    for number, source in enumerate(islice(cycle(sources), COUNT)):
        with wave.open(str(source)) as sound:
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32)
            rate = sound.getframerate()
        high = soxr.resample(samples, rate, RATE) * (0.4 + 0.5 * number / COUNT)
        noise = np.random.default_rng(number).standard_normal((len(high), 2)) * 3
        stereo = np.clip(np.stack([high, 0.8 * high], axis=1) + noise, -32768, 32767).astype("<i2")
        with wave.open(str(folder / f"prompt-{number}.wav"), "wb") as target:
            target.setparams((2, 2, RATE, 0, "NONE", ""))
            target.writeframes(stereo.tobytes())
        (folder / f"prompt-{number}.txt").write_text("Words.\n", "utf-8")
        seconds += len(high) / RATE
    return seconds
