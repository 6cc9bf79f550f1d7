"""Calls that came in and were judged."""

from __future__ import annotations

from agi_app.installation import Installation
from agi_app.screening.judge import Question, Screening


async def screen_calls(inst: Installation, caller: str, count: int) -> list[str]:
    """So many calls of this caller to our number 100, as a worker judges them; returns their ids, the oldest first."""
    screening = Screening(inst.store, inst.clock, inst.settings.guard)
    verdicts = [await screening.judge(Question(caller, "100", "PJSIP/carrier")) for _ in range(count)]
    await screening.records.finish()
    return [one.call_id for one in verdicts]
