"""What is done with a person: never call again, withdraw, show the whole number, hand out the proof, erase."""

from __future__ import annotations

import io

from agi_app.api.resources.people import WholeNumber, erasure_answer
from agi_app.console import asked
from agi_app.console.pages import Download, GoTo, PageCall, Pages, Shown
from agi_app.console.people import given
from agi_app.console.people.persons import person_of
from agi_app.console.people.words import WORDS, choices, word
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.people import erasure_asks, person_looks, stops
from agi_app.operations.people.time_and_evidence import refused_at
from agi_app.operations.reporting import person_proofs

pages = Pages()
FIELDS = ("purpose", "method", "source", "said_at", "reason")
PURPOSES = {code: text for code, text in WORDS["purpose"].items() if code != "rehearsal"}


@pages.get("/people/{person}/stop", Scope.STOPS_ENTER)
async def ask_stop(call: PageCall) -> Shown:
    """What a stop, or the withdrawal of one consent, does."""
    return await _stop(call)


@pages.post("/people/{person}/stop", Scope.STOPS_ENTER)
async def stop(call: PageCall) -> Shown | GoTo:
    """Never call this person again, or not for one purpose: in force on all nodes when the next page is shown."""
    person, form = int(call.path["person"]), call.form
    await person_of(call)
    try:
        purpose = given.one_of(form, "purpose", PURPOSES)
        await stops.enter_stop_of(
            call.inst,
            person,
            given.reason(form),
            purpose=None if purpose is None else Purpose(purpose),
            said=refused_at(t("When it was said:"), form.get("said_at", "").strip()),
            method=given.line(form, "method", t("How it was said")),
            source=given.line(form, "source", t("Where it came from")),
        )
    except InputError as error:
        return await _stop(call, str(error))
    await stops.stops_take_effect(call.inst)
    return GoTo(f"/people/{person}", "withdrawn" if purpose else "stopped")


async def _stop(call: PageCall, fault: str = "") -> Shown:
    more = {
        "fault": fault,
        "typed": {name: call.form.get(name, "") for name in FIELDS},
        "purposes": [
            ("", t("everything: never call this person again")),
            *((code, t("only: {purpose}", purpose=text)) for code, text in choices("purpose") if code in PURPOSES),
        ],
    }
    return Shown("people/stop.html", await person_of(call), "agi-app stop NUMBER", 422 if fault else 200, more)


@pages.get("/people/{person}/reveal", Scope.PEOPLE_REVEAL, proof=True)
async def ask_reveal(call: PageCall) -> Shown:
    """Why somebody wants to see the whole number."""
    return await _reveal(call)


@pages.post("/people/{person}/reveal", Scope.PEOPLE_REVEAL, proof=True)
async def reveal(call: PageCall) -> Shown:
    """The whole number; it is noted before it is shown."""
    person = int(call.path["person"])
    await person_of(call)
    try:
        reason = given.reason(call.form)
        if call.unproved is not None:
            raise InputError(call.unproved)
        number = await person_looks.reveal(call.inst, person, reason=reason)
    except InputError as error:
        return await _reveal(call, str(error))
    return Shown("people/revealed.html", WholeNumber(person_id=person, number=number))


async def _reveal(call: PageCall, fault: str = "") -> Shown:
    more = {"fault": fault, "reason": call.form.get("reason", "")}
    return Shown(
        "people/reveal.html", await person_of(call), "agi-app consent show NUMBER", 422 if fault else 200, more
    )


@pages.post("/people/{person}/proof", Scope.PEOPLE_REVEAL)
async def proof(call: PageCall) -> Shown | Download:
    """The record with masked numbers, and the proofs that its rows are in the signed tree; the look is noted first."""
    await person_of(call)
    person = int(call.path["person"])
    try:
        content = await person_proofs.gather(call.inst, person, reason=given.reason(call.form))
    except InputError as error:
        return await _ask_proof(call, str(error))
    return Download(io.BytesIO(content), len(content), "application/json", f"person-{person}.json")


@pages.get("/people/{person}/proof", Scope.PEOPLE_REVEAL)
async def ask_proof(call: PageCall) -> Shown:
    """What is in the file."""
    return await _ask_proof(call)


async def _ask_proof(call: PageCall, fault: str = "") -> Shown:
    more = {"fault": fault, "reason": call.form.get("reason", "")}
    command = person_proofs.ON_THE_NODE
    return Shown("people/proof.html", await person_of(call), command, 422 if fault else 200, more)


@pages.get("/people/{person}/erase", Scope.PEOPLE_ERASE, proof=True)
async def ask_erase(call: PageCall) -> Shown:
    """What goes, what stays and why; the id of a contact is typed as a check."""
    return await _erase(call)


@pages.post("/people/{person}/erase", Scope.PEOPLE_ERASE, proof=True)
async def erase(call: PageCall) -> Shown | GoTo:
    """Stop the calls at once, and ask a worker to erase all that is stored about the number."""
    person = int(call.path["person"])
    await person_of(call)
    try:
        reason = given.reason(call.form)
        typed = given.line(call.form, "typed", t("What was typed"), given.LONGEST_ID, needed=True)
        if call.unproved is not None:
            raise InputError(call.unproved)
        check = {"number": given.number(call.form, "typed")} if typed.startswith("+") else {"external_id": typed}
        taken = await erasure_asks.ask(call.inst, person, reason=reason, **check)
    except InputError as error:
        return await _erase(call, str(error))
    await stops.stops_take_effect(call.inst)
    return GoTo(f"/people/asks/{taken.ask}")


async def _erase(call: PageCall, fault: str = "") -> Shown:
    more = {"fault": fault, "reason": call.form.get("reason", ""), "typed": call.form.get("typed", ""), "word": word}
    return Shown("people/erase.html", await person_of(call), "agi-app erase NUMBER", 422 if fault else 200, more)


@pages.get("/people/asks/{ask}", Scope.PEOPLE_ERASE)
async def erased(call: PageCall) -> Shown:
    """What went, what stays and until when."""
    number = int(call.path["ask"])
    found = await asked.ended(
        call.inst, lambda: erasure_asks.asked(call.inst, number), lambda one: one.ask.state != "waiting"
    )
    return Shown("people/erased.html", erasure_answer(found))
