"""The flows of the project, what the check finds in each, and where it is used; and a new one begun."""

from __future__ import annotations

from agi_app.console.flows.reading import FlowFault, faults_of, project_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, flow_use

pages = Pages()


class FlowListed(PageData):
    """One flow. ``campaigns``, ``lines``, ``callers``: where it is used."""

    name: str
    file: str
    languages: list[str]
    errors: int
    warnings: int
    campaigns: list[str]
    lines: list[str]
    callers: list[str]


class FlowList(PageData):
    """All that can be read, and what is wrong with the files that cannot."""

    flows: list[FlowListed]
    unread: list[FlowFault]


@pages.get("/flows", Scope.FIGURES_READ, Section.FLOWS, template("Flows"))
async def show(call: PageCall) -> Shown:
    """The list."""
    return await _list(call)


@pages.post("/flows", Scope.CAMPAIGNS_DRAFT)
async def begin(call: PageCall) -> Shown | GoTo:
    """Open the editor for a new flow; nothing is kept before its draft is saved."""
    name = call.form.get("name", "").strip()
    if not drafts.NAME.fullmatch(name):
        return await _list(
            call, t("A name has Latin letters, digits, - and _, at most 63, and begins with a letter or digit.")
        )
    return GoTo(f"/flows/{name}/edit")


async def _list(call: PageCall, fault: str = "") -> Shown:
    project = await project_of(call)
    campaigns = await flow_use.used_by(call.inst, project)
    lines = call.inst.settings.lines
    data = FlowList(
        flows=[
            FlowListed(
                name=name,
                file=source.file,
                languages=list(source.parsed.flow.languages),
                errors=sum(one.file == source.file for one in project.errors),
                warnings=sum(one.file == source.file and one.severity != "error" for one in project.problems),
                campaigns=campaigns[name],
                lines=sorted(line for line, settings in lines.items() if settings.flow == name),
                callers=flow_use.callers(project, name),
            )
            for name, source in sorted(project.flows.items())
        ],
        unread=faults_of(one for one in project.problems if one.file in project.unread_flows),
    )
    more = {"fault": fault, "name": call.form.get("name", "")}
    return Shown("flows/flows.html", data, "agi-app check", 422 if fault else 200, more)
