"""The works of one process: each over and over, none in the way of another, and an end that waits only so long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from agi_app.errors import StoreError
from agi_app.exchange import service
from agi_app.store.exchange import processes


class Work:
    def __init__(self, name: str, do: Callable[[int], object]) -> None:
        self.name, self._do, self.rounds = name, do, 0

    async def once(self) -> bool:
        self.rounds += 1
        done = self._do(self.rounds)
        if asyncio.iscoroutine(done):
            await done
        return True


def fails(_round: int) -> None:
    raise StoreError("the database is away")


def breaks(_round: int) -> None:
    raise ZeroDivisionError


async def hangs(_round: int) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is told of the process, with short pauses."""
    told: list[dict[str, str]] = []

    async def beat(_store: object, _process: str, faults: Mapping[str, str]) -> None:
        told.append(dict(faults))

    async def sign_off(_store: object, process: str) -> None:
        told.append({"end": process})

    monkeypatch.setattr(processes, "beat", beat)
    monkeypatch.setattr(processes, "sign_off", sign_off)
    for name in ("AFTER_A_FAULT_S", "ROUND_S", "BEAT_EVERY_S"):
        monkeypatch.setattr(service, name, 0.001)
    monkeypatch.setattr(service, "LAST_S", 0.05)
    return told


async def run(*works: Work, until: Callable[[], bool]) -> None:
    told = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(service.run(works, None, told))  # type: ignore[arg-type]
        while not until():  # noqa: ASYNC110 - of the work, not of ours
            await asyncio.sleep(0.001)
        told.set()


async def test_one_that_fails_takes_no_other_one_down(beats: list[dict[str, str]]) -> None:
    good, away, broken = Work("good", lambda _: None), Work("away", fails), Work("broken", breaks)
    await run(good, away, broken, until=lambda: min(good.rounds, away.rounds, broken.rounds) > 20 and len(beats) > 20)
    assert beats[-2] == {"away": "the database is away", "broken": "a fault in agi-app: ZeroDivisionError"}
    assert "end" in beats[-1]


async def test_a_work_that_is_well_again_is_no_longer_told(beats: list[dict[str, str]]) -> None:
    work = Work("sometimes", lambda n: fails(n) if n < 5 else None)
    await run(work, until=lambda: work.rounds > 30 and beats[-1] == {})
    assert {"sometimes": "the database is away"} in beats


async def test_a_round_that_hangs_does_not_hold_up_the_end_or_the_others(beats: list[dict[str, str]]) -> None:
    stuck, good = Work("stuck", hangs), Work("good", lambda _: None)
    await run(stuck, good, until=lambda: good.rounds > 20)
    assert stuck.rounds == 1
    assert "end" in beats[-1]
