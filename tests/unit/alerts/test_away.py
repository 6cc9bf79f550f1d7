"""A database that is away is told once by the console itself, and once that it is back; short times are not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agi_app.alerts.away import DatabaseWatch
from agi_app.alerts.watch import PAUSES_S
from agi_app.config.settings import Settings, load_settings
from agi_app.store.database import reach
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW

LISTENER = "import sys; open('heard', 'a').write(sys.stdin.read())"


class Site:
    """A console with a program that notes what it hears, and a database that comes and goes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.answers = folder, FakeClock(NOW), True
        self.settings = self.write(sys.executable, "-c", LISTENER)
        self.watch = DatabaseWatch(lambda: self.settings, self._ask, self.clock)

    def write(self, *command: str) -> Settings:
        text = f'[alerts]\ncommand = {json.dumps(command)}\ndatabase_away = "5min"\n'
        (self.folder / "agi-app.toml").write_text(text)
        return load_settings(self.folder)

    async def _ask(self) -> bool:
        return self.answers

    async def look(self, after_s: float) -> None:
        self.clock.advance(after_s)
        await self.watch.look()

    @property
    def heard(self) -> list[dict[str, Any]]:
        file = self.folder / "heard"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one["kind"], one["phase"]) for one in self.heard]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_it_is_told_once_when_it_is_away_for_long_and_once_when_it_is_back(site: Site) -> None:
    await site.look(0)
    site.answers = False
    await site.look(10)
    await site.look(299)
    assert site.told == []
    for _ in range(3):
        await site.look(2)
    assert site.told == [("database_away", "began")]
    site.answers = True
    for _ in range(3):
        await site.look(60)
    assert site.told == [("database_away", "began"), ("database_away", "ended")]
    began, ended = site.heard
    assert "the database does not answer" in began["title"]
    assert (began["ended_at"], ended["began_at"]) == (None, began["began_at"])
    assert ended["ended_at"] > ended["began_at"]


async def test_short_times_and_restarts_of_a_database_are_told_to_nobody(site: Site) -> None:
    for answers in (False, True, False, True, False):
        site.answers = answers
        await site.look(200)
    assert site.told == []


async def test_a_program_that_fails_is_tried_again_later(site: Site) -> None:
    site.settings = site.write(sys.executable, "-c", "raise SystemExit(1)")
    site.answers = False
    for _ in range(3):
        await site.look(300)
    site.settings = site.write(sys.executable, "-c", LISTENER)
    await site.look(1)
    assert site.told == [], "a pause after each try that failed"
    await site.look(PAUSES_S[1])
    assert site.told == [("database_away", "began")]


async def test_that_it_is_back_is_not_told_where_nobody_heard_that_it_was_away(site: Site) -> None:
    site.settings = site.write("/no/such/program")
    site.answers = False
    for _ in range(2):
        await site.look(300)
    site.settings, site.answers = site.write(sys.executable, "-c", LISTENER), True
    await site.look(900)
    await site.look(900)
    assert site.told == []


async def test_a_database_that_nobody_serves_does_not_answer(tmp_path: Path) -> None:
    assert not await reach.answers(f"host={tmp_path} port=1 dbname=x", within_s=1.0)
