"""The exact words that people agree to, registered under a name and a version so that files can point to them."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record

Q = load_queries("people/wordings")


@dataclass(frozen=True, slots=True)
class Wording:
    """One registered text; ``language`` None when nobody said which."""

    wording_id: int
    name: str
    version: str
    language: str | None
    text: str
    sha256: bytes  # of the text in UTF-8
    entered_by: str
    recorded_at: dt.datetime  # real time
    consents: int  # how many point to it

    @property
    def label(self) -> str:
        """How files name it."""
        return f"{self.name}/{self.version}"


async def register(store: Store, label: str, language: str | None, text: str, entered_by: str) -> int:
    """Register a text as ``name/version`` and return its id; the same again changes nothing.

    Raises InputError when the label is not one, the text is empty, or that version has another text already.
    """
    name, _, version = label.partition("/")
    if not name.strip() or not version.strip() or "/" in version:
        raise InputError(t("{label}: a wording is named NAME/VERSION, for example signup-form/2", label=label))
    if not text.strip():
        raise InputError(t("the wording is empty; give the exact text that people are shown"))
    values = {
        "name": name.strip(),
        "version": version.strip(),
        "language": language,
        "text": text,
        "sha256": hashlib.sha256(text.encode()).digest(),
        "entered_by": entered_by,
    }
    async with store.transaction() as connection:
        await connection.execute(Q["add"], values)
        found = await record(connection, Q["one"], values)
    if found is None or found["sha256"] != values["sha256"]:
        raise InputError(
            t(
                "{label} ({language}) is registered with another text, which people agreed to or may have; give"
                " the new text a new version",
                label=label,
                language=language or t("no language"),
            )
        )
    wording_id: int = found["wording_id"]
    return wording_id


async def registered(store: Store) -> list[Wording]:
    """All registered texts, by name, version and language."""
    return await store.rows(Wording, Q["registered"])
