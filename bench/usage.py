"""What a process has used, from /proc: CPU seconds and peak memory."""

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
