"""Contacts, persons and what they agreed to, as the gate and the store exchange them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.model.campaign import Purpose
from agi_app.model.contact_times import NO_TIMES, Times

# How a refusal was said (``via``) that is no stop: the one who answers this number is not the person its consents are
# of. It ends those given until then for this very number, and nothing at other numbers of the person.
WRONG_NUMBER = "wrong number"


@dataclass(frozen=True, slots=True)
class FurtherNumber:
    """A further number of a contact, called after those before it."""

    number: str  # E.164
    region: str
    zones: tuple[str, ...]
    kind: str | None = None  # as the list says: mobile, home …


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One row of a contacts file, valid as far as the file alone can tell."""

    external_id: str
    number: str  # E.164
    region: str
    zones: tuple[str, ...]
    language: str | None
    fields: dict[str, str]
    person_key: str | None = None  # the operator's own id of the person, whose numbers belong together
    times: Times = NO_TIMES
    priority: int = 0  # 0 to 9, 9 first
    cancelled: bool | None = None  # None: the list does not say
    kind: str | None = None  # of the number
    others: tuple[FurtherNumber, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """One agreement of one person: what for, in which words, how, when, and where it came from."""

    number: str  # E.164
    purpose: Purpose
    wording: str  # the exact text the person agreed to
    method: str  # web form, signed paper, recorded call …
    given_at: dt.datetime  # aware
    source: str  # the system or file it came from
    language: str | None = None
    evidence: str | None = None  # reference or hash of the proof
    expires_at: dt.datetime | None = None
    entered_by: str | None = None
    seller: str | None = None  # on whose behalf the calls are
    evidence_sha256: bytes | None = None  # of the evidence file, which the data folder keeps
    evidence_file: str | None = None  # its name when it was handed in
    person_key: str | None = None  # the operator's own id of the person, whose numbers belong together
