"""A statement that a person wrote for a database of theirs: one, with places for values such as ``%(id)s``. Pure.

The values never become part of its text: they are sent beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from agi_app.messages import t

LONGEST = 100_000  # characters
_PLACES = re.compile(r"%(?:(?P<double>%)|\((?P<name>[^)]*)\)(?P<kind>.?)|(?P<other>.?))", re.DOTALL)


def tidy(text: str) -> str:
    """The statement without the spaces around it and the ``;`` at its end."""
    return text.strip().removesuffix(";").rstrip()


def names_in(text: str) -> set[str]:
    """The values that the statement asks for."""
    return {found["name"] for found in _PLACES.finditer(text) if found["name"] is not None}


def fault_in(text: str, known: Collection[str]) -> tuple[int, str] | None:
    """Where (its character, from 0) and what is wrong with the places for values; None when nothing is.

    ``known`` are the values that there are. Whether the rest is SQL, and one statement, says the database.
    """
    if not tidy(text):
        return 0, t("the statement is empty")
    if len(text) > LONGEST:
        return LONGEST, t("the statement is longer than {longest} characters", longest=LONGEST)
    if (zero := text.find("\0")) >= 0:
        return zero, t("the statement has the character U+0000: remove it")
    for found in _PLACES.finditer(text):
        if found["other"] is not None:
            return found.start(), t("a % is written %%; a value is written %(name)s, in brackets and with s")
        if found["name"] is not None and found["name"] not in known:
            told = "there is no value {name!r}; there are: {known}"
            return found.start(), t(told, name=found["name"], known=", ".join(sorted(known)) or t("none"))
        if found["name"] is not None and found["kind"] != "s":
            return found.start(), t("the value is written %({name})s, with s at its end", name=found["name"])
    return None
