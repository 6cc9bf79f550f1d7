"""What a key means for a question."""

from __future__ import annotations

from agi_app.flow.answers.understanding import Understood
from agi_app.flow.engine.gather_keys import Missed, judge_early, judge_key, judge_silence
from agi_app.flow.language.asking_steps import Gather

QUESTION = Gather.model_validate({"prompt": "x", "keys": {"1": "yes"}})


def test_a_wrong_key_is_a_wrong_answer_only_once_the_question_was_heard() -> None:
    assert judge_key(QUESTION, "", "1", heard=False) == Understood("yes", "yes")
    assert judge_key(QUESTION, "", "5", heard=True) == Missed("no_match")
    assert judge_key(QUESTION, "", "5", heard=False) is None
    assert judge_early(QUESTION, "51") == ("1", Understood("yes", "yes"))
    assert judge_silence(QUESTION, "") == Missed("no_input")
