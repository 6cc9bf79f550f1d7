"""One attempt from its claim to its stored result: pace, mark, permit, dial, run, finish.

Everything that can go wrong before the request leaves means *not dialled* and gives the claim back;
everything after counts as dialled.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

from agi_app import log
from agi_app.calls.call_plan import CallPlan, TransferRunner
from agi_app.calls.rendered_speech import CallVoice, Voice
from agi_app.calls.runner import LiveCall
from agi_app.calls.send_to_amd import detection_variables
from agi_app.calls.speech_services import SpeechServices
from agi_app.clock import Clock
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.agents.transfer_to_agent import Transfers
from agi_app.dialer.attempt_writer import AttemptWriter
from agi_app.dialer.circuit_breaker import TRUNK_FAULTS, Breaker, Ticket
from agi_app.dialer.next_point import NextCall, next_call
from agi_app.dialer.node import Node
from agi_app.dialer.pacing import Turn
from agi_app.dialer.unplayed_prompts import Unplayed
from agi_app.due.points import urgency
from agi_app.errors import AgiAppError, RequestFailed, SafetyError
from agi_app.flow.language.definition import Flow
from agi_app.gate.decide import permit
from agi_app.gate.permit import PERMIT_LIFETIME_S, MarkReceipt, Permit
from agi_app.messages import t
from agi_app.model.call import CallResult, Claim, Outcome, Party
from agi_app.model.campaign import Campaign
from agi_app.model.machine_detection import MachineDetection
from agi_app.model.number_location import NumberLocation
from agi_app.pbx.channel import Channel
from agi_app.pbx.originate import ChannelTerms, made, place
from agi_app.prompts.prepared_cache import folder_of
from agi_app.store.calling.attempts import Ended

# What time it is where people are: each event of each call asks for it, mostly in vain.


FRESH_S = 1.0


class LocalTimes:
    """Rules time by zone, computed once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[ZoneInfo, tuple[float, dt.datetime]] = {}  # zone -> when it was computed, local time

    def at(self, zone: ZoneInfo) -> dt.datetime:
        """Local time, not older than ``FRESH_S`` seconds."""
        now = self._clock.monotonic()
        if (known := self._known.get(zone)) is None or not 0 <= now - known[0] < FRESH_S:
            known = self._known[zone] = now, self._clock.now().astimezone(zone)
        return known[1]


MADE_AHEAD_S = 0.25  # Asterisk makes a channel in milliseconds, but may have much to do
MARK_AHEAD_S = 0.15  # a mark shares its trip with those of the calls that are next; a permit lives longer
_log = log.get("dialer")


@dataclass(frozen=True, slots=True)
class CallTerms:
    """How a call is made and talked, whatever asked for it."""

    flow: Flow
    trunk: TrunkSettings
    ring_time: dt.timedelta
    max_call: dt.timedelta
    breaker: Breaker = field(default_factory=Breaker)  # of its own: what becomes of the call says nothing of the trunk
    agents: str | None = None  # the destination that the call is made for
    machine_detection: MachineDetection | None = None


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign ready to be dialled on this node."""

    campaign: Campaign
    flow: Flow
    trunk: TrunkSettings
    breaker: Breaker
    contacts: int = 0  # that it has: over so many, moved points of time are spread

    @property
    def terms(self) -> CallTerms:
        """How its calls are made."""
        c = self.campaign
        agents = None if c.agents is None else c.agents.to
        return CallTerms(self.flow, self.trunk, c.ring_time, c.max_call, self.breaker, agents, c.machine_detection)


class Originator:
    """Turns claims into calls."""

    def __init__(
        self,
        node: Node,
        *,
        media: Callable[[str, str], str],
        store_opt_out: Callable[[str, str], Awaitable[None]],
        may_dial: Callable[[], bool],
        voice: Voice,
        agents: AgentWatch,
        speech: SpeechServices,
    ) -> None:
        """``media`` makes a media URI of (language, prompt); ``may_dial`` is asked right before each dial."""
        self._node, self.speech = node, speech
        self._ari, self._clock, self._live = node.ari, node.clock, node.live
        self._local_times = LocalTimes(node.clock)
        self._writer = AttemptWriter(node.store, node.entityid, node.note_calls)
        self._transfer, self._agents = Transfers(node, agents).run, agents
        self._unplayed = Unplayed(node.store)
        self._media, self._store_opt_out, self._may_dial, self._voice = media, store_opt_out, may_dial, voice

    async def attempt(
        self,
        claim: Claim,
        line: RunningCampaign,
        turn: Turn,
        ticket: Ticket | None = None,
        transfer: TransferRunner | None = None,
    ) -> CallResult | None:
        """Run the whole attempt; None when nobody was dialled.

        ``ticket``: of the breaker, from the claim on; None: from now. ``transfer`` is done instead of ringing agents.
        """
        ticket = ticket or line.breaker.started()
        with log.bind_call(attempt=claim.attempt_id):
            if (voice := await self._ready_voice(claim, line, ticket)) is None:
                return None
            call = LiveCall(self.plan(claim.party, claim.place, line.terms, voice, transfer), self._clock)
            self._live.add(claim, call)
            try:
                result = await self._dial(claim, call, line, ticket, turn)
                self._count(line, result)
                self._judge_trunk(line, ticket, result)
                if result is not None and never_left(result):
                    _log.warning("not dialled", reason=result.note)
                    await self._writer.give_back(claim, result.note or t("Asterisk refused the call"))
                    return None
                if result is not None:
                    await self._finish(claim, line, result)
                    self._trace(claim, call, result)
                return result
            finally:
                self._live.discard(claim)

    async def _ready_voice(self, claim: Claim, line: RunningCampaign, ticket: Ticket) -> CallVoice | None:
        """All that the call says, rendered; None: it cannot be said, so the attempt failed and nobody was dialled."""
        try:
            whose = self._node.store.hash_number
            return await self._voice.before_call(
                line.flow, claim.fields, claim.language, lambda: folder_of(whose(claim.number))
            )
        except AgiAppError as error:
            _log.warning("not dialled", reason=str(error))
            self._judge_trunk(line, ticket, None)
            failed = CallResult(
                Outcome.FAILED, ended_at=self._clock.real_now(), note=t("not dialled: {error}", error=error)
            )
            await self._finish(claim, line, failed)
            return None

    def _trace(self, claim: Claim, call: LiveCall, result: CallResult) -> None:
        trace = call.trace
        for step, at in (("ringing", result.ringing_at), ("answered", result.answered_at), ("ended", result.ended_at)):
            trace.note(step, at)
        trace.note("stored", self._clock.real_now())
        labels = {"campaign": claim.campaign, "trunk": claim.trunk, "outcome": result.outcome.value}
        self._node.traces.call(trace, labels, failed=result.outcome in TRUNK_FAULTS)

    def _count(self, line: RunningCampaign, result: CallResult | None) -> None:
        if result is not None and not never_left(result):
            labels = line.campaign.name, line.campaign.trunk, result.outcome.value
            self._node.measures.attempts.labels(*labels).inc()

    def _judge_trunk(self, line: RunningCampaign, ticket: Ticket, result: CallResult | None) -> None:
        now = self._clock.monotonic()
        outcome, status = (None, None) if result is None else (result.outcome, result.tech_cause)
        if line.breaker.ended(ticket, outcome, now, status):
            _log.warning("trunk paused", trunk=line.campaign.trunk, reason=line.breaker.reason(now))

    def plan(
        self,
        party: Party,
        place: NumberLocation,
        terms: CallTerms,
        voice: CallVoice,
        transfer: TransferRunner | None = None,
    ) -> CallPlan:
        """How the flow of ``terms`` talks to ``party``, who is at ``place``."""
        zones = place.clocks  # the gate asked all; words can fit one only
        return CallPlan(
            agents=terms.agents,
            key_to_audio=self._node.measures.key_to_audio_s.observe,
            answered=(lambda: None) if terms.agents is None else partial(self._agents.notes.answered, party.attempt_id),
            party=party,
            flow=terms.flow,
            ring_time_s=terms.ring_time.total_seconds(),
            max_call_s=terms.max_call.total_seconds(),
            media=self._media,
            say=voice.media,
            transfer=transfer or self._transfer,
            store_opt_out=self._store_opt_out,
            trunk_works=terms.breaker.alive,
            sound_came=terms.breaker.heard,
            local_now=partial(self._local_times.at, zones[0]) if zones else (lambda: None),  # else it does not tell
            speech=self.speech,
            machine_detection=terms.machine_detection,
        )

    async def _dial(
        self, claim: Claim, call: LiveCall, line: RunningCampaign, ticket: Ticket, turn: Turn
    ) -> CallResult | None:
        """Make the channel, which may take its time, then mark the attempt, whose permit lives shortly, and dial."""
        await self._until(turn.at - MADE_AHEAD_S)
        if (reason := self._forbidden(call, line, ticket)) is not None:
            await self._writer.give_back(claim, reason)
            return None
        try:
            async with made(self._ari, self._node.router, claim, **self._channel_of(line.terms)) as ready:
                if ready.refused:
                    return await self.drive(call, ready.channel)
                await self._comes(turn)
                if (reason := self._forbidden(call, line, ticket)) is not None:
                    raise SafetyError(reason)
                if (receipt := await self._writer.mark(claim)) is None:
                    return None
                call.trace.note("marked", self._clock.real_now())
                await self._leave(turn, receipt)
                if (reason := self._forbidden(call, line, ticket)) is not None:
                    raise SafetyError(reason)
                allowed = self._permit(claim, receipt)
                with self._measured(allowed, receipt):
                    channel = await ready.dial(allowed, lambda: self._forbidden(call, line, ticket))
        except (SafetyError, RequestFailed) as error:  # nothing left for Asterisk
            _log.warning("not dialled", reason=str(error))
            await self._writer.give_back(claim, str(error))
            return None
        call.trace.note("dialled", self._clock.real_now())
        with self._node.measures.attempt_s.time():
            return await self.drive(call, channel)

    def _permit(self, claim: Claim, receipt: MarkReceipt) -> Permit:
        try:
            return permit(claim, receipt, self._clock.monotonic())
        except SafetyError:
            self._node.measures.permits.labels("late").inc()
            raise

    @contextmanager
    def _measured(self, allowed: Permit, receipt: MarkReceipt) -> Iterator[None]:
        """Count what happens to a permit, and time the dial that it allows."""
        measures, now = self._node.measures, self._clock.monotonic()
        try:
            yield
        except SafetyError:
            measures.permits.labels("expired" if now > allowed.expires_at else "taken_back").inc()
            raise
        measures.permits.labels("used").inc()
        measures.mark_to_invite_s.observe(now - receipt.committed_at)

    async def _comes(self, turn: Turn) -> None:
        """Until the call's turn is near; one that is over takes another."""
        await self._until(turn.at - MARK_AHEAD_S)
        while turn.is_late(self._clock.monotonic()):
            await self._until(turn.at - MARK_AHEAD_S)

    async def _leave(self, turn: Turn, receipt: MarkReceipt) -> None:
        """Until the call's turn; raises SafetyError when the rate has no room for it as long as its permit is good."""
        await self._until(turn.at)
        if (at := turn.leave(self._clock.monotonic(), receipt.committed_at + PERMIT_LIFETIME_S)) is None:
            self._node.measures.permits.labels("late").inc()
            raise SafetyError(
                t("it was late, and to leave together with others that were late would be above the rate")
            )
        await self._until(at)

    def _forbidden(self, call: LiveCall, line: RunningCampaign, ticket: Ticket) -> str | None:
        """Why this call must not be dialled now, whatever the database says."""
        if not self._may_dial():
            return t("nobody is dialled now")
        if not line.breaker.stands(ticket):
            return t("the trunk was paused before it was dialled")
        return (
            None if call.stopped is None else t("stopped before it was dialled: {reason}", reason=call.stopped.reason)
        )

    async def _until(self, monotonic: float) -> None:
        if (seconds := monotonic - self._clock.monotonic()) > 0:
            await asyncio.sleep(seconds)

    async def ring(self, terms: CallTerms, allowed: Permit, forbidden: Callable[[], str | None]) -> Channel:
        """Make the call leave unless ``forbidden`` says why not; SafetyError or RequestFailed: nothing was dialled."""
        return await place(self._ari, self._node.router, allowed, forbidden=forbidden, **self._channel_of(terms))

    def _channel_of(self, terms: CallTerms) -> ChannelTerms:
        return {
            "dial_string": terms.trunk.dial_string,
            "ring_timeout": terms.ring_time.total_seconds(),
            "max_call": terms.max_call.total_seconds(),
            "variables": {**self.speech.for_call(terms.flow), **detection_variables(terms.machine_detection)},
        }

    async def drive(self, call: LiveCall, channel: Channel) -> CallResult:
        """Run the call on its channel; whatever happens, the channel does not outlive it."""
        with self._node.owning(channel), self._node.late_keys.of(channel.id, call):
            try:
                return await call.run(channel)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one call must not end the others
                _log.exception("a call failed in our own code; it is hung up")
                note = t("internal error: {name}: {error}", name=type(error).__name__, error=error)
                return CallResult(Outcome.INTERRUPTED, ended_at=self._clock.real_now(), note=note)

    async def _finish(self, claim: Claim, line: RunningCampaign, result: CallResult) -> None:
        now, paused = self._clock.now(), line.breaker.paused
        rules, room = self._node.ruleset, line.contacts
        then, result = next_call(claim, line.campaign, result, rules, now, contacts=room, trunk_paused=paused)
        ended = ended_by(claim, result, then)
        await self._writer.finish(ended)
        await self._unplayed.ended(claim.campaign, result)
        _log.info(
            "call ended",
            campaign=claim.campaign,
            contact=claim.contact_id,
            outcome=result.outcome.value,
            disposition=result.disposition,
            note=result.note,
        )


def ended_by(claim: Claim, result: CallResult, then: NextCall) -> Ended:
    """What is stored of the call's end."""
    return Ended(
        claim.attempt_id,
        result,
        then.due,
        contact_done=then.due is None,
        point=then.point,
        urgency=urgency(claim.priority, then.point),
        for_good=then.for_good,
        number_place=then.number_place if claim.numbers > 1 else None,
        same_round=then.same_round,
        new_point=then.point != claim.point,
    )


def never_left(result: CallResult) -> bool:
    """Asterisk refused to make the channel (it shuts down, it has no memory): no INVITE, nobody's phone rang."""
    return result.outcome is Outcome.FAILED and result.cause is None
