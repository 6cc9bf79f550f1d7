"""What a page reads of its query and of a form, as the models of the API have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agi_app.api import problems
from agi_app.console.pages import PageCall
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service.sessions import SecondShown

M = TypeVar("M", bound=BaseModel)
LONGEST_WHY = 300  # characters


def query_of(call: PageCall, kind: type[M]) -> M:
    """What of the page's query a model takes; what is empty is not given. RequestRefused for what it refuses."""
    given = {name: value for name, value in call.query.items() if name in kind.model_fields and value.strip()}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise problems.of_model(error, "?") from error


def second_of(form: Mapping[str, str]) -> SecondShown:
    """The code of the authenticator app, or the recovery code, of a form."""
    return SecondShown(form.get("code", ""), form.get("recovery", ""))


def why_of(form: Mapping[str, str]) -> str:
    """Why somebody does it. Raises InputError when the form does not say, or says what cannot be kept."""
    text = " ".join(form.get("reason", "").split())
    if not (1 <= len(text) <= LONGEST_WHY and text.isprintable()):
        raise InputError(t("Say why: it is kept for good."))
    return text


def faults_of(error: ValidationError) -> str:
    """What is wrong with the fields of a form, for people."""
    return "; ".join(f"{one.pointer}: {one.text}" for one in problems.of_model(error, "").answer.errors)
