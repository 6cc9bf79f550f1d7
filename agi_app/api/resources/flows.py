"""The flows of the project: which there are, what is wrong with them, and a picture of each."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from agi_app.api.problems import RequestFault, RequestRefused
from agi_app.api.routes import ApiAnswer, ApiCall, Content, NoQuery, Query, Routes
from agi_app.model.actors import Scope
from agi_app.operations.project import project_files, projects

routes = Routes()
SVG = "image/svg+xml"


class FlowAnswer(ApiAnswer):
    """One flow, and how much is wrong with it."""

    name: str
    file: str
    languages: list[str]
    faults: int


class FlowsAnswer(ApiAnswer):
    """All that can be read."""

    data: list[FlowAnswer]
    unread: list[str] = Field(description="files of flows that cannot be read")


class CheckAnswer(ApiAnswer):
    """What `agi-app check` finds; ``ok``: only warnings."""

    ok: bool
    errors: list[RequestFault]


class LanguageQuery(Query):
    """In which language."""

    language: str | None = Field(None, pattern=r"^[a-z]{2}(-[A-Z]{2})?$")


class SchemaAnswer(ApiAnswer):
    """The JSON Schema of a kind of files."""

    kind: str
    json_schema: dict[str, Any]


@routes.get("/flows", Scope.FIGURES_READ, FlowsAnswer)
async def listed(call: ApiCall[NoQuery, None]) -> FlowsAnswer:
    """The flows of the project's files."""
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    return FlowsAnswer(
        data=[
            FlowAnswer(
                name=name,
                file=source.file,
                languages=list(source.parsed.flow.languages),
                faults=sum(problem.file == source.file for problem in project.errors),
            )
            for name, source in sorted(project.flows.items())
        ],
        unread=sorted(project.unread_flows),
    )


@routes.get("/flows/{flow}/check", Scope.FIGURES_READ, CheckAnswer)
async def check(call: ApiCall[NoQuery, None]) -> CheckAnswer:
    """What is wrong in the file of a flow, line by line."""
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    source = project_files.find_flow(project, call.path["flow"], None)
    found = [problem for problem in project.problems if problem.file == source.file]
    return CheckAnswer(
        ok=not any(problem.severity == "error" for problem in found),
        errors=[
            RequestFault(pointer=f"{one.file}:{one.line}:{one.column}", rule=one.rule, text=one.message)
            for one in found
        ],
    )


@routes.get("/flows/{flow}/diagram", Scope.FIGURES_READ, SVG, query=LanguageQuery)
async def diagram(call: ApiCall[LanguageQuery, None]) -> Content:
    """A picture of a flow: every node with the words that a person hears, and the key of every way."""
    project, flow = call.inst.settings.project, call.path["flow"]
    if flow not in (await asyncio.to_thread(project_files.read, project)).flows:
        raise RequestRefused("not_found")
    drawn = await asyncio.to_thread(projects.diagram, project, flow, call.query.language)
    return Content(drawn.encode(), SVG)


@routes.get("/schemas/{kind}", Scope.FIGURES_READ, SchemaAnswer)
async def schema(call: ApiCall[NoQuery, None]) -> SchemaAnswer:
    """The JSON Schema of flow or campaign files, with which editors complete and check them."""
    kind = call.path["kind"]
    found = await asyncio.to_thread(projects.schema, "flow" if kind == "flow" else "campaign")
    return SchemaAnswer(kind=kind, json_schema=found)
