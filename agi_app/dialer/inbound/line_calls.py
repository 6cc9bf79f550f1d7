"""Calls that come in to our lines: answered, run through the line's flow, and written down.

A caller proves nothing, since the number of a call can be forged: nothing is said about it, and a stop is taken
from everybody. Whatever goes wrong (no such line, too many calls, a fault of ours) the call goes on in the
dialplan, and the reason is logged. Stops are in the journal before the flow says so, as in every call.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from agi_app import log
from agi_app.calls.call_plan import CallPlan
from agi_app.calls.inbound_line import InboundLine, caller_number, line_of
from agi_app.calls.rendered_speech import CallVoice
from agi_app.calls.runner import LiveCall
from agi_app.calls.store_stops_in_call import KEYED
from agi_app.consent.complaints import BY_LINE, Complaint, open_case
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.inbound.call_limits import too_many
from agi_app.dialer.inbound.inbound_call import InboundCall, LineServices
from agi_app.dialer.node import Node
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import AgiAppError
from agi_app.event_loop import happens_within
from agi_app.flow.engine.commands import Command, PlayPrompt, SayPieces
from agi_app.flow.engine.events import Event
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.flow.syntax.names_and_limits import CALLER_COLUMN, SHOWN, WITHHELD
from agi_app.messages import t, template
from agi_app.model.call import CallResult
from agi_app.model.phone import PhoneNumber, country_and_zones
from agi_app.pbx.inbound_calls import Arrival
from agi_app.pbx.inbound_channel import answered, shown_number
from agi_app.store.calling import inbound_calls as table
from agi_app.store.calling.inbound_calls import LineCall, LineStop

COMPLAINT = "complaint"  # the answer of a flow that opens a case
UNWRITTEN = 1000  # calls that may wait for the database to be written down
CLOSE_S = 8.0  # how long live calls may go on when the worker ends
LAST_WORDS_S = 5.0
SPARE_S = 10.0  # Asterisk's own limit of a call comes so much later than ours
VIA, VIA_KEYED = "line", "line keyed"  # how journals and the ledger call a stop of the caller, and for another number

_log = log.get("lines")


class LineCalls:
    """The lines of one node."""

    def __init__(self, node: Node, stops: Stops, means: LineServices) -> None:
        self._node, self._stops, self._means = node, stops, means
        self._lines: Sequence[InboundLine] | None = None
        self._voices: dict[str, CallVoice] = {}  # by line
        self._live: dict[str, InboundCall] = {}
        self._unwritten: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue(UNWRITTEN)
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False

    async def open(self, lines: Sequence[InboundLine]) -> None:
        """From now on these lines are served; until then every call goes on in the dialplan."""
        self._write_soon(partial(table.write_broken_off, self._node.store, [self._node.entityid]))
        await self.change(lines)

    async def change(self, lines: Sequence[InboundLine]) -> None:
        """Serve these from now on; calls that go on stay with what they began with."""
        self._lines = [await self._ready(line) for line in lines]

    async def _ready(self, line: InboundLine) -> InboundLine:
        """All that it says prepared; a line that cannot speak is not served."""
        if line.flow is not None:
            try:
                self._voices[line.name] = await self._means.voice.for_line(line.flow, {CALLER_COLUMN: SHOWN})
            except AgiAppError as error:
                line = replace(line, flow=None, fault=str(error))
        if line.flow is None:
            _log.error("a line is not served, its calls go on in the dialplan", line=line.name, reason=line.fault)
        return line

    async def serve(self, arrival: Arrival) -> str | None:
        """Answer a call and see it to its end; returns why it was not answered. Raises AgiAppError instead."""
        if self._closing:
            return t("the worker is shutting down")
        if self._lines is None:
            return t("the lines are not ready yet")
        if (line := line_of(arrival.called, self._lines)) is None:
            return t("the settings have no line with the number {called}", called=arrival.called)
        if (shown := await shown_number(self._node.ari, arrival.channel_id)) is None:
            return None
        live = InboundCall(line, caller_number(shown, line.region), self._node.clock.now())
        if (reason := line.fault or too_many(live, self._live.values())) or line.flow is None:
            self._write(live, table.GIVEN_BACK, reason, None)
            return t("line {name}: {reason}", name=line.name, reason=reason)
        self._live[live.call_id] = live
        self._quiet.clear()
        try:
            with log.bind_call(attempt=live.call_id):
                return await self._answer(arrival, live, line.flow)
        finally:
            del self._live[live.call_id]
            if not self._live:
                self._quiet.set()

    async def run(self) -> None:
        """Write down the calls that are over, until cancelled."""
        while True:
            await until_stored(template("a call that came in"), await self._unwritten.get())
            self._unwritten.task_done()

    async def close(self) -> None:
        """Take no new call; those that go on have a moment, then they go on in the dialplan."""
        self._closing = True
        await happens_within(self._quiet, CLOSE_S)
        for live in list(self._live.values()):
            if live.channel is not None:
                await live.channel.let_go(t("the worker is shutting down"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._quiet.wait()
                await self._unwritten.join()

    async def _answer(self, arrival: Arrival, live: InboundCall, flow: Flow) -> str | None:
        node, line = self._node, live.line
        variables = self._means.speech.for_call(flow)
        try:
            channel = await answered(node.ari, node.router, arrival, line.max_call_s + SPARE_S, variables)
        except AgiAppError as error:
            self._write(live, table.GIVEN_BACK, str(error), None)
            raise
        if channel is None:
            return None
        live.channel, result = channel, None
        on = replace(self._row(live, table.GIVEN_BACK, None, None), answered_at=node.clock.real_now())
        self._write_soon(partial(table.open_call, node.store, on))
        _log.info("a call came in and is answered", line=line.name, caller=SHOWN if live.caller else WITHHELD)
        with node.owning(channel):
            try:
                call = LiveCall(self._plan(live, flow), node.clock)
                with node.late_keys.of(channel.id, call):
                    result = await call.run(channel)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one call must not end the others
                _log.exception("a call that came in failed in our own code")
                await channel.let_go(t("internal error: {name}", name=type(error).__name__))
        note = channel.given_back or (result.note if result is not None else None)
        self._write(live, table.GIVEN_BACK if channel.given_back else table.ANSWERED, note, result)
        return None

    def _plan(self, live: InboundCall, flow: Flow) -> CallPlan:
        line, caller = live.line, Caller(live.caller is not None, live.line.region)
        zones = country_and_zones(line.number)[1]

        async def store(number: str, how: str) -> None:
            await self._stops.take(number, VIA_KEYED if how == KEYED else VIA)
            live.stops.append(LineStop(self._node.store.hash_number(number), how, self._node.clock.real_now()))

        def watch(what: Command | Event) -> None:
            if isinstance(what, PlayPrompt | SayPieces):
                live.language = what.language

        return CallPlan(
            party=live.party,
            flow=flow,
            ring_time_s=0.0,
            max_call_s=line.max_call_s,
            media=self._means.media,
            say=self._voices[line.name].media,
            transfer=self._means.transfer,
            store_opt_out=store,
            trunk_works=lambda: None,
            local_now=lambda: self._node.clock.now().astimezone(ZoneInfo(zones[0])) if zones else None,
            caller=caller,
            speech=self._means.speech,
            watch=watch,
        )

    def _write(self, live: InboundCall, result: str, note: str | None, call: CallResult | None) -> None:
        """Have the call written down soon; ``note`` says why it was given back, or what was wrong."""
        self._write_soon(partial(table.add, self._node.store, self._row(live, result, note, call), live.stops))
        if call is not None and COMPLAINT in call.answers and live.caller is not None:
            self._write_soon(partial(self._complain, live.call_id, live.line.name, live.caller, live.began_at))

    def _row(self, live: InboundCall, result: str, note: str | None, call: CallResult | None) -> LineCall:
        return LineCall(
            call_id=live.call_id,
            line=live.line.name,
            called=live.line.number,
            caller_hash=self._node.store.hash_number(live.caller.e164) if live.caller else None,
            node=self._node.entityid,
            result=result,
            note=note,
            language=live.language,
            disposition=call.disposition if call else None,
            began_at=live.began_at,
            answered_at=call.answered_at if call else None,
            ended_at=(call.ended_at if call else None) or self._node.clock.real_now(),
        )

    def _write_soon(self, write: Callable[[], Awaitable[object]]) -> None:
        try:
            self._unwritten.put_nowait(write)
        except asyncio.QueueFull:
            _log.error("too many calls wait for the database; this one is not stored")

    async def _complain(self, ref: str, line: str, number: PhoneNumber, at: dt.datetime) -> None:
        told = Complaint(number, at, BY_LINE, f"by a key on the line {line}", self._node.entityid, ref=ref)
        case = await open_case(self._node.store, self._node.ruleset, told)
        _log.info("a complaint was made on a line", line=line, case=case)
