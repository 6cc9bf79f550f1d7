"""A whole call on a fake channel: what the person hears, what is stored, and that it always ends."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, cast

import pytest

from agi_app.calls.call_plan import CallPlan, TransferOrder
from agi_app.calls.runner import CALL_GRACE_S, HANGUP_WAIT_S, RING_GRACE_S, LiveCall
from agi_app.calls.speech_services import SpeechServices
from agi_app.errors import AgiAppError, ConfigError, RequestFailed, SafetyError
from agi_app.flow.engine.say_texts import Parts
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_flow
from agi_app.model.call import CallResult, Fault, Outcome
from agi_app.model.counted_calls import counts
from agi_app.model.machine_detection import MachineDetection
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Received
from tests.fake_clock import FakeClock
from tests.unit.fake_channel import HANGUP_TAKES_S, FakeChannel
from tests.unit.gate_cases import CLAIM, NOW

FLOW = load_flow(
    """\
flow: checkup
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": yes}, timeout: 5s, attempts: 2, save: answer}
      on: {yes: thanks, no_input: bye}
  thanks:
    - set: {disposition: confirmed}
    - play: thanks
    - hangup
  bye:
    - hangup
""",
    "checkup.yaml",
)
RING_S, MAX_S = 30.0, 120.0
BYE = pbx.Destroyed(0, None)


class World:
    """One call, its channel, and what was stored."""

    def __init__(
        self,
        flow: Flow = FLOW,
        *,
        prompt_s: float = 2.0,
        speech: SpeechServices | None = None,
        machine_detection: MachineDetection | None = None,
    ) -> None:
        self.clock = FakeClock(NOW)
        self.channel = FakeChannel(self.clock, prompt_s=prompt_s)
        self.stops: list[tuple[str, str]] = []
        self.store_error: SafetyError | None = None
        self.stop_comes_back = False
        self.sounds = 0
        self.orders: list[TransferOrder] = []
        self.voice_error: AgiAppError | None = None
        plan = CallPlan(
            party=CLAIM.party,
            flow=flow,
            ring_time_s=RING_S,
            max_call_s=MAX_S,
            media=lambda language, prompt: f"{'en' if language == 'en' else 'zh'}/{prompt}",
            say=self.say,
            transfer=self.transfer,
            store_opt_out=self.store,
            trunk_works=lambda: None,
            sound_came=self.sound_came,
            local_now=self.clock.now,
            speech=speech,
            machine_detection=machine_detection,
            answered=lambda: self.channel.log.append("answered") if machine_detection is not None else None,
        )
        self.call = LiveCall(plan, self.clock)

    async def transfer(self, order: TransferOrder) -> str:
        self.channel.log.append(f"transfer to {order.to} for {order.timeout_s:g} s")
        self.orders.append(order)
        try:
            return await self.agent()
        except asyncio.CancelledError:
            self.channel.log.append("take back")
            for _ in range(5):  # it takes a while
                await asyncio.sleep(0)
            self.channel.log.append("taken back")
            raise

    async def say(self, parts: Parts, language: str) -> list[str]:
        if self.voice_error is not None:
            raise self.voice_error
        return [f"{language}/{part.text}" for part in parts]

    async def store(self, number: str, how: str) -> None:
        self.channel.log.append("store")
        if self.store_error is not None:
            raise self.store_error
        self.stops.append((number, how))
        if self.stop_comes_back:  # as the revocation does that every node hears
            self.call.stop("the person said stop", even_if_up=True)

    def sound_came(self) -> None:
        self.sounds += 1

    async def run(self) -> CallResult:
        return await self.call.run(cast(Any, self.channel))

    async def agent(self) -> str:
        """Nobody takes over, and nobody declines."""
        await asyncio.Event().wait()
        return "done"

    @property
    def seconds(self) -> float:
        return self.clock.monotonic()


def answered(at: float = 3.0, *, prompt_s: float = 2.0) -> World:
    """A world in which the phone rings after a second and is answered."""
    world = World(prompt_s=prompt_s)
    world.channel.at(1, pbx.Ringing()).at(at, pbx.Started())
    return world


async def test_the_person_hears_the_greeting_answers_and_is_thanked() -> None:
    world = answered()
    world.channel.at(6, pbx.Key("1"))
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "play zh/ask", "stop agi-app-a1-p2", "play zh/thanks", "hangup"]
    assert (result.outcome, result.disposition, result.answers) == (Outcome.ANSWERED, "confirmed", {"answer": "yes"})
    assert result.ringing_at == NOW + dt.timedelta(seconds=1)
    assert result.answered_at == NOW + dt.timedelta(seconds=3)
    assert result.note is None


async def test_silence_is_asked_twice_and_then_the_call_ends_as_completed() -> None:
    world = answered()
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "play zh/ask", "play zh/ask", "hangup"]
    assert (result.outcome, result.disposition, result.answers) == (Outcome.ANSWERED, "completed", {})
    assert world.seconds == pytest.approx(3 + 2 + 2 * (2 + 5) + HANGUP_TAKES_S)


async def test_a_person_who_hangs_up_during_a_prompt_is_no_failed_prompt() -> None:
    """Asterisk reports the prompt of a caller who hangs up as failed, before the end of the channel."""
    world = answered()
    world.channel.at(4, pbx.FarEndEnded(None), pbx.PlaybackFinished("agi-app-a1-p1", failed=True), pbx.Left(), BYE)
    result = await world.run()
    assert (result.outcome, result.disposition, result.note) == (Outcome.ANSWERED, "hung_up", None)
    assert world.channel.log == ["play zh/greeting"]


async def test_a_missing_prompt_ends_the_call_instead_of_leaving_silence() -> None:
    world = answered()
    world.channel.broken_prompts = {"zh/ask"}
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "play zh/ask", "play zh/ask", "hangup"], "it is tried once more"
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "prompt_failed")
    assert "could not be played" in (result.note or "")


async def test_a_prompt_that_fails_once_is_heard_from_its_beginning() -> None:
    """As when the far end changes its codec in the middle of it: the call goes on."""
    world = answered()
    world.channel.broken_prompts = {"zh/ask"}
    world.channel.broken_once = True
    world.channel.at(9.0, BYE)
    result = await world.run()
    assert world.channel.log.count("play zh/ask") >= 2
    assert result.disposition != "prompt_failed"


async def test_a_prompt_that_asterisk_refuses_ends_the_call_and_says_which() -> None:
    world = answered()
    world.channel.fail_with["play"] = RequestFailed("play", 400, "bad media")
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "hangup"]
    assert result.disposition == "prompt_failed"
    assert "zh/greeting" in (result.note or "")


async def test_a_prompt_for_a_channel_that_is_gone_just_waits_for_the_end() -> None:
    world = answered()
    world.channel.fail_with["play"] = RequestFailed("play", 404, "Channel not found")
    world.channel.at(3.2, BYE)
    result = await world.run()
    assert (result.disposition, result.note) == ("hung_up", None)


SAYS = load_flow(
    """\
flow: balance
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: greeting
nodes:
  greeting:
    - say: {text: {en: Sunshine Dental calls Mr Smith.}}
    - set: {left: 3}
    - say: {value: left, as: digits}
    - hangup
""",
    "balance.yaml",
)


async def test_a_say_plays_its_parts_one_after_another_as_one_prompt() -> None:
    world = World(SAYS)
    world.channel.at(3, pbx.Started())
    result = await world.run()
    assert world.channel.log == ["play en/Sunshine Dental calls Mr Smith.", "play en/three", "hangup"]
    assert result.disposition == "completed"


async def test_what_cannot_be_said_during_a_call_ends_it_instead_of_leaving_silence() -> None:
    world = World(SAYS)
    world.voice_error = ConfigError("num/3 is missing")
    world.channel.at(3, pbx.Started())
    result = await world.run()
    assert world.channel.log == ["hangup"]
    assert result.disposition == "prompt_failed"
    assert "num/3 is missing" in (result.note or "")


# ---- transfer

DESK = load_flow(
    """\
flow: desk
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {to: front-desk, timeout: 20s, whisper: customer}
      on: {done: bye, failed: nobody}
  nobody:
    - play: nobody
    - hangup
  bye:
    - play: bye
    - hangup
""",
    "desk.yaml",
)
RINGS_THERE = "transfer to front-desk for 20 s"


def desk() -> World:
    world = World(DESK)
    world.channel.at(3, pbx.Started())
    return world


async def told(result: str) -> str:
    return result


@pytest.mark.parametrize(("result", "prompt"), [("done", "en/bye"), ("busy", "en/nobody"), ("failed", "en/nobody")])
async def test_after_a_transfer_the_flow_goes_on_whatever_came_of_it(result: str, prompt: str) -> None:
    world = desk()
    world.agent = lambda: told(result)  # type: ignore[method-assign]
    await world.run()
    assert world.channel.log == ["play en/greeting", RINGS_THERE, f"play {prompt}", "hangup"]
    (order,) = world.orders
    assert (order.channel_id, order.attempt_id, order.caller_id) == ("agi-app-a1", CLAIM.attempt_id, CLAIM.caller_id)
    assert (order.whisper, order.max_s) == ("en/customer", MAX_S)


async def test_the_opt_out_key_ends_a_transfer_and_is_stored_first() -> None:
    world = desk()
    world.channel.at(6, pbx.Key("9"))
    result = await world.run()
    assert world.stops == [(CLAIM.number, "key")]
    log = world.channel.log
    assert log.index("store") < log.index("play en/stopped")
    assert log.count("take back") == 1
    assert log.index("taken back") < log.index("play en/stopped"), "a prompt for who is still leaving is never heard"
    assert result.disposition == "opted_out"


@pytest.mark.parametrize("end", ["hangs up", "is too long", "is stopped"])
async def test_both_legs_end_together(end: str) -> None:
    """Nobody of ours goes on talking to a line that is dead, and no transfer outlives the longest call."""
    world = desk()
    if end == "hangs up":
        world.channel.at(8, BYE)
    if end == "is stopped":
        world.channel.at(8, pbx.Interrupt("the consent was withdrawn", True))
    result = await world.run()
    assert world.channel.log[-2:] == ["take back", "taken back"]
    assert result.outcome is Outcome.ANSWERED


async def test_a_fault_in_a_transfer_is_raised_as_it_is() -> None:
    """The originator notes it and hangs up."""
    world = desk()

    async def breaks() -> str:
        raise ZeroDivisionError("ours")

    world.agent = breaks  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await world.run()


# ---- opt-out


async def test_the_opt_out_key_during_the_greeting_stores_the_stop_confirms_and_hangs_up() -> None:
    world = answered()
    world.channel.at(3.5, pbx.Key("9"))
    result = await world.run()
    assert world.stops == [(CLAIM.number, "key")]
    assert world.channel.log == [
        "play zh/greeting", "store", "stop agi-app-a1-p1", "play zh/stopped", "hangup",
    ]  # fmt: skip
    assert result.disposition == "opted_out"


@pytest.mark.parametrize("second", [3.0, 4.9, 5.5, 8.0, 11.9])
async def test_the_opt_out_key_works_at_any_moment_of_the_call(second: float) -> None:
    world = answered()
    world.channel.at(second, pbx.Key("9"))
    result = await world.run()
    assert world.stops == [(CLAIM.number, "key")]
    assert result.disposition == "opted_out"
    assert world.channel.log.index("store") < world.channel.log.index("play zh/stopped")


async def test_the_key_pressed_again_and_again_is_one_stop() -> None:
    world = answered()
    world.channel.at(3.5, *[pbx.Key("9")] * 5).at(4, pbx.Key("1"))
    await world.run()
    assert len(world.stops) == 1


async def test_ones_own_stop_does_not_cut_off_its_confirmation() -> None:
    world = answered()
    world.stop_comes_back = True
    world.channel.at(3.5, pbx.Key("9"))
    result = await world.run()
    assert world.channel.log[-2:] == ["play zh/stopped", "hangup"]
    assert world.seconds == pytest.approx(3.5 + 2 + HANGUP_TAKES_S)  # heard to its end
    assert result.disposition == "opted_out"


async def test_a_stop_that_cannot_be_stored_hangs_up_without_a_false_confirmation_and_says_so() -> None:
    world = answered()
    world.store_error = SafetyError("no space left")
    world.channel.at(3.5, pbx.Key("9"))
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "store", "hangup"]
    assert result.disposition == "opted_out"
    assert "could not be stored: no space left" in (result.note or "")


async def test_a_slow_asterisk_does_not_delay_the_storing_of_a_stop() -> None:
    world = answered()
    world.channel.fail_with["stop"] = RequestFailed("stop", 0, "no answer")
    world.channel.at(3.5, pbx.Key("9"))
    await world.run()
    assert world.channel.log.index("store") < world.channel.log.index("stop agi-app-a1-p1")


async def test_who_hangs_up_right_after_the_key_has_still_said_stop() -> None:
    world = answered()
    world.channel.at(3.5, pbx.Key("9"), pbx.FarEndEnded(None), BYE)
    result = await world.run()
    assert world.stops
    assert result.disposition == "opted_out"


async def test_a_confirmation_that_cannot_be_played_does_not_undo_the_stop() -> None:
    world = answered()
    world.channel.broken_prompts = {"zh/stopped"}
    world.channel.at(3.5, pbx.Key("9"))
    result = await world.run()
    assert world.stops
    assert result.disposition == "opted_out"
    assert world.channel.log[-1] == "hangup"


# ---- stops from outside


async def test_a_stop_before_the_channel_exists_rings_nobody_longer_than_it_must() -> None:
    world = answered()
    world.call.stop("the person said stop", even_if_up=True)
    assert world.call.stopped is not None
    result = await world.run()
    assert world.channel.log == ["hangup"]
    assert result.outcome is Outcome.CANCELLED
    assert world.seconds == pytest.approx(HANGUP_TAKES_S)


async def test_a_stop_while_it_rings_cancels_at_once() -> None:
    world = World()
    world.channel.at(1, pbx.Ringing()).at(2, pbx.Interrupt("campaign stopped", even_if_up=False))
    result = await world.run()
    assert (result.outcome, result.note, counts(result)) == (Outcome.CANCELLED, "campaign stopped", True)
    assert world.seconds == pytest.approx(2 + HANGUP_TAKES_S)


async def test_an_answer_that_crosses_the_stop_is_not_talked_to() -> None:
    world = World()
    world.channel.at(1, pbx.Ringing()).at(2, pbx.Interrupt("said stop", even_if_up=True)).at(2.05, pbx.Started())
    result = await world.run()
    assert world.channel.log == ["hangup"]
    assert result.outcome is Outcome.ABANDONED


async def test_a_persons_stop_ends_a_running_call_and_a_campaigns_stop_does_not() -> None:
    world = answered()
    world.channel.at(4, pbx.Interrupt("said stop", even_if_up=True))
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "hangup"]
    assert (result.outcome, result.note) == (Outcome.ANSWERED, "said stop")
    world = answered()
    world.channel.at(4, pbx.Interrupt("campaign stopped", even_if_up=False))
    assert (await world.run()).disposition == "completed"


async def test_a_call_that_somebody_ends_is_over_with_who_and_why() -> None:
    world = answered()
    world.channel.at(4, pbx.Interrupt("ended by li.na: the wrong list", even_if_up=True, by_hand=True))
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "hangup"]
    assert (result.outcome, result.disposition, result.by_hand) == (Outcome.ANSWERED, "cut_off", True)
    assert result.note == "ended by li.na: the wrong list"


# ---- deadlines


async def test_a_dead_trunk_ends_at_the_ring_deadline_as_trunk_silent() -> None:
    world = World()
    result = await world.run()
    assert world.channel.log == ["hangup"]
    assert (result.outcome, counts(result)) == (Outcome.TRUNK_SILENT, False)
    assert world.seconds == pytest.approx(RING_S + RING_GRACE_S + HANGUP_TAKES_S)


async def test_a_phone_that_rings_out_is_no_answer() -> None:
    world = World()
    world.channel.at(1, pbx.Ringing()).at(30, pbx.Destroyed(19, 480))
    result = await world.run()
    assert (result.outcome, result.disposition, world.channel.log) == (Outcome.NO_ANSWER, None, [])


async def test_a_call_never_lasts_longer_than_its_limit() -> None:
    world = answered(prompt_s=1000.0)
    result = await world.run()
    assert world.seconds == pytest.approx(3 + MAX_S + CALL_GRACE_S + HANGUP_TAKES_S)
    assert world.channel.log[-1] == "hangup"
    assert result.outcome is Outcome.ANSWERED
    assert "too long" in (result.note or "")


async def test_a_hangup_that_nobody_confirms_does_not_hold_the_slot_for_ever() -> None:
    world = World()
    world.channel.hangup_confirmed = False
    result = await world.run()
    assert world.seconds == pytest.approx(RING_S + RING_GRACE_S + HANGUP_WAIT_S)
    assert (result.outcome, counts(result)) == (Outcome.INTERRUPTED, True)


async def test_stops_that_keep_coming_do_not_put_off_the_end() -> None:
    world = World()
    world.channel.hangup_confirmed = False
    for second in range(2, 40):
        world.channel.at(second, pbx.Interrupt("said stop", even_if_up=True))
    await world.run()
    assert world.channel.log == ["hangup"]
    assert world.seconds == pytest.approx(2 + HANGUP_WAIT_S)


async def test_a_hangup_request_that_fails_still_waits_for_the_channels_end() -> None:
    world = World()
    world.channel.fail_with["hangup"] = RequestFailed("hangup", 0, "no connection")
    world.channel.at(36, pbx.Destroyed(16, 487))
    assert (await world.run()).outcome is Outcome.TRUNK_SILENT


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (pbx.Failed(500, "Allocation failed"), Outcome.FAILED),
        (pbx.Lost("no connection"), Outcome.INTERRUPTED),
        (pbx.Destroyed(17, 486), Outcome.BUSY),
    ],
)
async def test_a_call_that_never_started_has_its_outcome_and_no_disposition(end: pbx.Event, outcome: Outcome) -> None:
    world = World()
    world.channel.at(0, end)
    result = await world.run()
    assert (result.outcome, result.disposition, result.answers) == (outcome, None, {})
    assert world.channel.log == []


async def test_a_lost_connection_in_the_middle_keeps_what_was_answered() -> None:
    world = answered()
    world.channel.at(7.5, pbx.Key("1")).at(8, pbx.Lost("no connection"))
    result = await world.run()
    assert (result.outcome, result.answers) == (Outcome.INTERRUPTED, {"answer": "yes"})
    assert result.answered_at is not None


async def test_events_without_meaning_and_late_ones_change_nothing() -> None:
    world = answered()
    world.channel.at(0.5, pbx.Key("1"), pbx.PlaybackFinished("agi-app-a1-p1"), pbx.Left())
    world.channel.at(3.5, pbx.Ringing(), pbx.Started(), pbx.PlaybackFinished("other-p1", failed=True))
    result = await world.run()
    assert result.disposition == "completed"
    assert world.channel.log.count("play zh/greeting") == 1


async def test_whoever_hangs_up_with_9_still_down_has_said_stop() -> None:
    world = answered()
    world.channel.at(4, pbx.KeyBegan("9")).at(4.1, pbx.FarEndEnded(None), BYE)
    result = await world.run()
    assert (world.stops, result.disposition) == ([(CLAIM.number, "key")], "opted_out")


async def test_the_start_and_the_end_of_a_9_are_one_stop() -> None:
    world = answered()
    world.channel.at(4, pbx.KeyBegan("9")).at(4.1, pbx.Key("9"))
    result = await world.run()
    assert (len(world.stops), result.disposition) == (1, "opted_out")


@pytest.mark.parametrize("key", [pbx.KeyBegan("9"), pbx.Key("9")])
async def test_a_9_in_early_media_is_stored_and_ends_the_ringing(key: pbx.Event) -> None:
    world = World()
    world.channel.at(1, pbx.Progress()).at(2, key)
    result = await world.run()
    assert (world.stops, world.channel.log) == ([(CLAIM.number, "key")], ["store", "hangup"])
    assert (result.outcome, result.disposition) == (Outcome.CANCELLED, "opted_out")


async def test_a_9_between_the_end_of_the_flow_and_the_hangup_is_stored() -> None:
    world = answered()
    world.channel.hangup_confirmed = False
    world.channel.at(7, pbx.Key("1")).at(9.5, pbx.KeyBegan("9")).at(9.6, BYE)
    result = await world.run()
    assert world.channel.log[-2:] == ["hangup", "store"]
    assert (len(world.stops), result.disposition) == (1, "opted_out")


async def test_a_9_that_is_heard_of_after_the_end_is_stored_once_and_other_keys_are_not() -> None:
    world = answered()
    world.channel.at(4, pbx.FarEndEnded(None), BYE)
    await world.run()
    for key in "1*99":
        await world.call.late_key(key)
    assert world.stops == [(CLAIM.number, "key")]


async def test_a_prompt_that_asterisk_takes_and_never_plays_ends_the_call() -> None:
    """The person would sit in silence until the longest call time."""
    world = answered()
    world.channel.unheard.add("zh/ask")
    result = await world.run()
    assert world.channel.log == ["play zh/greeting", "play zh/ask", "hangup"]
    assert world.seconds == pytest.approx(3 + 2 + 1 + HANGUP_TAKES_S)
    assert (result.disposition, result.note) == (
        "prompt_failed",
        "a prompt did not begin: the person would have sat in silence",
    )


@pytest.mark.parametrize(
    ("event", "disposition"),
    [(pbx.Interrupt("another node took this attempt over", True), "cut_off"), (pbx.FarEndEnded(None), "hung_up")],
)
async def test_only_who_hung_up_is_said_to_have(event: pbx.Event, disposition: str) -> None:
    world = answered()
    world.channel.at(4, event)
    if disposition == "hung_up":
        world.channel.at(4.1, BYE)
    assert (await world.run()).disposition == disposition


@pytest.mark.parametrize("by", ["our deadline", "Asterisk's"])
async def test_a_call_that_its_longest_time_ends_was_not_hung_up(by: str) -> None:
    world = answered(prompt_s=MAX_S * 2)
    if by == "Asterisk's":
        world.channel.at(3 + MAX_S, BYE)
    assert (await world.run()).disposition == "cut_off"


# ---- nothing comes through


async def test_an_answer_without_a_single_packet_ends_after_5_s_as_no_media() -> None:
    world = answered(prompt_s=60.0)
    world.channel.heard = lambda _: Received()
    result = await world.run()
    assert (result.outcome, result.disposition, counts(result)) == (Outcome.NO_MEDIA, None, True)
    assert world.channel.log == ["play zh/greeting", "hangup"]
    assert result.ended_at is not None
    assert result.answered_at is not None
    assert (result.ended_at - result.answered_at).total_seconds() == pytest.approx(5.0 + HANGUP_TAKES_S)
    assert world.sounds == 0


@pytest.mark.parametrize("received", [Received(rxcount=1), Received(rxmes=88.0), Received(txploss=3.0), None])
async def test_a_packet_a_report_or_no_way_to_tell_lets_the_call_go_on(received: Received | None) -> None:
    world = answered()
    world.channel.heard = lambda _: received
    result = await world.run()
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "completed")
    assert world.sounds == (0 if received is None else 1)


async def test_audio_from_before_the_answer_is_no_sign_of_life_after_it() -> None:
    """A carrier's ringing tone, and then nothing."""
    world = World(prompt_s=60.0)
    world.channel.at(1, pbx.Progress()).at(3, pbx.Started())
    world.channel.heard = lambda _: Received(rxcount=100, remote_ssrc=7)
    assert (await world.run()).outcome is Outcome.NO_MEDIA
    going_on = World()
    going_on.channel.at(1, pbx.Progress()).at(3, pbx.Started())
    assert (await going_on.run()).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("sign", [pbx.Key("1"), pbx.TalkingStarted()])
async def test_a_key_or_speech_is_life_even_if_no_packet_is_counted(sign: pbx.Event) -> None:
    world = answered()
    world.channel.heard = lambda _: Received()
    world.channel.at(6, sign)
    assert (await world.run()).outcome is Outcome.ANSWERED
    assert world.sounds == 1


async def test_who_hangs_up_within_5_s_of_silence_has_hung_up() -> None:
    world = answered(prompt_s=60.0)
    world.channel.heard = lambda _: Received()
    world.channel.at(5, pbx.FarEndEnded(None, 16), BYE)
    result = await world.run()
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "hung_up")


# ---- Asterisk goes away


async def test_an_asterisk_that_is_stopped_in_mid_call_interrupts_it_and_blames_no_prompt() -> None:
    """As 22.10 tells it: the request of its shutdown, a prompt that failed, and a channel without a cause."""
    world = answered(prompt_s=60.0)
    prompt = pbx.PlaybackFinished("agi-app-a1-p1", failed=True)
    world.channel.at(4, pbx.PbxStopping(), prompt, pbx.Left(), pbx.Destroyed(0, None))
    result = await world.run()
    assert (result.outcome, result.disposition) == (Outcome.INTERRUPTED, None)
    assert "stopped" in (result.note or "")


async def test_an_asterisk_that_does_not_answer_has_failed_no_prompt() -> None:
    world = answered()
    world.channel.fail_with["play"] = RequestFailed("POST channels/x/play", 0, "no connection")
    world.channel.hangup_confirmed = False
    result = await world.run()
    assert (result.outcome, result.disposition) == (Outcome.INTERRUPTED, None)


async def test_a_prompt_that_asterisk_refuses_is_our_fault_and_no_result_of_the_person() -> None:
    world = answered()
    world.channel.broken_prompts.add("zh/greeting")
    result = await world.run()
    assert (result.outcome, result.disposition, result.fault) == (Outcome.ANSWERED, "prompt_failed", Fault.OURS)
