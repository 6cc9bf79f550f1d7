"""What a form says: each field as it is wanted, or InputError in words for people, by the label of the field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agi_app.errors import AgiAppError, AuthorError, InputError
from agi_app.messages import t
from agi_app.model.phone import NotANumber, mask, parse

MOST_LINE, MOST_REASON, MOST_TEXT = 100, 500, 5000  # characters, as the API takes them
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
LONGEST_ID = 200


def reason(form: Mapping[str, str]) -> str:
    """Why somebody does it."""
    text = " ".join(form.get("reason", "").split())
    if not (3 <= len(text) <= MOST_REASON and text.isprintable()):
        raise InputError(t("Say why, in 3 to {most} characters: it is kept for good.", most=MOST_REASON))
    return text


def line(form: Mapping[str, str], name: str, label: str, most: int = MOST_LINE, *, needed: bool = False) -> str:
    """One line of text; empty when it is not ``needed``."""
    text = " ".join(form.get(name, "").split())
    if needed and not text:
        raise InputError(t("{label}: must be there", label=label))
    if len(text) > most:
        raise InputError(t("{label}: may have {most} characters at most", label=label, most=most))
    if not text.isprintable():
        raise InputError(t("{label}: has characters that nobody sees", label=label))
    return text


def number(form: Mapping[str, str], name: str = "number") -> str:
    """A telephone number as it is stored."""
    text = form.get(name, "").strip()
    if not text:
        raise InputError(t("Type the whole number, with + and the country code."))
    try:
        return parse(text).e164
    except NotANumber as error:
        raise InputError(t("{number}: {fault}", number=mask(text), fault=error)) from None


def one_of(form: Mapping[str, str], name: str, allowed: Mapping[str, str]) -> str | None:
    """A choice; None for the empty one and for any other text."""
    text = form.get(name, "")
    return text if text in allowed else None


def told(error: AgiAppError) -> str:
    """What a page says of a fault; of a file with its places."""
    if isinstance(error, AuthorError):
        return "\n".join(f"{one.file}:{one.line}:{one.column}: {one.message}" for one in error.problems)
    return str(error)
