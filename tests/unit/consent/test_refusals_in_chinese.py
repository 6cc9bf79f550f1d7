"""Every reason of the gate has its Chinese words, with the values of the English ones and nothing English left."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from dataclasses import replace

import pytest

from agi_app.consent.refusals_in_chinese import RULES, in_chinese
from agi_app.gate import rules, time_rules
from agi_app.gate.facts import AbandonedFact, ListState
from agi_app.gate.hours import Calendar
from agi_app.gate.ruleset import Cap, ListRule
from agi_app.model.campaign import CampaignState, Purpose
from tests.unit.gate_cases import (
    CALLER_ID,
    CAMPAIGN,
    DAY,
    GB_NUMBER,
    NOW,
    SECOND,
    calls,
    consent,
    judge,
    proofs,
    ruleset,
    window,
)

NAMES = re.compile(r"gb-tps|UTC|CN|GB|US")  # what stays as it is in Chinese
LISTS = (ListRule("gb-tps", dt.timedelta(days=7), frozenset({Purpose.TRANSACTIONAL})),)
CAPS = tuple(Cap(1, days * DAY) for days in (1, 7, 30))


def test_every_rule_is_known() -> None:
    source = inspect.getsource(rules) + inspect.getsource(time_rules)
    assert set(re.findall(r'Reason\(\s*"(\w+)"', source)) == set(RULES)


REFUSED = [
    judge(campaign_state=CampaignState.PAUSED, consents=(), suppressed_at=NOW, caller_id_proofs=()),
    judge(campaign=replace(CAMPAIGN, purpose=Purpose.REHEARSAL), number="+12"),
    judge(sandbox=False, consents=(consent(Purpose.SURVEY), consent(Purpose.MARKETING))),
    judge(campaign=replace(CAMPAIGN, jurisdictions=("GB", "US")), consents=(consent(revoked=NOW),)),
    judge(consents=(consent(expires=NOW),), caller_id_proofs=proofs("call", NOW), caller_id_seen="+999862000000009"),
    judge(consents=(consent(given=NOW + SECOND),)),
    judge(rules=ruleset(caps=CAPS), counted_calls=calls(NOW - SECOND)),
    judge(now=NOW + dt.timedelta(hours=15), campaign=replace(CAMPAIGN, windows=(window("09:00", "10:00"),))),
    judge(number=GB_NUMBER, rules=ruleset(lists=LISTS)),
    judge(number=GB_NUMBER, rules=ruleset(lists=LISTS), list_states=(ListState("gb-tps", "GB", dt.date(2026, 1, 1)),)),
    judge(list_hits=("gb-tps",)),
    judge(rules=ruleset(calendar=Calendar(frozenset({NOW.date()}), frozenset(), dt.date.min, dt.date.max))),
    judge(rules=ruleset(ring_at_least=dt.timedelta(minutes=2), ring_at_most=dt.timedelta(minutes=3))),
    judge(abandoned=AbandonedFact(5, 10)),
]


@pytest.mark.parametrize("said", sorted({(r.rule, r.text) for d in REFUSED for r in d.reasons}), ids=lambda s: s[0])
def test_a_reason_is_told_in_chinese_with_its_values(said: tuple[str, str]) -> None:
    told = in_chinese(*said)
    assert not re.search("[A-Za-z]", NAMES.sub("", told)), told
    general, sentences = RULES[said[0]]
    values = set(re.findall(r"\d[\d:.-]*", said[1]))
    assert told == general if not sentences else values <= set(re.findall(r"\d[\d:.-]*", told)), told


def test_the_cases_above_are_most_rules() -> None:
    shown = {r.rule for d in REFUSED for r in d.reasons}
    assert len(shown) >= 20, sorted(set(RULES) - shown)


def test_an_unknown_sentence_is_told_by_its_rule_and_an_unknown_rule_as_it_is() -> None:
    assert in_chinese("consent_revoked", "they took it back") == "同意已撤回"
    assert in_chinese("new_rule", "something new") == "something new"


def test_one_sentence() -> None:
    assert in_chinese("window_campaign", "outside the campaign's window (there it is Tue 20:15)") == (
        "不在活动的呼叫时间内（当地时间周二 20:15）"
    )
    assert (
        in_chinese("caller_id_unproved", f"{CALLER_ID} has no ownership proof") == f"主叫号码 {CALLER_ID} 没有归属证明"
    )
