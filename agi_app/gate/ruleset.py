"""The calling rules of each jurisdiction as dated, sourced values, read from ``agi_app/rules``.

A rule set has a version (a hash of the files it came from), so that a decision can name it.
The need for consent is not in here: it is code, and no file can loosen it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.model.campaign import Window
from agi_app.yaml_lines import Authored

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
StartTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
EndTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class Sourced(Authored):
    """Where a value comes from: its source, the day it was checked, and whether it is law or our own default."""

    source: str = Field(min_length=1)
    as_of: dt.date
    basis: Literal["law", "house"]


class WindowSpec(Authored):
    """Hours of some days, ``from`` included and ``to`` excluded, in the callee's own time."""

    days: list[Day] = Field(min_length=1)
    start: StartTime = Field(alias="from")
    end: EndTime = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> WindowSpec:
        if self.start >= self.end:  # both HH:MM
            message = '"to" must be later than "from"; for a night write two windows'
            raise PydanticCustomError("rules/window", message, {"at": ("to",)})
        return self

    def window(self) -> Window:
        """The window as the gate uses it; ``24:00`` becomes the last microsecond of the day."""
        end = dt.time.max if self.end == "24:00" else dt.time.fromisoformat(self.end)
        return Window(frozenset(DAYS.index(d) for d in self.days), dt.time.fromisoformat(self.start), end)


class CallingHours(Sourced):
    """When a person may be called."""

    windows: list[WindowSpec] = Field(min_length=1)


class DayCap(Sourced):
    """The most calls to one person in any 24 hours, over all campaigns."""

    calls: int = Field(strict=True, ge=1, le=10)


class JurisdictionFile(Authored):
    """One file of ``agi_app/rules``."""

    jurisdiction: str = Field(pattern=r"^[A-Z]{2}$")
    calling_hours: CallingHours
    cap_per_day: DayCap


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The rules of one country, ready to be judged by."""

    region: str
    windows: tuple[Window, ...]
    cap_per_day: int


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All jurisdictions that may be called, with the version that decisions record."""

    version: str
    jurisdictions: Mapping[str, Jurisdiction]


def build(version: str, files: list[JurisdictionFile]) -> RuleSet:
    """Turn validated rule files into the rule set that ``decide`` takes."""
    return RuleSet(
        version,
        {
            f.jurisdiction: Jurisdiction(
                f.jurisdiction, tuple(w.window() for w in f.calling_hours.windows), f.cap_per_day.calls
            )
            for f in files
        },
    )
