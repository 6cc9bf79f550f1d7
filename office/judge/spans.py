"""Instants, lengths of time, and spans of time: what is in both, in either, in one and not in the other.

Instants are seconds since 1970 (UTC); all arithmetic is on them, so that no time zone can matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))  # Asia/Shanghai: one zone, and no clock changes
HOUR = 3600.0
DAY = 86400.0
INF = float("inf")

Span = tuple[float, float]  # from, included; to, not included
Spans = list[Span]


def seconds(text: str) -> float:
    """The instant of an ISO 8601 time; without an offset it is in Asia/Shanghai. ValueError for anything else."""
    t = datetime.fromisoformat(text)
    return (t if t.tzinfo else t.replace(tzinfo=ZONE)).timestamp()


def say(t: float) -> str:
    """The instant for a reader, in Asia/Shanghai."""
    return datetime.fromtimestamp(t, ZONE).strftime("%a %m-%d %H:%M:%S") if abs(t) < 1e11 else "never"


def length(text: str) -> float:
    """Seconds of `90s`, `5m`, `1h`, `1.5d`. ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not found:
        raise ValueError(f"no length: {text!r}")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def cut(a: Sequence[Span], b: Sequence[Span]) -> Spans:
    """What is in both; both are sorted and without overlaps."""
    out: Spans = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low < high:
            out.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return out


def join(spans: Iterable[Span]) -> Spans:
    """What is in any, sorted and without overlaps."""
    out: Spans = []
    for low, high in sorted(s for s in spans if s[0] < s[1]):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


def without(a: Sequence[Span], b: Iterable[Span]) -> Spans:
    """What is in the first and in none of the second; the first is sorted and without overlaps."""
    holes = join(b)
    edges = [-INF] + [x for s in holes for x in s] + [INF]
    return cut(a, [(edges[n], edges[n + 1]) for n in range(0, len(edges), 2) if edges[n] < edges[n + 1]])


def total(spans: Sequence[Span]) -> float:
    """Seconds of all together."""
    return sum(high - low for low, high in spans)


def covers(spans: Sequence[Span], t: float, before: float = 0.0, after: float = 0.0) -> bool:
    """Whether t is in a span; a span may be longer by `before` in front and by `after` behind."""
    return any(low - before <= t < high + after for low, high in spans)
