"""When a result is sent again, and when it is given up. Pure."""

from __future__ import annotations

import datetime as dt

_MINUTE, _HOUR = 60.0, 3600.0
# After the first failure of a row, the second …, and from then on the last again and again, until it is given up a week
# after its call.
ROW_PAUSES_S = (_MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR)
# Of a target that cannot be reached, or does not want us: what waits is sent as soon as it is well, and loses no try.
TARGET_PAUSES_S = (5.0, 15.0, _MINUTE, 5 * _MINUTE)


def next_try(tries: int, now: dt.datetime, give_up_at: dt.datetime) -> dt.datetime | None:
    """After ``tries`` failed ones; None: it is given up."""
    at = now + dt.timedelta(seconds=ROW_PAUSES_S[min(tries, len(ROW_PAUSES_S)) - 1])
    return None if now >= give_up_at else min(at, give_up_at)


def target_pause_s(failures: int) -> float:
    """Seconds until a target that failed so many times in a row is tried again."""
    return TARGET_PAUSES_S[min(failures, len(TARGET_PAUSES_S)) - 1]
