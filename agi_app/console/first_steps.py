"""First steps: the way of a new project to its first call, what is missing of it, and what a click does about that."""

from __future__ import annotations

from agi_app.api.resources.contact_imports import ImportAskAnswer, import_answer
from agi_app.console.asked import ended
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import AuthorError, InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.people import contacts
from agi_app.operations.reporting import first_steps as operations
from agi_app.operations.reporting.first_steps import FirstSteps

pages = Pages()


class StepData(PageData):
    """One step. ``missing``: what is to be done, ``command``: how on the command line; both empty when it is done."""

    name: str
    title: str
    done: bool
    missing: str
    command: str


class FirstStepsData(PageData):
    """All of them, of one campaign; ``next``: the name of the first that is not done."""

    campaign: str | None
    campaigns: list[str]
    state: str | None
    sample: bool
    steps: list[StepData]
    next: str | None


@pages.get("/first-steps", Scope.FIGURES_READ, Section.TODAY, template("First steps"))
async def show(call: PageCall) -> Shown:
    """The page."""
    return await _steps(call)


@pages.post("/first-steps/contacts", Scope.CONTACTS_IMPORT)
async def sample(call: PageCall) -> Shown | GoTo:
    """Ask a worker to import the project's own list."""
    campaign = call.form.get("campaign", "")
    try:
        ask = await operations.ask_sample(call.inst, campaign)
    except AuthorError as error:
        return await _steps(call, "; ".join(f"{p.file}:{p.line}: {p.message}" for p in error.problems))
    except InputError as error:
        return await _steps(call, str(error))
    return GoTo(f"/first-steps/contacts/{ask}")


@pages.get("/first-steps/contacts/{ask}", Scope.CONTACTS_IMPORT)
async def imported(call: PageCall) -> Shown:
    """How the import went."""
    number = int(call.path["ask"])
    found = await ended(call.inst, lambda: contacts.asked(call.inst, number), lambda one: one.state != "waiting")
    answer: ImportAskAnswer = import_answer(found)
    return Shown("first_steps_import.html", answer, f"agi-app contacts import {answer.object} {operations.SAMPLE}")


async def _steps(call: PageCall, fault: str = "") -> Shown:
    wanted = call.query.get("campaign") or None
    found = await operations.first_steps(call.inst, wanted)
    steps = [*_ready(found), *_people(found), *_calls(found)]
    data = FirstStepsData(
        campaign=found.campaign,
        campaigns=list(found.campaigns),
        state=found.state,
        sample=found.sample,
        steps=steps,
        next=next((one.name for one in steps if not one.done), None),
    )
    more = {"fault": fault, "pairs": [(name, name) for name in found.campaigns]}
    return Shown("first_steps.html", data, "agi-app doctor", 422 if fault else 200, more)


def _step(name: str, title: str, done: bool, missing: str, command: str) -> StepData:
    return StepData(name=name, title=title, done=done, missing="" if done else missing, command="" if done else command)


def _ready(found: FirstSteps) -> list[StepData]:
    waits = t("It dials nobody: {reason}", reason=found.waits or "")
    more = t(" (and {number} more)", number=found.more_faults) if found.more_faults else ""
    faults = "; ".join(found.faults) + more
    lacks = faults if faults else t("There is no campaign yet; the folder campaigns of the project has none.")
    files = found.campaign is not None and not found.faults
    return [
        _step("worker", t("A worker runs"), found.worker, t("No worker lives: nobody is called."), "agi-app run"),
        _step(
            "asterisk",
            t("It reaches Asterisk and the trunk"),
            found.worker and found.waits is None,
            waits if found.worker else t("Known when a worker runs."),
            "agi-app doctor",
        ),
        _step("files", t("Campaign, flow and prompts have no fault"), files, lacks, "agi-app check"),
        _step(
            "number",
            t("The number shown is proved"),
            found.proved,
            t("Nobody has proved that {number} is yours.", number=found.caller_id or "–"),
            f"agi-app callerid prove {found.caller_id or 'NUMBER'}",
        ),
    ]


def _people(found: FirstSteps) -> list[StepData]:
    name = found.campaign or "CAMPAIGN"
    return [
        _step(
            "consents",
            t("People have agreed to be called"),
            found.agreed,
            t("There is no consent, so nobody may be called."),
            "agi-app consent import FILE",
        ),
        _step(
            "contacts",
            t("The campaign has contacts"),
            found.contacts > 0,
            t("It has no list yet."),
            f"agi-app contacts import {name} FILE",
        ),
    ]


def _calls(found: FirstSteps) -> list[StepData]:
    name = found.campaign or "CAMPAIGN"
    begun = found.state in ("running", "paused", "stopped") or found.calls > 0
    return [
        _step(
            "start",
            t("The campaign is started"),
            begun,
            t("Look at the preview first: it says who would be called, who would not, and why."),
            f"agi-app campaign start {name}",
        ),
        _step(
            "call",
            t("The first call was made"),
            found.calls > 0,
            t("It comes alone once all above is done; the campaign's page says what it waits for."),
            f"agi-app campaign status {name}",
        ),
    ]
