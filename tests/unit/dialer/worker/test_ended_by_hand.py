"""A call is ended by hand only for an ask that was answered, with who and why; what was missed is asked again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from agi_app.dialer.node import Node
from agi_app.dialer.worker.ended_by_hand import EndedByHand
from agi_app.errors import StoreError
from agi_app.store.requested_calls.asks import WantedEnd


class Database:
    """Answers with who asked to end which call, or fails."""

    def __init__(self) -> None:
        self.wanted: list[WantedEnd] | None = []
        self.asked = 0

    async def rows(self, *_: object) -> list[WantedEnd]:
        self.asked += 1
        if self.wanted is None:
            raise StoreError("away")
        return self.wanted


async def test_only_what_was_answered_ends_a_call_and_what_was_missed_is_asked_again() -> None:
    ended: list[tuple[str, str]] = []
    database = Database()
    live = SimpleNamespace(attempt_ids=["ours"], end_by_hand=lambda call, why: ended.append((call, why)))
    by_hand = EndedByHand(cast(Node, cast(Any, SimpleNamespace(live=live, store=database))))
    await by_hand.heard("another's")
    assert database.asked == 0
    await by_hand.heard("ours")  # anybody can send a notification
    assert (database.asked, ended, by_hand.missed) == (1, [], False)
    database.wanted = None
    await by_hand.heard("ours")
    assert (ended, by_hand.missed) == ([], True)
    database.wanted = [WantedEnd("ours", "li.na", "the wrong list")]
    await by_hand.look()
    assert (ended, by_hand.missed) == ([("ours", "ended by li.na: the wrong list")], False)
