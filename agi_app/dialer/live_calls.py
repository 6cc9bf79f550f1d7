"""The calls of this worker that are between their mark and their result, so that a stop finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agi_app.calls.runner import LiveCall
from agi_app.messages import template
from agi_app.model.call import Claim


class LiveCalls:
    """A registry by attempt; a call is in it before its mark, so no stop can slip between."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[Claim, LiveCall]] = {}
        self.quiet = asyncio.Event()  # set while there is no call
        self.quiet.set()

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def attempt_ids(self) -> list[str]:
        """The attempts that this worker still runs."""
        return list(self._calls)

    def add(self, claim: Claim, call: LiveCall) -> None:
        """From now on a stop reaches this call."""
        self._calls[claim.attempt_id] = claim, call
        self.quiet.clear()

    def discard(self, claim: Claim) -> None:
        """The call is over and stored."""
        self._calls.pop(claim.attempt_id, None)
        if not self._calls:
            self.quiet.set()

    def attempts_of(self, person_id: int) -> list[str]:
        """The attempts at this person."""
        return [attempt_id for attempt_id, (claim, _) in self._calls.items() if claim.person_id == person_id]

    def stop_campaign(self, campaign: str) -> int:
        """End the calls of a stopped campaign that were not answered yet."""
        return self._stop(
            lambda claim: claim.campaign == campaign, template("the campaign was stopped"), even_if_up=False
        )

    def stop_attempt(self, attempt_id: str, reason: str, *, even_if_up: bool) -> int:
        """End one call."""
        return self._stop(lambda claim: claim.attempt_id == attempt_id, reason, even_if_up=even_if_up)

    def end_by_hand(self, attempt_id: str, reason: str) -> None:
        """End one call, whatever goes on in it: a member of our staff asked for that."""
        if found := self._calls.get(attempt_id):
            found[1].stop(reason, even_if_up=True, by_hand=True)

    def stop_all(self, reason: str) -> int:
        """End every call; this worker goes away."""
        return self._stop(lambda _: True, reason, even_if_up=True)

    def _stop(self, which: Callable[[Claim], bool], reason: str, *, even_if_up: bool) -> int:
        found = [call for claim, call in self._calls.values() if which(claim)]
        for call in found:
            call.stop(reason, even_if_up=even_if_up)
        return len(found)
