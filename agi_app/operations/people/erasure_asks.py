"""Erasures by the service: the stop is entered at once, and a worker erases, as the account that asks.

Rows go in one transaction with the answer. Files and VACUUM cannot be in it: the ask says what is left until a worker
has done that, too. The service reads no whole number; what was typed as a check waits beside the ask.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.config.settings import Settings
from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.people import erasure
from agi_app.operations.people.erasure import LeftFiles, Remains
from agi_app.store.database import erased_traces
from agi_app.store.database.erased_traces import Cleaned
from agi_app.store.database.pool import Store
from agi_app.store.people import entered_stops, person_views
from agi_app.store.people import erasure as table
from agi_app.store.people.person_views import MaskedPerson
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk, Unfinished

KIND, ERASE = "erasure", "erase"


@dataclass(frozen=True, slots=True)
class ErasureTaken:
    """The ask and the stop of an erasure. ``ask`` None: the account may erase nobody, and ``refused`` says so."""

    ask: int | None
    stop: int
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class AskedErasure:
    """An ask to erase somebody. All else is None unless it is done; ``finished``: its files are gone, too."""

    ask: Ask
    erased: Mapping[str, int] | None = None
    finished: bool | None = None
    stays: Sequence[Remains] | None = None


@reads(Scope.STOPS_ENTER)
async def known(inst: Installation, person_id: int) -> MaskedPerson:
    """The person, masked. Raises InputError when there is none, StoreError."""
    found = await person_views.by_id(inst.store, person_id)
    if found is None:
        raise InputError(t("there is no person {person}", person=person_id))
    return found


@noted(Scope.STOPS_ENTER, "erasure ask", "person_id")
async def ask(
    inst: Installation, person_id: int, *, reason: str, number: str | None = None, external_id: str | None = None
) -> ErasureTaken:
    """Stop the calls to a person, and ask a worker to erase them; the stop waits for no role.

    ``number`` (E.164) or ``external_id`` is the check. `stops_take_effect` comes next, as after every stop that is
    entered. Raises InputError when the check is not theirs, or their number was erased, StoreError: nothing is kept.
    """
    shown = (await known(inst, person_id)).number
    if shown is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    if (number is None) == (external_id is None):
        raise InputError(t("type one of the two again: the number, or the id of a contact"))
    fits = _fits(shown, number) if number else await table.has_contact(inst.store, person_id, external_id or "")
    if not fits:
        raise InputError(
            t("what was typed is not of person {person}: nothing was done, no stop either", person=person_id)
        )
    stop = await entered_stops.enter_of(
        inst.store, person_id, inst.clock.now(), erasure.REASON_OF_STOP, inst.actor.account
    )
    if stop is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    try:
        inst.actor.require(Scope.PEOPLE_ERASE)
    except Forbidden as refused:
        return ErasureTaken(None, stop, t("{fault}; the stop was taken", fault=refused))
    typed = {"number": number, "external_id": external_id}
    new = NewAsk(KIND, ERASE, str(person_id), reason.strip(), private=typed)
    return ErasureTaken(await asks.add(inst.store, new, inst.actor), stop)


def _fits(shown: str, number: str) -> bool:
    """Whether a number can be the one that is shown masked; only a worker can know that it is."""
    begin, _, end = shown.partition("…")
    return number.startswith(begin) and number.endswith(end)


@reads(Scope.PEOPLE_ERASE)
async def asked(inst: Installation, ask_id: int) -> AskedErasure:
    """An ask to erase somebody, what went and what stays. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    if found.state != "done" or found.answer is None:
        return AskedErasure(found)
    finished = not await asks.is_open(inst.store, ask_id)
    return AskedErasure(found, found.answer["erased"], finished, list(_stays(found.answer)))


def _stays(answer: Mapping[str, Any]) -> Iterator[Remains]:
    yield Remains(t("evidence and recordings on other nodes"), t("the worker there purges, once a day"))
    at = dt.datetime.fromisoformat(answer["at"])
    yield from erasure.remains(Cleaned(freed=True, archived=answer["archived"]), at)


@reads(Scope.PEOPLE_ERASE)  # the erasure is noted
async def do(inst: Installation, asked_for: OpenAsk) -> Unfinished:
    """What a worker does with such an ask, by the database alone.

    Raises InputError when the check is not theirs, they were erased or are being called, ConfigError, SafetyError,
    StoreError. The stop holds whatever happens.
    """
    typed, person_id = asked_for.private or {}, int(asked_for.object)
    found = await table.number_of(inst.store, person_id, typed.get("number"), typed.get("external_id"))
    if found is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    number, theirs = found
    if not theirs:
        raise InputError(
            t("what was typed is not of person {person}: nothing was erased; the stop was taken", person=person_id)
        )
    rows, left = await erasure.erase_rows(inst, number, reason=asked_for.reason)
    archived = await erased_traces.archived(inst.store)
    told = {"erased": rows, "archived": archived, "at": inst.clock.real_now().astimezone(dt.UTC).isoformat()}
    hashes = {"evidence": [one.hex() for one in left.evidence], "recordings": [one.hex() for one in left.recordings]}
    return Unfinished(told, {**hashes, "spoken": left.spoken})


async def finish(settings: Settings, store: Store, left: Mapping[str, Any]) -> None:
    """What comes after the commit: the files, and the space of old rows. Raises ConfigError, StoreError: it stays."""
    evidence, recordings = ([bytes.fromhex(one) for one in left[kind]] for kind in ("evidence", "recordings"))
    await erasure.remove_left(settings, store, LeftFiles(evidence, recordings, str(left["spoken"])))
