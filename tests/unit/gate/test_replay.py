"""A stored decision can be made again from its row alone, and any change of the row shows."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import msgspec
import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import AbandonedFact, Facts, ListState
from agi_app.gate.replay import StoredDecision, inputs_of, replay, same_reasons
from agi_app.model.campaign import Campaign, CampaignState, Due, Purpose
from agi_app.model.contact_times import Times
from agi_app.store.calling.decision_texts import spec_of, version_of_spec
from tests.unit.gate_cases import CAMPAIGN, DAY, FACTS, NOW, calls, consent, window

RULES = load_ruleset()
CASES = [
    FACTS,
    msgspec.structs.replace(FACTS, consents=(), suppressed_at=NOW, campaign_state=CampaignState.PAUSED),
    msgspec.structs.replace(FACTS, number="nonsense", caller_id_seen="+999862000000002", caller_id_proofs=()),
    msgspec.structs.replace(FACTS, counted_calls=calls(NOW, NOW - 2 * DAY, outcome="rejected")),
    msgspec.structs.replace(FACTS, consents=(consent(expires=NOW + DAY, revoked=NOW - DAY), consent(Purpose.SURVEY))),
    msgspec.structs.replace(
        FACTS, list_hits=("a-list",), list_states=(ListState("a-list", "CN", dt.date(2026, 3, 1)),)
    ),
    msgspec.structs.replace(FACTS, number="+13055550100", abandoned=AbandonedFact(100, 3)),
]


def stored(facts: Facts, decision: Decision) -> StoredDecision:
    """The row that a claim writes, as JSON in the database."""
    return StoredDecision(
        1,
        decision.contact_id,
        decision.person_id,
        msgspec.json.encode(decision.reasons).decode(),
        msgspec.json.encode(inputs_of(facts, decision)).decode(),
        decision.decided_at,
    )


@pytest.mark.parametrize("facts", CASES)
@pytest.mark.parametrize("hours", [0, 14])
@pytest.mark.parametrize("campaign", [CAMPAIGN, replace(CAMPAIGN, windows=(window("10:30", "11:00"),))])
def test_a_decision_comes_out_the_same_to_the_byte(facts: Facts, hours: int, campaign: Campaign) -> None:
    decision = decide(facts, campaign, True, RULES, NOW + dt.timedelta(hours=hours))
    row = stored(facts, decision)
    again = replay(row, msgspec.json.decode(spec_of(campaign), type=Campaign), RULES)
    assert again == decision
    assert same_reasons(row, again)


@pytest.mark.attack("row 10: a prefix that no record names")
def test_what_a_trunk_dials_before_the_number_is_kept_and_decides_nothing() -> None:
    decision = decide(FACTS, CAMPAIGN, True, RULES, NOW)
    row = stored(FACTS, decision.dialled_with("00"))
    assert '"prefix":"00"' in row.inputs
    assert replay(row, CAMPAIGN, RULES).reasons == decision.reasons


def test_the_number_is_not_kept() -> None:
    row = stored(FACTS, decide(FACTS, CAMPAIGN, True, RULES, NOW))
    assert FACTS.number.lstrip("+") not in row.inputs + row.reasons


def test_changed_inputs_or_reasons_are_seen() -> None:
    facts = msgspec.structs.replace(FACTS, suppressed_at=NOW - DAY)
    row = stored(facts, decide(facts, CAMPAIGN, True, RULES, NOW))
    called_nevertheless = replace(row, reasons="[]")
    assert not same_reasons(called_nevertheless, replay(called_nevertheless, CAMPAIGN, RULES))
    other_words = replace(row, reasons=row.reasons.replace("2026-03-03", "2026-03-02"))
    assert not same_reasons(other_words, replay(other_words, CAMPAIGN, RULES))
    never_said_stop = replace(
        row, inputs=row.inputs.replace('"suppressed_at":"2026-03-03', '"suppressed_at":"2026-03-01')
    )
    assert not same_reasons(never_said_stop, replay(never_said_stop, CAMPAIGN, RULES))


def test_the_version_of_a_campaign_names_all_that_it_says() -> None:
    """The same campaign has the same text, however its keys are ordered."""
    one = replace(CAMPAIGN, retry={"busy": (DAY,), "no_answer": (DAY,)})
    two = replace(CAMPAIGN, retry={"no_answer": (DAY,), "busy": (DAY,)})
    assert spec_of(one) == spec_of(two)
    assert version_of_spec(spec_of(one)) != version_of_spec(spec_of(CAMPAIGN))
    assert version_of_spec(spec_of(CAMPAIGN)) != version_of_spec(spec_of(replace(CAMPAIGN, max_call=DAY)))


def without(text: str, *names: str) -> str:
    """The JSON as a version wrote it that did not know these keys."""
    return json.dumps({name: value for name, value in json.loads(text).items() if name not in names})


@pytest.mark.parametrize("hours", [0, 14])
def test_what_a_version_without_dates_decided_comes_out_the_same(hours: int) -> None:
    """Its campaign has no zone, no days and no `due`; its facts have no times of the contact."""
    decision = decide(FACTS, CAMPAIGN, True, RULES, NOW + dt.timedelta(hours=hours))
    row = stored(FACTS, decision)
    before = without(spec_of(CAMPAIGN), "zone", "starts", "ends", "due")
    row = replace(row, inputs=without(row.inputs, "times"))
    campaign = msgspec.json.decode(before, type=Campaign)
    assert campaign == CAMPAIGN
    assert same_reasons(row, replay(row, campaign, RULES))


def test_a_decision_by_dates_and_times_keeps_them() -> None:
    hours = (window("10:30", "11:00"),)
    times = Times(NOW + DAY, NOW + DAY / 2, NOW + 2 * DAY, hours)
    facts = msgspec.structs.replace(FACTS, times=times)
    campaign = replace(
        CAMPAIGN, zone="Asia/Shanghai", starts=NOW + DAY, ends=NOW + 2 * DAY, due=Due("visit", (DAY, DAY / 4))
    )
    decision = decide(facts, campaign, True, RULES, NOW)
    assert decision.rules == ("campaign_not_begun", "contact_too_early", "window_person")
    row = stored(facts, decision)
    assert replay(row, msgspec.json.decode(spec_of(campaign), type=Campaign), RULES) == decision
    moved = replace(
        row, inputs=row.inputs.replace(f"{NOW + DAY / 2:%Y-%m-%dT%H:%M}", f"{NOW + DAY / 3:%Y-%m-%dT%H:%M}")
    )
    assert moved != row
    assert not same_reasons(moved, replay(moved, campaign, RULES))


def test_a_decision_keeps_nothing_that_is_as_for_most_and_older_ones_that_do_are_read() -> None:
    decision = decide(FACTS, CAMPAIGN, True, RULES, NOW)
    row = stored(FACTS, decision)
    kept = json.loads(row.inputs)
    usual = {"times", "number_shared", "unapproved", "row_rejected", "quota", "columns_missing", "prefix"}
    assert not usual & kept.keys()
    told = {
        "times": {"event": None, "not_before": None, "not_after": None, "preferred": []},
        "number_shared": False,
        "unapproved": False,
        "row_rejected": False,
        "quota": None,
        "columns_missing": [],
        "prefix": "",
    }
    older = replace(row, inputs=json.dumps({**kept, **told}))
    assert replay(older, CAMPAIGN, RULES) == replay(row, CAMPAIGN, RULES) == decision
