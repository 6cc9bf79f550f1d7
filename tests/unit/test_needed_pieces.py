"""Which pieces a flow needs: all that its values can be said with, and no more."""

from __future__ import annotations

import pytest

from agi_app.flow.definition import Flow
from agi_app.flow.load import parse_flow
from agi_app.flow.needed_pieces import needed_pieces
from agi_app.flow.values import KINDS, pieces

HEAD = "flow: f\nlanguages: [en, zh-CN]\nidentify: {business: {en: A, zh-CN: A}}\nstart: a\nnodes:\n  a:\n"


def flow(*steps: str) -> Flow:
    return parse_flow(HEAD + "".join(f"    - {step}\n" for step in steps) + "    - hangup\n", "f.yaml").flow


@pytest.mark.parametrize("language", ["en", "en-GB", "en-US", "zh-CN"])
def test_all_kinds_together_need_every_piece_of_the_language(language: str) -> None:
    says = [f"say: {{value: contact.x, as: {kind}}}" for kind in KINDS if kind != "money"]
    says += [f"say: {{value: contact.x, as: money, currency: {currency}}}" for currency in ("CNY", "GBP", "USD")]
    every = {name: text for name, text in pieces(language).items() if not name.startswith("unit/")}
    assert needed_pieces(flow(*says), language) == every


def test_a_flow_needs_only_what_it_says_and_reads_back() -> None:
    locker = "collect: {prompt: p, kind: number, min: 1, max: 12, confirm: {prompt: q}, save: locker}"
    assert list(needed_pieces(flow(locker), "en")) == [f"num/{n}" for n in range(1, 13)]
    assert list(needed_pieces(flow(locker), "zh-CN")) == [f"num/{n}" for n in range(1, 11)]
    assert needed_pieces(flow(locker.replace("confirm: {prompt: q}, ", "")), "en") == {}
    digits = "say: {value: contact.parcel, as: digits}"
    assert sorted(needed_pieces(flow(digits), "en")) == [f"num/{n}" for n in range(10)]
    visits = "say: {value: contact.n, as: count, unit: {en: visit, zh-CN: 次}}"
    assert needed_pieces(flow(visits), "zh-CN")["unit/ci"] == "次"
    amount = "collect: {prompt: p, kind: amount, currency: GBP, confirm: {prompt: q}, save: paid}"
    assert {"money/pound", "money/pounds"} <= needed_pieces(flow(amount), "en").keys()
    assert not {"money/penny", "num/minus", "num/point"} & needed_pieces(flow(amount), "en").keys()
