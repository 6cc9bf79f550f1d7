"""The points of time at which a row is due, and where each lets a call begin."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from office.judge.model import Limits, Row, Window
from office.judge.spans import INF, Span, covers


def next_open(openings: Sequence[Span], t: float) -> float:
    """The instant itself if it is open, else the beginning of the next opening; INF: there is none."""
    n = bisect_right(openings, (t, INF))
    if n and t < openings[n - 1][1]:
        return t
    return openings[n][0] if n < len(openings) else INF


def opening_before(openings: Sequence[Span], t: float) -> Span | None:
    """The last opening that ended at or before the instant; None: there is none."""
    n = bisect_right(openings, (t, -INF))
    while n and openings[n - 1][1] > t:
        n -= 1
    return openings[n - 1] if n else None


def plan(row: Row, known: float, openings: Sequence[Span], limits: Limits) -> list[Window]:
    """Where the points of a row let calls begin, when the row is known at `known`."""
    windows = [_window(row, point, openings, limits) for point in range(len(limits.at))]
    points = [w for w in windows if w.start < row.end]
    past = [w for w in points if w.latest <= known]
    rest = [w for w in points if w.latest > known]
    out: list[Window] = []
    if past:
        start = next_open(openings, known)
        if start < row.end and not (rest and rest[0].start < start):
            out.append(Window(past[-1].point, "late", start, start, row.end, start))
    out += [replace(w, start=max(w.start, known)) for w in rest]
    return [replace(w, until=min(w.until, out[n + 1].latest if n + 1 < len(out) else INF)) for n, w in enumerate(out)]


def _window(row: Row, point: int, openings: Sequence[Span], limits: Limits) -> Window:
    """Where a point lets calls begin: at its time, later because of `not_before`, or moved out of closed time."""
    p = row.appointment - limits.at[point]
    floor = max(row.not_before, limits.starts)
    if p >= floor and covers(openings, p):
        return Window(point, "open", p, p, row.end, p)
    last = opening_before(openings, p)
    if p >= floor and last is not None and last[1] > floor:
        start = max(last[0], last[1] - limits.last - limits.spread, floor)
        return Window(point, "moved", start, last[1], row.end, max(last[0], floor))
    start = next_open(openings, floor if floor > -INF else p)
    return Window(point, "floor", start, start, row.end, start)
