"""Which answer stands in an utterance: alone, with a slip, beside another one, or several times guessed."""

from __future__ import annotations

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.flow.answers.answer_beyond_doubt import best_label, says_no
from agi_app.flow.answers.hypotheses import Hypothesis, HypothesisKind, what_holds
from agi_app.flow.answers.phrase_cover import phrase_of
from agi_app.flow.answers.phrase_spotting import asks_to_stop, nearly, read
from agi_app.flow.answers.tokens import cut

ASKED = shipped_meanings().wanted("en", {"yes": "yes", "no": "no"})


@pytest.mark.parametrize(("text", "label"), [("yes please", "yes"), ("no thank you", "no"), ("yes no", None)])
def test_the_one_answer_that_was_surely_said(text: str, label: str | None) -> None:
    assert best_label(ASKED, cut(text)) == label


def test_a_stop_is_found_anywhere_and_answers_are_told_apart() -> None:
    assert asks_to_stop(ASKED, cut("well please stop calling me now"))
    assert not asks_to_stop(ASKED, cut("yes"))
    assert read(ASKED, cut("yes no")).has("yes", "no")
    assert (says_no(ASKED, "no"), says_no(ASKED, "yes")) == (True, False)


@pytest.mark.parametrize(
    ("said", "near"), [("take me of your list", True), ("take me to your list", False), ("take me", False)]
)
def test_a_long_phrase_may_have_a_misspelt_word_but_no_other_one(said: str, near: bool) -> None:
    assert nearly(phrase_of("take me off your list"), cut(said).all, ASKED.words) is near


def test_the_likeliest_meaning_holds_unless_another_is_about_as_likely() -> None:
    yes = Hypothesis(HypothesisKind.ANSWER, cut("yes"), 0.0, "yes")
    no = Hypothesis(HypothesisKind.NO, cut("no"), -0.05, "no")
    assert what_holds([yes]) == yes
    assert what_holds([yes, no]) is None
