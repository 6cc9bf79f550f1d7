"""The running campaigns of a node: rates are shared, pacers live on, what cannot be dialled here says why."""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.calls.speech_services import SpeechServices
from agi_app.config.ami import AmiSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer import loop
from agi_app.dialer import running_campaigns as module
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.circuit_breaker import FAULTS_TO_OPEN
from agi_app.dialer.pacing import take_all
from agi_app.dialer.running_campaigns import Running, RunningCampaigns
from agi_app.dialer.waiting_reasons import waiting_reason_of
from agi_app.flow.answers.meanings import Meanings
from agi_app.model.call import Outcome
from agi_app.model.campaign import Campaign, CampaignState, Pace
from agi_app.model.waiting_reason import WaitingReason
from agi_app.monitoring.measures import Measures
from agi_app.store.calling import claims, pace_shares
from agi_app.store.calling.campaigns import StoredCampaign
from agi_app.store.calling.claims import ClaimBatch, Nobody
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import CAMPAIGN, NOW

DEAF = SpeechServices(cast(Any, None), None)
FLOW = """\
flow: checkup
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "9"}
start: bye
nodes:
  bye:
    - play: bye
    - hangup
"""
TRUNKS = {
    "test": TrunkSettings(endpoint="PJSIP/{number}@a", calls_per_second=10),
    "other": TrunkSettings(endpoint="PJSIP/{number}@b"),
    "wide": TrunkSettings(endpoint="PJSIP/{number}@c", calls_per_second=100),
}
NO_AGENTS = AgentWatch(cast(Any, None), {}, AmiSettings(), str)


def row(
    name: str = "checkup", *, trunk: str = "test", flow: str = FLOW, rate: float = 4.0, priority: int = 1
) -> StoredCampaign:
    """A running campaign's row."""
    campaign: Campaign = dataclasses.replace(CAMPAIGN, name=name, trunk=trunk, pace=Pace(rate, 10, priority))
    return StoredCampaign(campaign, CampaignState.RUNNING, None, "flows/checkup.yaml", flow)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[StoredCampaign]:
    """What the database has; change it in place."""
    rows: list[StoredCampaign] = []

    async def load(_: Any, by: dt.datetime) -> list[StoredCampaign]:
        assert by > NOW, "who is due before the next look, too"
        return list(rows)

    monkeypatch.setattr(module, "load_busy_campaigns", load)
    return rows


@dataclasses.dataclass
class Shared:
    """What the database leases: this part of every rate."""

    part: float = 1.0
    wanted: dict[str, float] = dataclasses.field(default_factory=dict)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Shared:
    made = Shared()

    async def lease(_: Any, node: str, wanted: dict[str, float], lease_for: dt.timedelta) -> dict[str, float]:
        made.wanted = wanted
        return {scope: most * made.part for scope, most in wanted.items()}

    monkeypatch.setattr(pace_shares, "lease", lease)
    return made


@pytest.fixture
def lines(stored: list[StoredCampaign], shared: Shared) -> RunningCampaigns:
    return RunningCampaigns(cast(Any, None), TRUNKS, DEAF)


def pause(lines: RunningCampaigns, now: float) -> None:
    """Enough calls in a row fail on the trunk's side."""
    breaker = lines.breakers["test"]
    for _ in range(FAULTS_TO_OPEN):
        breaker.ended(breaker.started(), Outcome.TRUNK_SILENT, now)


def take_room(running: Running) -> int:
    """How many calls the pacers let start within a second."""
    return min(p.room(1.0, 1.0) for p in running.pacers.values())


async def test_moved_points_are_spread_over_the_contacts_that_there_are(
    lines: RunningCampaigns, stored: list[StoredCampaign], shared: Shared
) -> None:
    """Whatever an approval would allow."""
    stored.append(dataclasses.replace(row(), most_contacts=5000, contacts=7))
    await lines.refresh("n", 0.0, NOW)
    assert lines.running["checkup"].line.contacts == 7


async def test_a_node_starts_calls_at_its_shares_of_the_rates(
    lines: RunningCampaigns, stored: list[StoredCampaign], shared: Shared
) -> None:
    stored.append(row())
    shared.part = 0.5
    await lines.refresh("n", 0.0, NOW)
    running = lines.running["checkup"]
    assert shared.wanted == {"campaign:checkup": 4.0, "trunk:test": 10.0}
    assert (running.pacer.rate, running.trunk_pacer.rate) == (2.0, 5.0)
    shared.part = 0.0
    await lines.refresh("n", 1.0, NOW)
    hold = waiting_reason_of(running, 1.0, NOW)
    assert hold is not None
    assert hold.by == "share"
    assert take_room(running) == 0


async def test_a_node_whose_trunk_is_paused_leaves_its_share_to_the_others(
    lines: RunningCampaigns, stored: list[StoredCampaign], shared: Shared
) -> None:
    stored.append(row())
    await lines.refresh("n", 0.0, NOW)
    pause(lines, 10.0)
    await lines.refresh("n", 12.0, NOW)
    assert shared.wanted == {}
    await lines.refresh("n", 26.0, NOW)
    assert set(shared.wanted) == {"campaign:checkup", "trunk:test"}, "the probe needs a start"


@pytest.mark.parametrize(
    ("campaign", "trunk", "node", "by", "text"),
    [
        (4, 10, None, "pace_of_campaign", "calls start at the pace of the campaign (4 a second)"),
        (20, 10, None, "pace_of_trunk", "calls start at the pace of trunk test (10 a second)"),
        (20, 10, 3.0, "pace_of_node", "calls start at the pace of this Asterisk (3 a second)"),
    ],
)
async def test_the_pace_that_binds_is_named(
    stored: list[StoredCampaign], shared: Shared, campaign: float, trunk: float, node: float | None, by: str, text: str
) -> None:
    lines = RunningCampaigns(cast(Any, None), TRUNKS, DEAF, node)
    stored.append(row(rate=campaign))
    await lines.refresh("n", 0.0, NOW)
    running = lines.running["checkup"]
    assert waiting_reason_of(running, 0.0, NOW) is None
    take_all([*running.pacers.values()], 0.0)
    assert waiting_reason_of(running, 0.0, NOW) == WaitingReason(by, text)


async def test_limits_change_under_running_campaigns(
    lines: RunningCampaigns, stored: list[StoredCampaign], shared: Shared
) -> None:
    """At the next look the trunk's new limit holds, and this Asterisk's from the next call on; it may also go."""
    stored.append(row(rate=20))
    await lines.refresh("n", 0.0, NOW)
    running, before = lines.running["checkup"], lines.running["checkup"].line.trunk
    assert "node" not in running.pacers
    faster = before.model_copy(update={"concurrent": before.concurrent + 1})
    lines.change({**TRUNKS, running.trunk: faster}, 3.0)
    assert running.pacers["node"].rate == 3.0
    await lines.refresh("n", 1.0, NOW)
    assert lines.running["checkup"] is running
    assert running.line.trunk.concurrent == before.concurrent + 1
    lines.change(TRUNKS, 5.0)
    assert running.pacers["node"].rate == 5.0
    lines.change(TRUNKS, None)
    assert "node" not in running.pacers


async def test_a_refresh_gives_no_campaign_a_new_burst(lines: RunningCampaigns, stored: list[StoredCampaign]) -> None:
    """The pacer remembers the last start, also after a change of the campaign's file."""
    stored.append(row())
    await lines.refresh("n", 0.0, NOW)
    lines.running["checkup"].pacer.take(100.0)
    stored[0] = row(rate=2.0)
    await lines.refresh("n", 0.0, NOW)
    assert lines.running["checkup"].pacer.ready_at(100.0) == pytest.approx(100.25)
    assert lines.running["checkup"].line.campaign.pace.calls_per_second == 2.0


async def test_two_campaigns_share_the_trunk(lines: RunningCampaigns, stored: list[StoredCampaign]) -> None:
    stored += [row("a"), row("b"), row("c", trunk="other")]
    await lines.refresh("n", 0.0, NOW)
    a, b, c = (lines.running[name] for name in "abc")
    assert a.trunk_pacer is b.trunk_pacer
    assert a.line.breaker is b.line.breaker
    assert c.line.breaker is not a.line.breaker


async def test_a_campaign_that_stops_is_gone_and_what_cannot_be_dialled_says_why(
    lines: RunningCampaigns, stored: list[StoredCampaign]
) -> None:
    stored += [row("a"), row("lost", trunk="unknown"), row("torn", flow="flow: [")]
    await lines.refresh("n", 0.0, NOW)
    assert set(lines.running) == {"a"}
    holds = lines.unusable
    assert holds["lost"] == WaitingReason("unusable", "this node's settings have no trunk 'unknown'")
    assert holds["torn"].text.startswith("its flow is not usable: flows/checkup.yaml:")
    stored.clear()
    await lines.refresh("n", 0.0, NOW)
    assert (lines.running, lines.unusable) == ({}, {})


async def test_what_is_answered_by_voice_alone_is_not_dialled_where_nobody_listens(
    lines: RunningCampaigns, stored: list[StoredCampaign]
) -> None:
    """Keys beside the speech are enough; the meanings of this node are those of its calls."""
    for name, asked in (
        ("keys", '{prompt: x, keys: {"1": yes}, speech: {yes: yes}}'),
        ("voice", "{prompt: x, speech: {yes: yes}}"),
    ):
        stored.append(row(name, flow=FLOW.replace("play: bye", f"gather: {asked}")))
    await lines.refresh("n", 0.0, NOW)
    assert set(lines.running) == {"keys"}
    assert lines.unusable["voice"].text.startswith(
        "its flow asks for answers by voice alone, and this node has no [speech]"
    )
    heard = Meanings({"yes": {"en": ("yes",)}})
    hearing = RunningCampaigns(cast(Any, None), TRUNKS, SpeechServices(cast(Any, None), cast(Any, "somebody"), heard))
    await hearing.refresh("n", 0.0, NOW)
    assert set(hearing.running) == {"keys", "voice"}
    assert all(line.line.flow.meanings is heard for line in hearing.running.values())


async def test_a_paused_trunk_is_a_reason(lines: RunningCampaigns, stored: list[StoredCampaign]) -> None:
    stored.append(row())
    await lines.refresh("n", 0.0, NOW)
    pause(lines, 10.0)
    hold = waiting_reason_of(lines.running["checkup"], 12.0, NOW)
    assert hold == WaitingReason(
        "breaker",
        "trunk test: 5 calls in a row failed on the trunk's side (last: trunk_silent); next try in 13 s",
        NOW + dt.timedelta(seconds=13),
    )


async def test_after_refusals_it_looks_at_many_and_still_claims_few(
    lines: RunningCampaigns, stored: list[StoredCampaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what may start within half a second is claimed, however many are looked at."""
    asked: list[tuple[int, int]] = []

    async def claim(_: Any, campaign: Any, limit: int, terms: Any, judge: Any, *, look_at: int = 0) -> ClaimBatch:
        asked.append((limit, look_at))
        return ClaimBatch(short=Nobody.DUE)

    monkeypatch.setattr(claims, "claim", claim)
    node = SimpleNamespace(clock=FakeClock(NOW), entityid="n", store=None, ruleset=None, measures=Measures())
    dialer = loop.Dialer(cast(Any, node), lines, cast(Any, None), agents=NO_AGENTS, waiting_reason=lambda: None)
    stored.append(row())
    await lines.refresh("n", 0.0, NOW)
    lines.running["checkup"].only_refusals = True
    await dialer._claim(lines.running["checkup"], 2)
    assert asked == [(2, loop.LOOK_AT)]
