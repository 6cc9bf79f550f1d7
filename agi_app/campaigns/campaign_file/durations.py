"""Lengths of time in a campaign's file, each with its bounds."""

from __future__ import annotations

import datetime as dt

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import parse_duration
from agi_app.authoring.suggestions import quote


def between(limits: tuple[dt.timedelta, dt.timedelta], words: str) -> BeforeValidator:
    """A duration within ``limits``, which an error tells in ``words``."""

    def judge(value: object) -> dt.timedelta:
        duration = parse_duration(value, *limits)
        if not limits[0] <= duration <= limits[1]:
            context = {"found": quote(value), "words": words}
            raise PydanticCustomError("schema/duration", "{found} is not within {words}", context)
        return duration

    return BeforeValidator(judge)


def between_ms(least: int, most: int) -> BeforeValidator:
    """The same for milliseconds."""
    return between((dt.timedelta(milliseconds=least), dt.timedelta(milliseconds=most)), f"{least}ms to {most}ms")
