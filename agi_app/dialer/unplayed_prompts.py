"""Holds a campaign whose prompts Asterisk does not play: each further person who answers would hear nothing."""

from __future__ import annotations

from collections import Counter

from agi_app import log
from agi_app.calls.final_disposition import PROMPT_FAILED
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.model.call import CallResult
from agi_app.store.calling.agents import pause
from agi_app.store.database.pool import Store

MOST_IN_A_ROW = 3

_log = log.get("dialer")


class Unplayed:
    """Counts the answered calls in a row of each campaign in which a prompt failed, on this node."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_a_row: Counter[str] = Counter()

    async def ended(self, campaign: str, result: CallResult) -> None:
        """Pause the campaign when it was one too many; a call that nobody answered says nothing."""
        if result.disposition != PROMPT_FAILED:
            if result.answered_at is not None:
                self._in_a_row.pop(campaign, None)
            return
        self._in_a_row[campaign] += 1
        if self._in_a_row[campaign] < MOST_IN_A_ROW:
            return
        text = t(
            "in {campaign} answered calls in a row a prompt could not be played: {note}; `agi-app doctor`"
            " tries one; the people in these calls will be called again on another day",
            campaign=self._in_a_row[campaign],
            note=result.note,
        )
        try:
            if await pause(self._store, campaign, text):
                _log.error("campaign paused: its prompts are not heard", campaign=campaign, reason=text)
        except StoreError as error:  # the next call that fails tries again
            _log.error(
                "a campaign whose prompts are not heard could not be paused", campaign=campaign, reason=str(error)
            )
