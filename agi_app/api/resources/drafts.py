"""Drafts of flows and campaigns: written and checked here, published by a worker; and the versions that were stored."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from agi_app.api.lists import there
from agi_app.api.problems import RequestFault, of_file
from agi_app.api.resources.asks import AskAnswer, AskedAnswer, ask_answer
from agi_app.api.resources.flows import YAML
from agi_app.api.routes import ApiAnswer, ApiCall, Content, Given, NoQuery, Routes
from agi_app.api.texts import Reason
from agi_app.model.actors import Scope
from agi_app.operations.calling import stored_campaigns
from agi_app.operations.project import drafts as operations
from agi_app.operations.project import project_files
from agi_app.operations.project.drafts import DraftOf
from agi_app.operations.project.project_files import Project

routes = Routes()
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hex")]


class DraftAnswer(ApiAnswer):
    """The draft is kept; ``errors`` are its warnings. ``base``: SHA-256 of the file that it began with."""

    ask: int
    file: str
    sha256: Hash
    base: str | None
    errors: list[RequestFault]


class PublishGiven(Given):
    """Which text to publish, and why."""

    sha256: Hash
    reason: Reason


class PublishedAnswer(AskAnswer):
    """How the publication of a draft ended. ``sha256``: of what the file has now; ``before``: of what it had."""

    file: str | None
    sha256: str | None
    before: str | None


def _flow(call: ApiCall[Any, Any]) -> DraftOf:
    return DraftOf("flow", call.path["flow"])


def _campaign(call: ApiCall[Any, Any]) -> DraftOf:
    return DraftOf("campaign", call.path["campaign"])


async def _project(call: ApiCall[Any, Any]) -> Project:
    return await asyncio.to_thread(project_files.read, call.inst.settings.project)


async def _shown(call: ApiCall[Any, Any], of: DraftOf) -> Content:
    return Content(await operations.shown(call.inst, await _project(call), of), YAML)


async def _save(call: ApiCall[Any, bytes], of: DraftOf) -> DraftAnswer:
    kept, warnings = await operations.save(call.inst, await _project(call), of, call.body)
    return DraftAnswer(
        ask=kept.ask_id, file=kept.file, sha256=kept.sha256, base=kept.base, errors=[of_file(one) for one in warnings]
    )


async def _publish(call: ApiCall[Any, PublishGiven], of: DraftOf) -> AskedAnswer:
    given = call.body
    ask = await operations.publish(call.inst, of, given.sha256, reason=given.reason)
    return AskedAnswer(ask=ask)


@routes.post("/flows/{flow}/publish", Scope.CAMPAIGNS_DRAFT, AskedAnswer, body=PublishGiven, status=202)
async def publish_flow(call: ApiCall[NoQuery, PublishGiven]) -> AskedAnswer:
    """Ask a worker to write the draft into the project. Campaigns take it when they are started again."""
    return await _publish(call, _flow(call))


@routes.get("/flows/{flow}/draft", Scope.CAMPAIGNS_DRAFT, YAML)
async def of_flow(call: ApiCall[NoQuery, None]) -> Content:
    """The draft of a flow; without one its file, and of a name that is new an empty text."""
    return await _shown(call, _flow(call))


@routes.edit("PUT", "/flows/{flow}/draft", Scope.CAMPAIGNS_DRAFT, DraftAnswer, body=YAML)
async def save_flow(call: ApiCall[NoQuery, bytes]) -> DraftAnswer:
    """Keep a draft of a flow, if `agi-app check` would find no error by it. It changes no file and no call."""
    return await _save(call, _flow(call))


@routes.edit("DELETE", "/flows/{flow}/draft", Scope.CAMPAIGNS_DRAFT, None, status=204)
async def discard_flow(call: ApiCall[NoQuery, None]) -> None:
    """Forget the draft of a flow; its file stays as it is."""
    await operations.discard(call.inst, _flow(call))


@routes.post("/campaigns/{campaign}/publish", Scope.CAMPAIGNS_DRAFT, AskedAnswer, body=PublishGiven, status=202)
async def publish_campaign(call: ApiCall[NoQuery, PublishGiven]) -> AskedAnswer:
    """Ask a worker to write the draft into the project. It runs when the campaign is started again."""
    return await _publish(call, _campaign(call))


@routes.get("/campaigns/{campaign}/draft", Scope.CAMPAIGNS_DRAFT, YAML)
async def of_campaign(call: ApiCall[NoQuery, None]) -> Content:
    """The draft of a campaign; without one its file, and of a name that is new an empty text."""
    return await _shown(call, _campaign(call))


@routes.edit("PUT", "/campaigns/{campaign}/draft", Scope.CAMPAIGNS_DRAFT, DraftAnswer, body=YAML)
async def save_campaign(call: ApiCall[NoQuery, bytes]) -> DraftAnswer:
    """Keep a draft of a campaign, if `agi-app check` would find no error by it. It changes no file and no call."""
    return await _save(call, _campaign(call))


@routes.edit("DELETE", "/campaigns/{campaign}/draft", Scope.CAMPAIGNS_DRAFT, None, status=204)
async def discard_campaign(call: ApiCall[NoQuery, None]) -> None:
    """Forget the draft of a campaign; its file stays as it is."""
    await operations.discard(call.inst, _campaign(call))


@routes.get("/drafts/asks/{ask}", Scope.CAMPAIGNS_DRAFT, PublishedAnswer)
async def ask(call: ApiCall[NoQuery, None]) -> PublishedAnswer:
    """How the publication of a draft ended; also whether a worker has verified who saved or discarded one."""
    found = await operations.asked(call.inst, int(call.path["ask"]))
    told = found.answer or {}
    more = {name: told.get(name) for name in ("file", "sha256", "before")}
    return PublishedAnswer(**ask_answer(found, None).model_dump(), **more)


class VersionAnswer(ApiAnswer):
    """A campaign as calls were decided by it. ``started_by``: who had started it last before its first use."""

    version: str
    sha256: Hash
    first_used_at: dt.datetime
    started_by: str | None


class VersionsAnswer(ApiAnswer):
    """The newest first, at most 100."""

    data: list[VersionAnswer]


class VersionText(VersionAnswer):
    """With its text: JSON, of which ``sha256`` is."""

    text: str


@routes.get("/campaigns/{campaign}/versions", Scope.FIGURES_READ, VersionsAnswer)
async def versions(call: ApiCall[NoQuery, None]) -> VersionsAnswer:
    """The versions of a campaign that contacts were decided by."""
    name = call.path["campaign"]
    await there(stored_campaigns.one(call.inst, name))
    found = await stored_campaigns.versions(call.inst, name)
    return VersionsAnswer(data=[VersionAnswer.model_validate(one) for one in found])


@routes.get("/campaigns/{campaign}/versions/{id}", Scope.FIGURES_READ, VersionText)
async def version(call: ApiCall[NoQuery, None]) -> VersionText:
    """One version of a campaign with its text."""
    return VersionText.model_validate(await stored_campaigns.version(call.inst, call.path["campaign"], call.path["id"]))


class PublicationAnswer(ApiAnswer):
    """A text that was published: under which ask, by whom, when and why."""

    ask: int
    sha256: Hash
    account: str
    reason: str
    published_at: dt.datetime


class PublicationsAnswer(ApiAnswer):
    """The newest first."""

    data: list[PublicationAnswer]


@routes.get("/flows/{flow}/versions", Scope.FIGURES_READ, PublicationsAnswer)
async def flow_versions(call: ApiCall[NoQuery, None]) -> PublicationsAnswer:
    """The texts of a flow that were published here, of its 100 newest asks."""
    found = await operations.published(call.inst, _flow(call))
    return PublicationsAnswer(data=[PublicationAnswer.model_validate(one) for one in found])


@routes.get("/flows/{flow}/versions/{ask}", Scope.FIGURES_READ, YAML)
async def flow_version(call: ApiCall[NoQuery, None]) -> Content:
    """The text of a flow that was published by this ask."""
    return Content(await operations.published_text(call.inst, _flow(call), int(call.path["ask"])), YAML)
