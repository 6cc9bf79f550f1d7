"""The life of one attempt as a pure state machine: events in, a new state and commands out.

    claimed ──Marked──▶ dialling ──Rang──▶ ringing ──Answered──▶ up ──▶ ended
                           └───────────────Answered──────────────▲
    any open state ──Stopped/Deadline──▶ ending ──Destroyed──▶ ended

    with machine detection, instead of up:
    Answered ──▶ detecting ──Judged, a person or not sure──▶ up
                     └───────Judged, a machine──▶ ending | up | awaiting ──GreetingEnded──▶ up

Who presses a key is a person, whatever was judged. While ``ending``, what the network still does is noted (it may
count against the person's cap), but a flow never starts. Everything that decides what an attempt *is* lives in this
file, what the network's last word means in ``sip_and_q850_outcomes.py``. ``ended`` is final; whatever comes later
changes nothing.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from agi_app.calls.sip_and_q850_outcomes import REDIRECTED, Told, told
from agi_app.messages import t, template
from agi_app.model.call import CallResult, Outcome
from agi_app.model.machine_detection import MachineAction


class AttemptState(StrEnum):
    """Where an attempt stands; the store knows claimed, dialling and ended, the rest lives in one process."""

    CLAIMED = "claimed"
    DIALLING = "dialling"
    RINGING = "ringing"
    DETECTING = "detecting"  # answered; the dialplan finds out by whom
    AWAITING = "awaiting"  # a machine answered; the dialplan waits for the end of its greeting
    UP = "up"
    ENDING = "ending"  # we asked for the hangup and wait for Asterisk to confirm it
    ENDED = "ended"


# ---- events -----------------------------------------------------------------


class Marked(msgspec.Struct, frozen=True, gc=False):
    """The mark is committed: from here on the attempt counts as dialled."""


class OriginateRefused(msgspec.Struct, frozen=True, gc=False):
    """Asterisk refused the originate, so no INVITE left (bad endpoint, wrong argument)."""

    note: str


class Progressed(msgspec.Struct, frozen=True, gc=False):
    """Early audio (183): the person may hear it ring, so it counts as ringing."""


class Rang(msgspec.Struct, frozen=True, gc=False):
    """The phone rings (180)."""


class FarEndSpoke(msgspec.Struct, frozen=True, gc=False):
    """The far end sent a final answer: the trunk is alive, and a 480 is the person's, not our timeout's."""


class FarEndRedirected(msgspec.Struct, frozen=True, gc=False):
    """The far end named another number, which nobody dials; before Asterisk 22.9 nothing else reports a 3xx."""


class NoCommonMedia(msgspec.Struct, frozen=True, gc=False):
    """It was answered without any sound that we could exchange (no codec in common, port 0), and Asterisk ends it."""


class Mute(msgspec.Struct, frozen=True, gc=False):
    """Nothing at all has come from the far end for a while after the answer."""


class PbxStopped(msgspec.Struct, frozen=True, gc=False):
    """Asterisk is being stopped, or no longer answers: the call is cut."""

    note: str


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The call was answered and is in our hands."""


class AnsweredBy(StrEnum):
    """Who has answered, as far as the detection can tell."""

    PERSON = "person"
    MACHINE = "machine"
    NOT_SURE = "not_sure"


class AmdFinished(msgspec.Struct, frozen=True, gc=False):
    """The detection is over, and the call is in our hands again."""

    verdict: AnsweredBy


class GreetingEnded(msgspec.Struct, frozen=True, gc=False):
    """The machine is silent, or (not ``silent``) it never was in time; the call is in our hands again."""

    silent: bool


class Keyed(msgspec.Struct, frozen=True, gc=False):
    """A key was pressed."""


class MetNobody(msgspec.Struct, frozen=True, gc=False):
    """The call was made for an agent, and none was there in time."""


class FlowEnded(msgspec.Struct, frozen=True, gc=False):
    """The call flow came to its end and wants the call hung up."""


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The person said stop elsewhere, the consent was withdrawn, or the campaign was stopped."""

    reason: str
    even_if_up: bool  # a revocation ends an answered call too, a campaign stop lets it finish
    by_hand: bool = False  # our own staff ended this one call


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """A wait came to its end without the event it waited for."""

    waiting_for: str


class ChannelDestroyed(msgspec.Struct, frozen=True, gc=False):
    """The channel is gone; ``cause`` is Q.850, ``tech_cause`` the SIP status (0 after a normal BYE)."""

    cause: int
    tech_cause: int | None


class Gone(msgspec.Struct, frozen=True, gc=False):
    """Contact with Asterisk was lost and the channel no longer exists."""


class Orphaned(msgspec.Struct, frozen=True, gc=False):
    """Its worker is gone, and so is its channel, or nobody can tell (the sweep)."""


Event = (
    Marked
    | OriginateRefused
    | Progressed
    | Rang
    | FarEndSpoke
    | FarEndRedirected
    | NoCommonMedia
    | Mute
    | PbxStopped
    | Answered
    | AmdFinished
    | GreetingEnded
    | Keyed
    | MetNobody
    | FlowEnded
    | Stopped
    | Deadline
    | ChannelDestroyed
    | Gone
    | Orphaned
)

# ---- commands ---------------------------------------------------------------


class StartFlow(msgspec.Struct, frozen=True, gc=False):
    """The person is on the line: run the call flow."""


class Detect(msgspec.Struct, frozen=True, gc=False):
    """Find out whether a person or a machine has answered: ``AmdFinished``."""


class AwaitGreeting(msgspec.Struct, frozen=True, gc=False):
    """Wait until the machine is silent: ``GreetingEnded``."""


class LeaveMessage(msgspec.Struct, frozen=True, gc=False):
    """The machine records: play it the message."""


class HangUp(msgspec.Struct, frozen=True, gc=False):
    """End the channel, whatever it does now."""

    reason: str


class Finish(msgspec.Struct, frozen=True, gc=False):
    """The attempt is over: store this result (answers and disposition come from the flow)."""

    result: CallResult


class GiveBack(msgspec.Struct, frozen=True, gc=False):
    """Certainly nobody was dialled: the contact is due again as if nothing had been."""

    reason: str


Command = StartFlow | Detect | AwaitGreeting | LeaveMessage | HangUp | Finish | GiveBack

# ---- the machine --------------------------------------------------------------


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One attempt at one instant; ``step`` makes the next."""

    ring_time: dt.timedelta = dt.timedelta(seconds=30)  # after it Asterisk itself gives up, and calls that 480 too
    on_machine: MachineAction | None = None  # None: nobody looks who has answered
    state: AttemptState = AttemptState.CLAIMED
    dialled_at: dt.datetime | None = None
    trunk_alive: bool = False
    ringing_at: dt.datetime | None = None  # or early audio
    answered_at: dt.datetime | None = None
    redirected: bool = False
    mute: bool = False  # answered, and no sound came
    pbx_stopped: bool = False  # Asterisk went away while the call was on
    abandoned: bool = False  # answered, and nobody was there: no agent in time, or we ended it before a word was said
    verdict: AnsweredBy | None = None
    stopped: str | None = None
    by_hand: bool = False
    deadline: str | None = None

    @property
    def reached(self) -> bool:
        """The phone rang or was answered, so the trunk works."""
        return self.ringing_at is not None or self.answered_at is not None


Step = tuple[Attempt, tuple[Command, ...]]
ANSWERED = (AttemptState.DETECTING, AttemptState.AWAITING, AttemptState.UP)  # and not ending


def step(attempt: Attempt, event: Event, at: dt.datetime) -> Step:
    """What happens to the attempt when ``event`` happens at real time ``at``."""
    if attempt.state is AttemptState.ENDED:
        return attempt, ()
    match event:
        case Marked() if attempt.state is AttemptState.CLAIMED:
            return replace(attempt, state=AttemptState.DIALLING, dialled_at=at), ()
        case Progressed() | Rang() | FarEndSpoke() | FarEndRedirected() | NoCommonMedia() | Answered():
            return _signalled(attempt, event, at)
        case AmdFinished() | GreetingEnded() | Keyed() | MetNobody():
            return _judged(attempt, event)
        case FlowEnded() | Mute() | PbxStopped():
            return _over(attempt, event)
        case Stopped():
            return _stopped(attempt, event, at)
        case Deadline():
            return _deadline(attempt, event, at)
        case OriginateRefused():
            return _refused(attempt, event, at)
        case ChannelDestroyed():
            return _destroyed(attempt, event, at)
        case Orphaned():
            return _orphaned(attempt, at)
        case Gone():
            outcome = _unconfirmed(attempt) if attempt.state is AttemptState.ENDING else Outcome.INTERRUPTED
            note = attempt.deadline or t("the channel was gone when Asterisk was back")
            return _end(attempt, Told(outcome), at, note=note)
        case _:
            return attempt, ()


def _signalled(attempt: Attempt, event: Event, at: dt.datetime) -> Step:
    match event:
        case FarEndSpoke():
            return replace(attempt, trunk_alive=True), ()
        case FarEndRedirected():
            return replace(attempt, trunk_alive=True, redirected=True), ()
        case NoCommonMedia():
            return replace(attempt, trunk_alive=True, mute=attempt.answered_at is None), ()
        case _ if attempt.state is AttemptState.ENDING:
            return _noted_while_ending(attempt, event, at), ()
        case Answered() if attempt.state in (AttemptState.DIALLING, AttemptState.RINGING):
            if attempt.on_machine is not None:
                return replace(attempt, state=AttemptState.DETECTING, answered_at=at), (Detect(),)
            return replace(attempt, state=AttemptState.UP, answered_at=at), (StartFlow(),)
        case Progressed() | Rang() if attempt.state is AttemptState.DIALLING:
            return replace(attempt, state=AttemptState.RINGING, ringing_at=at), ()
        case _:
            return attempt, ()


def _over(attempt: Attempt, event: Event) -> Step:
    match event:
        case FlowEnded() if attempt.state in ANSWERED:
            return replace(attempt, state=AttemptState.ENDING), (HangUp(t("the flow ended")),)
        case Mute() if attempt.state in ANSWERED:
            return replace(attempt, state=AttemptState.ENDING, mute=True), (HangUp(t("no sound came")),)
        case PbxStopped(note) if attempt.state not in (AttemptState.CLAIMED, AttemptState.ENDING):
            return replace(attempt, state=AttemptState.ENDING, pbx_stopped=True, deadline=note), (HangUp(note),)
        case _:
            return attempt, ()


def _judged(attempt: Attempt, event: Event) -> Step:
    match event:
        case MetNobody() if attempt.state is AttemptState.UP:
            return replace(attempt, abandoned=True), ()
        case Keyed() if attempt.on_machine is not None and attempt.answered_at is not None:
            return replace(attempt, verdict=AnsweredBy.PERSON), ()
        case AmdFinished() if attempt.state is AttemptState.DETECTING:
            verdict = attempt.verdict or event.verdict
            attempt = replace(attempt, verdict=verdict)
            if verdict is not AnsweredBy.MACHINE or attempt.on_machine is MachineAction.TREAT_AS_PERSON:
                return replace(attempt, state=AttemptState.UP), (StartFlow(),)
            if attempt.on_machine is MachineAction.LEAVE_MESSAGE:
                return replace(attempt, state=AttemptState.AWAITING), (AwaitGreeting(),)
            return replace(attempt, state=AttemptState.ENDING), (HangUp(t("a machine answered")),)
        case GreetingEnded(silent) if attempt.state is AttemptState.AWAITING:
            if attempt.verdict is AnsweredBy.PERSON:  # keyed meanwhile: not to be recorded, but to be talked to
                return replace(attempt, state=AttemptState.UP), (StartFlow(),)
            if silent:
                return replace(attempt, state=AttemptState.UP), (LeaveMessage(),)
            why = t("no message was left: the machine did not fall silent in time")
            return replace(attempt, state=AttemptState.ENDING, deadline=why), (HangUp(why),)
        case _:
            return attempt, ()


def _noted_while_ending(attempt: Attempt, event: Event, at: dt.datetime) -> Attempt:
    if attempt.answered_at is not None:
        return attempt
    if isinstance(event, Answered):
        return replace(attempt, answered_at=at, abandoned=True)
    return replace(attempt, ringing_at=attempt.ringing_at or at)


def _refused(attempt: Attempt, event: OriginateRefused, at: dt.datetime) -> Step:
    if attempt.ringing_at is None and attempt.answered_at is None:
        outcome = Outcome.CANCELLED if attempt.stopped else Outcome.FAILED
        return _end(attempt, Told(outcome), at, note=attempt.stopped or event.note)
    # Refused, yet it rang: there is a channel, whatever the answer said.
    hang_up = () if attempt.state is AttemptState.ENDING else (HangUp(event.note),)
    ended, finish = _end(attempt, Told(_unconfirmed(attempt)), at, note=event.note)
    return ended, (*hang_up, *finish)


def _unconfirmed(attempt: Attempt) -> Outcome:
    """The outcome when Asterisk never said how it ended."""
    cut = attempt.answered_at is None or (attempt.deadline is not None and attempt.state is AttemptState.ENDING)
    return Outcome.INTERRUPTED if cut and not attempt.abandoned else _answered_by(attempt)


def _answered_by(attempt: Attempt) -> Outcome:
    if attempt.pbx_stopped:
        return Outcome.INTERRUPTED
    if attempt.mute:
        return Outcome.NO_MEDIA
    if attempt.abandoned and attempt.verdict is not AnsweredBy.MACHINE:  # a machine is not left waiting by anybody
        return Outcome.ABANDONED
    by = {AnsweredBy.PERSON: Outcome.HUMAN, AnsweredBy.MACHINE: Outcome.MACHINE}
    return Outcome.ANSWERED if attempt.verdict is None else by.get(attempt.verdict, Outcome.ANSWERED)


def _stopped(attempt: Attempt, event: Stopped, at: dt.datetime) -> Step:
    if attempt.state is AttemptState.CLAIMED:
        return _end(attempt, Told(Outcome.CANCELLED), at, note=event.reason)
    if attempt.state is AttemptState.ENDING or (attempt.state in ANSWERED and not event.even_if_up):
        return attempt, ()
    unspoken = attempt.abandoned or (event.by_hand and attempt.state is AttemptState.DETECTING)
    ending = replace(attempt, state=AttemptState.ENDING, stopped=event.reason)
    return replace(ending, by_hand=event.by_hand, abandoned=unspoken), (HangUp(event.reason),)


def _deadline(attempt: Attempt, event: Deadline, at: dt.datetime) -> Step:
    if attempt.state in (AttemptState.CLAIMED, AttemptState.ENDING):  # at the end not even the hangup was confirmed
        outcome = Outcome.CANCELLED if attempt.state is AttemptState.CLAIMED else _unconfirmed(attempt)
        return _end(
            attempt, Told(outcome), at, note=t("gave up waiting for {waiting_for}", waiting_for=event.waiting_for)
        )
    waited = t("waited too long for {waiting_for}", waiting_for=event.waiting_for)
    unspoken = attempt.state is AttemptState.DETECTING
    return replace(attempt, state=AttemptState.ENDING, deadline=waited, abandoned=unspoken), (HangUp(waited),)


def _orphaned(attempt: Attempt, at: dt.datetime) -> Step:
    """``dialling`` is durable before the request leaves: claimed was certainly not dialled, all else may have been."""
    if attempt.state is AttemptState.CLAIMED:
        return replace(attempt, state=AttemptState.ENDED), (
            GiveBack(template("its worker ended before it was dialled")),
        )
    return _end(attempt, Told(Outcome.INTERRUPTED), at, note=t("its worker ended while the call was on"))


def _destroyed(attempt: Attempt, event: ChannelDestroyed, at: dt.datetime) -> Step:
    if attempt.answered_at is not None and attempt.state is not AttemptState.ENDING:
        attempt = replace(attempt, mute=attempt.mute or _had_no_media(event, at - attempt.answered_at))
    elif (
        attempt.answered_at is None and attempt.mute
    ):  # no common media, and Asterisk ended it before it told of the answer
        told_twice = event.tech_cause is not None  # 20.16 and 22.6 tell of a 488 of the far end in the same way
        attempt = replace(attempt, answered_at=at) if told_twice else replace(attempt, mute=False)
    return _end(attempt, _told(attempt, event, at), at, note=attempt.stopped or attempt.deadline, event=event)


def _had_no_media(event: ChannelDestroyed, after: dt.timedelta) -> bool:
    """A 200 without a session description: Asterisk answers, finds nothing to negotiate and ends the call (406)."""
    return event.tech_cause == 406 or (event.tech_cause is None and event.cause == 127 and after < _NO_TALK)


def _end(
    attempt: Attempt, found: Told, at: dt.datetime, *, note: str | None, event: ChannelDestroyed | None = None
) -> Step:
    result = CallResult(
        outcome=found.outcome,
        cause=event.cause if event else None,
        tech_cause=event.tech_cause if event else None,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        ended_at=at,
        note=note,
        fault=found.fault,
        by_hand=attempt.by_hand,
    )
    return replace(attempt, state=AttemptState.ENDED), (Finish(result),)


# ---- what it was ------------------------------------------------------------------

_TIMEOUT_MARGIN = dt.timedelta(seconds=1)
_NO_TALK = dt.timedelta(seconds=1)
_NO_REPLY = dt.timedelta(seconds=31), dt.timedelta(seconds=34)  # RFC 3261, timer B: 32 s without a reply are a 408


def _told(attempt: Attempt, event: ChannelDestroyed, at: dt.datetime) -> Told:
    """What the network did, from its last word (``sip_and_q850_outcomes``), then from whether anything ever rang."""
    status, cause = event.tech_cause or None, event.cause
    if attempt.answered_at is not None:
        return Told(_answered_by(attempt))
    if attempt.stopped is not None:
        return Told(Outcome.CANCELLED)
    if attempt.pbx_stopped or (cause == 0 and status is None and not attempt.trunk_alive):
        return Told(Outcome.INTERRUPTED)  # Asterisk itself was stopped
    if attempt.redirected and attempt.deadline is None:
        return REDIRECTED
    found = None if attempt.deadline is not None else told(status, cause, rang=attempt.ringing_at is not None)
    if found is not None:
        return found
    return Told(Outcome.NO_ANSWER if _showed_life(attempt, status, at) else Outcome.TRUNK_SILENT)


def _showed_life(attempt: Attempt, status: int | None, at: dt.datetime) -> bool:
    """Whether it was the person, or the network on them, and not a dead trunk."""
    if attempt.ringing_at is not None:
        return True
    waited = dt.timedelta(0) if attempt.dialled_at is None else at - attempt.dialled_at
    if status == 408 and _NO_REPLY[0] <= waited <= _NO_REPLY[1]:
        return False
    return attempt.trunk_alive or (status == 480 and waited < attempt.ring_time - _TIMEOUT_MARGIN)
