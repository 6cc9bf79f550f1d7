"""Runs one attempt on its channel: events in order, attempt machine and flow session decide, we do.

    for command in session.start(): do(command)
    for event in channel:           for command in session.handle(event): do(command)

Hangup is an event, not an exception. No wait is without an end: ringing, the call and the hangup
itself have deadlines, and a prompt that does not begin ends the call. An opt-out is on disk before the flow hears
that it is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial

from agi_app import log
from agi_app.calls import attempt as att
from agi_app.calls import send_to_amd
from agi_app.calls.call_plan import CallPlan
from agi_app.calls.event_translation import to_attempt, to_flow
from agi_app.calls.final_disposition import conclude
from agi_app.calls.listening.heard_in_call import Hearing
from agi_app.calls.no_audio import SOUND, SoundCheck
from agi_app.calls.playback import BEGINNING, PbxGone, Playback, PromptFailed, unless_gone
from agi_app.calls.running_transfer import RunningTransfer, order_of
from agi_app.calls.store_stops_in_call import SAID_STOP, Stop, Stopping
from agi_app.calls.timers import Timers
from agi_app.clock import Clock
from agi_app.flow.engine import commands as cmd
from agi_app.flow.engine import events as flow_events
from agi_app.flow.engine.session import Session
from agi_app.flow.language.built_in_flows import leaving
from agi_app.messages import t, template
from agi_app.model.call import CallResult
from agi_app.monitoring.traces import CallTrace
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Channel

RING_GRACE_S = 5.0  # how much longer than Asterisk's own ring timeout we wait for its word
CALL_GRACE_S = 5.0  # the same for TIMEOUT(absolute)
HANGUP_WAIT_S = 5.0  # a hangup that is not confirmed by then is given up

_DEADLINES = (
    template("ringing"),
    template("the hangup"),
    template("the call to end"),
    send_to_amd.DETECTING,
    send_to_amd.GREETING,
)
_log = log.get("call")


class LiveCall:
    """One live attempt, from its mark to its result."""

    def __init__(self, plan: CallPlan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self.party = plan.party
        on_machine = plan.machine_detection.action if plan.machine_detection is not None else None
        self._attempt = att.Attempt(ring_time=dt.timedelta(seconds=plan.ring_time_s), on_machine=on_machine)
        self._session: Session | None = None  # from the answer on
        self._said: Session | None = None  # what was begun: the flow, or a message
        self._message = False
        self._channel: Channel | None = None
        self._timers = Timers(clock)
        self._sound = SoundCheck(self._timers, plan.sound_came)
        self._result: CallResult | None = None
        self.trace = CallTrace(plan.party.attempt_id, clock.real_now())
        self.stopped: pbx.Interrupt | None = None  # from elsewhere; it may come before there is a channel
        self._stops = Stopping(plan)
        self._transfer: RunningTransfer | None = None
        self._hearing: Hearing | None = None
        self._unheard: list[flow_events.Event] = []  # what was understood when the call was ending already
        self._playback: Playback | None = None
        self._far_end_ended = False
        self._note: str | None = None

    def stop(self, reason: str, *, even_if_up: bool, by_hand: bool = False) -> None:
        """End this call soon; takes effect in order with the channel's events.

        A call whose own opt-out caused the stop goes on to its confirmation prompt and ends on its own.
        """
        self.stopped = pbx.Interrupt(reason, even_if_up, by_hand)
        if self._channel is not None:
            self._channel.deliver(self.stopped)

    async def run(self, channel: Channel) -> CallResult:
        """Drive the channel to its end and say what happened to the call."""
        self._channel, self._playback = channel, Playback(self._plan, channel, self._timers)
        try:
            async with asyncio.TaskGroup() as group:
                self._transfer = RunningTransfer(group, self._plan.transfer, channel)
                if self._plan.speech is not None:
                    self._hearing = Hearing(group, self._plan.speech, channel, self._plan.max_call_s + CALL_GRACE_S)
                try:
                    return await self._drive(channel)
                finally:
                    self._transfer.stop()
                    if self._hearing is not None:
                        self._hearing.stop()
        except BaseExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _drive(self, channel: Channel) -> CallResult:
        await self._advance(att.Marked())
        self._timers.start("ringing", self._plan.ring_time_s + RING_GRACE_S)
        if self.stopped is not None:
            await self._advance(_stop_of(self.stopped))
        while self._result is None:
            if (event := await channel.next_event(self._timers.until_next)) is None:
                for name in self._timers.fired():
                    await self._on_timer(name)
            elif isinstance(event, pbx.Interrupt):
                if not self._stops.said_here:
                    await self._advance(_stop_of(event))
            else:
                await self._on_channel_event(event)
        await self._hear_last_words()
        kept, missing = (self._hearing.kept, self._hearing.fault) if self._hearing is not None else ((), None)
        return conclude(
            self._result,
            self._said,
            self._note,
            missing,
            opted_out=self._stops.opted_out,
            cut_off=self._cut_off,
            message=self._message,
            recordings=kept,
        )

    async def late_key(self, key: str) -> None:
        """A key went down before the end of the channel and was heard of after it: a stop is a stop."""
        await self._stops.late(key, self._session)

    async def _on_timer(self, name: str) -> None:
        if name in _DEADLINES:
            await self._advance(att.Deadline(name))
        elif name == SOUND:
            if await self._sound.is_mute(self._known_channel):
                await self._advance(att.Mute())
        elif name != BEGINNING:
            await self._tell_flow(flow_events.TimerFired(name))
        elif (
            self._attempt.state is att.AttemptState.UP
            and self._playback is not None
            and not await self._playback.begun()
        ):
            await self._prompt_failed(t("a prompt did not begin: the person would have sat in silence"))

    async def _on_channel_event(self, event: pbx.Event) -> None:
        self._sound.notice(event)
        if isinstance(event, pbx.FarEndEnded):
            self._far_end_ended = True
        elif isinstance(event, pbx.PlaybackFinished) and event.failed:
            await self._on_failed_playback(event.playback_id)
            return
        elif self._hearing is not None and not self._hearing.notice(event):
            return
        if (attempt_event := to_attempt(event)) is not None:
            await self._advance(attempt_event)
        if isinstance(event, pbx.Key | pbx.KeyBegan) and (
            self._session is None or self._session.finished or self._attempt.state not in att.ANSWERED
        ):
            await self._stop_past_flow(event.digit)
        elif (flow_event := to_flow(event, self._known_channel.id)) is not None:
            await self._tell_flow(flow_event)

    async def _stop_past_flow(self, key: str) -> None:
        """The opt-out key while the phone still rings, or when the flow is over already."""
        if self._stops.means(key, self._session):
            await self._take_stop(cmd.StoreOptOut("key"))
            await self._advance(att.Stopped(SAID_STOP, even_if_up=True))

    async def _on_failed_playback(self, playback: str) -> None:
        """A prompt that cannot be played ends the call: the person would sit in silence.

        A hangup fails the prompt that plays, too; then nothing is wrong and the end is on its way.
        """
        if self._far_end_ended or self._attempt.state is not att.AttemptState.UP:
            return
        if self._playback is None or not self._playback.plays(playback):
            return
        try:
            if await self._playback.again():
                return
        except PromptFailed as fault:
            await self._prompt_failed(str(fault))
        except PbxGone as gone:
            await self._advance(att.PbxStopped(str(gone)))
        else:
            await self._prompt_failed(t("a prompt could not be played ({playback})", playback=playback))

    async def _prompt_failed(self, note: str) -> None:
        self._note = note
        _log.error("prompt not played", note=note)
        await self._advance(att.FlowEnded())

    async def _advance(self, event: att.Event) -> None:
        before, how = self._attempt, self._plan.machine_detection
        self._attempt, commands = att.step(before, event, self._clock.real_now())
        if self._attempt.reached and not before.reached:
            self._plan.trunk_works()
        for command in commands:
            match command:
                case att.StartFlow():
                    self._plan.answered()
                    hears = self._hearing is not None and self._hearing.answered(self._plan.flow)
                    await self._start(self._plan.session(self._plan.flow, hears=hears))
                case att.LeaveMessage() if how is not None and how.message is not None:
                    self._message = True  # nobody listens to words meanwhile: they may be the machine's
                    await self._start(self._plan.session(leaving(self._plan.flow, how.message)))
                case att.Detect() | att.AwaitGreeting() if how is not None:
                    self._session = self._plan.session(self._plan.flow)  # not begun, but its way to stop counts already
                    if (told := await send_to_amd.send(self._known_channel, command, how, self._timers)) is not None:
                        await self._advance(told)
                case att.HangUp(reason):
                    self._timers.only(template("the hangup"), HANGUP_WAIT_S)
                    _log.debug("hanging up", reason=reason)
                    channel, fault = self._known_channel, self._note
                    await unless_gone(channel.hangup() if fault is None else channel.let_go(fault))
                case att.Finish(result):
                    self._result = result
                case _:  # only the sweep gives attempts back; detection and messages are of campaigns that have them
                    raise RuntimeError(f"{command} in a call without it")
        if isinstance(event, att.Answered) and before.answered_at is None and self._plan.caller is None:
            await self._sound.begin(self._known_channel)

    async def _start(self, session: Session) -> None:
        self._session = self._said = session
        self._timers.only(template("the call to end"), self._plan.max_call_s + CALL_GRACE_S)
        await self._do_all(session.start())

    async def _tell_flow(self, event: flow_events.Event) -> None:
        if self._session is None:
            return
        if self._attempt.state in att.ANSWERED:
            self._plan.watch(event)
            commands = self._session.handle(event, self._plan.local_now())
            if isinstance(event, flow_events.KeyPressed) and any(map(_is_heard, commands)):
                self._known_channel.when_heard = partial(self._answers_key, self._clock.monotonic())
            await self._do_all(commands)
        elif isinstance(event, flow_events.Listened | flow_events.Recorded):
            self._unheard.append(event)

    def _answers_key(self, keyed_at: float) -> None:
        self._plan.key_to_audio(self._clock.monotonic() - keyed_at)

    async def _hear_last_words(self) -> None:
        """A stop that is said counts even if the person hangs up at once; a message is left whole."""
        if self._hearing is None or self._session is None:
            return
        for event in [*self._unheard, *await self._hearing.last_words()]:
            for command in self._session.handle(event, self._plan.local_now()):
                if isinstance(command, cmd.StoreOptOut | cmd.StoreWrongNumber):
                    await self._take_stop(command)
                elif isinstance(command, cmd.KeepSpoken):
                    await self._hearing.do(command)

    async def _do_all(self, commands: list[cmd.Command]) -> None:
        stored: flow_events.Event | None = None
        for command in commands:  # before any request to Asterisk can wait
            if isinstance(command, Stop):
                stored = await self._take_stop(command)
        for command in commands:
            if self._attempt.state is att.AttemptState.UP:  # nothing more after a failed prompt or a hangup
                await self._do(command)
        if stored is not None and self._attempt.state is not att.AttemptState.UP:
            await self._advance(att.FlowEnded())  # the dialplan has the call: no confirmation can be played
        elif stored is not None:
            await self._tell_flow(stored)

    async def _do(self, command: cmd.Command) -> None:
        channel = self._known_channel
        self._plan.watch(command)
        match command:
            case cmd.PlayPrompt() | cmd.SayPieces() | cmd.StopPlayback() if (player := self._playback) is not None:
                try:
                    await unless_gone(player.do(command))
                except PromptFailed as fault:
                    await self._prompt_failed(str(fault))
                except PbxGone as gone:
                    await self._advance(att.PbxStopped(str(gone)))
            case cmd.StartTransfer() if self._transfer is not None:
                await self._transfer.start(order_of(self._plan, channel.id, command))
            case cmd.StopTransfer() if self._transfer is not None:
                await self._transfer.end()
            case cmd.StartTimer(timer, seconds):
                self._timers.start(timer, seconds)
            case cmd.CancelTimer(timer):
                self._timers.cancel(timer)
            case cmd.Hangup(reason):
                _log.debug("flow ended", reason=reason)
                await self._advance(att.FlowEnded())
            case _ if isinstance(command, cmd.Hearing) and self._hearing is not None:
                await self._hearing.do(command)
            case _ if isinstance(command, cmd.Keeping):
                pass  # the session keeps answers and the like until the call is over; a stop is stored already

    async def _take_stop(self, command: Stop) -> flow_events.Event | None:
        if (stored := await self._stops.take(command)) is None:
            self._note = self._stops.fault
            await self._advance(att.FlowEnded())
        return stored

    @property
    def _cut_off(self) -> bool:
        """Whether we ended the call, or Asterisk its longest time, and not the person."""
        if self._attempt.stopped is not None or self._attempt.deadline is not None:
            return True
        answered_at, ended_at = self._attempt.answered_at, None if self._result is None else self._result.ended_at
        if answered_at is None or ended_at is None or self._far_end_ended:
            return False
        return ended_at - answered_at >= dt.timedelta(seconds=self._plan.max_call_s)

    @property
    def _known_channel(self) -> Channel:
        if self._channel is None:
            raise RuntimeError("the call has no channel before run()")
        return self._channel


def _stop_of(asked: pbx.Interrupt) -> att.Stopped:
    return att.Stopped(asked.reason, asked.even_if_up, asked.by_hand)


def _is_heard(command: cmd.Command) -> bool:
    return isinstance(command, cmd.PlayPrompt | cmd.SayPieces)
