"""A project that sends results back, as the exchange's role sees its database; and a process that dies at one step.

Run as a program: the database's URL, the project, the step (or `none`), by how many seconds its clock is ahead, rounds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.clock import Clock
from agi_app.config.settings import Settings, load_settings
from agi_app.errors import ExchangeError
from agi_app.exchange import results_file, results_targets
from agi_app.exchange.others_database import WritingDatabase
from agi_app.exchange.results_work import ResultsWork
from agi_app.model.call import CallResult
from agi_app.store.database.pool import Store
from agi_app.store.exchange import results
from tests.store import one
from tests.store.conftest import open_store
from tests.store.world import HUMAN, World, campaign

STEPS_OF_FILES = ("claim done", "torn", "add done", "delivered done")
STEPS_OF_ROWS = ("claim done", "change_one", "change_one done", "delivered done")
PATIENCE_S = 60.0


class Ahead(Clock):
    """Real time, some seconds ahead, which can be moved on."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.by = dt.timedelta(seconds=seconds)

    def real_now(self) -> dt.datetime:
        """Wall-clock time, ahead."""
        return super().real_now() + self.by

    def monotonic(self) -> float:
        """Seconds, ahead."""
        return super().monotonic() + self.by.total_seconds()


@dataclass
class ResultsSite:
    """What the tests act on: ours as the worker, and as the exchange's role."""

    world: World
    store: Store  # the worker's
    sending: Store  # the exchange's
    settings: Settings
    clock: Ahead

    def work(self, target: str = "clinic") -> ResultsWork:
        """A process's work for one target."""
        return ResultsWork(target, self.settings, self.sending, self.clock)

    async def call(self, result: CallResult = HUMAN, *, due: dt.timedelta | None = None) -> str:
        """One call to the next contact that may be called; its id."""
        claimed = await self.world.claim_one(campaign())
        assert await one.mark(self.store, claimed, self.world.terms.node)
        at = None if due is None else await self.world.now() + due
        assert await one.finish(self.store, claimed.attempt_id, result, at, due is None)
        return claimed.attempt_id

    async def states(self) -> list[tuple[str, int]]:
        """State and tries of all that is to be sent, oldest first."""
        rows = await self.store.records("SELECT state, tries FROM result_delivery ORDER BY delivery_id")
        return [(row["state"], row["tries"]) for row in rows]


def write_settings(project: Path, targets: Mapping[str, str]) -> Settings:
    """The settings with these [results.NAME]."""
    with (project / "agi-app.toml").open("a", encoding="utf-8") as file:
        for name, lines in targets.items():
            file.write(f"\n[results.{name}]\n{lines}\n")
    return load_settings(project)


async def registered(store: Store, settings: Settings) -> None:
    """As a worker does when it begins."""
    await results_targets.register(store, settings)


async def fault_of(work: ResultsWork) -> ExchangeError:
    """What a round fails with."""
    try:
        await work.once()
    except ExchangeError as error:
        return error
    raise AssertionError("it did well")


def _dies(at: str, function: Callable[..., Awaitable[Any]], step: str) -> Callable[..., Awaitable[Any]]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)
        found = await function(*args, **kwargs)
        if step == f"{at} done" and (found or at != "claim"):
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return wrapped


def _torn(file: int, _size: int, data: bytes) -> int:
    os.write(file, data[: len(data) * 2 // 3])
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


async def main(url: str, project: Path, step: str, ahead: float, rounds: int) -> None:
    """Some rounds of all targets."""
    for owner, name in ((results, "claim"), (results, "delivered"), (WritingDatabase, "change_one")):
        setattr(owner, name, _dies(name, getattr(owner, name), step))
    add = results_file.ResultsFile.add

    def added(self: results_file.ResultsFile, lines: Any) -> int:
        found = add(self, lines)
        if step == "add done":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    results_file.ResultsFile.add = added  # type: ignore[method-assign]
    if step == "torn":
        setattr(results_file, "_append", _torn)  # noqa: B010 - in this process alone
    settings, store, clock = load_settings(project), await open_store(url), Ahead(ahead)
    works = [ResultsWork(name, settings, store, clock) for name in settings.results]
    for _ in range(rounds):
        for work in works:
            await work.once()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]), int(sys.argv[5])))
