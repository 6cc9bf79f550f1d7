"""Results of several zones go into the file of each one's day; a folder that is not there is no folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.config.results import ResultsSettings
from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.results_senders import FolderSender, Sent
from tests.unit.exchange.test_results_lines import RESULT

EVENING = dt.datetime(2026, 12, 1, 20, tzinfo=dt.UTC)  # in Shanghai it is the next day


async def send(sender: FolderSender, now: dt.datetime = EVENING) -> list[Sent]:
    rows = [
        replace(RESULT, delivery_id=1, key=RESULT.key[:-1] + "1"),
        replace(RESULT, delivery_id=2, key=RESULT.key[:-1] + "2", zone="America/New_York"),
        replace(RESULT, delivery_id=3, key=RESULT.key[:-1] + "3"),
    ]
    return [sent async for sent in sender.send(rows, now)]


async def test_each_zone_has_its_own_day(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sender = FolderSender("clinic", ResultsSettings(campaigns=("checkup",), folder=Path("in")), tmp_path)
    told = {sent.file: sent.ids for sent in await send(sender)}
    assert told == {"clinic-2026-12-02.csv": (1, 3), "clinic-2026-12-01.csv": (2,)}
    assert {file.name for file in (tmp_path / "in").iterdir()} == set(told)
    for day in range(2, 9):  # what was open for the days before is let go
        await send(sender, EVENING + dt.timedelta(days=day))
    assert len(sender._files) <= 4


async def test_no_folder_is_made(tmp_path: Path) -> None:
    """A disk that is not mounted would fill another one, and nobody would look there."""
    sender = FolderSender("clinic", ResultsSettings(campaigns=("checkup",), folder=Path("in")), tmp_path)
    with pytest.raises(ExchangeError, match="mount its disk") as told:
        await send(sender)
    assert told.value.kind == ExchangeFault.FOLDER
    assert not (tmp_path / "in").exists()
