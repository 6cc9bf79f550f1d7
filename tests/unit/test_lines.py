"""The running campaigns of a node: rates are shared, pacers live on, what cannot be dialled here says why."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.calls.ears import Ears
from agi_app.clock import FakeClock
from agi_app.config import TrunkSettings
from agi_app.dialer import lines as module
from agi_app.dialer import loop
from agi_app.dialer.breaker import FAULTS_TO_OPEN
from agi_app.dialer.lines import Lines
from agi_app.flow.meanings import Meanings
from agi_app.model.call import Outcome
from agi_app.model.campaign import Campaign, CampaignState, Pace
from agi_app.store import claims
from agi_app.store.campaigns import StoredCampaign
from agi_app.store.claims import ClaimBatch
from tests.unit.gate_cases import CAMPAIGN, NOW

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
}


def row(name: str = "checkup", *, trunk: str = "test", flow: str = FLOW, rate: float = 4.0) -> StoredCampaign:
    """A running campaign's row."""
    campaign: Campaign = dataclasses.replace(CAMPAIGN, name=name, trunk=trunk, pace=Pace(rate, 10))
    return StoredCampaign(campaign, CampaignState.RUNNING, None, "flows/checkup.yaml", flow, NOW)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[StoredCampaign]:
    """What the database has; change it in place."""
    rows: list[StoredCampaign] = []

    async def load(_: Any, states: Any) -> list[StoredCampaign]:
        assert states == {CampaignState.RUNNING}
        return list(rows)

    monkeypatch.setattr(module, "load_campaigns", load)
    return rows


@pytest.fixture
def lines(stored: list[StoredCampaign]) -> Lines:
    return Lines(cast(Any, None), TRUNKS, Ears(cast(Any, None), None))


async def test_nodes_share_every_rate(lines: Lines, stored: list[StoredCampaign]) -> None:
    stored.append(row())
    await lines.refresh(2)
    running = lines.running["checkup"]
    assert (running.pacer.rate, running.trunk_pacer.rate) == (2.0, 5.0)
    await lines.refresh(1)
    assert (running.pacer.rate, running.trunk_pacer.rate) == (4.0, 10.0)


async def test_a_refresh_gives_no_campaign_a_new_burst(lines: Lines, stored: list[StoredCampaign]) -> None:
    """The pacer remembers the last start, also after a change of the campaign's file."""
    stored.append(row())
    await lines.refresh(1)
    lines.running["checkup"].pacer.take(100.0)
    stored[0] = row(rate=2.0)
    await lines.refresh(1)
    assert lines.running["checkup"].pacer.ready_at(100.0) == pytest.approx(100.25)
    assert lines.running["checkup"].line.campaign.pace.calls_per_second == 2.0


async def test_two_campaigns_share_the_trunk(lines: Lines, stored: list[StoredCampaign]) -> None:
    stored += [row("a"), row("b"), row("c", trunk="other")]
    await lines.refresh(1)
    a, b, c = (lines.running[name] for name in "abc")
    assert a.trunk_pacer is b.trunk_pacer
    assert a.line.breaker is b.line.breaker
    assert c.line.breaker is not a.line.breaker


async def test_a_campaign_that_stops_is_gone_and_what_cannot_be_dialled_says_why(
    lines: Lines, stored: list[StoredCampaign]
) -> None:
    stored += [row("a"), row("lost", trunk="unknown"), row("torn", flow="flow: [")]
    await lines.refresh(1)
    assert set(lines.running) == {"a"}
    pauses = lines.pauses(0.0)
    assert pauses[0] == "campaign lost: this node's settings have no trunk 'unknown'"
    assert pauses[1].startswith("campaign torn: its flow is not usable: flows/checkup.yaml:")
    stored.clear()
    await lines.refresh(1)
    assert (lines.running, lines.pauses(0.0)) == ({}, [])


async def test_what_is_answered_by_voice_alone_is_not_dialled_where_nobody_listens(
    lines: Lines, stored: list[StoredCampaign]
) -> None:
    """Keys beside the speech are enough; the meanings of this node are those of its calls."""
    for name, asked in (
        ("keys", '{prompt: x, keys: {"1": yes}, speech: {yes: yes}}'),
        ("voice", "{prompt: x, speech: {yes: yes}}"),
    ):
        stored.append(row(name, flow=FLOW.replace("play: bye", f"gather: {asked}")))
    await lines.refresh(1)
    assert set(lines.running) == {"keys"}
    (pause,) = lines.pauses(0.0)
    assert pause.startswith("campaign voice: its flow asks for answers by voice alone, and this node has no [speech]")
    heard = Meanings({"yes": {"en": ("yes",)}})
    hearing = Lines(cast(Any, None), TRUNKS, Ears(cast(Any, None), cast(Any, "somebody"), heard))
    await hearing.refresh(1)
    assert set(hearing.running) == {"keys", "voice"}
    assert all(line.line.flow.meanings is heard for line in hearing.running.values())


async def test_a_paused_trunk_is_a_reason(lines: Lines, stored: list[StoredCampaign]) -> None:
    stored.append(row())
    await lines.refresh(1)
    breaker = lines.running["checkup"].line.breaker
    for _ in range(FAULTS_TO_OPEN):
        breaker.ended(Outcome.TRUNK_SILENT, 10.0)
    (pause,) = lines.pauses(12.0)
    assert pause == ("trunk test: 5 calls in a row failed on the trunk's side (last: trunk_silent); next try in 13 s")


async def test_after_refusals_it_looks_at_many_and_still_claims_few(
    lines: Lines, stored: list[StoredCampaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what may start within half a second is claimed, however many are looked at."""
    asked: list[tuple[int, int]] = []

    async def claim(_: Any, campaign: Any, limit: int, terms: Any, judge: Any, *, look_at: int = 0) -> ClaimBatch:
        asked.append((limit, look_at))
        return ClaimBatch(nothing_due=True)

    monkeypatch.setattr(claims, "claim", claim)
    node = SimpleNamespace(clock=FakeClock(NOW), entityid="n", store=None)
    dialer = loop.Dialer(cast(Any, node), lines, cast(Any, None), hold=lambda: None, nodes=lambda: 1)
    stored.append(row())
    await lines.refresh(1)
    lines.running["checkup"].only_refusals = True
    await dialer._claim(lines.running["checkup"], 2)
    assert asked == [(2, loop.LOOK_AT)]
