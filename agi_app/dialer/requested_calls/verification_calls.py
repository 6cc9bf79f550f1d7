"""Verification calls of a worker: our own number is rung, and the person who answers keys the code.

The command line writes a request; one worker takes it, asks the gate, marks it and rings, one call at a time.
Such a call obeys whatever holds the dialer, and a stop of the rung number within a second.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial

from agi_app import log
from agi_app.calls.verification_call import MAX_CALL_S, RING_S, CodeCall, CodeResult
from agi_app.config.trunks import TrunkSettings
from agi_app.consent.caller_id_proof import is_code, proof_by_call
from agi_app.dialer.node import Node
from agi_app.dialer.originator import never_left
from agi_app.dialer.requested_calls.queue import CLOSING
from agi_app.dialer.until_stopped import until_stopped, until_stored
from agi_app.errors import AgiAppError, RequestFailed, SafetyError
from agi_app.event_loop import alongside
from agi_app.gate.decide import Decision, permit
from agi_app.gate.rehearsal import LONGEST_PHONE_PROOF
from agi_app.gate.verification import VerificationFacts, decide_verification
from agi_app.messages import template
from agi_app.model.call import Outcome
from agi_app.pbx.ari.events import Interrupt
from agi_app.pbx.channel import Channel
from agi_app.pbx.originate import place
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.requests import RequestKind
from agi_app.store.requested_calls.verifications import MarkedVerification, RefusedVerification

PROVED = "proved"
_log = log.get("internal")


class VerificationCalls:
    """Takes the verification calls of one node, one at a time."""

    kind, at_once = RequestKind.VERIFICATION, 1

    def __init__(
        self, node: Node, trunks: Mapping[str, TrunkSettings], take_stop: Callable[[str, str], Awaitable[None]]
    ) -> None:
        """``take_stop`` (number, how) returns once the stop is on disk."""
        self.node, self.trunks, self.take_stop = node, trunks, take_stop

    async def take(self, going_on: Collection[int], forbidden: Callable[[], str | None]) -> VerificationCall | None:
        """The oldest request, marked; None also when the gate refused it."""
        node = self.node

        def judge(facts: VerificationFacts, now: dt.datetime) -> Decision:
            trunk = self.trunks[facts.trunk]
            return decide_verification(facts, trunk.sandbox, node.ruleset, now).dialled_with(trunk.prefix)

        taken = await verifications.take(
            node.store, node.entityid, self.trunks.keys(), node.clock.offset, node.clock.name, judge
        )
        if isinstance(taken, RefusedVerification):
            _log.info("verification call refused", verification=taken.verification_id, rules=list(taken.rules))
            return None
        return None if taken is None else VerificationCall(self, taken, forbidden)


class VerificationCall:
    """One verification call, which may be made now."""

    def __init__(
        self, means: VerificationCalls, marked: MarkedVerification, forbidden: Callable[[], str | None]
    ) -> None:
        self.request_id = marked.verification_id
        self._means, self._node, self._marked, self._forbidden = means, means.node, marked, forbidden
        self._channel: Channel | None = None

    def end(self) -> None:
        """The worker goes away."""
        if self._channel is not None:
            self._channel.deliver(Interrupt(CLOSING, even_if_up=True))

    async def run(self) -> None:
        """Until its end is stored."""
        node, call = self._node, self._marked.call
        try:
            if (reason := self._forbidden()) is not None:
                raise SafetyError(reason)
            self._channel = channel = await place(
                node.ari,
                node.router,
                permit(call, self._marked.receipt, node.clock.monotonic()),
                dial_string=self._means.trunks[call.trunk].dial_string,
                ring_timeout=RING_S,
                max_call=MAX_CALL_S,
                forbidden=self._forbidden,
            )
        except (SafetyError, RequestFailed) as error:  # nothing left for Asterisk
            await self._finish(Outcome.FAILED.value, str(error), dialled=False)
            return
        with node.owning(channel):
            result = await self._talk(channel)
        await self._store_result(result)

    async def _talk(self, channel: Channel) -> CodeResult | AgiAppError:
        number = self._marked.call.number

        async def is_right(keyed: str) -> bool:
            return await asyncio.to_thread(is_code, self._marked.code_hash, keyed)

        async def store_stop() -> None:
            await self._means.take_stop(number, "key")

        async def watch() -> None:
            channel.deliver(Interrupt(await until_stopped(self._node.store, number), even_if_up=True))

        call = CodeCall(channel, self._node.clock, is_right=is_right, store_stop=store_stop)
        async with alongside(watch()):
            try:
                return await call.run()
            except AgiAppError as error:  # a stop that could not be stored
                _log.error("a verification call failed; it is hung up", error=str(error))
                return error

    async def _store_result(self, result: CodeResult | AgiAppError) -> None:
        if isinstance(result, AgiAppError):
            await self._finish(Outcome.INTERRUPTED.value, str(result), dialled=True)
        else:
            await self._finish(_word_for(result), result.network.note, dialled=not never_left(result.network))

    async def _finish(self, result: str, note: str | None, *, dialled: bool) -> None:
        """Store it, however long the database takes."""
        marked, now = self._marked, self._node.clock.now()
        proof, phone_until = None, None
        if result == PROVED and marked.proves == verifications.STAFF_PHONE:
            phone_until = now + LONGEST_PHONE_PROOF
            note = f"entered by {marked.entered_by}, good until {phone_until:%Y-%m-%d}"
        elif result == PROVED:
            proof = proof_by_call(marked.call.number, marked.entered_by, now)
            note = f"entered by {proof.entered_by}, good until {proof.expires_at:%Y-%m-%d}"
        store = partial(verifications.finish, self._node.store, marked.verification_id, result, note)
        await until_stored(
            template("the result of a verification call"),
            partial(store, dialled=dialled, proof=proof, phone_until=phone_until),
        )
        _log.info("verification call ended", verification=marked.verification_id, result=result)


def _word_for(result: CodeResult) -> str:
    if result.right:
        return PROVED
    if result.network.outcome is not Outcome.ANSWERED:
        return result.network.outcome.value
    if result.stopped:
        return "stopped"
    return "wrong_code" if result.tries else "no_code"
