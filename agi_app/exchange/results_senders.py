"""How results get to a target: into files of a folder, or by one statement a row into a database.

A sender says of each row how it went as soon as it knows. A fault of the whole target ends it; the rest of the rows
were not tried then.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agi_app.authoring.bound_statement import fault_in
from agi_app.config.results import FIELDS, ResultsSettings
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, ExchangeError
from agi_app.errors import ExchangeFault as Fault
from agi_app.exchange import others_address, results_lines
from agi_app.exchange.others_database import writing
from agi_app.exchange.results_file import ResultsFile
from agi_app.messages import t
from agi_app.store.exchange.results import SentResult

OF_A_ROW = {Fault.ROWS, Fault.VALUES}  # another row of the same target may do well


@dataclass(frozen=True, slots=True)
class Sent:
    """Some rows of which it is known how it went: they are there, or one is not, and why."""

    ids: tuple[int, ...]
    file: str | None = None
    fault: ExchangeError | None = None


class ResultsSender(Protocol):
    """Sends rows, oldest first."""

    def send(self, rows: Sequence[SentResult], now: dt.datetime) -> AsyncIterator[Sent]:
        """How each went. Raises ExchangeError, ConfigError for a fault of the whole target."""


class FolderSender:
    """Into a file for each day of the campaigns' zones. One process a target writes."""

    def __init__(self, target: str, settings: ResultsSettings, project: Path) -> None:
        self._target, self._format = target, settings.format
        self._folder = project / (settings.folder or "")
        self._files = dict[str, ResultsFile]()
        self._begun = False

    async def send(self, rows: Sequence[SentResult], now: dt.datetime) -> AsyncIterator[Sent]:
        """All rows of a day at once."""
        if not await asyncio.to_thread(os.path.isdir, self._folder):
            told = "{folder}: is not there, or is no folder; make it, or mount its disk"
            raise ExchangeError(t(told, folder=self._folder), Fault.FOLDER, placed=True)
        line = results_lines.csv_line if self._format == results_lines.CSV else results_lines.json_line
        days = dict[str, list[SentResult]]()
        for row in rows:
            days.setdefault(results_lines.day_of(row, now), []).append(row)
        for day, some in days.items():
            name = f"{self._target}-{day}.{self._format}"
            earlier, there = await asyncio.to_thread(self._left_by_a_crash, name)
            if known := tuple(row.delivery_id for row in some if row.key in there):
                yield Sent(known, file=earlier)
            rest = [row for row in some if row.key not in there]
            await asyncio.to_thread(self._file(name).add, [(row.key, line(row)) for row in rest])
            yield Sent(tuple(row.delivery_id for row in rest), file=name)
        self._begun = self._begun or bool(rows)

    def _left_by_a_crash(self, name: str) -> tuple[str, Set[str]]:
        """The newest file before this one, and the keys in it, when this process begins: the one before it may have
        died there before midnight. Blocks."""
        if self._begun:
            return "", set()
        pattern = f"{self._target}-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].{self._format}"
        names = [file.name for file in self._folder.glob(pattern) if file.name < name]
        return (earlier := max(names), self._file(earlier).keys()) if names else ("", set())

    def _file(self, name: str) -> ResultsFile:
        if name not in self._files:
            while len(self._files) > 3:  # those of the days before, of a few zones
                self._files.pop(next(iter(self._files)))
            title = results_lines.TITLES if self._format == results_lines.CSV else ""
            self._files[name] = ResultsFile(self._folder / name, title)
        return self._files[name]


class DatabaseSender:
    """By one statement for each row, in one session. Address and statement are read each time."""

    def __init__(self, target: str, settings: Settings) -> None:
        self._target, self._settings = target, settings

    async def send(self, rows: Sequence[SentResult], now: dt.datetime) -> AsyncIterator[Sent]:
        """One row after the other."""
        address = await asyncio.to_thread(self._settings.results_database_url, self._target)
        if (feed := await asyncio.to_thread(_feed_with_the_role_of, address, self._settings)) is not None:
            told = "the feed {feed} uses the same role; give results another one, which may do this alone"
            raise ExchangeError(t(told, feed=feed), Fault.RIGHTS)
        statement = await asyncio.to_thread(self._settings.results_statement, self._target)
        if (fault := fault_in(statement, FIELDS)) is not None:
            raise ExchangeError(fault[1], Fault.STATEMENT)
        async with writing(address) as database:
            for row in rows:
                try:
                    await database.change_one(statement, results_lines.values(row))
                except ExchangeError as error:
                    if error.kind not in OF_A_ROW:
                        raise
                    yield Sent((row.delivery_id,), fault=error)
                else:
                    yield Sent((row.delivery_id,))


def _feed_with_the_role_of(address: str, settings: Settings) -> str | None:
    """The feed that uses the same role of the same server: what may write there must not be what reads. Blocks."""
    if others_address.fault_in(address) is not None:
        return None  # told when it is used
    ours = others_address.place(address)
    for name, feed in settings.feeds.items():
        if feed.folder is None:
            with suppress(ConfigError):  # of the feed
                theirs = others_address.place(settings.feed_database_url(name))
                if (theirs.user, theirs.host, theirs.port) == (ours.user, ours.host, ours.port):
                    return name
    return None


def sender_of(target: str, settings: Settings) -> ResultsSender:
    """The one that a target of the settings needs."""
    found = settings.results[target]
    return FolderSender(target, found, settings.project) if found.kind == "folder" else DatabaseSender(target, settings)
