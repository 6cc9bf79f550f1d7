"""Which pieces a flow needs: all that its values can be said with, and no more."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.recorded_pieces import check_pieces, needed_pieces
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import parse_flow
from agi_app.flow.saying.numbers_and_dates import KINDS, pieces

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


def test_a_line_needs_the_digits_of_the_number_that_it_reads_back() -> None:
    keyed = "stop_number: {prompt: p, confirm: {prompt: q}}"
    head = HEAD.replace("start: a", "opt_out: {without_number: a}\nstart: a")
    line = parse_flow(f"{head}    - {keyed}\n    - hangup\n", "f.yaml")
    assert sorted(needed_pieces(line.flow, "zh-CN", keyed_only=True)) == [f"num/{n}" for n in range(10)]
    found = [*check_pieces(line, {}, engine=False)]
    assert [p.rule for p in found] == ["flow/piece-missing"] * 2


RIGHT = "collect: {prompt: p, kind: number, max: 12, confirm: {prompt: q}, save: n}"
SAYS = "say: {value: contact.day, as: day}"


@pytest.mark.parametrize(
    ("step", "recorded", "engine", "told"),
    [
        (RIGHT, range(13), False, []),
        (RIGHT, range(12), False, ['in "en": 1 (num/12);', "--language en --missing --flow f`"]),
        (RIGHT, range(10), True, ['in "en": 3 (num/10, num/11, num/12);']),
        (SAYS, (), True, []),
        (SAYS, (), False, ["(month/1, ord/1, ord/2 …)"]),
    ],
)
def test_check_warns_of_pieces_that_a_call_would_lack(
    step: str, recorded: Iterable[int], engine: bool, told: list[str]
) -> None:
    text = HEAD.replace("[en, zh-CN]", "[en]").replace(", zh-CN: A", "") + f"    - {step}\n    - hangup\n"
    prompts = {("en", f"num/{n}"): PromptFacts(True, str(n)) for n in recorded}
    found = [*check_pieces(parse_flow(text, "f.yaml"), prompts, engine=engine)]
    assert [(p.rule, p.severity) for p in found] == ([("flow/piece-missing", "warning")] if told else [])
    assert all(part in found[0].message for part in told)


def test_a_text_that_an_engine_speaks_is_there() -> None:
    text = HEAD.replace("[en, zh-CN]", "[en]").replace(", zh-CN: A", "") + f"    - {RIGHT}\n    - hangup\n"
    prompts = {("en", f"num/{n}"): PromptFacts(False, str(n), by_engine=True) for n in range(13)}
    assert not [*check_pieces(parse_flow(text, "f.yaml"), prompts, engine=True)]
