"""A look ahead: who would be called now, later or never, why not, by rule, with a few masked examples."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources.previews import PreviewAnswer, preview_answer
from agi_app.console.asked import ended
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.calling import previews as operations
from agi_app.operations.calling import stored_campaigns
from agi_app.operations.calling.previews import Ask

pages = Pages()


class ExampleRow(PageData):
    """One contact that is not called now; its number is masked (None: erased)."""

    contact_id: int
    external_id: str
    number: str | None
    why: str
    again_at: dt.datetime | None


class RuleExamples(PageData):
    """Contacts under one reason, at most five."""

    rule: str
    contacts: list[ExampleRow]


class PreviewData(PageData):
    """A preview. ``examples`` None: the reader may see no contacts. ``fresh``: a start can still name it."""

    campaign: str
    state: str
    preview: PreviewAnswer
    examples: list[RuleExamples] | None
    fresh: bool


@pages.post("/campaigns/{campaign}/preview", Scope.CAMPAIGNS_DRAFT)
async def make(call: PageCall) -> GoTo:
    """Ask a worker to look ahead; nobody is called by it."""
    name = call.path["campaign"]
    return GoTo(f"/campaigns/{name}/previews/{await operations.ask(call.inst, name)}")


@pages.get("/campaigns/{campaign}/previews/{ask}", Scope.FIGURES_READ)
async def show(call: PageCall) -> Shown:
    """What the worker found."""
    name, number = call.path["campaign"], int(call.path["ask"])
    stored = await stored_campaigns.one(call.inst, name)
    found = await of_campaign(call.inst, name, number)
    examples = await _examples(call.inst, found) if call.inst.actor.may(Scope.PEOPLE_READ) else None
    data = PreviewData(
        campaign=name,
        state=stored.state.value,
        preview=preview_answer(found),
        examples=examples,
        fresh=operations.is_fresh(call.inst, found),
    )
    return Shown("calling/preview.html", data, command=f"agi-app campaign preview {name}")


async def of_campaign(inst: Installation, name: str, number: int) -> Ask:
    """A preview of this campaign, once it is made or nobody waits any longer. Raises NotThere, StoreError."""
    found = await ended(inst, lambda: operations.asked(inst, number), lambda one: one.state != "waiting")
    if found.object != name:
        raise NotThere(t("there is no preview {number} of {campaign}", number=number, campaign=name))
    return found


async def _examples(inst: Installation, found: Ask) -> list[RuleExamples]:
    by_rule: dict[str, list[ExampleRow]] = {}
    for one in await operations.examples(inst, found):
        by_rule.setdefault(one.rule, []).append(
            ExampleRow(
                contact_id=one.contact.contact_id,
                external_id=one.contact.external_id,
                number=one.contact.number,
                why=one.why,
                again_at=one.again_at,
            )
        )
    return [RuleExamples(rule=rule, contacts=contacts) for rule, contacts in by_rule.items()]
