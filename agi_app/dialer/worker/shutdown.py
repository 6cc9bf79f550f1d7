"""What happens to live calls when a worker is told to end: they may go on for a while, then they are hung up."""

from __future__ import annotations

from agi_app import log
from agi_app.dialer.live_calls import LiveCalls
from agi_app.event_loop import happens_within
from agi_app.messages import t

LAST_WORDS_S = 10.0  # how long their results are waited for after the hangup

_log = log.get("worker")


async def finish_live_calls(live: LiveCalls, within_s: float) -> None:
    """Let them go on for ``within_s``, then hang up; returns when no call is left, or none ends."""
    if len(live):
        _log.info("waiting for live calls", calls=len(live), at_most_s=within_s)
    await happens_within(live.quiet, within_s)
    if live.stop_all(t("the worker is shutting down")):
        await happens_within(live.quiet, LAST_WORDS_S)
