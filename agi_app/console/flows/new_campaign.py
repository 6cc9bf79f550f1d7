"""A new campaign: from its few decisions, or from a template. Its text opens in the editor; nothing is kept before it
is saved there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from agi_app.console.flows.editing import NEW_CAMPAIGN, before_of, editor
from agi_app.console.flows.reading import project_of
from agi_app.console.pages import PageCall, PageData, Pages, Shown
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.calling import caller_ids
from agi_app.operations.project import drafts, templates
from agi_app.operations.project.begun_campaign import CampaignDecisions, campaign_begun, campaign_of_template
from agi_app.operations.project.drafts import DraftOf
from agi_app.operations.project.project_files import Project

pages = Pages()
TEXTS = (
    *("template", "name", "purpose", "flow", "countries", "trunk", "number", "other_number", "zone", "due"),
    *("since", "until", "workdays", "per_second", "at_once", "longest", "again"),
)
USUAL = {"purpose": Purpose.TRANSACTIONAL.value, "since": "09:00", "until": "19:30"}
USUAL |= {"per_second": "1", "at_once": "10", "longest": "120"}
MOST = 100  # characters of a field


class NumberToShow(PageData):
    """A number that is proved to be ours. ``days_left``: how long that is good."""

    number: str
    days_left: int


class CampaignToBegin(PageData):
    """What a campaign may be made of. ``numbers``: proved ones; ``unproved``: those that other campaigns show."""

    flows: list[str]
    trunks: list[str]
    purposes: list[str]
    numbers: list[NumberToShow]
    unproved: list[str]
    templates: list[str]
    usual: dict[str, str]


@pages.get(NEW_CAMPAIGN, Scope.CAMPAIGNS_DRAFT)
async def ask_decisions(call: PageCall) -> Shown:
    """The form."""
    return await _form(call, await project_of(call))


@pages.post(NEW_CAMPAIGN, Scope.CAMPAIGNS_DRAFT)
async def begin(call: PageCall) -> Shown:
    """The editor with the campaign's text."""
    project, name = await project_of(call), call.form.get("name", "").strip()
    try:
        if not drafts.NAME.fullmatch(name):
            told = t("A name has Latin letters, digits, - and _, at most 63, and begins with a letter or digit.")
            raise InputError(told)
        of = DraftOf("campaign", name)
        before = await before_of(call, project, of)
        if not before.is_new:
            raise InputError(t("There is a campaign {name} already; take another name.", name=name))
        content = _text(call.form, name).encode()
    except InputError as error:
        return await _form(call, project, str(error))
    return await editor(project, of, before, content)


def _text(form: Mapping[str, str], name: str) -> str:
    typed = _typed(form) | {"name": name}
    for text in typed.values():
        if len(text) > MOST or not text.isprintable():
            raise InputError(t("a field has at most {most} characters, all of them visible", most=MOST))
    number, other = typed.pop("number"), typed.pop("other_number")
    template = typed.pop("template")
    decided = CampaignDecisions(**typed, caller_id=other or number)
    return campaign_of_template(template, decided) if template else campaign_begun(decided)


def _typed(form: Mapping[str, str], usual: Mapping[str, str] | None = None) -> dict[str, str]:
    return {one: " ".join(form.get(one, (usual or {}).get(one, "")).split()) for one in TEXTS}


async def _form(call: PageCall, project: Project, fault: str = "") -> Shown:
    proofs = [one for one in await caller_ids.held(call.inst) if one.proof.kind != "rehearsal" and one.days_left > 0]
    numbers = {one.proof.e164: one.days_left for one in proofs}
    written = [one.parsed.campaign for one in project.campaigns.values()]
    data = CampaignToBegin(
        flows=_flows(project),
        trunks=sorted(call.inst.settings.trunks),
        purposes=[one.value for one in Purpose if one is not Purpose.REHEARSAL],
        numbers=[NumberToShow(number=one, days_left=days) for one, days in sorted(numbers.items())],
        unproved=sorted({one.caller_id for one in written} - numbers.keys()),
        templates=list(templates.TEMPLATES),
        usual=USUAL
        | {
            "countries": _most(", ".join(one.jurisdictions) for one in written),
            "zone": _most(one.zone for one in written) or call.zone,
            "flow": call.query.get("flow", ""),
        },
    )
    more = {"fault": fault, "typed": _typed(call.form, data.usual), "about": templates.TEMPLATES}
    return Shown("flows/new_campaign.html", data, "agi-app init --template", 422 if fault else 200, more)


def _flows(project: Project) -> list[str]:
    """Those that a campaign may have."""
    found = {name: source.parsed.flow for name, source in project.flows.items()}
    return sorted(name for name, flow in found.items() if not (flow.is_called or flow.is_line))


def _most(found: Iterable[str | None]) -> str:
    """What most of them say."""
    return next((one for one, _ in Counter(one for one in found if one).most_common(1)), "")
