"""The draft of a flow or campaign: what it changes, how its expected calls end, whom it concerns; its publication."""

from __future__ import annotations

import asyncio

from agi_app.api.problems import RequestRefused
from agi_app.api.resources.asks import ask_answer
from agi_app.api.resources.drafts import PublishedAnswer
from agi_app.console.asked import ended
from agi_app.console.diffs import DiffLine, diff
from agi_app.console.flows.expected_calls import FlowCalls, calls_of
from agi_app.console.flows.one_flow import CampaignOfFlow
from agi_app.console.flows.reading import FlowFault, draft_of, faults_of, home_of, project_of, text_of, the_draft
from agi_app.console.forms import reason_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, flow_use
from agi_app.operations.project.drafts import Draft, DraftOf, sha256_of
from agi_app.operations.project.project_files import ProjectFile

pages = Pages()


class DraftShown(PageData):
    """A draft of a flow or campaign. ``outdated``: its file was changed since it began, so it cannot be published.

    ``calls`` None: the draft has faults, and no call can be tried; or it is a campaign's.
    """

    kind: str
    name: str
    file: str
    sha256: str
    is_new: bool
    outdated: bool
    faults: list[FlowFault]
    changes: list[DiffLine]
    calls: FlowCalls | None
    campaigns: list[CampaignOfFlow]


@pages.get("/campaigns/{campaign}/draft", Scope.CAMPAIGNS_DRAFT)
@pages.get("/flows/{flow}/draft", Scope.CAMPAIGNS_DRAFT)
async def show(call: PageCall) -> Shown:
    """The page; 404 when there is no draft."""
    return await _draft(call, await _there(call))


@pages.post("/campaigns/{campaign}/draft", Scope.CAMPAIGNS_DRAFT)
@pages.post("/flows/{flow}/draft", Scope.CAMPAIGNS_DRAFT)
async def publish(call: PageCall) -> Shown | GoTo:
    """Ask a worker to write it into the project."""
    of, draft = draft_of(call), await _there(call)
    if (reason := reason_of(call.form)) is None:
        return await _draft(call, draft, t("Say why: it is kept for good."))
    shown = await _shown(call, draft)
    if shown.calls is not None and shown.calls.failed and not call.form.get("although"):
        return await _draft(
            call, draft, t("Expected calls come out otherwise: tick that they may, or correct the draft.")
        )
    try:
        ask = await drafts.publish(call.inst, of, call.form.get("sha256", ""), reason=reason)
    except InputError as error:
        return await _draft(call, draft, str(error))
    return GoTo(f"{home_of(of)}/published/{ask}")


@pages.get("/campaigns/{campaign}/published/{ask}", Scope.CAMPAIGNS_DRAFT)
@pages.get("/flows/{flow}/published/{ask}", Scope.CAMPAIGNS_DRAFT)
async def published(call: PageCall) -> Shown:
    """How the publication went, and which campaigns run with another text until they are started again."""
    number, of = int(call.path["ask"]), draft_of(call)
    try:
        found = await ended(call.inst, lambda: drafts.asked(call.inst, number), lambda one: one.state != "waiting")
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
    if (found.object, found.verb) != (of.name, drafts.PUBLISH):
        raise RequestRefused("not_found")
    told = found.answer or {}
    more = {key: told.get(key) for key in ("file", "sha256", "before")}
    data = PublishedAnswer(**ask_answer(found, None).model_dump(), **more)
    shown = {"kind": of.kind, "name": of.called, "home": home_of(of), "running": await _still_other(call, of)}
    return Shown("flows/published.html", data, "agi-app campaign start CAMPAIGN", more=shown)


async def _still_other(call: PageCall, of: DraftOf) -> list[CampaignOfFlow]:
    """The campaigns that run with another text of the flow."""
    project = await project_of(call)
    source = project.flows.get(of.called) if of.kind == "flow" else None
    concerned = [] if source is None else await flow_use.users(call.inst, project, of.called, source.file, source.text)
    return [CampaignOfFlow.model_validate(one) for one in concerned if one.runs and not one.same]


async def _there(call: PageCall) -> Draft:
    draft = await the_draft(call)
    if draft is None:
        raise RequestRefused("not_found", t("there is no draft of {name}", name=draft_of(call).called))
    return draft


async def _draft(call: PageCall, draft: Draft, fault: str = "") -> Shown:
    said = (
        t("The draft is saved. No call changes by it before it is published.")
        if call.query.get("said") == "saved"
        else ""
    )
    more = {"fault": fault, "said": said, "reason": call.form.get("reason", ""), "home": home_of(draft_of(call))}
    return Shown("flows/draft.html", await _shown(call, draft), "agi-app check", 422 if fault else 200, more)


async def _shown(call: PageCall, draft: Draft) -> DraftShown:
    of, project = draft_of(call), await project_of(call)
    name, is_flow = of.called, of.kind == "flow"
    now = await asyncio.to_thread(drafts.file_now, project, of)
    after, problems = await asyncio.to_thread(drafts.as_drafted, project, ProjectFile(draft.file, draft.content))
    text, was = text_of(draft.content), text_of(now.content or b"")
    is_now = None if now.content is None else sha256_of(now.content)
    users = await flow_use.users(call.inst, after, name, draft.file, text) if is_flow else []
    return DraftShown(
        kind=of.kind,
        name=name,
        file=draft.file,
        sha256=draft.sha256,
        is_new=now.content is None,
        outdated=is_now not in (draft.base, draft.sha256),
        faults=faults_of(problems),
        changes=await asyncio.to_thread(diff, was, text),
        calls=await asyncio.to_thread(calls_of, after, name) if is_flow and name in after.flows else None,
        campaigns=[CampaignOfFlow.model_validate(one) for one in users],
    )
