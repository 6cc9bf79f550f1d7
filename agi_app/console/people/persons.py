"""Persons called: found by a whole number, which is noted; masked; and their whole history for who says why."""

from __future__ import annotations

from agi_app.api.resources.contacts import ContactAnswer, contact_answer
from agi_app.api.resources.people import PersonAnswer
from agi_app.api.resources.person_history import history_answer
from agi_app.console.pages import GoTo, NoData, PageCall, PageData, Pages, Section, Shown
from agi_app.console.people import given
from agi_app.console.people.words import word
from agi_app.errors import InputError, NotThere
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.calling import contact_lists
from agi_app.operations.people import person_looks

pages = Pages()


class PersonData(PageData):
    """A person with the contacts of all campaigns, at most 1,000."""

    person: PersonAnswer
    contacts: list[ContactAnswer]


@pages.get("/people", Scope.PEOPLE_READ, Section.PEOPLE, template("Persons called"))
async def ask_number(call: PageCall) -> Shown:
    """Whose number, and what for."""
    return _search(call)


@pages.post("/people/search", Scope.PEOPLE_READ)
async def search(call: PageCall) -> Shown | GoTo:
    """The person with this number; it is noted before anything is shown."""
    try:
        number, reason = given.number(call.form), given.reason(call.form)
    except InputError as error:
        return _search(call, str(error))
    found = await person_looks.search(call.inst, number, reason=reason)
    return _search(call, nobody=True) if found is None else GoTo(f"/people/{found.person_id}")


def _search(call: PageCall, fault: str = "", *, nobody: bool = False) -> Shown:
    more = {"fault": fault, "reason": call.form.get("reason", ""), "nobody": nobody}
    return Shown("people/persons.html", NoData(), "agi-app consent show NUMBER", 422 if fault else 200, more)


@pages.get("/people/{person}", Scope.PEOPLE_READ)
async def show(call: PageCall) -> Shown:
    """The person with a masked number, and what one may do."""
    return await person_page(call)


async def person_page(call: PageCall, fault: str = "") -> Shown:
    """The page of the person that the path names. Raises NotThere, StoreError."""
    data = await person_of(call)
    said = _SAID.get(call.query.get("said", ""), lambda: "")()
    more = {"fault": fault, "said": said, "word": word, "reason": call.form.get("reason", "")}
    return Shown("people/person.html", data, "agi-app consent show NUMBER", 422 if fault else 200, more)


async def person_of(call: PageCall) -> PersonData:
    """The person that the path names. Raises NotThere, StoreError."""
    number = int(call.path["person"])
    try:
        found = await person_looks.one(call.inst, number)
    except InputError as error:
        raise NotThere(str(error)) from error
    rows = await contact_lists.contacts_of_person(call.inst, number)
    return PersonData(person=PersonAnswer.model_validate(found), contacts=[contact_answer(row) for row in rows])


@pages.post("/people/{person}/history", Scope.PEOPLE_REVEAL)
async def history(call: PageCall) -> Shown:
    """Consents with their exact words, refusals and what followed, calls, complaints; the look is noted first."""
    await person_of(call)
    try:
        reason = given.reason(call.form)
    except InputError as error:
        return await person_page(call, str(error))
    told = await person_looks.history(call.inst, int(call.path["person"]), reason=reason)
    return Shown("people/history.html", history_answer(told), "agi-app consent show NUMBER", more={"word": word})


_SAID = {
    "stopped": lambda: t("The stop is in force: no campaign calls this person again."),
    "withdrawn": lambda: t("The consent is withdrawn: it is in force."),
}
