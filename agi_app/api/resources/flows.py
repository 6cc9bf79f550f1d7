"""The flows of the project: which there are, what is wrong with them, and a picture of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from agi_app.api.problems import RequestFault, RequestRefused, of_file
from agi_app.api.routes import ApiAnswer, ApiCall, Content, Given, Limit, NoQuery, Query, Routes
from agi_app.errors import InputError
from agi_app.model.actors import Scope
from agi_app.operations.project import project_files, projects, simulations
from agi_app.operations.project.project_files import Kind

routes = Routes()
SVG = "image/svg+xml"
YAML = "application/yaml"
LANGUAGE = r"^[a-z]{2}(-[A-Z]{2})?$"
Short = Annotated[str, Field(max_length=200, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")]


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

    language: str | None = Field(None, pattern=LANGUAGE)


class SchemaAnswer(ApiAnswer):
    """The JSON Schema of a kind of files."""

    kind: str
    json_schema: dict[str, Any]


class SimulatedCall(Given):
    """A call that is only thought of: what the person does, and who it is."""

    inputs: list[Short] = Field(
        max_length=200, description='keys ("1", "*9"), silence, listen, hangup, or words that are said; then hangup'
    )
    language: str | None = Field(None, pattern=LANGUAGE, description="without it: the flow's first")
    contact: dict[Short, Short] = Field(default_factory=dict, max_length=100, description="its columns")
    now: str = Field(
        "",
        pattern=r"^(20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9])?$",
        description="when the call is, for conditions, in the time of the person: 2026-03-02 18:30",
    )


class HeardAnswer(ApiAnswer):
    """A prompt that began to play, and what it says."""

    prompt: str
    text: str


class TurnAnswer(ApiAnswer):
    """What followed an input, and where the call waits then; ``input`` null: the beginning."""

    input: str | None
    lines: list[str]
    heard: list[HeardAnswer]
    flow: str
    node: str


class TalkAnswer(ApiAnswer):
    """The whole call. ``errors``: what is wrong in the flow's file, warnings, too."""

    turns: list[TurnAnswer]
    disposition: str
    answers: Mapping[str, str | None]
    opted_out: bool
    not_understood: bool = Field(description="one of the inputs is not one that there is")
    errors: list[RequestFault]


async def text_of(call: ApiCall[NoQuery, None], kind: Kind) -> Content:
    """A file of the project as it is; 404 when there is none of that name."""
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    found = await asyncio.to_thread(project_files.file_of, project, kind, call.path[kind])
    return Content(found.content, YAML)


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


@routes.get("/flows/{flow}", Scope.FIGURES_READ, YAML)
async def text(call: ApiCall[NoQuery, None]) -> Content:
    """The file of a flow, byte for byte."""
    return await text_of(call, "flow")


@routes.look("/flows/{flow}/simulate", Scope.FIGURES_READ, TalkAnswer, body=SimulatedCall, limit=Limit.WRITE)
async def simulate(call: ApiCall[NoQuery, SimulatedCall]) -> TalkAnswer:
    """What somebody would hear who does this, as `agi-app simulate` has it. Nobody is called, and nothing is stored."""
    given, name = call.body, call.path["flow"]
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    try:
        project_files.find_flow(project, name, None)
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
    talk = await asyncio.to_thread(
        simulations.talk, project, name, given.inputs, language=given.language, columns=given.contact, now=given.now
    )
    told = {"turns": [TurnAnswer.model_validate(one) for one in talk.turns], "errors": map(of_file, talk.problems)}
    plain = ("disposition", "answers", "opted_out", "not_understood")
    return TalkAnswer(**{name: getattr(talk, name) for name in plain}, **told)


@routes.get("/flows/{flow}/check", Scope.FIGURES_READ, CheckAnswer)
async def check(call: ApiCall[NoQuery, None]) -> CheckAnswer:
    """What is wrong in the file of a flow, line by line."""
    project = await asyncio.to_thread(project_files.read, call.inst.settings.project)
    source = project_files.find_flow(project, call.path["flow"], None)
    found = [problem for problem in project.problems if problem.file == source.file]
    return CheckAnswer(
        ok=not any(problem.severity == "error" for problem in found),
        errors=[of_file(one) for one in found],
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
