"""Opening words are found again in a known script, though a recognizer gets a sixth of them wrong."""

from __future__ import annotations

import random

import pytest

from agi_app.guard.scripts import MIN_WORDS, ScriptBook, words

LOAN = """Hello, this is Carla from the student relief centre. I am following up on your outstanding loan balance,
because you qualify for a reduced payment programme that ends on Friday. Press 1 to speak with an adviser, or 2 to be
removed."""
WARRANTY = """We have been trying to reach you about your vehicle's extended warranty. This is the final courtesy call
before we close your file. Press 5 to talk with a warranty specialist about your coverage options."""
CHINESE = """您好，这里是金桥理财中心，我们为您预留了三十万元的低息贷款额度，无抵押无担保，当天放款，
请问您最近有没有资金周转方面的需求呢？"""
BOOK = ScriptBook([("loan", LOAN), ("warranty", WARRANTY), ("理财", CHINESE)])


def spoilt(text: str, share: float, seed: int) -> str:
    """The text with so many of its words wrong, missing or doubled."""
    rng = random.Random(seed)
    found = []
    for word in words(text):
        draw = rng.random()
        found += ["wrong"] if draw < share / 2 else [] if draw < share * 3 / 4 else [word]
        if rng.random() < share / 4:
            found.append("more")
    return " ".join(found)


@pytest.mark.parametrize(("name", "text"), [("loan", LOAN), ("warranty", WARRANTY), ("理财", CHINESE)])
def test_a_script_is_found_with_word_errors_from_any_point_on(name: str, text: str) -> None:
    for seed in range(20):
        for start in (0, 7):
            heard = " ".join(words(spoilt(text, 0.15, seed))[start : start + 25])
            found = BOOK.match(heard)
            assert found is not None
            assert found.script == name
            assert 0.3 < found.share <= 1.0


def test_names_amounts_and_numbers_may_change() -> None:
    found = BOOK.match(LOAN.replace("Carla", "Robert").replace("Press 1", "Press seven").replace("2", "<number>"))
    assert found is not None
    assert found.share > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "Hello, this is the dental clinic. You have an appointment on Friday at ten. Press 1 to confirm it, or 2 to "
        "change the time. Thank you, and goodbye.",
        "您好，我是快递，您的包裹到了小区门口，请问您现在方便下来取一下吗？没人的话我放在前台可以吗？",
        "this is to you and we have been with your press 1 to speak with a or 2 to be on the for the",
    ],
)
def test_honest_calls_are_not_taken_for_scripts(text: str) -> None:
    assert BOOK.match(text) is None


def test_few_words_say_nothing() -> None:
    opening = words(LOAN)
    assert BOOK.match_words(opening[: MIN_WORDS - 1]) is None
    assert BOOK.match_words(opening[:MIN_WORDS]) is not None
    assert BOOK.match("") is None
    assert ScriptBook([]).match(LOAN) is None


def test_words_are_the_same_however_they_are_written() -> None:
    assert words("Press ONE now — or call １２３-4567!") == words("press 1 now or call <number>")
    assert words("您的App验证码是4712") == ["您", "的", "app", "验", "证", "码", "是", "#"]
    assert words("it’s") == words("it's") == ["it's"]
