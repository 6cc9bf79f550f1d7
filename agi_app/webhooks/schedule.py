"""When a delivery is tried again, over three days; what an answer means."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60.0, 3600.0
# Before the second try, the third …; the first is made at once. Three days and some hours in all.
PAUSES_S = (5.0, 5 * _MINUTE, 30 * _MINUTE, *(n * _HOUR for n in (2, 5, 10, 14, 20, 24)))
TRIES = len(PAUSES_S) + 1
JITTER = 0.1  # of a pause, at most: what failed together is not tried together
GIVEN_UP_AFTER = dt.timedelta(days=3)  # an endpoint that has failed so long is disabled
LONGEST_WAIT_S = 24 * _HOUR  # that an answer can ask for
GONE = 410


def pause_s(tries: int, lot: float, asked_s: float | None = None) -> float | None:
    """Seconds until the next try, after ``tries`` failed ones; None: there is none.

    ``lot`` is a random number of 0 to 1; ``asked_s`` is what the receiver asked for (Retry-After): it only lengthens.
    """
    if tries >= TRIES:
        return None
    return max(PAUSES_S[tries - 1] * (1 + JITTER * lot), min(asked_s or 0.0, LONGEST_WAIT_S))


def longest_pause_s(lot: float) -> float:
    """The pause of what is never given up, after all tries of the schedule."""
    return PAUSES_S[-1] * (1 + JITTER * lot)


def did_well(status: int | None) -> bool:
    """Whether the receiver took it: 2xx. A redirect is a failure, and is not followed."""
    return status is not None and 200 <= status < 300


def retry_after_s(header: str | None, now: dt.datetime) -> float | None:
    """Seconds that a Retry-After asks for, as a number or a date; None without one that can be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or dt.UTC) - now).total_seconds())
