"""Pydantic's own words for a fault, which are English only, in the language of who reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.messages import current, t, template

_WORDS = {  # kind of fault -> the words, with the values that pydantic gives
    "greater_than": template("must be greater than {gt}"),
    "greater_than_equal": template("must be greater than or equal to {ge}"),
    "less_than": template("must be less than {lt}"),
    "less_than_equal": template("must be less than or equal to {le}"),
    "finite_number": template("must be a finite number"),
    "literal_error": template("must be one of {expected}"),
    "enum": template("must be one of {expected}"),
    "string_type": template("must be text"),
    "string_too_long": template("must have at most {max_length} characters"),
    "string_too_short": template("must have at least {min_length} characters"),
    "too_long": template("at most {max_length} are allowed here, not {actual_length}"),
    "too_short": template("at least {min_length} are needed here, not {actual_length}"),
    "dict_type": template("must be a table"),
    "model_type": template("must be a table"),
    "timezone_aware": template("must have an offset from UTC"),
}


def plain_words(fault: Mapping[str, Any], english: str) -> str:
    """``english``, which are the words for an English reader; else the same for the kind of this fault.

    A kind that is not in the list stays English.
    """
    words = _WORDS.get(str(fault["type"]))
    if current() == "en" or words is None:
        return english
    return t(words, **{name: _shown(value) for name, value in fault.get("ctx", {}).items()})


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace("'", '"').replace(" or ", ", ")
