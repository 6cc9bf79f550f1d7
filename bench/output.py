"""Where figures go: one JSON object a line for machines, a short table for people, and the state of the machine."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What the figures depend on; ``load`` is the 1-minute load average when it was asked.

    ``real_time``: it ran before whatever else did (``chrt``), so that load says less.
    """
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "real_time": os.sched_getscheduler(0) != os.SCHED_OTHER,
    }


def append(file: Path, record: Mapping[str, Any]) -> None:
    """Add one line to the results."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as target:
        target.write(json.dumps(record, ensure_ascii=False) + "\n")


def flat(record: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """All numbers of nested figures by their path, ``agi_app.cpu_ms.worker``."""
    found: dict[str, float] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[before + key] = value
    return found


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """Each figure of every run, and the median of the runs."""
    runs = [flat(record) for record in records]
    names = [name for name in runs[0] if all(name in run for run in runs)]
    width = max(map(len, names))
    lines = [f"{'':{width}}" + "".join(f"{f'run {n}':>10}" for n in range(1, len(runs) + 1)) + f"{'median':>10}"]
    for name in names:
        values = [run[name] for run in runs]
        lines.append(f"{name:{width}}" + "".join(f"{v:>10g}" for v in (*values, statistics.median(values))))
    return "\n".join(lines)


def say(text: str) -> None:
    """One line for the person who watches."""
    print(text, file=sys.stderr, flush=True)
