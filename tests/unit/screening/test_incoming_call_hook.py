"""What the hooks tell the dialplan, how a screened call is followed, and what people may type."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import pytest

from agi_app.config.screening import GuardSettings
from agi_app.config.speech import SpeechSettings
from agi_app.errors import InputError
from agi_app.guard.call import Stir
from agi_app.guard.case import Action
from agi_app.guard.decide import GuardDecision
from agi_app.guard.subscriber_settings import Hours, Level
from agi_app.monitoring.measures import Measures
from agi_app.operations.guard.guard_lists import hours_of as read_hours
from agi_app.pbx.agi.protocol import AgiRequest
from agi_app.pbx.ari.events import ChannelRef, Frame
from agi_app.screening.call_follow_up import MOST, Follow
from agi_app.screening.challenge import PAIRS
from agi_app.screening.hooks import parse_stir, screen
from agi_app.screening.judge import Question, Verdict
from agi_app.screening.opening_words import Openings
from agi_app.store.screening.screened_calls import EndedCall
from tests.fake_clock import FakeClock

START = dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC)


class FakeSession:
    """A question whose answers are kept in order."""

    def __init__(self, *arguments: str) -> None:
        self.request = AgiRequest("screen", "PJSIP/a-1", "u1", "+1", "s", "c", ("token", *arguments))
        self.told: list[tuple[str, str]] = []

    async def set(self, name: str, value: str) -> None:
        self.told.append((name, value))

    def leave(self) -> None:
        self.told.append(("", "left"))


class FakeScreening:
    """Always says the same."""

    def __init__(self, action: Action, kept: bool = True) -> None:
        self.settings = GuardSettings(mark="骚扰? ", failed="voicemail")
        self.asked: list[Question] = []
        self._verdict = Verdict("c1", action, GuardDecision(action, 0, (), "1") if kept else None, kept)

    async def judge(self, question: Question) -> Verdict:
        self.asked.append(question)
        return self._verdict


def silent() -> Openings:
    """Nobody is listened to."""
    nothing: Any = None
    return Openings(nothing, FakeClock(START), nothing, GuardSettings(), SpeechSettings())


async def told(action: Action, kept: bool = True) -> tuple[FakeSession, Follow]:
    session, follow = FakeSession("100", "Verification passed/A"), Follow(FakeClock(START), lambda _: None)
    screening: Any = FakeScreening(action, kept)
    hook_session: Any = session
    measures = Measures()
    await screen(screening, follow, silent(), measures, hook_session)
    assert measures.guard.labels(action.value)._value.get() == 1
    assert screening.asked == [Question("+1", "100", "PJSIP/a", Stir.FULL)]
    return session, follow


@pytest.mark.parametrize("action", list(Action))
async def test_the_action_is_told_last(action: Action) -> None:
    """A channel that loses us before has no action and rings."""
    session, follow = await told(action)
    assert session.told[-2:] == [("AGI_APP_ACTION", action.value), ("", "left")]
    assert len(follow) == 1
    names = dict(session.told)
    assert ("AGI_APP_PREFIX" in names) is (action in (Action.MARK, Action.CHALLENGE))
    assert ("AGI_APP_DIGITS" in names) is (action is Action.CHALLENGE)


@pytest.mark.attack("row 12: one digit of seven, the same at each try")
async def test_each_try_of_a_challenge_has_digits_of_its_own() -> None:
    """Two digits a try that are no neighbours: who keys the same at every call passes in few of them."""
    asked = [dict((await told(Action.CHALLENGE))[0].told)["AGI_APP_DIGITS"] for _ in range(300)]
    tries = [(digits[:2], digits[2:]) for digits in asked]
    assert all(first != second and {first, second} <= set(PAIRS) for first, second in tries)
    assert len({first for first, _ in tries}) > 50
    assert len(PAIRS) == 72
    assert not {"11", "12", "21", "00", "99"} & set(PAIRS)


async def test_a_call_that_is_not_kept_has_no_id() -> None:
    session, follow = await told(Action.ALLOW, kept=False)
    assert "__AGI_APP_CALL" not in dict(session.told)
    assert not len(follow)


@pytest.mark.parametrize(
    ("text", "stir"),
    [
        ("Verification passed/A", Stir.FULL),
        ("Verification passed/C", Stir.GATEWAY),
        ("Signature failed/A", Stir.FAILED),
        ("Verification not present/", None),
        ("", None),
    ],
)
def test_stir(text: str, stir: Stir | None) -> None:
    assert parse_stir(text) is stir


def frame(kind: str, channel: str = "u1", **more: Any) -> Frame:
    """An event of a caller's channel."""
    if kind == "Dial":
        return Frame(kind, caller=ChannelRef(channel), peer=ChannelRef("phone"), **more)
    return Frame(kind, channel=ChannelRef(channel, more.pop("state", "Ring")), **more)


def follow_one(*events: tuple[float, Frame], talks: bool = True) -> list[EndedCall]:
    """What a call came to; each event comes so many seconds after the one before."""
    clock, ends = FakeClock(START), list[EndedCall]()
    follow = Follow(clock, ends.append)
    follow.begin("u1", "c1", talks=talks)
    for after, event in events:
        clock.advance(after)
        follow.see(event)
    return ends


def test_a_call_that_is_answered_by_a_phone() -> None:
    answer, end = frame("Dial", dialstatus="ANSWER"), frame("ChannelDestroyed", state="Up")
    assert follow_one((6, answer), (40, end)) == [EndedCall("c1", True, 6.0, 40.0, False)]


def test_a_call_that_the_caller_gives_up() -> None:
    events = (3, frame("ChannelHangupRequest")), (0, frame("ChannelDestroyed"))
    assert follow_one(*events) == [EndedCall("c1", False, 3.0, 0.0, True)]


@pytest.mark.parametrize(("talks", "answered"), [(True, True), (False, False)])
def test_a_call_that_the_dialplan_answers(talks: bool, answered: bool) -> None:
    """A menu is an answer; our own question and a mailbox are none."""
    (end,) = follow_one((20, frame("ChannelDestroyed", state="Up")), talks=talks)
    assert end.answered is answered


def test_events_of_other_channels_say_nothing() -> None:
    assert follow_one((1, frame("ChannelDestroyed", channel="other")), (1, Frame("ApplicationReplaced"))) == []


def test_a_lost_connection_ends_what_was_followed() -> None:
    ends = list[EndedCall]()
    follow = Follow(FakeClock(START), ends.append)
    for number in range(MOST + 1):
        follow.begin(f"u{number}", f"c{number}", talks=True)
    assert len(follow) == MOST
    follow.lose_all()
    assert len(ends) == MOST + 1
    assert not any(end.answered or end.by_caller for end in ends)


def test_hours() -> None:
    assert read_hours("18:00-08:00") == Hours(dt.time(18), dt.time(8))
    assert read_hours("fri-mon 00:00-23:59").days == (0, 4, 5, 6)
    for wrong in ("", "18-8", "xyz 10:00-11:00", "mon-xyz 10:00-11:00", "25:00-26:00"):
        with pytest.raises(InputError):
            read_hours(wrong)


def test_the_settings_know_the_guards_levels() -> None:
    assert get_args(GuardSettings.model_fields["level"].annotation) == tuple(level.value for level in Level)


@pytest.mark.parametrize("wrong", [{"zone": "Mars"}, {"mark": "a\nb"}, {"region": "cn"}, {"deadline": 0.5}])
def test_wrong_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        GuardSettings(**wrong)
