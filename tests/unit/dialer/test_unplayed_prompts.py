"""Nobody is dialled into silence: a prompt is tried first, and a campaign whose prompts fail in calls is paused."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.dialer import unplayed_prompts
from agi_app.dialer.unplayed_prompts import MOST_IN_A_ROW, Unplayed
from agi_app.dialer.worker import prompt_watch
from agi_app.dialer.worker.health import Health
from agi_app.dialer.worker.prompt_watch import PromptWatch
from agi_app.errors import AsteriskError, StoreError
from agi_app.model.call import CallResult, Outcome
from agi_app.model.finding import Finding
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW

FAILED = CallResult(Outcome.ANSWERED, disposition="prompt_failed", answered_at=NOW, note="a prompt could not be played")
HEARD = CallResult(Outcome.ANSWERED, disposition="completed", answered_at=NOW)
MISSED = CallResult(Outcome.NO_ANSWER, ringing_at=NOW)


class Paused:
    """What was asked of the store."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.campaigns: list[tuple[str, str]] = []
        self.broken = False
        patch.setattr(unplayed_prompts, "pause", self._pause)

    async def _pause(self, _: object, campaign: str, reason: str) -> bool:
        if self.broken:
            raise StoreError("away")
        self.campaigns.append((campaign, reason))
        return True


async def after(*results: CallResult, campaign: str = "spring", counted: Unplayed | None = None) -> Unplayed:
    counted = counted or Unplayed(cast("Any", None))
    for result in results:
        await counted.ended(campaign, result)
    return counted


async def test_three_calls_in_a_row_in_which_a_prompt_failed_pause_the_campaign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused = Paused(monkeypatch)
    counted = await after(FAILED, MISSED, FAILED, MISSED)
    await after(FAILED, campaign="autumn", counted=counted)
    assert paused.campaigns == []
    await after(FAILED, counted=counted)
    ((campaign, reason),) = paused.campaigns
    assert campaign == "spring"
    assert f"in {MOST_IN_A_ROW} answered calls in a row a prompt could not be played" in reason


async def test_a_call_that_was_heard_begins_the_count_again(monkeypatch: pytest.MonkeyPatch) -> None:
    paused = Paused(monkeypatch)
    await after(FAILED, FAILED, HEARD, FAILED, FAILED, HEARD)
    assert paused.campaigns == []


async def test_a_database_that_is_away_is_asked_again_by_the_next_call_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused = Paused(monkeypatch)
    paused.broken = True
    counted = await after(*[FAILED] * MOST_IN_A_ROW)
    paused.broken = False
    await after(FAILED, counted=counted)
    assert len(paused.campaigns) == 1


class Watched:
    """A watch on a folder, an Asterisk that may be away, and trials that come out as told."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.prompts = folder / "prompts"
        (self.prompts / "en").mkdir(parents=True)
        self.trials = 0
        self.comes_out: Finding | Exception | None = Finding("prompts play", "Asterisk played en/hello")
        self.ari = SimpleNamespace(is_connected=True, settings=None)
        self.clock, self.health = FakeClock(NOW), Health()
        patch.setattr(prompt_watch, "try_prompt", self._try)
        patch.setattr(prompt_watch, "LOOK_S", 0.005)
        settings = SimpleNamespace(project=folder)
        self.watch = PromptWatch(cast("Any", settings), cast("Any", self.ari), self.clock, self.health)

    async def _try(self, *_: object) -> Finding | None:
        self.trials += 1
        if isinstance(self.comes_out, Exception):
            raise self.comes_out
        return self.comes_out

    async def look(self) -> str | None:
        """Let it look a few times."""
        running = asyncio.create_task(self.watch.run())
        await asyncio.sleep(0.1)
        running.cancel()
        return self.health.prompts


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tmp_path, monkeypatch)


async def test_nobody_is_dialled_before_a_prompt_was_played_to_nobody(watched: Watched) -> None:
    assert watched.health.prompts is not None
    assert await watched.look() is None
    assert watched.trials == 1, "it is enough once"


async def test_prompts_that_asterisk_does_not_play_hold_everything_and_say_how_to_mend_it(watched: Watched) -> None:
    watched.comes_out = Finding(
        "prompts play", "Asterisk cannot play /x/en/hello.wav: there is no /x", "set prompts_path"
    )
    hold = await watched.look() or ""
    for words in ("no prompt would be heard", "there is no /x", "set prompts_path", "tried again every 10 s"):
        assert words in hold
    assert watched.trials == 1
    watched.clock.advance(11)
    watched.comes_out = Finding("prompts play", "Asterisk played en/hello")
    assert await watched.look() is None


async def test_it_is_tried_again_when_a_prompt_changes_and_after_a_reconnect(watched: Watched) -> None:
    await watched.look()
    watched.comes_out = Finding("prompts play", "no", "mend it")
    os.utime(watched.prompts / "en", (1, 1))
    assert "mend it" in (await watched.look() or "")
    watched.comes_out = None
    watched.ari.is_connected = False
    await watched.look()
    watched.ari.is_connected = True
    assert await watched.look() is None, "a project without prompts has none that could fail"


async def test_a_trial_that_cannot_be_made_lets_nobody_be_dialled(watched: Watched) -> None:
    watched.comes_out = AsteriskError("no bridges")
    assert "no bridges" in (await watched.look() or "")
