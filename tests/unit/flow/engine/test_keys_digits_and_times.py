"""The parts of the engine: what a key means for a question, what digits are, when an offered call would be."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.flow.engine.call_back_time import is_another_day, moment_of
from agi_app.flow.engine.collect_digits import is_within, number_of, value_of
from agi_app.flow.engine.commands import CancelTimer, PlayPrompt, StartTimer, StopPlayback
from agi_app.flow.engine.gather_keys import GatheredKeys, Missed, judge_early, judge_key, judge_silence
from agi_app.flow.engine.listening_for import may_follow
from agi_app.flow.engine.state import SessionState
from agi_app.flow.engine.waiting import hush, listen, play
from agi_app.flow.language.call_back_offer import Offer
from agi_app.flow.language.steps import Collect, Gather, GatherStep, Play, PlayStep

QUESTION = Gather.model_validate({"prompt": "x", "keys": {"1": "yes"}})
DAY = Collect.model_validate({"prompt": "x", "kind": "date", "save": "day"})
NOON = dt.datetime.fromisoformat("2026-03-04T12:00:00+08:00")


def test_a_wrong_key_is_a_wrong_answer_only_once_the_question_was_heard() -> None:
    assert judge_key(QUESTION, "", "1", heard=False) == GatheredKeys("yes", "yes")
    assert judge_key(QUESTION, "", "5", heard=True) == Missed("no_match")
    assert judge_key(QUESTION, "", "5", heard=False) is None
    assert judge_early(QUESTION, "51") == ("1", GatheredKeys("yes", "yes"))
    assert judge_silence(QUESTION, "") == Missed("no_input")


@pytest.mark.parametrize(("typed", "value"), [("20260305", "2026-03-05"), ("20260230", None)])
def test_eight_digits_are_a_day_if_the_calendar_has_it(typed: str, value: str | None) -> None:
    assert value_of(DAY, typed) == value
    assert value is None or is_within(DAY, value, None)


@pytest.mark.parametrize("typed", ["13800138000", "008613800138000", "8613800138000"])
def test_a_keyed_number_may_have_its_country_code(typed: str) -> None:
    assert number_of(typed, "CN") == "+8613800138000"


@pytest.mark.parametrize(
    ("offer", "at"), [({"in": "2h"}, "14:00"), ({"at": "18:00"}, "18:00"), ({"tomorrow_at": "10:00"}, "10:00")]
)
def test_an_offered_time_is_one_of_the_persons_own_clock(offer: dict[str, str], at: str) -> None:
    found = moment_of(Offer.model_validate(offer), NOON)
    assert f"{found:%H:%M}" == at
    assert is_another_day(found, NOON) is ("tomorrow_at" in offer)


def test_a_prompt_and_a_timer_are_stopped_together() -> None:
    """Their late events mean nothing any more."""
    state = SessionState(contact={}, language="en", node="a")
    prompt, timer = play(state, "playing", "x"), listen(state, 5.0)
    assert isinstance(prompt, PlayPrompt)
    assert isinstance(timer, StartTimer)
    assert set(hush(state)) == {StopPlayback(prompt.playback), CancelTimer(timer.timer)}
    assert hush(state) == [], "once is enough"


def test_words_during_a_prompt_may_answer_the_spoken_question_behind_it() -> None:
    spoken = GatherStep.model_validate({"gather": {"prompt": "x", "speech": {"yes": "yes"}}})
    keyed = GatherStep(gather=QUESTION)
    prompt = PlayStep(play=Play(prompt="hello"))
    assert may_follow(prompt, spoken) is spoken.gather
    assert may_follow(prompt, keyed) is None
    assert may_follow(keyed, spoken) is None
