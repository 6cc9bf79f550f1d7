"""What a process, and the whole machine, has used, from /proc: CPU seconds and peak memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU time of one process, all its threads; 0 when it has ended."""
    own, _ = _times(pid)
    return own


def tree_cpu_seconds(pid: int) -> float:
    """CPU time of a process, its living children, and those that it has waited for (PostgreSQL's server)."""
    own, waited_for = _times(pid)
    return own + waited_for + sum(sum(_times(child)) for child in _children(pid))


def peak_memory_mib(pid: int) -> float:
    """The most memory that the process had resident so far, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def memory_mib(pid: int) -> float:
    """What the process has resident now, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def descriptors(pid: int) -> int:
    """How many descriptors the process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def machine_times() -> tuple[int, int]:
    """Ticks that all cores were busy, and all ticks, since the machine started."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ticks = [int(value) for value in first]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # the fourth and fifth are idle and waiting for a disk


def busy(before: tuple[int, int], after: tuple[int, int]) -> float:
    """The share of all cores that was busy between two samples, 0 to 1; near 1 the figures tell of the queue."""
    return round((after[0] - before[0]) / max(1, after[1] - before[1]), 2)


def spent(before: Mapping[str, float], after: Mapping[str, float], calls: int) -> dict[str, float]:
    """Milliseconds a call between two samples of the same processes."""
    return {name: round((after[name] - before[name]) * 1000 / calls, 2) for name in before}


def _times(pid: int) -> tuple[float, float]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    user, system, child_user, child_system = (int(value) / _TICK for value in fields[11:15])
    return user + system, child_user + child_system


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
