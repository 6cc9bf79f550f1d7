"""One flow: its picture, the same as a list, its text with what the check finds at its line, and where it is used."""

from __future__ import annotations

import re

from agi_app.api.problems import RequestRefused
from agi_app.console.flows.reading import FlowFault, drawn, faults_of, file_of, markup, project_of, text_of, the_draft
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.model.actors import Scope
from agi_app.operations.project import flow_use
from agi_app.operations.project.drafts import sha256_of

pages = Pages()
_END = re.compile(r"\r\n|\r|\n")


class WayShown(PageData):
    """A way out of a node."""

    label: str
    target: str


class NodeShown(PageData):
    """A node of a flow; ``line``: where it begins."""

    name: str
    line: int
    rows: list[str]
    ways: list[WayShown]
    lit: bool
    here: bool


class CampaignOfFlow(PageData):
    """A campaign with this flow. ``same``: what is stored of the flow is the file as it is now."""

    campaign: str
    state: str | None
    same: bool | None
    runs: bool


class FlowShown(PageData):
    """All of it. ``nodes``: empty when the file cannot be read."""

    name: str
    file: str
    sha256: str
    languages: list[str]
    text: str
    faults: list[FlowFault]
    nodes: list[NodeShown]
    campaigns: list[CampaignOfFlow]
    lines: list[str]
    callers: list[str]
    has_draft: bool


@pages.get("/flows/{flow}", Scope.FIGURES_READ)
async def show(call: PageCall) -> Shown | GoTo:
    """The page; of a flow that is only a draft yet, the draft's."""
    name, project = call.path["flow"], await project_of(call)
    draft = await the_draft(call)
    try:
        file = await file_of(call, project)
    except RequestRefused:
        if draft is None:
            raise
        return GoTo(f"/flows/{name}/draft")
    source, language = project.flows.get(name), call.query.get("language")
    languages = [] if source is None else list(source.parsed.flow.languages)
    picture = await drawn(project, name, language if language in languages else None)
    text = text_of(file.content)
    found = FlowShown(
        name=name,
        file=file.name,
        sha256=sha256_of(file.content),
        languages=languages,
        text=text,
        faults=faults_of(one for one in project.problems if one.file == file.name),
        nodes=[] if picture is None else [NodeShown.model_validate(one) for one in picture.nodes],
        campaigns=[
            CampaignOfFlow.model_validate(one)
            for one in await flow_use.users(call.inst, project, name, file.name, text)
        ],
        lines=sorted(line for line, settings in call.inst.settings.lines.items() if settings.flow == name),
        callers=flow_use.callers(project, name),
        has_draft=draft is not None,
    )
    more = {"picture": markup(picture), "lines": by_line(text, found.faults), "spoken_in": language}
    return Shown("flows/flow.html", found, f"agi-app diagram {name}", more=more)


def by_line(text: str, faults: list[FlowFault]) -> list[tuple[int, str, list[FlowFault]]]:
    """Each line with its number and what is wrong in it."""
    return [
        (number, line, [one for one in faults if one.line == number])
        for number, line in enumerate(_END.split(text), start=1)
    ]
