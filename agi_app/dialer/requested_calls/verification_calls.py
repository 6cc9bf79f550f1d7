"""Calls of a worker that no campaign makes: verification calls to numbers of our own, and call-backs on trial.

The command line writes a request; one worker takes it, asks the gate, marks it and rings, one call at a time.
Such a call obeys whatever holds the dialer, and a stop of the rung number within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping

from agi_app import log
from agi_app.calls.verification_call import MAX_CALL_S, RING_S, CodeCall, CodeResult
from agi_app.config.trunks import TrunkSettings
from agi_app.consent.number_verification import PHONE_PROOF, is_code, proof_by_call
from agi_app.dialer.node import Node
from agi_app.dialer.probes.call_back_probe import CallBacks
from agi_app.dialer.until_stopped import until_stopped, until_stored
from agi_app.errors import AgiAppError, RequestFailed, SafetyError, StoreError
from agi_app.gate.decide import Decision, permit
from agi_app.gate.verification import VerificationFacts, decide_verification
from agi_app.model.call import Outcome
from agi_app.pbx.ari.events import Interrupt
from agi_app.pbx.channel import Channel
from agi_app.pbx.originate import place
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.verifications import MarkedVerification, RefusedVerification

LOOK_EVERY_S = 1.0
CLOSE_S = 8.0

_log = log.get("internal")


class InternalCalls:
    """The internal legs of one node."""

    def __init__(
        self,
        node: Node,
        trunks: Mapping[str, TrunkSettings],
        *,
        hold: Callable[[], str | None],
        take_stop: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """``hold`` says why nobody may be dialled now; ``take_stop`` (number, how) returns once it is on disk."""
        self._node, self._trunks = node, trunks
        self._hold, self._take_stop = hold, take_stop
        self._call_backs = CallBacks(node, trunks)
        self._live: Channel | None = None
        self._quiet = asyncio.Event()  # set while no verification call is made
        self._quiet.set()
        self._closing = False

    async def run(self) -> None:
        """Make the calls that are asked for, until cancelled."""
        while True:
            if self._reason() is None:
                try:
                    if await verifications.anything_asked(self._node.store):
                        await self._call_backs.look()
                        await self._look()
                except StoreError as error:
                    _log.warning("could not look for internal calls", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        """Make no new call and end the one there is: nobody is left in silence by a worker that goes away."""
        self._closing = True
        if self._live is not None:
            self._live.deliver(Interrupt("the worker is shutting down", even_if_up=True))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._quiet.wait()

    def _reason(self) -> str | None:
        return "the worker is shutting down" if self._closing else self._hold()

    async def _look(self) -> None:
        node = self._node

        def judge(facts: VerificationFacts, now: dt.datetime) -> Decision:
            trunk = self._trunks[facts.trunk]
            return decide_verification(facts, trunk.sandbox, node.ruleset, now).dialled_with(trunk.prefix)

        taken = await verifications.take(
            node.store, node.entityid, self._trunks.keys(), node.clock.offset, node.clock.name, judge
        )
        match taken:
            case RefusedVerification(verification_id, rules):
                _log.info("verification call refused", verification=verification_id, rules=list(rules))
            case MarkedVerification():
                self._quiet.clear()
                try:
                    with log.bind_call(attempt=taken.call.attempt_id):
                        await self._verify(taken)
                finally:
                    self._quiet.set()

    async def _verify(self, marked: MarkedVerification) -> None:
        asked, clock = marked.call, self._node.clock
        try:
            if (reason := self._reason()) is not None:
                raise SafetyError(reason)
            channel = await place(
                self._node.ari,
                self._node.router,
                permit(asked, marked.receipt, clock.monotonic()),
                dial_string=self._trunks[asked.trunk].dial_string,
                ring_timeout=RING_S,
                max_call=MAX_CALL_S,
                forbidden=self._reason,
            )
        except (SafetyError, RequestFailed) as error:  # nothing left for Asterisk
            await self._finish(marked, Outcome.FAILED.value, str(error), dialled=False)
            return
        self._live = channel
        try:
            result = await self._talk(marked, channel)
        finally:
            self._live = None
            if channel.ended is None:
                self._node.router.forget(channel.id)
                self._node.ari.hang_up_soon(channel.id)
        await self._store_result(marked, result)

    async def _talk(self, marked: MarkedVerification, channel: Channel) -> CodeResult | AgiAppError:
        number = marked.call.number

        async def is_right(keyed: str) -> bool:
            return await asyncio.to_thread(is_code, marked.code_hash, keyed)

        async def store_stop() -> None:
            await self._take_stop(number, "key")

        call = CodeCall(channel, self._node.clock, is_right=is_right, store_stop=store_stop)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(channel, number))
            result: CodeResult | AgiAppError
            try:
                result = await call.run()
            except AgiAppError as error:  # a stop that could not be stored
                _log.error("a verification call failed; it is hung up", error=str(error))
                result = error
            watching.cancel()
        return result

    async def _watch(self, channel: Channel, number: str) -> None:
        channel.deliver(Interrupt(await until_stopped(self._node.store, number), even_if_up=True))

    async def _store_result(self, marked: MarkedVerification, result: CodeResult | AgiAppError) -> None:
        if isinstance(result, AgiAppError):
            await self._finish(marked, Outcome.INTERRUPTED.value, str(result), dialled=True)
            return
        network = result.network
        if network.outcome is Outcome.FAILED and network.cause is None:  # Asterisk made no channel: no INVITE
            await self._finish(marked, Outcome.FAILED.value, network.note, dialled=False)
        elif result.right:
            await self._finish(marked, "proved", None, dialled=True)
        elif network.outcome is Outcome.ANSWERED:
            await self._finish(marked, _answered(result), network.note, dialled=True)
        else:
            await self._finish(marked, network.outcome.value, network.note, dialled=True)

    async def _finish(self, marked: MarkedVerification, result: str, note: str | None, *, dialled: bool) -> None:
        """Store it, however long the database takes."""
        proof, phone_until, now = None, None, self._node.clock.now()
        if result == "proved" and marked.proves == verifications.STAFF_PHONE:
            phone_until = now + PHONE_PROOF
            note = f"entered by {marked.entered_by}, good until {phone_until:%Y-%m-%d}"
        elif result == "proved":
            proof = proof_by_call(marked.call.number, marked.entered_by, now)
            note = f"entered by {proof.entered_by}, good until {proof.expires_at:%Y-%m-%d}"

        async def write() -> None:
            await verifications.finish(
                self._node.store,
                marked.verification_id,
                result,
                note,
                dialled=dialled,
                proof=proof,
                phone_until=phone_until,
            )

        await until_stored("the result of a verification call", write)
        _log.info("verification call ended", verification=marked.verification_id, result=result)


def _answered(result: CodeResult) -> str:
    if result.stopped:
        return "stopped"
    return "wrong_code" if result.tries else "no_code"
