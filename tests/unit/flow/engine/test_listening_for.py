"""What is listened for."""

from __future__ import annotations

from agi_app.flow.engine.listening_for import may_follow
from agi_app.flow.language.asking_steps import Gather, GatherStep
from agi_app.flow.language.steps import Play, PlayStep

QUESTION = Gather.model_validate({"prompt": "x", "keys": {"1": "yes"}})


def test_words_during_a_prompt_may_answer_the_spoken_question_behind_it() -> None:
    spoken = GatherStep.model_validate({"gather": {"prompt": "x", "speech": {"yes": "yes"}}})
    keyed = GatherStep(gather=QUESTION)
    prompt = PlayStep(play=Play(prompt="hello"))
    assert may_follow(prompt, spoken) is spoken.gather
    assert may_follow(prompt, keyed) is None
    assert may_follow(keyed, spoken) is None
