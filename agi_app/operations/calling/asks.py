"""Asks that change a campaign: somebody asks by the service, a worker does it and answers.

For a start, or to go on, the token is shown to the worker, too, so that a service that was taken over can ask for
nobody who does not use it then. The audit records the ask, and what the worker did as an action of who asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling import approvals, feed_asks
from agi_app.operations.calling.approvals import ApprovalWanted
from agi_app.store.calling import nodes
from agi_app.store.calling.campaigns import known_campaign
from agi_app.store.requested_calls import asks as table
from agi_app.store.requested_calls.asks import Ask, NewAsk

CAMPAIGN = "campaign"
SEEN_WITH: Mapping[str, Scope] = {  # kinds of asks that `asked` shows
    CAMPAIGN: Scope.FIGURES_READ,
    "calling": Scope.FIGURES_READ,
    "call": Scope.FIGURES_READ,
    "guard": Scope.GUARD_READ,
    feed_asks.KIND: Scope.FIGURES_READ,
    "account": Scope.ACCOUNTS_MANAGE,
}
Verb = Literal["start", "pause", "resume", "stop"]
SCOPES: Mapping[str, Scope] = {
    "start": Scope.CAMPAIGNS_START,
    "resume": Scope.CAMPAIGNS_START,
    "pause": Scope.CAMPAIGNS_PAUSE,
    "stop": Scope.CAMPAIGNS_PAUSE,
}


@dataclass(frozen=True, slots=True)
class AskStatus:
    """An ask with its answer, if it has one; ``note`` says what it, or the start that it was for, waits for."""

    ask: Ask
    note: str | None

    @property
    def request(self) -> int | None:
        """The request for a second person that a start made; None: it made none."""
        return _request(self.ask)


@noted(Scope.CAMPAIGNS_PAUSE, "campaign ask", "campaign")
async def ask(inst: Installation, campaign: str, verb: str, *, reason: str, preview: int | None = None) -> int:
    """Ask a worker to start, pause, resume or stop a campaign; returns the ask's id, for `asked`.

    ``preview`` is the one that the start names: the worker refuses it when that no longer holds. Raises InputError for
    another verb, without a reason, or for a campaign that there is not; Forbidden; StoreError.
    """
    if verb not in SCOPES:
        raise InputError(t("{verb}: ask for one of start, pause, resume, stop", verb=verb))
    inst.actor.require(SCOPES[verb])
    if not reason.strip():
        raise InputError(t("say why, in the reason"))
    if preview is not None and verb != "start":
        raise InputError(t("only a start can name a preview"))
    await known_campaign(inst.store, campaign)
    parameters = {} if preview is None else {"preview": preview}
    return await table.add(inst.store, NewAsk(CAMPAIGN, verb, campaign, reason.strip(), parameters), inst.actor)


@reads(Scope.FIGURES_READ)
async def asks(inst: Installation, campaign: str) -> list[AskStatus]:
    """The asks about a campaign, the newest first; at most 100. Raises StoreError."""
    found = await table.of_object(inst.store, CAMPAIGN, campaign)
    note = await _note(inst) if any(one.state == "waiting" for one in found) else None
    wanted = await approvals.of_campaign(inst, campaign) if any(_request(one) for one in found) else None
    return [AskStatus(one, note if one.state == "waiting" else _second_person(one, wanted)) for one in found]


@reads(Scope.FIGURES_READ)
async def asked(inst: Installation, ask_id: int) -> AskStatus:
    """One ask. Raises InputError when there is none, or it is about people, StoreError, Forbidden."""
    found = await table.by_id(inst.store, ask_id)
    if found is None or found.kind not in SEEN_WITH:
        raise NotThere(t("there is no ask {number}", number=ask_id))
    inst.actor.require(SEEN_WITH[found.kind])
    if found.state == "waiting":
        return AskStatus(found, await _note(inst))
    if found.kind == feed_asks.KIND:
        return AskStatus(found, await feed_asks.note(inst, found))
    wanted = await approvals.of_campaign(inst, found.object) if _request(found) else None
    return AskStatus(found, _second_person(found, wanted))


async def _note(inst: Installation) -> str:
    """What an ask waits for."""
    if any(node.alive for node in await nodes.all_nodes(inst.store)):
        return t("a worker takes it within a second")
    return t("no worker runs: nobody is called, and this waits until one does")


def _request(ask: Ask) -> int | None:
    """The request for a second person that a start made; None: it made none."""
    told = ask.answer or {}
    return int(told["request"]) if told.get("result") == ApprovalWanted.__name__ else None


def _second_person(ask: Ask, wanted: ApprovalWanted | None) -> str | None:
    """Of a start that needed a second person: whether it waits. ``wanted``: what the campaign waits for now."""
    if (request := _request(ask)) is None:
        return None
    if wanted is None or wanted.request != request:
        return t("request {request} for a second person no longer waits", request=request)
    why = t(" and ").join(wanted.why)
    return t("it waits for a second person, as request {request}, because {why}", request=request, why=why)


def came_of_it(result: object) -> dict[str, Any]:
    """The result of an operation as an answer: its fields, and what kind of result it is."""
    told = dataclasses.asdict(result) if dataclasses.is_dataclass(result) and not isinstance(result, type) else {}
    return {"result": type(result).__name__, **told}
