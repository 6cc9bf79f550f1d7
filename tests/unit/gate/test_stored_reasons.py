"""Rows of the version before, which have sentences instead of values, are read, told in Chinese and made again."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import msgspec
import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.case import Reason
from agi_app.gate.replay import StoredDecision, replay, same_reasons
from agi_app.gate.stored_reasons import reasons_of
from tests.unit.gate.before_0050 import DECISIONS, SENTENCES
from tests.unit.gate_cases import CAMPAIGN, NOW, window

WINDOWED = replace(CAMPAIGN, windows=(window("10:30", "11:00"),))  # the campaign of those decisions


@pytest.mark.parametrize(("rule", "text", "chinese"), SENTENCES)
def test_an_old_sentence_says_the_same_in_english_and_what_it_said_in_chinese(
    rule: str, text: str, chinese: str | None
) -> None:
    (reason,) = reasons_of([{"rule": rule, "text": text, "try_again_at": None}])
    assert (reason.rule, reason.text) == (rule, text)
    told = reason.told("zh").replace("：请用 `agi-app suppression import` 更新", "")
    assert told == (chinese or "外部名单 a 从未导入；外部名单 b 的日期 2026-09-01 尚未到来")


def test_an_old_sentence_that_nobody_knows_is_shown_as_it_is() -> None:
    """Also one of a rule that is gone."""
    for rule in ("consent_revoked", "a_rule_that_is_gone"):
        (reason,) = reasons_of([{"rule": rule, "text": "they took it {back}", "try_again_at": "2026-03-04T02:00:00Z"}])
        assert (reason.text, reason.told("zh")) == ("they took it {back}", "they took it {back}")
        assert reason.try_again_at == NOW


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: " ".join(row["rules"]) or "allowed")
def test_an_old_decision_comes_out_the_same_and_a_change_of_it_is_seen(row: dict[str, object]) -> None:
    decided_at = dt.datetime.fromisoformat(str(row["decided_at"]))
    stored = StoredDecision(1, 7, 70, json.dumps(row["reasons"]), json.dumps(row["inputs"]), decided_at)
    again = replay(stored, WINDOWED, load_ruleset())
    assert same_reasons(stored, again)
    if again.reasons:
        for change in ("Wed", "2026"), ("Thu", "Fri"), ("there is", "it is"), ("stop", "go"):
            changed = replace(stored, reasons=stored.reasons.replace(*change))
            assert changed == stored or not same_reasons(changed, again), change
        fewer = replace(stored, reasons=json.dumps(row["reasons"][1:]))  # type: ignore[index]
        assert not same_reasons(fewer, again)


def test_a_new_row_has_the_values_alone_and_any_change_of_them_is_seen() -> None:
    reason = Reason("external_list_stale", {"faults": [{"case": "never", "list": "gb-tps"}]})
    stored = msgspec.json.encode((reason,)).decode()
    assert stored == '[{"rule":"external_list_stale","values":{"faults":[{"case":"never","list":"gb-tps"}]}}]'
    assert reasons_of(stored) == (reason,)
    decision = replace(replay(_stored(DECISIONS[0]), WINDOWED, load_ruleset()), reasons=(reason,))
    row = replace(_stored(DECISIONS[0]), reasons=stored)
    assert same_reasons(row, decision)
    for change in ("never", "old"), ("gb-tps", "gb"), ('"values"', '"text":"x","values"'):
        assert not same_reasons(replace(row, reasons=stored.replace(*change)), decision), change


def _stored(row: dict[str, object]) -> StoredDecision:
    at = dt.datetime.fromisoformat(str(row["decided_at"]))
    return StoredDecision(1, 7, 70, json.dumps(row["reasons"]), json.dumps(row["inputs"]), at)
