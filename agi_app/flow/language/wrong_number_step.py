"""The verb ``wrong_number``: the person who answered is not the one who gave the consents for this number."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from agi_app.authoring.schema import Authored
from agi_app.flow.syntax.names_and_limits import FileName


class WrongNumber(Authored):
    """``wrong_number``, ``wrong_number: NAME`` or ``wrong_number: {prompt: NAME}``: the prompt is the last word."""

    prompt: FileName | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"prompt": value} if value is None or isinstance(value, str) else value


class WrongNumberStep(Authored):
    """A step that ends all consents for the called number, says so, and hangs up."""

    wrong_number: WrongNumber
