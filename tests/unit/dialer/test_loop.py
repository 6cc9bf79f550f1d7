"""The dialer's rounds on a clock of our own: what starts when campaigns compete, and what each is held back by."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.config.ami import AmiSettings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.loop import HORIZON_S, Dialer
from agi_app.dialer.running_campaigns import RunningCampaigns
from agi_app.dialer.waiting_reasons import NO_PLACE, NOBODY
from agi_app.monitoring.measures import Measures
from agi_app.store.calling import claims
from agi_app.store.calling.campaigns import StoredCampaign
from agi_app.store.calling.claims import ClaimBatch, NoPlaces
from tests.fake_clock import FakeClock
from tests.unit.dialer.test_running_campaigns import DEAF, TRUNKS, Shared, pause, row, shared, stored
from tests.unit.gate_cases import CLAIM, NOW

__all__ = ["shared", "stored"]
NO_AGENTS = AgentWatch(cast(Any, None), {}, AmiSettings(), str)


class Floor:
    """A dialer whose contacts never end, on one node; calls last until they are ended here."""

    def __init__(self, lines: RunningCampaigns, concurrent: int | None = None) -> None:
        self.clock = FakeClock(NOW)
        node = SimpleNamespace(clock=self.clock, entityid="n", store=None, ruleset=None, measures=Measures())
        self.dialer = Dialer(
            cast(Any, node),
            lines,
            cast(Any, self),
            agents=NO_AGENTS,
            waiting_reason=lambda: None,
            concurrent=concurrent,
        )
        self.started: Counter[str] = Counter()
        self.places: dict[str, int] = {}
        self.claims, self.claim_takes = 0, 0.0
        self._end = asyncio.Event()

    async def attempt(self, _: Any, line: Any, turn: Any, ticket: Any) -> None:
        """A call: it lasts."""
        assert line.breaker.stands(ticket)
        self.started[line.campaign.name] += 1
        await self._end.wait()

    async def claim(self, _: Any, campaign: Any, limit: int, *__: Any, **___: Any) -> ClaimBatch:
        """As many as wanted, unless the campaign has few places."""
        self.claims += 1
        self.clock.advance(self.claim_takes)
        free = self.places.get(campaign.name, 10_000)
        got = min(limit, free)
        if campaign.name in self.places:
            self.places[campaign.name] -= got
        return ClaimBatch((CLAIM,) * got, short=NoPlaces("campaign") if got < limit else None)

    async def run(self, seconds: float) -> Counter[str]:
        """What started in so many seconds."""
        before = Counter(self.started)
        async with asyncio.TaskGroup() as group:
            for _ in range(round(seconds / 0.1)):
                await self.dialer._round(group)
                await asyncio.sleep(0)
                self.clock.advance(0.1)
            self.held = {name: hold.by for name, hold in self.dialer.waiting_reasons().items()}
            self._end.set()
        self._end.clear()
        return self.started - before


@pytest.fixture
def floor(stored: list[StoredCampaign], shared: Shared, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(concurrent: int | None = None, node_rate: float | None = None) -> Floor:
        made = Floor(RunningCampaigns(cast(Any, None), TRUNKS, DEAF, node_rate), concurrent)
        monkeypatch.setattr(claims, "claim", made.claim)
        return made

    return make


async def test_a_full_trunk_is_shared_by_priority(floor: Any, stored: list[StoredCampaign]) -> None:
    """10 calls a second for two who want 20 each: three to one, and together all that the trunk takes."""
    stored += [row("main", rate=20, priority=3), row("side", rate=20)]
    on = floor()
    made = await on.run(20)
    assert 200 <= made.total() <= 200 + 10 * HORIZON_S + 1
    assert made["main"] / made["side"] == pytest.approx(3, rel=0.1)
    assert set(on.held.values()) == {"pace_of_trunk"}


async def test_what_one_cannot_use_the_other_gets(floor: Any, stored: list[StoredCampaign]) -> None:
    """The greater priority has no free place: the smaller one has the trunk, and each says what holds it back."""
    stored += [row("main", rate=20, priority=9), row("side", rate=20)]
    on = floor()
    on.places["main"] = 5
    made = await on.run(10)
    assert made["main"] == 5
    assert made.total() >= 100
    assert on.held == {"main": "places_of_campaign", "side": "pace_of_trunk"}


async def test_this_asterisk_has_limits_of_its_own(floor: Any, stored: list[StoredCampaign]) -> None:
    stored += [row("a", rate=20), row("b", rate=20, trunk="wide")]
    slow = floor(node_rate=2)
    made = await slow.run(10)
    assert 20 <= made.total() <= 22
    assert abs(made["a"] - made["b"]) <= 2
    small = floor(concurrent=7)
    assert (await small.run(5)).total() == 7
    assert small.held == {"a": "places_of_node", "b": "places_of_node"}


async def test_the_database_is_not_asked_for_single_calls_that_became_free_while_it_answered(
    floor: Any, stored: list[StoredCampaign]
) -> None:
    stored.append(row("a", rate=20, trunk="wide"))
    on = floor()
    on.claim_takes = 0.06  # more than one call takes at this rate
    made = await on.run(5)  # in 50 rounds
    assert on.claims <= 50
    assert made["a"] >= 100


async def test_a_paused_trunk_holds_only_its_own_campaigns(floor: Any, stored: list[StoredCampaign]) -> None:
    stored += [row("a", rate=5), row("b", rate=5, trunk="wide")]
    on = floor()
    await on.run(1)
    pause(on.dialer.lines, on.clock.monotonic())
    made = await on.run(5)
    assert set(made) == {"b"}
    assert on.held == {"a": "breaker", "b": "pace_of_campaign"}
    probing = await on.run(12)  # the pause is over: one call tries it, and nothing came of it yet
    assert probing["a"] == 1


async def test_the_end_of_a_call_is_worth_a_look_for_those_who_want_a_place_and_for_nobody_else(
    floor: Any, stored: list[StoredCampaign]
) -> None:
    """Who has nobody due gains nothing by it."""
    stored += [row("full", rate=20), row("idle", rate=20)]
    on = floor()
    await on.dialer.lines.refresh("n", 0.0, NOW)
    full, idle = on.dialer.lines.running["full"], on.dialer.lines.running["idle"]
    on.dialer._rest(full, NO_PLACE["campaign"], 1.0)
    on.dialer._rest(idle, NOBODY, 1.0)
    on.dialer._call_ended("test", cast(Any, None))
    assert (full.idle_until, idle.idle_until) == (0.0, 1.0)


async def test_groups_that_calls_under_way_may_fill_are_told_and_looked_at_when_one_ends(
    floor: Any, stored: list[StoredCampaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> ClaimBatch:
        return ClaimBatch(short=claims.Nobody.BY_QUOTA)

    stored.append(row("survey", rate=20))
    on = floor()
    monkeypatch.setattr(claims, "claim", full)
    await on.run(0.5)
    assert on.held == {"survey": "quota"}
    survey = on.dialer.lines.running["survey"]
    assert survey.idle_until > 0
    on.dialer._call_ended("test", cast(Any, None))
    assert survey.idle_until == 0.0
