"""The texts that a flow had: what was published, and what campaigns have stored; to go back to."""

from __future__ import annotations

import asyncio

from agi_app.api.problems import RequestRefused
from agi_app.api.resources.drafts import PublicationAnswer
from agi_app.console.diffs import DiffLine, diff
from agi_app.console.flows.one_flow import CampaignOfFlow
from agi_app.console.flows.reading import draft_of, project_of, text_of, the_draft
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import AuthorError, InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, flow_use
from agi_app.operations.project.drafts import sha256_of
from agi_app.operations.project.project_files import Project

pages = Pages()


class FlowVersions(PageData):
    """What was published here, the newest first, and what is stored with campaigns. ``sha256``: of the file now."""

    name: str
    file: str
    sha256: str | None
    published: list[PublicationAnswer]
    stored: list[CampaignOfFlow]


class FlowVersion(PageData):
    """One text, and what differs in the file now. ``title``: where the text comes from."""

    name: str
    title: str
    sha256: str
    text: str
    changes: list[DiffLine]
    same: bool
    has_draft: bool


@pages.get("/flows/{flow}/versions", Scope.FIGURES_READ)
async def show(call: PageCall) -> Shown:
    """The list."""
    name, project = call.path["flow"], await project_of(call)
    file, content = await _file(call, project)
    users = await flow_use.users(call.inst, project, name, file, None if content is None else text_of(content))
    data = FlowVersions(
        name=name,
        file=file,
        sha256=None if content is None else sha256_of(content),
        published=[PublicationAnswer.model_validate(one) for one in await drafts.published(call.inst, draft_of(call))],
        stored=[CampaignOfFlow.model_validate(one) for one in users if one.stored is not None],
    )
    if content is None and not data.published and not data.stored:
        raise RequestRefused("not_found")
    return Shown("flows/versions.html", data, "git log")


@pages.get("/flows/{flow}/versions/{ask}", Scope.FIGURES_READ)
async def published(call: PageCall) -> Shown:
    """One that was published."""
    return await _version(call, await _published(call), t("published by ask {ask}", ask=call.path["ask"]))


@pages.post("/flows/{flow}/versions/{ask}", Scope.CAMPAIGNS_DRAFT)
async def back_to(call: PageCall) -> Shown | GoTo:
    """Make it the draft."""
    return await _back(call, await _published(call), t("published by ask {ask}", ask=call.path["ask"]))


@pages.get("/flows/{flow}/stored/{campaign}", Scope.FIGURES_READ)
async def stored(call: PageCall) -> Shown:
    """The one that is stored with a campaign."""
    return await _version(call, await _stored(call), t("stored with {campaign}", campaign=call.path["campaign"]))


@pages.post("/flows/{flow}/stored/{campaign}", Scope.CAMPAIGNS_DRAFT)
async def back_to_stored(call: PageCall) -> Shown | GoTo:
    """Make it the draft."""
    return await _back(call, await _stored(call), t("stored with {campaign}", campaign=call.path["campaign"]))


async def _published(call: PageCall) -> bytes:
    try:
        return await drafts.published_text(call.inst, draft_of(call), int(call.path["ask"]))
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error


async def _stored(call: PageCall) -> bytes:
    project = await project_of(call)
    file, _ = await _file(call, project)
    for one in await flow_use.users(call.inst, project, call.path["flow"], file, None):
        if one.campaign == call.path["campaign"] and one.stored is not None:
            return one.stored.encode()
    raise RequestRefused("not_found")


async def _file(call: PageCall, project: Project) -> tuple[str, bytes | None]:
    now = await asyncio.to_thread(drafts.file_now, project, draft_of(call))
    return now.name, now.content


async def _version(call: PageCall, content: bytes, title: str, fault: str = "") -> Shown:
    _, now = await _file(call, await project_of(call))
    text, is_now = text_of(content), text_of(now or b"")
    data = FlowVersion(
        name=call.path["flow"],
        title=title,
        sha256=sha256_of(content),
        text=text,
        changes=await asyncio.to_thread(diff, text, is_now),
        same=text == is_now,
        has_draft=await the_draft(call) is not None,
    )
    return Shown("flows/version.html", data, "git diff", 422 if fault else 200, {"fault": fault})


async def _back(call: PageCall, content: bytes, title: str) -> Shown | GoTo:
    try:
        await drafts.save(call.inst, await project_of(call), draft_of(call), content)
    except (AuthorError, InputError) as error:
        return await _version(call, content, title, str(error))
    return GoTo(f"/flows/{call.path['flow']}/draft", "saved")
