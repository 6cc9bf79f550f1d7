"""A group that has its number is not called, nor one that may have it when the calls under way end."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from agi_app.gate.campaign_rules import CALL_TIME
from agi_app.gate.facts import QuotaFact
from agi_app.gate.replay import inputs_of
from agi_app.model.campaign import Quota
from agi_app.store.database.statements import as_json
from tests.unit.gate_cases import CAMPAIGN, FACTS, NOW, judge

SURVEY = replace(CAMPAIGN, quota=Quota("group", 50, (), ("completed",)))


@pytest.mark.parametrize(
    ("fact", "rule"),
    [
        (QuotaFact(50, 0, 0), None),
        (QuotaFact(50, 49, 0), None),
        (QuotaFact(50, 48, 1), None),
        (QuotaFact(50, 49, 1), "quota_under_way"),
        (QuotaFact(50, 50, 0), "quota_reached"),
        (QuotaFact(50, 51, 4), "quota_reached"),
        (QuotaFact(0, 0, 0), "quota_reached"),
        (QuotaFact(None, 0, 0), "quota_group"),
        (None, "quota_group"),
    ],
)
def test_who_is_refused(fact: QuotaFact | None, rule: str | None) -> None:
    assert judge(campaign=SURVEY, quota=fact).rules == (() if rule is None else (rule,))


def test_a_campaign_without_a_quota_asks_for_no_group() -> None:
    assert judge(quota=QuotaFact(50, 50, 0)).allowed
    assert judge(quota=None).allowed


def test_only_calls_under_way_end_by_themselves() -> None:
    assert judge(campaign=SURVEY, quota=QuotaFact(50, 50, 0)).try_again_at is None
    assert judge(campaign=SURVEY, quota=QuotaFact(50, 49, 1)).try_again_at == NOW + CALL_TIME
    assert judge(campaign=SURVEY, quota=None).try_again_at is None


def test_a_decision_keeps_the_figures_and_not_the_group() -> None:
    facts = msgspec.structs.replace(FACTS, quota=QuotaFact(50, 50, 0))
    kept = as_json(inputs_of(facts, judge(campaign=SURVEY, quota=facts.quota)))
    assert '"quota":{"wanted":50,"completed":50,"under_way":0}' in kept


def test_the_numbers_of_groups() -> None:
    named = Quota("group", None, (("north", 5),), ("completed",))
    same = Quota("group", 3, (), ("completed",))
    assert [named.wanted(group) for group in ("north", "south", "")] == [5, None, None]
    assert [same.wanted(group) for group in ("north", "south", "")] == [3, 3, None]
    assert [same.group_of(fields) for fields in ({"group": " north "}, {}, {"Group": "x"})] == ["north", "", ""]
