"""What agi-app could know of a row, and when."""

from __future__ import annotations

from collections.abc import Sequence

from office.judge.model import Row, Run, Version
from office.judge.spans import INF


def versions_of(events: Sequence[tuple[float, Row | None]], runs: Sequence[Run], trusted: set[int]) -> list[Version]:
    """Which states of a row good feed runs brought.

    What changed and changed back between two runs was never seen. A change that no run brought for sure has a `must`
    that never comes.
    """
    out: list[Version] = []
    good = [r for n, r in enumerate(runs) if r.good and n in trusted]
    for run in good:
        seen = [e for e in events if e[0] <= run.as_of + 1]
        if not seen:
            continue
        written, row = seen[-1]
        known = out[-1].row if out else None
        if row == known or (out and written <= out[-1].written and row == out[-1].row):
            continue
        # a run that looked within a second of the change may have missed it: then one that looked later brought it
        sure = [r.committed for r in good if r.as_of >= written + 1 and r.committed >= run.committed]
        out.append(Version(row, written, run.as_of, min(sure, default=INF)))
    return out
