"""Asks that change a feed: to start, pause or end it, or to read it now. A worker does as the command does.

The settings say what a feed is, and the service does not read those: a start is judged by the worker alone. The
two-person rule is the same: a start that needs a second person is done, and then waits for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling import feeds
from agi_app.operations.calling.feeds import ApprovalAsked
from agi_app.operations.project.project_files import Project
from agi_app.store.feeds import feeds as table
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

KIND, START, PAUSE, END, RUN = "feed", "start", "pause", "end", "run"
SCOPES: Mapping[str, Scope] = {
    START: Scope.CAMPAIGNS_START,
    PAUSE: Scope.CAMPAIGNS_PAUSE,
    END: Scope.CAMPAIGNS_START,
}


@noted(Scope.CAMPAIGNS_PAUSE, "feed ask", "name")
async def ask(inst: Installation, name: str, verb: str, *, reason: str) -> int:
    """Ask a worker to start, pause or end a feed; returns the ask's id.

    Raises InputError for another verb or without a reason, NotThere for one to pause or end that was never asked for,
    Forbidden, StoreError. Whether the settings have a feed to start, the worker says.
    """
    if verb not in SCOPES:
        raise InputError(t("{verb}: ask for one of start, pause, end", verb=verb))
    inst.actor.require(SCOPES[verb])
    if verb != START:
        await _known(inst, name)
    return await asks.add(inst.store, NewAsk(KIND, verb, name, _why(reason)), inst.actor)


@noted(Scope.CONTACTS_IMPORT, "feed run ask", "name")
async def ask_run(inst: Installation, name: str, *, reason: str, confirmed: bool = False) -> int:
    """Ask a worker to let a feed be read now; returns the ask's id. ``confirmed``: also if many go.

    Raises InputError without a reason, NotThere, StoreError.
    """
    await _known(inst, name)
    return await asks.add(inst.store, NewAsk(KIND, RUN, name, _why(reason), {"confirmed": confirmed}), inst.actor)


@reads(Scope.FIGURES_READ)
async def listed(inst: Installation, name: str) -> list[tuple[Ask, str | None]]:
    """The asks about a feed with their notes, the newest first; at most 100. Raises StoreError."""
    return [(one, await note(inst, one)) for one in await asks.of_object(inst.store, KIND, name)]


@reads(Scope.FIGURES_READ)
async def note(inst: Installation, given: Ask) -> str | None:
    """What else is to be known of an ask that is done: the run, or the request for a second person."""
    told = given.answer or {}
    if "run" in told:
        return t("it is run {run} of the feed", run=told["run"])
    if "request" not in told:
        return None
    wanted = await feeds.asked(inst, given.object)
    if wanted is None or wanted.request != told["request"]:
        return t("request {request} for a second person no longer waits", request=told["request"])
    return t("it waits for a second person, as request {request}", request=wanted.request)


async def do(inst: Installation, given: OpenAsk, project: Project | None) -> Mapping[str, Any]:
    """The worker's part, in the transaction of who calls. Raises as the operations of ``feeds`` do."""
    name = given.object
    if given.verb == START and project is not None:
        begun = await feeds.start(inst, project, name)
        return {"request": begun.request} if isinstance(begun, ApprovalAsked) else {}
    if given.verb == PAUSE:
        await feeds.pause(inst, name)
        return {}
    if given.verb == END:
        return {"campaign_paused": await feeds.end(inst, name)}
    if given.verb == RUN:
        return {"run": await feeds.run(inst, name, confirmed=bool(given.parameters.get("confirmed")))}
    told = {"kind": given.kind, "verb": given.verb}
    raise InputError(t("this worker does not know what was asked for: {kind} {verb}", **told))


@reads(Scope.CAMPAIGNS_APPROVE)
async def to_approve(inst: Installation, name: str) -> ApprovalAsked:
    """The request that waits for a second person, with all that is approved. Raises NotThere, StoreError."""
    if (found := await feeds.asked(inst, name)) is None:
        raise NotThere(t("nobody waits for an approval of feed {name}", name=name))
    return found


def _why(reason: str) -> str:
    if not reason.strip():
        raise InputError(t("say why, in the reason"))
    return reason.strip()


async def _known(inst: Installation, name: str) -> None:
    if await table.feed(inst.store, name) is None:
        raise NotThere(t("feed {name} was never started; `agi-app feed start {name}`", name=name))
