"""Complaints by the service: the stop is entered at once, and a worker opens the case, as the account that asks.

A case and its notes have words about people, which wait beside the ask and are forgotten with its answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.people import complaints
from agi_app.operations.people.complaints import CaseState, OpenedCase, ReceivedCase
from agi_app.operations.people.stops import enter_stop
from agi_app.operations.people.time_and_evidence import SaidAt
from agi_app.store.people import complaints as table
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk, OpenAsk

KIND = "complaint"
ADD, RECEIVED, NOTE = "add", "received", "note"


@dataclass(frozen=True, slots=True)
class ComplaintTaken:
    """The ask and the stop of a complaint. ``ask`` None: the account may open no case, and ``refused`` says so."""

    ask: int | None
    stop: int | None  # None: none was to be taken
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class NotedCase:
    """A case to which a note was added, and the state that it has since."""

    case: int
    state: str


@noted(Scope.STOPS_ENTER, "complaint ask")
async def ask(
    inst: Installation,
    number: str,
    text: str,
    *,
    said_at: dt.datetime | None = None,
    source: str,
    campaign: str = "",
    take_stop: bool = True,
) -> ComplaintTaken:
    """Stop the calls to this E.164 number, and ask a worker to open a case; the stop waits for no role.

    `stops_take_effect` comes next, as after every stop that is entered. Raises Forbidden when no stop is to be taken
    and the account may open no case, StoreError: then neither is kept.
    """
    now, stop = inst.clock.now(), None
    if take_stop:
        said = SaidAt(min(said_at or now, now))
        stop = await enter_stop(inst, number, complaints.REASON, said=said, method=source)
    try:
        inst.actor.require(Scope.COMPLAINTS_CHANGE)
    except Forbidden as refused:
        if stop is None:
            raise
        return ComplaintTaken(None, stop, t("{fault}; the stop was taken", fault=refused))
    told = {"number": number, "text": text, "at": _written(said_at or now), "source": source, "campaign": campaign}
    return ComplaintTaken(await asks.add(inst.store, NewAsk(KIND, ADD, "", source, private=told), inst.actor), stop)


@noted(Scope.COMPLAINTS_CHANGE, "complaint received ask")
async def ask_received(
    inst: Installation,
    caller: str,
    on: str,
    times: Sequence[dt.datetime],
    text: str,
    *,
    category: str = "",
    name: str = "",
    transcript: str = "",
) -> int:
    """Ask a worker to open a case about calls of others to ``on``; returns the ask's id. InputError, StoreError."""
    told = {"caller": complaints.caller_of(caller), "on": on, "times": [_written(at) for at in times], "text": text}
    told |= {"category": category, "name": name, "transcript": transcript}
    return await asks.add(inst.store, NewAsk(KIND, RECEIVED, "", "", private=told), inst.actor)


@noted(Scope.COMPLAINTS_CHANGE, "complaint note ask", "case")
async def ask_note(inst: Installation, case: int, text: str, *, state: CaseState | None = None) -> int:
    """Ask a worker to add a note; returns the ask's id. Raises InputError when there is no such case, StoreError."""
    await table.case_of(inst.store, case)
    told = {"text": text, "state": state.value if state else None}
    return await asks.add(inst.store, NewAsk(KIND, NOTE, str(case), "", private=told), inst.actor)


@reads(Scope.COMPLAINTS_CHANGE)
async def asked(inst: Installation, ask_id: int) -> asks.Ask:
    """An ask about a complaint, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.COMPLAINTS_CHANGE)  # what it does is noted
async def do(inst: Installation, asked_for: OpenAsk) -> Mapping[str, Any]:
    """What a worker does with such an ask; returns the result. Raises InputError, ConfigError, StoreError."""
    return dataclasses.asdict(await _done(inst, asked_for))


async def _done(inst: Installation, asked_for: OpenAsk) -> OpenedCase | ReceivedCase | NotedCase:
    told: Mapping[str, Any] = asked_for.private or {}
    match asked_for.verb:
        case "add":
            said = SaidAt(_time(told["at"]), told["at"])
            more = {"source": told["source"], "campaign": told["campaign"]}
            return await complaints.add(inst, told["number"], told["text"], said=said, **more, take_stop=False)
        case "received":
            times = [SaidAt(_time(text), text) for text in told["times"]]
            more = {name: told[name] for name in ("category", "name", "transcript")}
            return await complaints.received(inst, told["caller"], told["on"], times, told["text"], **more)
        case "note":
            case, state = int(asked_for.object), CaseState(told["state"]) if told["state"] else None
            return NotedCase(case, await complaints.note(inst, case, told["text"], state=state))
    raise InputError(t("a worker does not know what was asked for: {verb}", verb=asked_for.verb))


def _written(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
