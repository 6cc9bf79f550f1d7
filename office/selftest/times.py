"""Times as the self-test has them: seconds since 1970, written with the offset of Asia/Shanghai."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

ZONE = timezone(timedelta(hours=8))

Json = dict[str, Any]


def at(text: str) -> float:
    """The instant of an ISO 8601 time. ValueError for anything else."""
    t = datetime.fromisoformat(text)
    return (t if t.tzinfo else t.replace(tzinfo=ZONE)).timestamp()


def iso(t: float) -> str:
    """To the millisecond."""
    return datetime.fromtimestamp(t, ZONE).isoformat(timespec="milliseconds")


def clock(t: float) -> str:
    """Such as `09:30`."""
    return datetime.fromtimestamp(t, ZONE).strftime("%H:%M")


def day(t: float) -> str:
    """Such as `04-07`."""
    return datetime.fromtimestamp(t, ZONE).strftime("%m-%d")


def day_bounds(text: str | None, *, end: bool) -> float | None:
    """A time of the list; a day alone means its beginning, or its end; None: there is none."""
    if not text:
        return None
    return at(text) if " " in text or "T" in text else at(text + "T00:00") + (86400 if end else 0)
