"""Judges a call that comes in: what is known of it, the guard's word, and what is kept of both.

Whatever is missing or late, the call rings: an answer of the database that takes longer than the deadline, a database
that is away, a fault of ours. Then the log and the call's row say why it was not judged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from dataclasses import dataclass, replace

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.screening import GuardSettings
from agi_app.errors import StoreError
from agi_app.guard.call import Stir, read_caller
from agi_app.guard.case import Action, GuardCase
from agi_app.guard.decide import GuardDecision, judge
from agi_app.guard.lists import ListOwner
from agi_app.guard.recent_calls import CallHistory
from agi_app.guard.replay import pack
from agi_app.messages import t
from agi_app.screening.decision_writer import Records
from agi_app.store.database.pool import Store
from agi_app.store.screening import caller_lookup, script_matching
from agi_app.store.screening import screened_calls as table
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.screened_calls import EndedCall, KnownCaller, NewCall

BY_KEY = "key after the call"  # who says it, for the audit
AT_ONCE = 6  # look-ups; more wait for a database that does not answer, and are not begun

_log = log.get("guard")


@dataclass(frozen=True, slots=True)
class Question:
    """A call as the dialplan tells it. ``caller`` is what the network showed."""

    caller: str | None
    called: str
    endpoint: str
    stir: Stir | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to a call; ``decision`` is None when it was let through unjudged."""

    call_id: str
    action: Action
    decision: GuardDecision | None = None
    kept: bool = True


class Screening:
    """One worker's judgement: the history of a day in memory, everything else in the database."""

    def __init__(self, store: Store, clock: Clock, settings: GuardSettings) -> None:
        self.settings = settings
        self.records = Records(store)
        self._store, self._clock = store, clock
        self._history = CallHistory(settings.decoys)
        self._lookups: set[asyncio.Task[KnownCaller]] = set()
        self._asked: set[str] = set()  # calls that were challenged, and nobody has said yet how it ended

    @property
    def now(self) -> dt.datetime:
        """Rules time."""
        return self._clock.now()

    async def remember(self) -> None:
        """Take the last day's calls into memory; without the database the memory begins empty."""
        try:
            calls = await caller_lookup.remember(self._store, self._history, self.now)
        except StoreError as error:
            _log.warning("the guard begins without the calls of the last day", reason=str(error))
            return
        _log.debug("the guard remembers the calls of the last day", calls=calls)

    async def judge(self, question: Question) -> Verdict:
        """Decide about one call, in time; never raises for a fault of the database."""
        call_id = secrets.token_hex(8)
        if question.endpoint in self.settings.internal or not self.settings.enabled:
            return Verdict(call_id, Action.ALLOW, kept=False)
        caller = read_caller(question.caller, self.settings.region or None)
        number, now = caller[0], self.now
        try:
            known = await self._known(number, question.called, now)
        except (StoreError, TimeoutError) as error:
            self._history.ring(call_id, number, question.called, now, stranger=False)
            return self._unjudged(call_id, number, question, now, str(error))
        case = caller_lookup.ringing(
            self._history, call_id, caller, question.called, question.stir, known, self.settings, now
        )
        decision = judge(case)
        self.records.add(_row(call_id, number, question, case, decision))
        if decision.action is Action.CHALLENGE:
            self._asked.add(call_id)
        return Verdict(call_id, decision.action, decision)

    async def _known(self, number: str | None, line: str, now: dt.datetime) -> KnownCaller:
        """The database's answer within the deadline; TimeoutError, StoreError. Never waits for it to be cancelled."""
        if len(self._lookups) >= AT_ONCE:
            raise TimeoutError(t("the database does not answer"))
        task = asyncio.get_running_loop().create_task(table.lookup(self._store, number, line, now))
        self._lookups.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait({task}, timeout=self.settings.deadline)
        if not done:
            task.cancel()
            raise TimeoutError(t("the database took longer than {deadline:g} s", deadline=self.settings.deadline))
        return task.result()

    def _forget(self, task: asyncio.Task[KnownCaller]) -> None:
        self._lookups.discard(task)
        if not task.cancelled():
            task.exception()  # it was told where it was waited for, or came too late

    def _unjudged(self, call_id: str, number: str | None, question: Question, now: dt.datetime, reason: str) -> Verdict:
        _log.warning("a call rings unjudged", reason=reason)
        self.records.add(
            NewCall(call_id, number, now, question.called, question.endpoint, Action.ALLOW.value, unjudged=reason)
        )
        return Verdict(call_id, Action.ALLOW)

    def ended(self, end: EndedCall) -> None:
        """A call is over; a caller who hangs up before the digits has failed the challenge."""
        self._history.end(end.call_id, end.answered, end.rang_s, end.by_caller)
        if end.call_id in self._asked:
            self._asked.discard(end.call_id)
            if end.by_caller:
                self._history.challenge_failed(end.call_id)
                end = replace(end, gave_up_at=self.now)
        self.records.add(end)

    async def challenged(self, call_id: str, passed: bool) -> None:
        """A caller pressed the digits, or did not. Raises StoreError."""
        self._asked.discard(call_id)
        if not passed:
            self._history.challenge_failed(call_id)
        await self.records.flushed()
        await table.challenged(self._store, call_id, passed, self.now)

    def unheard(self, call_id: str) -> None:
        """A caller heard no digits: whatever follows says nothing against it."""
        self._asked.discard(call_id)

    async def vote(self, call_id: str, nuisance: bool) -> bool:
        """The person called says whether it was a nuisance; False: no such call. Raises StoreError."""
        await self.records.flushed()
        return await script_matching.voted(self._store, call_id, nuisance, ChangedBy(BY_KEY, self.now))

    async def dialled(self, text: str) -> bool:
        """Somebody here dials this number; False: it is not one. Raises StoreError."""
        number, _ = read_caller(text, self.settings.region or None)
        if number is not None:
            await table.dialled(self._store, number, self.now)
        return number is not None

    async def purge(self) -> int:
        """Delete what was kept long enough; returns how many rows. Raises StoreError."""
        before, gone = self.now - dt.timedelta(days=self.settings.keep_days), 0
        while some := await table.purge(self._store, before):
            gone += sum(some.values())
        return gone


def _row(call_id: str, number: str | None, question: Question, case: GuardCase, decision: GuardDecision) -> NewCall:
    own = any(hit.owner is not ListOwner.SHARED and not hit.allow for hit in case.hits)
    return NewCall(
        call_id,
        number,
        case.now,
        question.called,
        question.endpoint,
        decision.action.value,
        pack(case).decode(),
        pack(decision).decode(),
        nuisance=decision.action in (Action.VOICEMAIL, Action.REJECT) and not own,
    )
