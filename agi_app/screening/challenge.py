"""The challenge of a caller: which digits to press, in how many tries, and what is kept of who passed.

A challenge has two digits, said after one another, and two tries, each with its own digits: who keys the same digits
at every call is put through once in some dozens of calls.
"""

from __future__ import annotations

import secrets

from agi_app import log
from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.judge import Screening
from agi_app.screening.opening_words import Openings

TRIES = 2
_log = log.get("screening")
# What is asked for: two digits, not the same and no neighbours, for such are what machines press blindly (11, 12, 21).
PAIRS = tuple(f"{a}{b}" for a in range(10) for b in range(10) if abs(a - b) > 1)


def new_digits() -> str:
    """Those of all tries, one after another."""
    return "".join(secrets.SystemRandom().sample(PAIRS, TRIES))


async def challenged(screening: Screening, openings: Openings, session: AgiSession) -> None:
    """The hook ``challenged``: let the call go on, then remember who passed, for a month, and who did not.

    Its arguments: passed, failed or unheard (Asterisk lacks the sounds, so nobody could pass), nothing, the call.
    """
    _, result, _, call_id, *_ = (*session.request.arguments, "", "", "")
    if result not in ("passed", "failed", "unheard") or not call_id:
        return
    if result == "passed":
        openings.passed(call_id)
    await session.set("AGI_APP_ACTION", "done")
    session.leave()
    if result == "unheard":
        _log.warning("a caller could not be challenged and rings: Asterisk lacks the sounds vm-press and digits")
        screening.unheard(call_id)
        return
    await screening.challenged(call_id, result == "passed")
