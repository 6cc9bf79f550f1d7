"""Channels of a trunk that stay free for others: without a count, no call begins."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.config.trunks import TrunkSettings
from agi_app.dialer import until_stopped
from agi_app.dialer.channel_reserve import Reserve
from agi_app.errors import StoreError
from agi_app.pbx.ari.http import Response

TRUNK = TrunkSettings.model_validate({"endpoint": "PJSIP/{number}@carrier", "channels": 10, "reserve": 2})
OURS = "agi-app-" + "0" * 32


def trunk_with(channels: int | None, reserve: int) -> TrunkSettings:
    return TRUNK.model_copy(update={"channels": channels, "reserve": reserve})


class Asterisk:
    """Says which channels an endpoint carries."""

    async def request(self, method: str, uri: str) -> Response:
        return Response(200, f'{{"channel_ids": ["{OURS}", "1.1", "1.2", "1.3"]}}'.encode())


async def test_others_and_the_reserve_are_left_out() -> None:
    reserve = Reserve({"carrier": TRUNK, "free": TrunkSettings.model_validate({"endpoint": "PJSIP/{number}@free"})})
    assert reserve.room("free", 99) is None
    assert reserve.room("carrier", 0) == 0
    assert "not known yet" in reserve.waiting_reason("carrier").text
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await reserve.run(cast(Any, Asterisk()))
    assert reserve.room("carrier", 1) == 10 - 2 - 3 - 1
    assert "3 carry other calls and 2 stay free" in reserve.waiting_reason("carrier").text


async def test_a_reserve_may_come_and_change_while_calls_go_on() -> None:
    """One that is new is not known, so nobody is dialled, until Asterisk was asked; what is known stays known."""
    reserve = Reserve({"carrier": trunk_with(None, 0)})
    assert reserve.room("carrier", 5) is None
    counting = asyncio.ensure_future(reserve.run(cast(Any, Asterisk())))
    await asyncio.sleep(0)
    reserve.change({"carrier": trunk_with(10, 2)})
    assert reserve.room("carrier", 0) == 0
    async with asyncio.timeout(5):
        while reserve.room("carrier", 0) == 0:  # noqa: ASYNC110 - it looks each second
            await asyncio.sleep(0.05)
    reserve.change({"carrier": trunk_with(20, 2)})
    assert reserve.room("carrier", 1) == 20 - 2 - 3 - 1
    counting.cancel()


async def test_a_result_is_written_until_the_database_takes_it() -> None:
    tries: list[int] = []

    async def write() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise StoreError("away")

    await until_stopped.until_stored("a result", write, first_s=0.001, longest_s=0.002)
    assert len(tries) == 4


@pytest.mark.parametrize(("answer", "why"), [(True, "suppression list"), (None, "did not say")])
async def test_a_call_of_our_own_ends_with_a_stop_or_a_silent_database(
    monkeypatch: pytest.MonkeyPatch, answer: bool | None, why: str
) -> None:
    async def suppressed(_store: object, _number: str) -> bool:
        if answer is None:
            raise StoreError("away")
        return answer

    monkeypatch.setattr(until_stopped, "stops", SimpleNamespace(is_suppressed=suppressed))
    monkeypatch.setattr(until_stopped, "WATCH_EVERY_S", 0.01)
    assert why in await until_stopped.until_stopped(cast(Any, None), "+999861380001101")
