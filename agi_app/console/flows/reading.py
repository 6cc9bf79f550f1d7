"""What the pages of flows begin with: the project's files as they are, and one flow of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from markupsafe import Markup

from agi_app.api.problems import RequestRefused
from agi_app.console.pages import PageCall, PageData
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, flow_views, project_files
from agi_app.operations.project.drafts import Draft, DraftOf
from agi_app.operations.project.flow_views import FlowPicture, Lit
from agi_app.operations.project.project_files import Project, ProjectFile


class FlowFault(PageData):
    """What the check finds, and where. ``severity``: error or warning."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    severity: str


def faults_of(problems: Iterable[Problem]) -> list[FlowFault]:
    """As pages show them, in the order of their lines."""
    return [FlowFault.model_validate(one) for one in sorted(problems)]


async def project_of(call: PageCall) -> Project:
    """The project, read again when one of its files is another one. Raises InputError, ConfigError."""
    return await asyncio.to_thread(project_files.unchanged, call.inst.settings.project)


def draft_of(call: PageCall) -> DraftOf:
    """What a draft of the path's flow or campaign is of."""
    flow = call.path.get("flow")
    return DraftOf("campaign", call.path["campaign"]) if flow is None else DraftOf("flow", flow)


def home_of(of: DraftOf) -> str:
    """Where the pages of a flow or campaign are."""
    return f"/{of.kind}s/{of.called}"


async def file_of(call: PageCall, project: Project) -> ProjectFile:
    """The flow's file; RequestRefused when there is none."""
    try:
        return await asyncio.to_thread(project_files.file_of, project, "flow", call.path["flow"])
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error


async def the_draft(call: PageCall) -> Draft | None:
    """The draft of the flow or campaign, for who may see it. Raises StoreError."""
    return await drafts.draft(call.inst, draft_of(call)) if call.inst.actor.may(Scope.CAMPAIGNS_DRAFT) else None


def text_of(content: bytes) -> str:
    """A file as text; what is no UTF-8 in it is shown as such."""
    return content.decode("utf-8-sig", "replace")


async def drawn(project: Project, flow: str, language: str | None, lit: Lit | None = None) -> FlowPicture | None:
    """The picture of a flow; None: its file cannot be read, or it does not speak the language."""
    try:
        return await asyncio.to_thread(flow_views.picture, project, flow, language, lit)
    except (InputError, AuthorError):
        return None


def markup(picture: FlowPicture | None) -> Markup:
    """The drawing itself, whose texts were escaped when it was made."""
    return Markup("") if picture is None else Markup(picture.svg)


async def drafted(call: PageCall, project: Project, wanted: str) -> tuple[Project, str]:
    """The project with the draft instead of the file if that is ``wanted``, and which of them it is."""
    draft = await the_draft(call) if wanted == "draft" else None
    if draft is None:
        return project, "file"
    after, _ = await asyncio.to_thread(drafts.as_drafted, project, ProjectFile(draft.file, draft.content))
    return after, "draft"
