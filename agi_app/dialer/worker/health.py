"""Everything around the dialer's loop that one worker does: listen for stops, keep leases, know why it dials nobody.

A worker dials only while all of these hold: Asterisk connected, keys and stops heard, stops written, clocks agree,
the worker lock ours. ``waiting_reason`` names the first that does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app import log
from agi_app.calls.interrupted import sweep_rule
from agi_app.consent import restored_backup
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.loop import LEASE, Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.worker.ended_by_hand import EndedByHand
from agi_app.dialer.worker.shutdown import finish_live_calls
from agi_app.errors import ConfigError, OtherWorkerError, SafetyError, StoreError
from agi_app.event_loop import happens_within
from agi_app.messages import t, template
from agi_app.monitoring.holding import Holding
from agi_app.pbx.ari.http import REFUSED, explain
from agi_app.store.calling import attempts, dead_workers, nodes, pauses
from agi_app.store.database import catalog, checks, progress
from agi_app.store.database.listen import CONTROL_CHANNEL, STOP_CHANNEL, Heard, Listening, ListenLost, Notification
from agi_app.store.database.locks import WorkerLock
from agi_app.store.people import stops as stop_table

HOUSEKEEPING_S = 2.0
ROUND_S = 10.0  # a round of housekeeping that takes longer has met a database that does not answer
ASK_S = 0.5  # how long the database may take to say which of a person's calls a stop is about
CATALOG_S = 60.0  # between two looks at the database's objects
LONGEST_ID = 19  # digits of a bigint
SHOWN = 100  # characters of a payload that says nothing
MAX_CLOCK_DIFFERENCE = dt.timedelta(seconds=2)
FREE_SPACE = "free space or fix the file's permissions; it is tried again automatically"
RESTORED = "the database was restored from a backup: nobody is called"
ONLY_RINGING = ("campaign_stopped", "contact_changed", "contact_held")  # a talk with the person goes on
LISTED = template("the number came onto a do-not-call list")
CHANGED = {
    "contact_changed": template("the office changed the contact's time, or cancelled it"),
    "contact_held": template("the contact's row in a newer list was rejected"),
}

_log = log.get("worker")


@dataclass(slots=True)
class Health:
    """What a worker knows about itself; each reason is None while it is well."""

    deaf: str | None = template("not listening for stops yet")
    paused: str | None = None
    keys: str | None = template("the start of a key is not heard yet")
    clock: str | None = None
    database: str | None = None
    peers: str | None = template("not compared with the other workers yet")
    checkpoint: str | None = None
    prompts: str | None = None
    switch: str | None = None  # the process that hangs up the calls of a killed worker does not run
    catalog: str | None = None
    hold_until: dt.datetime | None = None  # rules time
    restored: str | None = None
    outage: bool = False  # the database was away since we began
    outage_ended: dt.datetime | None = None  # real time by the database's clock


class Worker:
    """One node at work."""

    def __init__(
        self,
        node: Node,
        stops: Stops,
        lock: WorkerLock,
        health: Health,
        data_folder: Path,
        sealing: Callable[[], str | None],
        calls_end_within: float = 30.0,
    ) -> None:
        """``sealing`` says why rows that a call would write might not be proved; None: they are.

        ``calls_end_within``: seconds that live calls may go on once it is told to end.
        """
        self._node, self._stops, self._lock, self.health = node, stops, lock, health
        self._sealing = sealing
        self._data_folder = data_folder
        self._by_hand = EndedByHand(node)
        self._look_around = asyncio.Event()  # something changed: keep house now
        self._changes_open = False  # the office changed contacts, and it is not known yet which calls that concerns
        self._listening = False  # the connection that hears of stops is up; the live calls may be unchecked yet
        self._catalog_at: float | None = None  # when the database's objects were last looked at
        self._draining = False
        self.calls_end_within = calls_end_within

    def may_dial(self) -> bool:
        """Whether a call that is ready may leave now."""
        return not self._draining and self.waiting_reason() is None

    def waiting_reason(self) -> str | None:
        """Why nobody may be dialled now; None when all is well."""
        return next((holding.text for holding in self.holdings()), None)

    def holdings(self) -> Iterator[Holding]:
        """Every reason why nobody may be dialled now, the first one first."""
        health, stops, ari = self.health, self._stops, self._node.ari
        if stops.broken is not None:
            told = t(
                "stops cannot be kept on disk: {broken}; {free_space}", broken=stops.broken, free_space=t(FREE_SPACE)
            )
            yield Holding("journal", told)
        if stops.doubt is not None:
            told = "stops may be lost: {doubt}; see `agi-app recover`"
            yield Holding("journal", t(told, doubt=stops.doubt))
        if health.database:
            yield Holding("database", health.database)
        if health.paused:
            yield Holding("paused", health.paused, wanted=True)
        if health.deaf is not None:
            yield Holding("stops_unheard", t("stops of other nodes are not heard: {deaf}", deaf=health.deaf))
        if stops.overdue:
            yield Holding("stops_overdue", t("stops are on their way into the database"))
        if not ari.is_connected:
            told = t("no connection to Asterisk at {url}", url=ari.settings.url)
            yield Holding("asterisk", explain(REFUSED, ari.settings) if ari.is_refused else told)
        yield from self._faults()

    def _faults(self) -> Iterator[Holding]:
        health, hold = self.health, self.health.hold_until
        if health.keys:
            yield Holding("keys", health.keys)
        if health.restored is not None:
            yield Holding("restored", health.restored)
        elif hold is not None and self._node.clock.now() < hold:
            told = t("{restored} before {hold:%F %H:%M} UTC", restored=t(RESTORED), hold=hold)
            yield Holding("restored", told)
        later = {
            "catalog": health.catalog,
            "clock": health.clock,
            "peers": health.peers,
            "checkpoint": health.checkpoint,
            "prompts": health.prompts,
            "switch": health.switch,
            "audit": self._sealing(),
        }
        yield from (Holding(code, why) for code, why in later.items() if why)

    def all_holdings(self) -> Iterator[Holding]:
        """The same for those who watch, and that it ends: its live calls may still need a way out, to an agent."""
        if self._draining:
            yield Holding("ending", t("it was told to end: it makes no new call"))
        yield from self.holdings()

    def holds_its_own(self) -> bool:
        """Whether it has its Asterisk, its database and the word of every stop, whatever else may keep it."""
        return self._node.ari.is_connected and self.health.database is None and self.health.deaf is None

    @property
    def is_ending(self) -> bool:
        """Whether it was told to end."""
        return self._draining

    @property
    def calls(self) -> int:
        """Calls of campaigns that go on."""
        return len(self._node.live)

    async def listen(self, dialer: Dialer) -> None:
        """Obey stops and campaign changes of every node until cancelled."""
        async with asyncio.TaskGroup() as stopping:
            async for heard in self._node.store.listen(STOP_CHANNEL, CONTROL_CHANNEL):
                if isinstance(heard, Notification) and heard.channel == STOP_CHANNEL:
                    stopping.create_task(self._obey(heard, dialer))  # one stop does not wait for another
                else:
                    await self._obey(heard, dialer)

    async def _obey(self, heard: Heard, dialer: Dialer) -> None:
        match heard:
            case Listening():
                self._listening = True
                if self.health.outage:
                    self._stops.replay()
                await self._look_at_pause()
                await self._check_live_calls()
                await self._by_hand.look()
                dialer.control_changed()
            case ListenLost(reason):
                self._listening = False
                self.health.deaf, self.health.outage = reason, True
                _log.warning("stops are not heard", reason=reason)
            case Notification(channel, payload) if channel == STOP_CHANNEL:
                if payload.isdecimal() and len(payload) < LONGEST_ID:
                    await self._stop_person(int(payload))
            case Notification(_, payload):
                change = _told(payload)
                if "everything" in change:
                    await self._look_at_pause()
                    self._look_around.set()  # so that the others read at once that we dial nobody
                elif "contacts" in change:
                    await self._drop_changed()
                elif "call" in change:
                    await self._by_hand.heard(str(change["call"]))
                elif change.get("state") == "stopped":
                    self._node.live.stop_campaign(str(change.get("campaign")))
                dialer.control_changed()

    async def _look_at_pause(self) -> None:
        try:
            pause = await pauses.in_force(self._node.store)
        except StoreError as error:
            self.health.database = str(error)
            return
        self.health.paused = None if pause is None else pause.words

    async def _stop_person(self, person_id: int) -> None:
        """End this person's calls, but for those whose consent, for another purpose, still stands."""
        live = self._node.live
        if not (ids := live.attempts_of(person_id)):
            return
        try:
            async with asyncio.timeout(ASK_S):
                verdicts = await stop_table.live_check(self._node.store, ids)
        except (StoreError, TimeoutError):
            verdicts = dict.fromkeys(ids, "person_stopped")  # in doubt the call ends
        for attempt_id, verdict in verdicts.items():
            why = LISTED if verdict == "listed" else template("the person said stop")
            live.stop_attempt(attempt_id, why, even_if_up=verdict not in ONLY_RINGING)

    async def _drop_changed(self) -> None:
        """End calls that still ring on a time that the office has changed, or to a contact that it has cancelled."""
        try:
            async with asyncio.timeout(ASK_S):
                verdicts = await stop_table.live_check(self._node.store, self._node.live.attempt_ids)
        except (StoreError, TimeoutError) as error:
            _log.warning("the office changed contacts; which calls that concerns is asked again", error=str(error))
            self._changes_open = True
            self._look_around.set()
            return
        self._changes_open = False
        for attempt_id, verdict in verdicts.items():
            if verdict in CHANGED:
                self._node.live.stop_attempt(attempt_id, CHANGED[verdict], even_if_up=False)

    async def _check_live_calls(self) -> None:
        """Something may have been missed while deaf: ask the database about every live call."""
        try:
            verdicts = await stop_table.live_check(self._node.store, self._node.live.attempt_ids)
            for attempt_id, verdict in verdicts.items():
                self._node.live.stop_attempt(attempt_id, verdict, even_if_up=verdict not in ONLY_RINGING)
            if self.health.outage:
                self.health.outage_ended = await checks.database_now(self._node.store)
                self.health.peers = t("waiting to hear that the other workers' stops are stored")
        except StoreError as error:
            self.health.deaf = str(error)
            self._look_around.set()  # keep_house asks again: no second Listening tells us to
            return
        self.health.deaf, self.health.outage = None, False
        self._look_around.set()

    async def keep_house(self, dialer: Dialer) -> None:
        """Renew leases, take over what dead nodes left, watch clocks, lock and peers, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(ROUND_S):
                    await self._house_round(dialer)
                self.health.database = None
            except TimeoutError:
                self._database_fails(t("the database did not answer within {round_s:.0f} s", round_s=ROUND_S))
            except StoreError as error:
                self._database_fails(str(error))
            self._look_around.clear()
            await happens_within(self._look_around, HOUSEKEEPING_S)

    def _database_fails(self, reason: str) -> None:
        if self.health.database != reason:
            _log.error("nobody is dialled until the database is well", error=reason)
        self.health.database = reason

    async def _house_round(self, dialer: Dialer) -> None:
        node = self._node
        if not await self._lock.still_held():
            await self._retake_lock()
        await self._look_at_pause()
        if self._changes_open:
            await self._drop_changed()
        if self._by_hand.missed:
            await self._by_hand.look()
        if self._listening and self.health.deaf is not None:
            await self._check_live_calls()
        ids = node.live.attempt_ids
        ours = await attempts.extend_leases(node.store, node.entityid, ids, LEASE)
        for attempt_id in set(ids) - ours:
            if attempt_id in node.live.attempt_ids:
                node.live.stop_attempt(attempt_id, t("another node took this attempt over"), even_if_up=True)
        swept = await dead_workers.sweep(node.store, None, sweep_rule(node.clock))
        if swept.released or swept.interrupted:
            _log.warning("took over from a dead node", released=swept.released, interrupted=swept.interrupted)
        await nodes.beat(
            node.store,
            node.entityid,
            self._stops.position,
            flushed=not self._stops.pending,
            waiting_reason=dialer.waiting_reason,
            campaign_waiting_reasons=dialer.waiting_reasons(),
            agents=dialer.agents.told(),
            trunks=dialer.lines.paused_trunks(node.clock.monotonic()),
        )
        await self._note_progress()  # before the peers let us dial again: the database may be an old copy now
        await self._look_at_catalog()
        await self._look_at_peers()
        await self._compare_clocks()

    async def _look_at_catalog(self) -> None:
        """A view in a table's place, or a trigger of somebody else: then nothing that the database says is believed."""
        now = self._node.clock.monotonic()
        if self._catalog_at is not None and now - self._catalog_at < CATALOG_S:
            return
        if (found := await catalog.fault(self._node.store)) is not None and found != self.health.catalog:
            _log.critical("nobody is dialled", error=found)
        self.health.catalog, self._catalog_at = found, now

    async def _look_at_peers(self) -> None:
        """After an outage a peer's journal may hold stops that nobody else knows: wait for its word."""
        store = self._node.store
        since = await nodes.database_started(store)
        if self.health.outage_ended is not None:
            since = max(since, self.health.outage_ended)
        waiting = await nodes.unflushed_since(store, since)
        self.health.peers = (
            t(
                "workers have not said since the database came back that their stops are stored: {waiting};"
                " start them, or `agi-app forget-node NAME` if one is gone for good",
                waiting=", ".join(waiting),
            )
            if waiting
            else None
        )

    async def _note_progress(self) -> None:
        found = await progress.progress(self._node.store)
        self.health.hold_until = found.hold_until
        self.health.restored = None if found.restored is None else restored_backup.held_by(found.restored)
        try:
            await asyncio.to_thread(restored_backup.advance, self._data_folder, found, self._node.clock.now())
            self.health.checkpoint = None
        except (SafetyError, ConfigError) as error:
            if self.health.checkpoint is None:
                _log.critical("nobody is dialled: the checkpoint says no", error=str(error))
            self.health.checkpoint = str(error)

    async def _retake_lock(self) -> None:
        if (lock := await self._node.store.worker_lock(self._node.entityid)) is None:
            raise OtherWorkerError(
                t(
                    "another worker has taken Asterisk {entityid} over while the database was away",
                    entityid=self._node.entityid,
                )
            )
        await self._lock.release()
        self._lock = lock

    async def _compare_clocks(self) -> None:
        apart = await checks.clock_difference(self._node.store)
        self.health.clock = (
            t(
                "the clocks of this host and of the database are {total_seconds:.1f} s apart; set both by NTP",
                total_seconds=abs(apart).total_seconds(),
            )
            if abs(apart) > MAX_CLOCK_DIFFERENCE
            else None
        )

    def begin_to_end(self, dialer: Dialer) -> None:
        """Make no new call from now on."""
        self._draining = True
        dialer.close()

    async def drain(self, dialer: Dialer) -> None:
        """End in order: no new call, live ones may finish for a while, then are hung up."""
        self.begin_to_end(dialer)
        await finish_live_calls(self._node.live, self.calls_end_within)


def _told(payload: str) -> dict[str, Any]:
    """What was told of a change; empty for what is not from us: any role of the database can send a notification."""
    with contextlib.suppress(ValueError, RecursionError):
        if isinstance(change := json.loads(payload), dict):
            return change
    _log.warning("a notification that says nothing", payload=payload[:SHOWN])
    return {}
