"""The editor of a flow: the text is kept byte for byte, checked as `agi-app check` does, and saved as a draft.

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
from agi_app.console.flows.reading import FlowFault, draft_of, drawn, faults_of, markup, project_of
from agi_app.console.pages import Download, GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.messages import current, t
from agi_app.model.actors import Scope
from agi_app.operations.project import drafts, projects
from agi_app.operations.project.drafts import LONGEST, sha256_of
from agi_app.operations.project.flow_views import FlowPicture
from agi_app.operations.project.project_files import Project, ProjectFile

pages = Pages()
_MOST_SENT = 2 * LONGEST  # bytes: a line end is sent as two of them
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


@pages.get("/flows/{flow}/edit", Scope.CAMPAIGNS_DRAFT)
async def edit(call: PageCall) -> Shown:
    """The editor with the draft, else with the file, else with the beginning of a new flow."""
    project = await project_of(call)
    before = await _before(call, project)
    content = _begun(call.path["flow"]) if before.is_new else before.content
    return await _editor(call, project, before, content)


@pages.post("/flows/{flow}/edit", Scope.CAMPAIGNS_DRAFT, text=_MOST_SENT)
async def take(call: PageCall) -> Shown | GoTo:
    """Check what was typed, or save it as the draft. Nothing is lost: what cannot be saved stays in the editor."""
    project = await project_of(call)
    before = await _before(call, project)
    content = as_typed(call.form.get("text", ""), before.content)
    if call.form.get("do") != "save":
        return await _editor(call, project, before, content)
    if call.form.get("seen") != before.seen:
        told = t(
            "Somebody has saved another text meanwhile. Yours is below; compare it with what is there now, and save it"
            " again if it is to replace that."
        )
        return await _editor(call, project, before, content, told)
    try:
        await drafts.save(call.inst, project, draft_of(call), content)
    except AuthorError:
        return await _editor(call, project, before, content, t("It was not saved: first correct the errors below."))
    except InputError as error:
        return await _editor(call, project, before, content, str(error))
    return GoTo(f"/flows/{call.path['flow']}/draft", "saved")


@pages.post("/flows/{flow}/discard", Scope.CAMPAIGNS_DRAFT)
async def discard(call: PageCall) -> GoTo:
    """Forget the draft; the file stays as it is."""
    await drafts.discard(call.inst, draft_of(call))
    return GoTo("/flows", "discarded")


@pages.get("/flow-schema", Scope.FIGURES_READ)
async def schema(call: PageCall) -> Download:
    """What may be written in a flow, for the editor's completion."""
    del call
    content = json.dumps(await asyncio.to_thread(projects.schema, "flow"), ensure_ascii=False).encode()
    return Download(BytesIO(content), len(content), "application/json", "flow.schema.json")


async def _before(call: PageCall, project: Project) -> Before:
    draft = await drafts.draft(call.inst, draft_of(call))
    if draft is not None:
        return Before(draft.file, draft.content, is_draft=True, is_new=False)
    now = await asyncio.to_thread(drafts.file_now, project, draft_of(call))
    return Before(now.name, now.content or b"", is_draft=False, is_new=now.content is None)


async def _editor(call: PageCall, project: Project, before: Before, content: bytes, fault: str = "") -> Shown:
    name, picture = call.path["flow"], None
    problems: Sequence[Problem] = ()
    try:
        after, problems = await asyncio.to_thread(drafts.as_drafted, project, ProjectFile(before.file, content))
        picture = await drawn(after, name, None)
    except InputError as error:
        after, fault = project, fault or str(error)
    data = FlowEdited(
        name=name,
        file=before.file,
        is_draft=before.is_draft,
        is_new=before.is_new,
        seen=before.seen,
        text=in_editor(content),
        faults=faults_of(problems),
        nodes=[] if picture is None else [NodeShown.model_validate(one) for one in picture.nodes],
    )
    more = {"fault": fault, "picture": markup(picture), "names": _names(after, picture)}
    return Shown("flows/edit.html", data, "agi-app check", 422 if fault else 200, more)


def _names(project: Project, picture: FlowPicture | None) -> Mapping[str, str]:
    """What the editor completes beside the words of the schema."""
    prompts = sorted({name for _, name in project.prompts if "/" not in name})
    nodes = [] if picture is None else [node.name for node in picture.nodes]
    return {"prompts": " ".join(prompts), "nodes": " ".join(nodes), "flows": " ".join(sorted(project.flows))}


def _begun(name: str) -> bytes:
    language = "zh-CN" if current() == "zh" else "en"
    return _NEW.format(
        what=t("What this call is for, and which dispositions it has."),
        name=name,
        language=language,
        business=t("Your business"),
        greeting=t("says who calls, that it is a machine, and that 9 stops all calls"),
    ).encode()
