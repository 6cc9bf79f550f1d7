"""The flows of the project, what the check finds in each, and where it is used; and a new one begun."""

from __future__ import annotations

import asyncio

from agi_app.api.problems import RequestRefused
from agi_app.api.resources.asks import ask_answer
from agi_app.console.asked import ended
from agi_app.console.flows.editing import before_of
from agi_app.console.flows.reading import FlowFault, faults_of, project_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, flow_use, templates
from agi_app.operations.project.drafts import DraftOf

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
    """Open the editor for a new flow, or with a template's; no text is kept before its draft is saved.

    What a template's flow plays, a worker lays beside the prompts first: those that the project has not.
    """
    name, template = call.form.get("name", "").strip(), call.form.get("template", "")
    if not drafts.NAME.fullmatch(name):
        return await _list(
            call, t("A name has Latin letters, digits, - and _, at most 63, and begins with a letter or digit.")
        )
    if not template:
        return GoTo(f"/flows/{name}/edit")
    project, of = await project_of(call), DraftOf("flow", name)
    if not (await before_of(call, project, of)).is_new:
        return await _list(call, t("There is a flow {name} already; take another name.", name=name))
    try:
        lacking = await asyncio.to_thread(templates.lacking, project.folder, template)
        ask = await templates.lay_ask(call.inst, template, name) if lacking else None
    except InputError as error:
        return await _list(call, str(error))
    return GoTo(f"/flows/{name}/edit?template={template}" if ask is None else f"/flows/{name}/begun/{ask}")


@pages.get("/flows/{flow}/begun/{ask}", Scope.CAMPAIGNS_DRAFT)
async def begun(call: PageCall) -> Shown | GoTo:
    """Whether a worker has laid what the template's flow plays; the editor then."""
    name, number = call.path["flow"], int(call.path["ask"])
    try:
        found = await ended(call.inst, lambda: templates.asked(call.inst, number), lambda one: one.state != "waiting")
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
    if found.state == "done":
        return GoTo(f"/flows/{name}/edit?template={found.object}")
    return Shown("flows/begun.html", ask_answer(found, None), "agi-app init --template", more={"name": name})


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
    more = {
        "fault": fault,
        "name": call.form.get("name", ""),
        "begun_with": call.form.get("template", ""),
        "templates": templates.TEMPLATES,
    }
    return Shown("flows/flows.html", data, "agi-app check", 422 if fault else 200, more)
