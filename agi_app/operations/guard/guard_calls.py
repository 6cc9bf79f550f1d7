"""What the guard did with calls, why, and whether it was right.

The audit records who saw whole numbers, and each word that somebody says of a caller.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.errors import InputError
from agi_app.guard.call import read_caller
from agi_app.guard.case import Action
from agi_app.guard.decide import GuardDecision
from agi_app.guard.replay import Replay, replay, unpack_decision
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.screening import caller_lookup, guard_scripts, script_matching
from agi_app.store.screening import guard_report as table
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_report import ActionTotal, JudgedCall
from agi_app.store.screening.guard_scripts import Spoken, StoredScript

__all__ = [
    "GuardDecision",
    "JudgedCall",
    "Replay",
    "StoredScript",
    "explain",
    "replay_decisions",
    "report",
    "vote",
    "why",
]
KEPT_AWAY = (Action.REJECT.value, Action.VOICEMAIL.value)
LAST = 20


@dataclass(frozen=True, slots=True)
class KnownOfCaller:
    """What would happen to a call now, and what happened to and was said in the last ones."""

    now: GuardDecision
    calls: Sequence[JudgedCall] = ()
    said: Sequence[Spoken] = ()


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What was blocked, who passed a challenge, which decisions were probably wrong, which scripts were heard."""

    totals: Sequence[ActionTotal]
    blocked: Sequence[JudgedCall]
    passed: Sequence[JudgedCall]
    suspected: Sequence[JudgedCall]
    scripts: Sequence[StoredScript]


@noted(Scope.GUARD_READ, "guard explain", number="caller")
async def explain(inst: Installation, caller: str, *, line: str = "") -> KnownOfCaller:
    """What would happen to a call of this number to a line now, and what happened to its last ones. StoreError."""
    guard, now = inst.settings.guard, inst.clock.now()
    number, _ = read_caller(caller, guard.region or None)
    if number is not None:
        await log_access(inst.store, Access("guard explain", 1, entered_by=inst.actor.account))
    decision = await caller_lookup.explain(inst.store, guard, now, caller, line)
    if number is None:
        return KnownOfCaller(decision)
    since = now - dt.timedelta(days=guard.keep_days)
    said = await guard_scripts.spoken(inst.store, since, number=number, limit=LAST)
    return KnownOfCaller(decision, await table.calls(inst.store, since, number=number, limit=LAST), said)


@noted(Scope.GUARD_READ, "guard report")
async def report(inst: Installation, days: int, *, whole_numbers: bool) -> GuardReport:
    """The last days; that whole numbers will be shown is noted. Raises StoreError."""
    if whole_numbers:
        inst.actor.require(Scope.PEOPLE_REVEAL)
    since = inst.clock.now() - dt.timedelta(days=days)
    blocked = await table.calls(inst.store, since, actions=KEPT_AWAY)
    passed = await table.calls(inst.store, since, passed=True)
    suspected = await table.suspected(inst.store, since)
    if whole_numbers:
        shown = {call.number for call in (*blocked, *passed, *suspected) if call.number}
        await log_access(inst.store, Access("guard report", len(shown), entered_by=inst.actor.account))
    heard = [one for one in await guard_scripts.scripts(inst.store) if one.calls]
    return GuardReport(await table.totals(inst.store, since), blocked, passed, suspected, heard)


def why(call: JudgedCall, language: str) -> str:
    """The reasons of a decision in words, en or zh-CN."""
    return unpack_decision(call.decision).text(language) if call.decision else f"{call.action}: {call.unjudged}"


@noted(Scope.GUARD_CHANGE, "guard vote", number="call")
async def vote(inst: Installation, call: str, *, nuisance: bool) -> None:
    """Say of a caller, by number or by the id of a call, that it is a nuisance, or none.

    None: reports before count no more, and for 30 days it is marked at most. Raises InputError when no call of it is
    kept, StoreError.
    """
    number, _ = read_caller(call, inst.settings.guard.region or None)
    found = await table.find_call(inst.store, call) or (number and await table.find_call(inst.store, number))
    said = ChangedBy(inst.actor.account, inst.clock.now())
    if not found or not await script_matching.voted(inst.store, found, nuisance, said):
        raise InputError(t("{call}: no call of it is kept; `agi-app guard report` lists calls", call=call))


@reads(Scope.GUARD_READ)
async def replay_decisions(inst: Installation, days: int) -> tuple[Counter[Replay], list[str]]:
    """Make every stored decision again from what it was judged by; the ids of calls where one comes out otherwise.

    Raises StoreError.
    """
    results: Counter[Replay] = Counter()
    different: list[str] = []
    async for page in table.decisions(inst.store, inst.clock.now() - dt.timedelta(days=days)):
        found = [(replay(stored.inputs, stored.decision), stored.call_id) for stored in page]
        results.update(result for result, _ in found)
        different += [call_id for result, call_id in found if result is Replay.DIFFERENT]
    return results, different
