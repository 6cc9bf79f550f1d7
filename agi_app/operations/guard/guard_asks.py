"""The guard's lists and lines by the service: shown without the numbers of people, changed by a worker.

A change is an ask: the worker verifies the token, and does the operation of the command line as its account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.errors import InputError
from agi_app.guard.number_patterns import NotAPattern, new_pattern
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.guard import guard_calls, guard_lists
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk, OpenAsk
from agi_app.store.screening import guard_lists as table
from agi_app.store.screening.guard_lists import StoredEntry
from agi_app.store.screening.screened_calls import SubscriberLine

__all__ = ["KIND", "StoredEntry", "SubscriberLine"]
KIND = "guard"
PUT, REMOVE, LINE, VOTE = "list", "unlist", "line", "vote"
_GONE = "there is no entry {entry} on the guard's lists"


@reads(Scope.GUARD_READ)
async def entries(inst: Installation, line: str | None, *, after: int, limit: int) -> list[StoredEntry]:
    """Entries of the lists by their number, of all or of one line. Raises StoreError."""
    return await table.masked(inst.store, line, after=after, limit=limit)


@reads(Scope.GUARD_READ)
async def entry(inst: Installation, entry_id: int) -> StoredEntry:
    """One of them. Raises InputError when it is gone, StoreError."""
    if not (found := await table.masked(inst.store, entry_id=entry_id)):
        raise InputError(t(_GONE, entry=entry_id))
    return found[0]


@reads(Scope.GUARD_READ)
async def lines(inst: Installation) -> dict[str, SubscriberLine]:
    """What each line chose, by its name. Raises StoreError."""
    return await table.lines(inst.store)


@noted(Scope.GUARD_CHANGE, "guard ask")
async def ask_put(inst: Installation, pattern: str, *, allow: bool, line: str, reason: str, days: int | None) -> int:
    """Ask to let these numbers through, or to block them. Raises InputError for what is no pattern, StoreError."""
    try:
        new_pattern(pattern, inst.settings.guard.region or None)
    except NotAPattern as error:
        raise InputError(str(error)) from None
    asked = {"allow": allow, "line": line, "days": days}
    new = NewAsk(KIND, PUT, line, reason, asked, private={"pattern": pattern})
    return await asks.add(inst.store, new, inst.actor)


@noted(Scope.GUARD_CHANGE, "guard ask", "entry_id")
async def ask_remove(inst: Installation, entry_id: int, *, reason: str) -> int:
    """Ask to take an entry off. Raises InputError when it is gone, StoreError."""
    await entry(inst, entry_id)
    return await asks.add(inst.store, NewAsk(KIND, REMOVE, str(entry_id), reason), inst.actor)


@noted(Scope.GUARD_CHANGE, "guard ask", "line")
async def ask_line(inst: Installation, line: str, choice: SubscriberLine, *, reason: str) -> int:
    """Ask to change how calls to a line are screened; what is None stays. Raises InputError, StoreError."""
    asked = {"enabled": choice.enabled, "level": choice.level, "mailbox": choice.mailbox}
    if all(value is None for value in asked.values()):
        raise InputError(t("say what is to change: enabled, level or mailbox"))
    return await asks.add(inst.store, NewAsk(KIND, LINE, line, reason, asked), inst.actor)


@noted(Scope.GUARD_CHANGE, "guard ask", "call")
async def ask_vote(inst: Installation, call: str, *, nuisance: bool, reason: str) -> int:
    """Ask to note that the caller of a screened call is a nuisance, or (an appeal) none.

    Raises InputError when there is no such call, StoreError.
    """
    if not await table.knows_call(inst.store, call):
        raise InputError(t("{call}: no call of it is kept; `agi-app guard report` lists calls", call=call))
    return await asks.add(inst.store, NewAsk(KIND, VOTE, call, reason, {"nuisance": nuisance}), inst.actor)


async def do(inst: Installation, ask: OpenAsk) -> Mapping[str, Any]:
    """As a worker, in the name of who asked. Raises as the operations, InputError for what nobody knows."""
    asked = ask.parameters
    if ask.verb == PUT:
        pattern, how = str((ask.private or {}).get("pattern")), {"allow": asked["allow"], "line": asked["line"]}
        await guard_lists.put(inst, pattern, **how, reason=ask.reason, days=asked["days"])
    elif ask.verb == REMOVE:
        if (found := await table.pattern_of(inst.store, int(ask.object))) is None:
            raise InputError(t(_GONE, entry=ask.object))
        await guard_lists.remove(inst, found[0], line=found[1])
    elif ask.verb == LINE:
        chosen = {name: asked[name] for name in ("enabled", "level", "mailbox")}
        await guard_lists.set_line(inst, ask.object, **chosen)
    elif ask.verb == VOTE:
        await guard_calls.vote(inst, ask.object, nuisance=asked["nuisance"])
    else:
        raise InputError(t("this worker does not know what was asked for: {kind} {verb}", kind=ask.kind, verb=ask.verb))
    return {}
