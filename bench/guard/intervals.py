"""Intervals and verdicts of the guard's figures, and where the data are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

_Z = 1.96


def wilson(good: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; the whole range when nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, spread = good / of, _Z * math.sqrt(good * (of - good) / of + _Z * _Z / 4) / of
    centre, scale = share + _Z * _Z / (2 * of), 1 + _Z * _Z / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its interval; ``target`` None: reported only."""

    name: str
    value: float
    low: float
    high: float
    n: int
    target: float | None = None
    at_most: bool = False  # the target is an upper bound

    @property
    def missed(self) -> bool:
        """Whether there is a target that the figure does not reach."""
        if self.target is None:
            return False
        return self.value > self.target if self.at_most else self.value < self.target

    def record(self) -> dict[str, Any]:
        """For JSON: enough digits that what is printed decides as the figure does."""
        found: dict[str, Any] = {
            "figure": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "n": self.n,
        }
        if self.target is not None:
            found |= {"target": self.target, "target_is": "at most" if self.at_most else "at least"}
            found["reached"] = not self.missed
        return found


def share(name: str, good: int, of: int, target: float | None = None, at_most: bool = False) -> Figure:
    """A counted share with Wilson's interval; of nothing it is nothing, which reaches no target from below."""
    low, high = wilson(good, of)
    return Figure(name, good / of if of else 0.0, low, high, of, target, at_most)


def data_file(folder: Path, usual: str, pattern: str) -> Path:
    """The file of the usual name, or the only one that fits the pattern."""
    if (file := folder / usual).is_file():
        return file
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SandboxError(f"{folder}: {usual}, or one file {pattern}, is needed; there are {len(found)}")
    return found[0]
