"""The talk of a verification call: three tries, one right code, a stop, and no wait without an end."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest

from agi_app.calls.verification_call import ASK, BYE, QUIET_S, RING_S, THANKS, WRONG, CodeCall, CodeResult
from agi_app.errors import RequestFailed, SafetyError
from agi_app.model.call import Outcome
from agi_app.pbx.ari import events as pbx
from tests.fake_clock import FakeClock
from tests.unit.fake_channel import FakeChannel

START = dt.datetime(2026, 3, 4, 10, 0, tzinfo=dt.UTC)
CODE, OTHER = "407139", "407138"


class Phone:
    """The called telephone and the desk where the code is known."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.channel = FakeChannel(self.clock)
        self.judged: list[str] = []
        self.stops = 0
        self.stop_fails = False

    def answers(self, at: float = 2.0) -> Phone:
        """It rings after a second and is answered."""
        self.channel.at(1.0, pbx.Ringing()).at(at, pbx.Started())
        return self

    def keys(self, digits: str, at: float) -> Phone:
        """Keys, one each half second."""
        for n, digit in enumerate(digits):
            self.channel.at(at + n / 2, pbx.Key(digit))
        return self

    async def run(self) -> CodeResult:
        """The call from its mark to its end."""

        async def is_right(keyed: str) -> bool:
            self.judged.append(keyed)
            return keyed == CODE

        async def store_stop() -> None:
            self.stops += 1
            if self.stop_fails:
                raise SafetyError("the disk is full")

        return await CodeCall(cast(Any, self.channel), self.clock, is_right=is_right, store_stop=store_stop).run()

    @property
    def played(self) -> list[str]:
        """The prompts that were started."""
        return [line.removeprefix("play ") for line in self.channel.log if line.startswith("play ")]


async def test_the_right_code_ends_with_thanks() -> None:
    phone = Phone().answers().keys(CODE, at=3.0)
    result = await phone.run()
    assert (result.right, result.tries, result.stopped) == (True, 1, False)
    assert result.network.outcome is Outcome.ANSWERED
    assert phone.played == [ASK, THANKS]
    assert phone.channel.log[-1] == "hangup"


async def test_three_wrong_codes_end_the_call() -> None:
    """A fourth try is not even looked at, though it would be right."""
    phone = Phone().answers().keys(OTHER * 3 + CODE, at=3.0)
    result = await phone.run()
    assert (result.right, result.tries) == (False, 3)
    assert phone.judged == [OTHER] * 3
    assert phone.played == [ASK, WRONG, WRONG, BYE]


async def test_the_second_try_may_be_right() -> None:
    phone = Phone().answers().keys(OTHER + CODE, at=3.0)
    assert (await phone.run()).right
    assert phone.played == [ASK, WRONG, THANKS]


@pytest.mark.parametrize("keyed", ["12#" + CODE, "1*" + CODE, CODE + "#"])
async def test_hash_and_star_begin_again(keyed: str) -> None:
    phone = Phone().answers().keys(keyed, at=3.0)
    assert (await phone.run()).right
    assert phone.judged == [CODE]


async def test_a_code_with_a_nine_is_no_stop_but_star_nine_is() -> None:
    assert "9" in CODE
    phone = Phone().answers().keys("40*9", at=3.0).keys(CODE, at=6.0)
    result = await phone.run()
    assert (result.stopped, result.right, phone.stops) == (True, False, 1)
    assert phone.judged == []
    assert phone.played == [ASK, BYE]


async def test_a_stop_that_cannot_be_stored_is_not_passed_over() -> None:
    phone = Phone().answers().keys("*9", at=3.0)
    phone.stop_fails = True
    with pytest.raises(SafetyError):
        await phone.run()


async def test_silence_ends_the_call() -> None:
    phone = Phone().answers().keys("40", at=3.0)
    result = await phone.run()
    assert (result.right, result.tries, result.network.outcome) == (False, 0, Outcome.ANSWERED)
    assert phone.clock.monotonic() < 3.5 + QUIET_S + 1


async def test_nobody_there() -> None:
    phone = Phone()
    phone.channel.at(1.0, pbx.Ringing()).at(RING_S, pbx.Destroyed(19, 480))
    result = await phone.run()
    assert (result.right, result.network.outcome) == (False, Outcome.NO_ANSWER)
    assert phone.played == []


async def test_asterisk_that_says_nothing_is_not_waited_for_for_ever() -> None:
    phone = Phone()
    phone.channel.hangup_confirmed = False
    assert not (await phone.run()).right
    assert phone.channel.log == ["hangup"]


async def test_a_stop_from_elsewhere_ends_it_at_once() -> None:
    phone = Phone().answers().keys(CODE, at=5.0)
    phone.channel.at(4.0, pbx.Interrupt("the number was put on the suppression list", even_if_up=True))
    result = await phone.run()
    assert not result.right
    assert phone.clock.monotonic() < 5.0


async def test_the_callee_hangs_up_after_the_right_code() -> None:
    """It was right; that they did not wait for our thanks changes nothing."""
    phone = Phone().answers().keys(CODE, at=3.0)
    phone.channel.at(5.6, pbx.FarEndEnded(None), pbx.Destroyed(0, None))
    assert (await phone.run()).right


async def test_without_prompts_the_code_still_counts() -> None:
    """An Asterisk without English sounds: the desk knows what is to be keyed."""
    phone = Phone().answers().keys(CODE, at=3.0)
    phone.channel.fail_with["play"] = RequestFailed("play", 404, "no such sound")
    assert (await phone.run()).right
