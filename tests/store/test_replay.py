"""Decisions in the database are made again from what it keeps, and tampering shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.calling_rules.decision_replay import replay_decisions
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.decide import decide
from agi_app.gate.facts import Facts
from agi_app.model.campaign import CampaignState
from agi_app.store.calling import campaigns, claims, tallies
from agi_app.store.calling.decision_texts import remember_ruleset
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def decided(world: World, store: Store) -> World:
    """Six contacts judged by the shipped rules, one of them suppressed, two without consent."""
    at = dt.datetime(2026, 3, 4, 10, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday, inside the hours
    world.terms = replace(world.terms, offset=at - await world.now())
    world.rules = load_ruleset()
    await remember_ruleset(store, world.rules)
    await remember_ruleset(store, world.rules)
    wanted = await world.running(campaign(), range(6), consenting=[0, 1, 2, 3])
    await stops.revoke(store, number(3), None, await world.now(), reason="x", via="key")
    await world.claim(wanted)
    return world


async def test_every_decision_comes_out_the_same(decided: World, store: Store) -> None:
    report = await replay_decisions(store)
    assert (report.ok, report.same, report.skipped) == (True, 6, 0)
    assert (await replay_decisions(store, "another")).same == 0


async def test_it_needs_neither_the_files_nor_the_campaign_of_today(decided: World, store: Store) -> None:
    await campaigns.save_campaign(store, campaign(jurisdictions=("GB",)), "flows/reminder.yaml", "flow: reminder\n")
    await campaigns.set_state(store, "checkup", CampaignState.STOPPED, None, await decided.now())
    assert (await replay_decisions(store)).same == 6


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE decision SET allowed = true, rules = '{}', reasons = '[]' WHERE 'suppressed' = ANY(rules)", "allowed"),
        ("UPDATE decision SET inputs = jsonb_set(inputs, '{suppressed_at}', 'null')", "suppressed"),
        ("UPDATE decision SET decided_at = decided_at + interval '400 days'", "the rules say"),
        ("UPDATE decision SET inputs = '{}'", "cannot be read"),
        ("UPDATE ruleset SET files = jsonb_set(files, '{agi_app/rules/cn.yaml}', '\"\"')", "was changed"),
        ("UPDATE campaign_version SET spec = replace(spec, 'CN', 'GB')", "was changed"),
        ("DELETE FROM campaign_version", "is not in the database"),
        ("DELETE FROM ruleset", "is not in the database"),
    ],
)  # fmt: skip
async def test_what_was_changed_behind_our_back_is_named(
    decided: World, store: Store, tampering: str, said: str
) -> None:
    async with store.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")  # without the triggers
        await connection.execute(tampering)
    report = await replay_decisions(store)
    assert not report.ok
    assert said in " ".join(m.why for m in report.mismatches)
    await tallies.recount(store, correct=True)  # the figures are those of the decisions before


async def test_a_refusal_is_written_again_only_when_it_says_something_else(decided: World, store: Store) -> None:
    """Time passing changes no reason; another reason, or other rules, do."""
    wanted = campaign()
    rows = "SELECT count(*) FROM decision"
    before = await decided.value(rows)
    due = "UPDATE contact SET due_at = '2026-03-01' WHERE state = 'pending'"

    async def look_again(rules: object) -> None:
        async with store.connection() as connection:
            await connection.execute(due)
        await claims.claim(store, wanted, 50, decided.terms, lambda f, now: decide(f, wanted, True, rules, now))  # type: ignore[arg-type]

    await look_again(decided.rules)
    assert await decided.value(rows) == before
    await look_again(replace(decided.rules, version="other"))
    assert await decided.value(rows) == before + await decided.value(  # type: ignore[operator]
        "SELECT count(*) FROM contact WHERE state = 'pending'"
    )


async def test_what_a_decision_keeps_has_no_number(decided: World) -> None:
    texts = await decided.value("SELECT string_agg(inputs::text || reasons::text, ' ') FROM decision")
    assert isinstance(texts, str)
    assert all(number(n).lstrip("+") not in texts for n in range(6))


def test_facts_are_what_the_gate_is_told() -> None:
    """A new fact must be kept with the decision, or the decision could not be made again."""
    from agi_app.gate.replay import Inputs

    kept = set(Inputs.__struct_fields__) | {"contact_id", "person_id", "number"}
    assert set(Facts.__struct_fields__) <= kept
