"""Ends the calls of this worker that somebody asked to end, one by one, with who and why in their results.

The word comes as a notification with the call's id, which any role of the database can send. From whom it is, and why,
is read from the ask that was answered; without one the call goes on.
"""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.dialer.node import Node
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.requested_calls import asks

ASK_S = 0.5  # as for a stop; then it is asked again in the next round
_log = log.get("worker")


class EndedByHand:
    """``missed``: somebody may have asked, and the database did not say so."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.missed = False

    async def heard(self, attempt_id: str) -> None:
        """Somebody asked to end this call; it may be that of another worker."""
        if attempt_id in self._node.live.attempt_ids:
            await self.look()

    async def look(self) -> None:
        """End those of the live calls that somebody asked to end."""
        live = self._node.live
        try:
            async with asyncio.timeout(ASK_S):
                wanted = await asks.ends(self._node.store, live.attempt_ids)
        except (StoreError, TimeoutError) as error:
            self.missed = True
            _log.warning("which calls are to be ended is asked again", error=str(error))
            return
        self.missed = False
        for one in wanted:
            why = t("ended by {account}: {reason}", account=one.account, reason=one.reason)
            live.end_by_hand(one.attempt_id, why)
