"""The editor of a flow or campaign: the text is kept byte for byte, checked as `agi-app check` does, saved as a draft.

A text area knows one kind of line end. What comes back gets the ends that the text had (authoring/typed_text.py).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping, Sequence
from io import BytesIO

from agi_app.authoring.typed_text import as_typed, in_editor
from agi_app.console.flows.one_flow import NodeShown
from agi_app.console.flows.reading import FlowFault, draft_of, drawn, faults_of, home_of, markup, project_of
from agi_app.console.pages import Download, GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.messages import current, t
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, projects, templates
from agi_app.operations.project.drafts import LONGEST, DraftOf, sha256_of
from agi_app.operations.project.flow_views import FlowPicture
from agi_app.operations.project.project_files import Kind, Project, ProjectFile

pages = Pages()
_MOST_SENT = 2 * LONGEST  # bytes: a line end is sent as two of them
NEW_CAMPAIGN = "/new-campaign"
_NEW = """\
# {what}
flow: {name}
languages: [{language}]
identify:
  business: {{{language}: {business}}}
opt_out:
  key: "9"
start: greeting
nodes:
  greeting:
    - play: greeting              # {greeting}
    - hangup
"""


class FlowEdited(PageData):
    """The text in the editor, and what is wrong with it. ``seen``: SHA-256 of the text that it began with."""

    kind: str
    name: str
    file: str
    is_draft: bool
    is_new: bool
    seen: str
    text: str
    faults: list[FlowFault]
    nodes: list[NodeShown]


@dataclasses.dataclass(frozen=True, slots=True)
class Before:
    """What there is: the draft, else the file, else nothing."""

    file: str
    content: bytes
    is_draft: bool
    is_new: bool

    @property
    def seen(self) -> str:
        """Its hash."""
        return sha256_of(self.content)


@pages.get("/campaigns/{campaign}/edit", Scope.CAMPAIGNS_DRAFT)
@pages.get("/flows/{flow}/edit", Scope.CAMPAIGNS_DRAFT)
async def edit(call: PageCall) -> Shown | GoTo:
    """The editor with the draft, else with the file, else with the beginning of a new flow, or a template's."""
    of, project = draft_of(call), await project_of(call)
    before = await before_of(call, project, of)
    if before.is_new and of.kind == "campaign":
        return GoTo(NEW_CAMPAIGN)
    content = _begun(of.called, call.query.get("template", "")) if before.is_new else before.content
    return await editor(project, of, before, content)


@pages.post("/campaigns/{campaign}/edit", Scope.CAMPAIGNS_DRAFT, text=_MOST_SENT)
@pages.post("/flows/{flow}/edit", Scope.CAMPAIGNS_DRAFT, text=_MOST_SENT)
async def take(call: PageCall) -> Shown | GoTo:
    """Check what was typed, or save it as the draft. Nothing is lost: what cannot be saved stays in the editor."""
    of, project = draft_of(call), await project_of(call)
    before = await before_of(call, project, of)
    content = as_typed(call.form.get("text", ""), before.content)
    if call.form.get("do") != "save":
        return await editor(project, of, before, content)
    if call.form.get("seen") != before.seen:
        told = t(
            "Somebody has saved another text meanwhile. Yours is below; compare it with what is there now, and save it"
            " again if it is to replace that."
        )
        return await editor(project, of, before, content, told)
    try:
        await drafts.save(call.inst, project, of, content)
    except AuthorError:
        return await editor(project, of, before, content, t("It was not saved: first correct the errors below."))
    except InputError as error:
        return await editor(project, of, before, content, str(error))
    return GoTo(f"{home_of(of)}/draft", "saved")


@pages.post("/campaigns/{campaign}/discard", Scope.CAMPAIGNS_DRAFT)
@pages.post("/flows/{flow}/discard", Scope.CAMPAIGNS_DRAFT)
async def discard(call: PageCall) -> GoTo:
    """Forget the draft; the file stays as it is."""
    of = draft_of(call)
    await drafts.discard(call.inst, of)
    return GoTo(f"/{of.kind}s", "discarded")


@pages.get("/campaign-schema", Scope.FIGURES_READ)
async def campaign_schema(call: PageCall) -> Download:
    """What may be written in a campaign, for the editor's completion."""
    return await _schema(call, "campaign")


@pages.get("/flow-schema", Scope.FIGURES_READ)
async def schema(call: PageCall) -> Download:
    """What may be written in a flow, for the editor's completion."""
    return await _schema(call, "flow")


async def _schema(call: PageCall, kind: Kind) -> Download:
    del call
    content = json.dumps(await asyncio.to_thread(projects.schema, kind), ensure_ascii=False).encode()
    return Download(BytesIO(content), len(content), "application/json", f"{kind}.schema.json")


async def before_of(call: PageCall, project: Project, of: DraftOf) -> Before:
    """What the editor begins with. Raises InputError for the name of another's file, StoreError."""
    draft = await drafts.draft(call.inst, of)
    if draft is not None:
        return Before(draft.file, draft.content, is_draft=True, is_new=False)
    now = await asyncio.to_thread(drafts.file_now, project, of)
    return Before(now.name, now.content or b"", is_draft=False, is_new=now.content is None)


async def editor(project: Project, of: DraftOf, before: Before, content: bytes, fault: str = "") -> Shown:
    """The page with this text, and what the check finds in it."""
    name, picture = of.called, None
    problems: Sequence[Problem] = ()
    try:
        after, problems = await asyncio.to_thread(drafts.as_drafted, project, ProjectFile(before.file, content))
        picture = await drawn(after, name, None) if of.kind == "flow" else None
    except InputError as error:
        after, fault = project, fault or str(error)
    data = FlowEdited(
        kind=of.kind,
        name=name,
        file=before.file,
        is_draft=before.is_draft,
        is_new=before.is_new,
        seen=before.seen,
        text=in_editor(content),
        faults=faults_of(problems),
        nodes=[] if picture is None else [NodeShown.model_validate(one) for one in picture.nodes],
    )
    more = {"fault": fault, "picture": markup(picture), "names": _names(after, picture), "home": home_of(of)}
    return Shown("flows/edit.html", data, "agi-app check", 422 if fault else 200, more)


def _names(project: Project, picture: FlowPicture | None) -> Mapping[str, str]:
    """What the editor completes beside the words of the schema."""
    prompts = sorted({name for _, name in project.prompts if "/" not in name})
    nodes = [] if picture is None else [node.name for node in picture.nodes]
    return {"prompts": " ".join(prompts), "nodes": " ".join(nodes), "flows": " ".join(sorted(project.flows))}


def _begun(name: str, template: str) -> bytes:
    if template:
        return templates.flow_text(template, name).encode()
    language = "zh-CN" if current() == "zh" else "en"
    return _NEW.format(
        what=t("What this call is for, and which dispositions it has."),
        name=name,
        language=language,
        business=t("Your business"),
        greeting=t("says who calls, that it is a machine, and that 9 stops all calls"),
    ).encode()
