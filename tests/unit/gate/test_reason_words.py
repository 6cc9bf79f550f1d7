"""Every reason has its words in both languages, with the same values, and nothing English is left in Chinese."""

from __future__ import annotations

import ast
import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import agi_app
from agi_app.gate.calling_hours import Calendar
from agi_app.gate.case import Reason
from agi_app.gate.facts import AbandonedFact, ListState, QuotaFact
from agi_app.gate.ruleset import Cap, ListRule
from agi_app.model.campaign import CampaignState, Purpose, Quota
from agi_app.model.reason_catalogue import GATE, GUARD
from agi_app.model.reason_text import Sentence, Sentences
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

NAMES = re.compile(r"gb-tps|UTC|CN|GB|US|`agi-app suppression import`")  # what stays as it is in Chinese
LISTS = (ListRule("gb-tps", dt.timedelta(days=7), frozenset({Purpose.TRANSACTIONAL})),)
SURVEY = replace(CAMPAIGN, quota=Quota("group", 50, (), ("completed",)))
CAPS = tuple(Cap(1, days * DAY) for days in (1, 7, 30))
VALUES = re.compile(r"{\w+}")


def _said(package: str) -> set[str]:
    """The keys of the sentences of all ``Reason(…)`` calls in a package's source: rule, or rule/case."""
    keys = set()
    for file in (Path(agi_app.__path__[0]) / package).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                case = [ast.literal_eval(more.value) for more in node.keywords if more.arg == "case"]
                if isinstance(node.args[0], ast.Constant):
                    keys.add("/".join([str(node.args[0].value), *case]))
    return keys


def test_every_rule_of_the_gate_has_its_sentence_and_no_sentence_is_left_over() -> None:
    parts = {key for key in GATE if key.startswith("external_list_stale/")}
    assert _said("gate") | parts == set(GATE)


def test_every_rule_of_the_guard_has_its_sentence() -> None:
    source = "".join(file.read_text() for file in (Path(agi_app.__path__[0]) / "guard").glob("*.py"))
    named = set(
        re.findall(
            r'(?:GuardReason|_rule|_blocked|_listed|because)\((?:hit, |case, )?"(\w+)"|\("(\w+)", [A-Z_0-9]+, ', source
        )
    )
    assert {one or other for one, other in named} == {key.partition("/")[0] for key in GUARD}


@pytest.mark.parametrize("sentences", [GATE, GUARD], ids=["gate", "guard"])
def test_a_sentence_has_the_same_values_in_both_languages(sentences: Sentences) -> None:
    def values(text: str) -> list[str]:
        return sorted(VALUES.findall(text))

    assert [key for key, said in sentences.items() if values(said.en) != values(said.zh)] == []
    assert [key for key, said in sentences.items() if _foreign(said)] == []


def _foreign(said: Sentence) -> bool:
    """English left in Chinese, or the other way round."""
    chinese = NAMES.sub("", VALUES.sub("", said.zh))
    return bool(re.search("[A-Za-z]", chinese)) or not said.en.isascii()


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
    *(judge(campaign=SURVEY, quota=fact) for fact in (None, QuotaFact(50, 50, 3), QuotaFact(50, 47, 3))),
]


@pytest.mark.parametrize("reason", [r for d in REFUSED for r in d.reasons], ids=lambda r: r.rule)
def test_a_reason_is_told_in_chinese_with_its_values(reason: Reason) -> None:
    told = reason.told("zh-CN")
    assert not re.search("[A-Za-z]", NAMES.sub("", told)), told
    values = set(re.findall(r"\d[\d:.-]*", reason.text))
    assert not reason.values or values <= set(re.findall(r"\d[\d:.-]*", told)), told


def test_the_cases_above_are_most_rules() -> None:
    shown = {r.rule for d in REFUSED for r in d.reasons}
    assert len(shown) >= 20, sorted(set(GATE) - shown)


def test_one_sentence() -> None:
    outside = Reason("window_campaign", {"day": "Tue", "time": "20:15"})
    assert outside.text == "outside the campaign's window (there it is Tue 20:15)"
    assert outside.told("zh") == "不在活动的呼叫时间内（当地时间周二 20:15）"
    assert Reason("caller_id_unproved", {"own": CALLER_ID}).told("zh") == f"主叫号码 {CALLER_ID} 没有归属证明"


def test_several_lists_are_each_told_and_what_people_wrote_is_shown_as_it_is() -> None:
    late = {"case": "old", "list": "gb-{tps}", "at": "2026-01-01", "days": 7}
    stale = Reason("external_list_stale", {"faults": [{"case": "never", "list": "us-dnc"}, late]})
    assert stale.text == (
        "the list us-dnc was never imported; the list gb-{tps} is of 2026-01-01, at most 7 days are allowed:"
        " bring it up to date with `agi-app suppression import`"
    )
    assert stale.told("zh").startswith(
        "外部名单 us-dnc 从未导入；外部名单 gb-{tps} 的日期为 2026-01-01，最多只能用 7 天："
    )


def test_a_wrong_number_is_not_told_as_a_withdrawal() -> None:
    """Only where nobody withdrew it as well."""
    wrong = msgspec.structs.replace(consent(revoked=NOW), wrong_number=True)
    (said,) = judge(consents=(wrong,)).reasons
    assert (said.rule, said.text) == (
        "consent_revoked",
        "on 2026-03-04 the person who answered said that this is a wrong number",
    )
    assert said.told("zh") == "接听者已于 2026-03-04 表示号码有误"
    for withdrawn in (consent(revoked=NOW), consent(revoked=NOW + SECOND)):
        (said,) = judge(consents=(wrong, withdrawn)).reasons
        assert said.text == "the consent was withdrawn on 2026-03-04"
