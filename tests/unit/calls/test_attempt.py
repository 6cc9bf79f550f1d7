"""The life of an attempt: whatever happens in whatever order, it ends once, and honestly."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agi_app.calls.attempt import (
    AmdFinished,
    Answered,
    AnsweredBy,
    Attempt,
    AttemptState,
    AwaitGreeting,
    ChannelDestroyed,
    Command,
    Deadline,
    Detect,
    Event,
    FarEndSpoke,
    Finish,
    FlowEnded,
    GiveBack,
    Gone,
    GreetingEnded,
    HangUp,
    Keyed,
    LeaveMessage,
    Marked,
    MetNobody,
    OriginateRefused,
    Orphaned,
    Progressed,
    Rang,
    StartFlow,
    Stopped,
    step,
)
from agi_app.model.call import CallResult, Outcome
from agi_app.model.counted_calls import counts
from agi_app.model.machine_detection import MachineAction

START = dt.datetime(2026, 3, 4, 2, 0, tzinfo=dt.UTC)
REVOKED, CAMPAIGN_STOP = Stopped("the person said stop", even_if_up=True), Stopped("stopped", even_if_up=False)
BYE, BUSY = ChannelDestroyed(16, 0), ChannelDestroyed(17, 486)


@dataclass
class Life:
    """One attempt and everything it asked for."""

    attempt: Attempt = field(default_factory=Attempt)
    commands: list[Command] = field(default_factory=list)
    seconds: float = 0.0

    def see(self, *events: Event, after: float = 1.0) -> Life:
        for event in events:
            self.seconds += after
            self.attempt, new = step(self.attempt, event, START + dt.timedelta(seconds=self.seconds))
            self.commands += new
        return self

    def of(self, kind: type[Command]) -> list[Command]:
        return [c for c in self.commands if isinstance(c, kind)]

    @property
    def result(self) -> CallResult:
        (finish,) = self.of(Finish)
        assert isinstance(finish, Finish)
        return finish.result


def test_an_answered_call_runs_its_flow_and_ends_answered() -> None:
    life = Life().see(Marked(), Rang(), Answered(), FlowEnded(), BYE)
    assert [type(c) for c in life.commands] == [StartFlow, HangUp, Finish]
    assert life.result.outcome is Outcome.ANSWERED
    assert life.result.ringing_at == START + dt.timedelta(seconds=2)
    assert life.result.answered_at == START + dt.timedelta(seconds=3)
    assert life.result.ended_at == START + dt.timedelta(seconds=5)
    assert (life.result.cause, life.result.tech_cause, life.result.note) == (16, 0, None)


@pytest.mark.parametrize(
    ("cause", "status", "outcome"),
    [
        (17, 486, "busy"),
        (17, 600, "busy"),
        (21, 603, "rejected"),
        (21, 403, "failed"),
        (1, 404, "invalid_number"),
        (1, 604, "invalid_number"),
        (22, 410, "invalid_number"),
        (28, 484, "invalid_number"),
        (34, 503, "congestion"),
        (38, 500, "congestion"),
        (58, 488, "failed"),
        (27, 502, "congestion"),
        (21, 401, "failed"),
        (17, None, "busy"),
        (34, None, "congestion"),
    ],
)
def test_each_sip_answer_has_its_outcome(cause: int, status: int | None, outcome: str) -> None:
    assert Life().see(Marked(), ChannelDestroyed(cause, status)).result.outcome == outcome


@pytest.mark.parametrize("alive", [Rang(), Progressed(), FarEndSpoke()])
@pytest.mark.parametrize(("cause", "status"), [(19, 480), (18, 408), (16, 487), (19, None)])
def test_an_end_without_answer_is_no_answer_only_after_a_sign_of_life(
    alive: Event, cause: int, status: int | None
) -> None:
    end = ChannelDestroyed(cause, status)
    assert Life().see(Marked(), alive, end, after=20).result.outcome is Outcome.NO_ANSWER
    silent = Life().see(Marked()).see(end, after=30)
    assert silent.result.outcome is Outcome.TRUNK_SILENT
    assert not counts(silent.result)


@pytest.mark.parametrize("before", [[], [Rang()]])
def test_a_call_that_ended_because_asterisk_was_stopped_is_interrupted_and_counts(before: list[Event]) -> None:
    result = Life().see(Marked(), *before).see(ChannelDestroyed(0, None)).result
    assert result.outcome is Outcome.INTERRUPTED
    assert counts(result)


def test_the_sweep_gives_back_what_was_surely_not_dialled_and_counts_all_else() -> None:
    _, commands = step(Attempt(), Orphaned(), START)
    assert [type(c) for c in commands] == [GiveBack]
    result = Life().see(Marked(), Orphaned()).result
    assert result.outcome is Outcome.INTERRUPTED
    assert counts(result)


@pytest.mark.parametrize("life", [Rang(), Progressed()])
def test_ringing_and_early_audio_count_against_the_cap_whatever_follows(life: Event) -> None:
    for end in (BUSY, ChannelDestroyed(34, 503), ChannelDestroyed(1, 404), Gone()):
        assert counts(Life().see(Marked(), life, end).result)
    assert counts(Life().see(Marked(), life, CAMPAIGN_STOP, ChannelDestroyed(16, 487)).result)


def test_an_unreachable_network_does_not_use_up_the_persons_cap() -> None:
    for end in (ChannelDestroyed(34, 503), ChannelDestroyed(1, 404), OriginateRefused("no such endpoint")):
        assert not counts(Life().see(Marked(), end).result)


def test_a_busy_or_declined_call_counts_without_ringing() -> None:
    for end in (BUSY, ChannelDestroyed(21, 603)):
        assert counts(Life().see(Marked(), end).result)
    assert counts(Life().see(Marked(), FarEndSpoke(), ChannelDestroyed(19, 480)).result)


def test_a_call_that_asterisk_refused_failed_and_dialled_nobody() -> None:
    life = Life().see(Marked(), OriginateRefused("no such endpoint"))
    assert life.result.outcome is Outcome.FAILED
    assert life.result.note == "no such endpoint"
    assert not life.of(HangUp)


def test_a_refused_request_whose_phone_rings_all_the_same_is_hung_up_and_counts() -> None:
    life = Life().see(Marked(), Rang(), OriginateRefused("timeout inside Asterisk"))
    assert [type(c) for c in life.commands] == [HangUp, Finish]
    assert life.result.outcome is Outcome.INTERRUPTED
    assert counts(life.result)


# ---- stops


def test_a_stop_before_the_mark_cancels_and_dials_nobody() -> None:
    life = Life().see(REVOKED)
    assert life.result.outcome is Outcome.CANCELLED
    assert not life.of(HangUp)


@pytest.mark.parametrize("stop", [REVOKED, CAMPAIGN_STOP])
@pytest.mark.parametrize("before", [(), (Rang(),), (Progressed(),)])
def test_a_stop_hangs_up_what_does_not_talk_yet(stop: Stopped, before: tuple[Event, ...]) -> None:
    life = Life().see(Marked(), *before, stop)
    assert life.commands == [HangUp(stop.reason)]
    life.see(ChannelDestroyed(16, 487))
    assert life.result.outcome is Outcome.CANCELLED
    assert life.result.note == stop.reason


def test_a_persons_stop_ends_a_running_call_and_a_campaigns_stop_lets_it_finish() -> None:
    assert Life().see(Marked(), Answered(), REVOKED).of(HangUp)
    life = Life().see(Marked(), Answered(), CAMPAIGN_STOP)
    assert not life.of(HangUp)
    assert life.see(FlowEnded(), BYE).result.outcome is Outcome.ANSWERED


def test_someone_who_answers_while_we_hang_up_hears_no_flow_and_is_counted_as_abandoned() -> None:
    life = Life().see(Marked(), REVOKED, Answered(), BYE)
    assert not life.of(StartFlow)
    assert life.result.outcome is Outcome.ABANDONED
    assert life.result.answered_at is not None
    assert counts(life.result)


def test_a_second_stop_does_not_put_the_end_off() -> None:
    assert len(Life().see(Marked(), REVOKED, REVOKED, CAMPAIGN_STOP, REVOKED).of(HangUp)) == 1


def test_a_stop_after_a_deadline_does_not_rewrite_why_the_call_ended() -> None:
    life = Life().see(Marked(), Rang(), Deadline("ringing"), REVOKED, ChannelDestroyed(16, 487))
    assert life.result.outcome is Outcome.NO_ANSWER
    assert life.result.note == "waited too long for ringing"


# ---- deadlines and lost contact


def test_a_hangup_that_is_never_confirmed_is_given_up_after_one_more_deadline() -> None:
    life = Life().see(Marked(), Deadline("ringing"))
    assert life.commands == [HangUp("waited too long for ringing")]
    life.see(Deadline("the hangup"))
    assert life.result.outcome is Outcome.INTERRUPTED
    assert counts(life.result)


def test_an_answered_call_stays_answered_when_its_hangup_is_never_confirmed() -> None:
    life = Life().see(Marked(), Answered(), FlowEnded(), Deadline("the hangup"))
    assert life.result.note == "gave up waiting for the hangup"
    assert life.result.outcome is Outcome.ANSWERED
    assert life.result.cause is None


def test_an_asterisk_that_neither_ends_a_call_in_time_nor_confirms_our_hangup_has_gone() -> None:
    life = Life().see(Marked(), Answered(), Deadline("the call to end"), Deadline("the hangup"))
    assert life.result.outcome is Outcome.INTERRUPTED


def test_a_channel_that_vanished_while_contact_was_lost_counts_as_dialled() -> None:
    assert Life().see(Marked(), Gone()).result.outcome is Outcome.INTERRUPTED
    assert counts(Life().see(Marked(), Gone()).result)


# ---- a person or a machine

HANG_UP, LEAVE, TREAT = MachineAction
PERSON, MACHINE, NOT_SURE = (AmdFinished(verdict) for verdict in AnsweredBy)
SILENT, TALKS_ON = GreetingEnded(silent=True), GreetingEnded(silent=False)


@pytest.mark.parametrize(
    ("action", "events", "commands", "outcome"),
    [
        (HANG_UP, [PERSON, FlowEnded()], [Detect, StartFlow, HangUp], "human"),
        (HANG_UP, [NOT_SURE, FlowEnded()], [Detect, StartFlow, HangUp], "answered"),
        (HANG_UP, [NOT_SURE, Keyed(), FlowEnded()], [Detect, StartFlow, HangUp], "human"),
        (HANG_UP, [MACHINE], [Detect, HangUp], "machine"),
        (HANG_UP, [Keyed(), MACHINE, FlowEnded()], [Detect, StartFlow, HangUp], "human"),
        (TREAT, [MACHINE, FlowEnded()], [Detect, StartFlow, HangUp], "machine"),
        (TREAT, [MACHINE, Keyed(), FlowEnded()], [Detect, StartFlow, HangUp], "human"),
        (TREAT, [MACHINE, MetNobody(), FlowEnded()], [Detect, StartFlow, HangUp], "machine"),
        (TREAT, [PERSON, MetNobody(), FlowEnded()], [Detect, StartFlow, HangUp], "abandoned"),
        (LEAVE, [MACHINE, SILENT, FlowEnded()], [Detect, AwaitGreeting, LeaveMessage, HangUp], "machine"),
        (LEAVE, [MACHINE, TALKS_ON], [Detect, AwaitGreeting, HangUp], "machine"),
        (LEAVE, [MACHINE, Keyed(), SILENT], [Detect, AwaitGreeting, StartFlow], "human"),
        (LEAVE, [MACHINE, Deadline("the end of a greeting")], [Detect, AwaitGreeting, HangUp], "machine"),
        (LEAVE, [MACHINE, CAMPAIGN_STOP, SILENT], [Detect, AwaitGreeting, LeaveMessage], "machine"),
        (LEAVE, [MACHINE, REVOKED, SILENT], [Detect, AwaitGreeting, HangUp], "machine"),
        (HANG_UP, [REVOKED, PERSON], [Detect, HangUp], "answered"),
        (HANG_UP, [], [Detect], "answered"),  # hung up meanwhile
        (HANG_UP, [Deadline("machine detection")], [Detect, HangUp], "abandoned"),
    ],
)
def test_who_has_answered_decides_what_is_heard_and_what_the_call_is(
    action: MachineAction, events: list[Event], commands: list[type[Command]], outcome: str
) -> None:
    """Not sure is a person; a key proves a person; what never came back is an answered call in which nobody spoke."""
    life = Life(Attempt(on_machine=action)).see(Marked(), Rang(), Answered(), *events, BYE)
    assert [type(c) for c in life.commands] == [*commands, Finish]
    assert life.result.outcome == outcome
    assert counts(life.result)


def test_without_detection_no_verdict_and_no_key_changes_what_a_call_is() -> None:
    life = Life().see(Marked(), Rang(), Answered(), MACHINE, Keyed(), SILENT, FlowEnded(), BYE)
    assert [type(c) for c in life.commands] == [StartFlow, HangUp, Finish]
    assert life.result.outcome is Outcome.ANSWERED


# ---- any order

EVENTS: list[Event] = [
    PERSON,
    MACHINE,
    NOT_SURE,
    SILENT,
    TALKS_ON,
    Keyed(),
    Marked(),
    OriginateRefused("refused"),
    Progressed(),
    Rang(),
    FarEndSpoke(),
    Answered(),
    FlowEnded(),
    REVOKED,
    CAMPAIGN_STOP,
    Deadline("ringing"),
    BYE,
    BUSY,
    ChannelDestroyed(19, None),
    ChannelDestroyed(16, 487),
    Gone(),
    Orphaned(),
]


class AnyOrder(RuleBasedStateMachine):
    """Every event at any time, also such as Asterisk would never send."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.seen: list[Event] = []

    @initialize(marked=st.booleans(), on_machine=st.sampled_from([None, *MachineAction]))
    def begin(self, marked: bool, on_machine: MachineAction | None) -> None:
        self.life.attempt = Attempt(on_machine=on_machine)
        if marked:
            self.happens(Marked())

    @rule(event=st.sampled_from(EVENTS))
    def happens(self, event: Event) -> None:
        before, done = self.life.attempt, len(self.life.commands)
        self.life.see(event)
        new = self.life.commands[done:]
        if before.state is AttemptState.ENDED:
            assert self.life.attempt == before, "ended is final"
            assert not new
        if isinstance(event, Stopped) and before.state in (AttemptState.DIALLING, AttemptState.RINGING):
            assert [type(c) for c in new] == [HangUp]
        if isinstance(event, Deadline) and before.state not in (
            AttemptState.CLAIMED,
            AttemptState.ENDING,
            AttemptState.ENDED,
        ):
            assert [type(c) for c in new] == [HangUp], "a hangup is asked for before an attempt is given up"
        self.seen.append(event)

    @invariant()
    def it_ends_at_most_once_and_runs_at_most_one_flow(self) -> None:
        life = self.life
        assert len(life.of(Finish)) + len(life.of(GiveBack)) == (life.attempt.state is AttemptState.ENDED)
        assert len(life.of(StartFlow)) + len(life.of(LeaveMessage)) <= 1
        assert len(life.of(Detect)) <= 1
        assert len(life.of(HangUp)) <= 1

    @invariant()
    def nobody_is_talked_to_before_the_mark_or_after_a_stop(self) -> None:
        order = [type(c) for c in self.life.commands]
        if StartFlow in order:
            assert Marked() in self.seen
            assert HangUp not in order[: order.index(StartFlow)]

    @invariant()
    def only_what_was_never_marked_is_given_back(self) -> None:
        if self.life.of(GiveBack):
            assert Marked() not in self.seen[: self.seen.index(Orphaned())]

    @invariant()
    def the_result_tells_what_the_person_noticed(self) -> None:
        if self.life.attempt.state is not AttemptState.ENDED or self.life.of(GiveBack):
            return
        result = self.life.result
        if result.answered_at is not None:
            answered = {Outcome.ANSWERED, Outcome.HUMAN, Outcome.MACHINE, Outcome.ABANDONED, Outcome.INTERRUPTED}
            assert result.outcome in answered
        if result.ringing_at is not None or result.answered_at is not None:
            assert counts(result)
        if result.outcome is Outcome.ANSWERED:
            assert self.life.of(StartFlow) or self.life.of(Detect)
        if result.outcome is Outcome.MACHINE:
            assert MACHINE in self.seen
        if self.life.of(LeaveMessage):
            assert MACHINE in self.seen
            assert SILENT in self.seen

    @invariant()
    def it_can_always_be_brought_to_an_end(self) -> None:
        copy = Life(self.life.attempt)
        copy.see(Deadline("x"), Deadline("x"))
        assert copy.attempt.state is AttemptState.ENDED


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=10, deadline=None)
TestAnyOrder = AnyOrder.TestCase
