"""One consent that somebody gave, with the exact words; a worker stamps it, with the name of who enters it."""

from __future__ import annotations

from agi_app.api.resources.asks import ask_answer
from agi_app.console import asked
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.console.people import given
from agi_app.console.people.words import choices
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.people import consents

pages = Pages()
FIELDS = ("number", "purpose", "wording", "wording_id", "language", "method", "source", "time", "expires", "evidence")
MOST_EVIDENCE = 300


class RegisteredWords(PageData):
    """Words that consents point to."""

    label: str
    language: str | None
    text: str


class ConsentFormData(PageData):
    """What a consent may point to."""

    wordings: list[RegisteredWords]


@pages.get("/consents", Scope.CONSENTS_ENTER, Section.PEOPLE, template("Enter a consent"))
async def ask_consent(call: PageCall) -> Shown:
    """The form."""
    return await _form(call)


@pages.post("/consents", Scope.CONSENTS_ENTER)
async def enter(call: PageCall) -> Shown | GoTo:
    """Ask a worker to record it."""
    try:
        ask = await consents.ask(call.inst, _cells(call))
    except InputError as error:
        return await _form(call, str(error))
    return GoTo(f"/consents/asks/{ask}")


def _cells(call: PageCall) -> dict[str, str]:
    form, cells = call.form, {"number": given.number(call.form)}
    words = form.get("wording", "").replace("\r\n", "\n").strip()
    if len(words) > given.MOST_TEXT:
        raise InputError(t("{label}: may have {most} characters at most", label=t("Words"), most=given.MOST_TEXT))
    cells |= {"wording": words} if words else {}
    labels = {
        "purpose": t("Purpose"),
        "wording_id": t("Registered words"),
        "language": t("Language of the words"),
        "method": t("How it was given"),
        "source": t("Where it came from"),
        "time": t("When it was given"),
        "expires": t("Good until"),
    }
    cells |= {name: given.line(form, name, label) for name, label in labels.items()}
    cells["evidence"] = given.line(form, "evidence", t("Where the proof is"), MOST_EVIDENCE)
    needed = ("number", "purpose", "method", "source")
    return {name: text for name, text in cells.items() if text or name in needed}


async def _form(call: PageCall, fault: str = "") -> Shown:
    rows = await consents.wordings(call.inst)
    data = ConsentFormData(
        wordings=[RegisteredWords(label=one.label, language=one.language, text=one.text) for one in rows if one.label]
    )
    ids = dict.fromkeys(one.label for one in data.wordings)
    more = {
        "fault": fault,
        "typed": {name: call.form.get(name, "") for name in FIELDS},
        "purposes": [one for one in choices("purpose") if one[0] != "rehearsal"],
        "ids": [("", t("no: the words are above")), *((label, label) for label in ids)],
    }
    return Shown("people/consent.html", data, "agi-app consent add NUMBER", 422 if fault else 200, more)


@pages.get("/consents/asks/{ask}", Scope.CONSENTS_ENTER)
async def entered(call: PageCall) -> Shown:
    """How it ended; it is waited for a little."""
    number = int(call.path["ask"])
    found = await asked.ended(call.inst, lambda: consents.asked(call.inst, number), lambda ask: ask.state != "waiting")
    return Shown("people/consent_entered.html", ask_answer(found, None))
