"""Whoever asked for a call sees what happens while it does, and is not left to wait for a worker that says nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, cast

import pytest

from agi_app.errors import AsteriskError
from agi_app.store.requested_calls.requests import EXPIRED, PATIENCE, Requests, RequestStatus
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW

NOBODY = cast(Any, None)
LONGEST = dt.timedelta(seconds=60)


class Told(Requests[RequestStatus]):
    """What the database says by time since the request (seconds)."""

    def __init__(self, clock: FakeClock, *said: tuple[float, RequestStatus]) -> None:
        super().__init__({}, RequestStatus)
        self.clock, self._said, self.given_up = clock, said, False

    async def status(self, store: Any, request_id: int) -> RequestStatus:
        if self.given_up:
            return RequestStatus("ended", EXPIRED, None, [])
        return [status for at, status in self._said if at <= self.clock.monotonic()][-1]

    async def give_up(self, store: Any, request_id: int) -> bool:
        self.given_up = True
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Its time passes as one waits."""
    made = FakeClock(NOW)

    async def sleep(seconds: float) -> None:
        made.advance(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


def going_on(state: str, *lines: str) -> RequestStatus:
    return RequestStatus(state, None, None, [*lines])


async def test_each_line_is_shown_once_and_the_end_is_returned(clock: FakeClock) -> None:
    end = RequestStatus("ended", "answered", None, ["rings", "answered", "bye"])
    told = Told(clock, (0, going_on("waiting")), (1, going_on("dialling", "rings")), (2, end))
    shown: list[str] = []
    assert await told.follow(NOBODY, clock, 1, LONGEST, shown.append) is end
    assert shown == ["rings", "answered", "bye"]


async def test_a_request_that_no_worker_takes_is_taken_back(clock: FakeClock) -> None:
    told = Told(clock, (0, going_on("waiting")))
    ended = await told.follow(NOBODY, clock, 1, LONGEST)
    assert ended.result == EXPIRED
    assert clock.monotonic() == pytest.approx(PATIENCE.total_seconds(), abs=1)


async def test_a_call_that_goes_on_is_not_taken_back_but_its_worker_may_have_died(clock: FakeClock) -> None:
    told = Told(clock, (0, going_on("waiting")), (29, going_on("dialling", "rings")))
    with pytest.raises(AsteriskError, match="is it still running"):
        await told.follow(NOBODY, clock, 1, LONGEST)
    assert not told.given_up
    assert clock.monotonic() == pytest.approx((PATIENCE + LONGEST).total_seconds(), abs=1)
