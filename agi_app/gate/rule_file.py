"""What may be in a rule file: dated, sourced values of one country and of its parts.

A key takes one value or a list of them, such as what the law says and what our own house adds; the
strictest holds. A key that a file leaves out has the value of ``default.yaml``.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring import country_and_zone_names
from agi_app.authoring.schema import Authored, duration_within
from agi_app.authoring.suggestions import quote
from agi_app.messages import spoken, t, template
from agi_app.model.campaign import Purpose, Window

DEFAULT = "default"
OWN = "own"
SPANS = {"24h": dt.timedelta(hours=24), "7d": dt.timedelta(days=7), "30d": dt.timedelta(days=30)}
RING_TIME = dt.timedelta(seconds=15), dt.timedelta(seconds=45)  # no file may go beyond
LONGEST_GAP = dt.timedelta(days=30)  # calls further back are not looked at

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
StartTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
EndTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
PrefixText = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,13}$")]
Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]
ListName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
V = TypeVar("V")


def _between(least: dt.timedelta, most: dt.timedelta, low: str, high: str) -> BeforeValidator:
    message = template("{found} is not within {low} to {high}")
    return duration_within(least, most, message, "rules/duration", low=low, high=high)


def _zone(value: object) -> object:
    if not isinstance(value, str) or country_and_zone_names.is_zone(value):
        return value
    context = {"found": quote(value), "how": country_and_zone_names.zone_meant(value)}
    raise PydanticCustomError("schema/value", spoken("{found} is not a time zone{how}"), context)


Gap = Annotated[dt.timedelta, _between(dt.timedelta(0), LONGEST_GAP, "0s", "30d")]
Ring = Annotated[dt.timedelta, _between(*RING_TIME, "15s", "45s")]
Age = Annotated[dt.timedelta, _between(dt.timedelta(days=1), dt.timedelta(days=366), "1d", "366d")]
Soon = Annotated[dt.timedelta, _between(dt.timedelta(0), dt.timedelta(seconds=30), "0s", "30s")]


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
            message = t('"to" must be later than "from"; for a night write two windows')
            raise PydanticCustomError("rules/window", message, {"at": ("to",)})
        return self

    def window(self) -> Window:
        """The window as the gate uses it; ``24:00`` becomes the last microsecond of the day."""
        end = dt.time.max if self.end == "24:00" else dt.time.fromisoformat(self.end)
        return Window(frozenset(DAYS.index(d) for d in self.days), dt.time.fromisoformat(self.start), end)


class TimeZones(Sourced):
    """All zones of the country, for numbers that do not tell theirs."""

    zones: list[Annotated[str, BeforeValidator(_zone)]] = Field(min_length=1)


class CallingHours(Sourced):
    """When a person may be called."""

    windows: list[WindowSpec] = Field(min_length=1)


class ClosedDays(Sourced):
    """Days without calls: the public holidays of a calendar, dates, or both."""

    calendar: Annotated[str, Field(pattern=r"^([A-Z]{2}|own)$")] | None = None  # own: the country's
    subdivisions: list[str] = Field(default=[])  # closed is what is a holiday in any of them
    whole_breaks: bool = Field(default=False, strict=True)  # with the weekend days that touch a holiday
    working_days: bool = Field(default=False, strict=True)  # a weekend day that a decree makes a working day is one
    dates: list[dt.date] = Field(default=[])

    @model_validator(mode="after")
    def _says_something(self) -> ClosedDays:
        if self.calendar is None and not self.dates:
            raise PydanticCustomError("rules/closed-days", t("name a calendar or dates"))
        return self


class CapRule(Sourced):
    """The most calls to one person in any such span, over all campaigns."""

    calls: int = Field(strict=True, ge=1, le=10)
    per: Literal["24h", "7d", "30d"]


class GapRule(Sourced):
    """How long a person is left alone afterwards."""

    time: Gap


class RingTime(Sourced):
    """How long a phone must ring before we give up, and may ring at most."""

    at_least: Ring | None = None
    at_most: Ring | None = None

    @model_validator(mode="after")
    def _ordered(self) -> RingTime:
        if self.at_least is None and self.at_most is None:
            raise PydanticCustomError("rules/ring-time", t("write at_least, at_most or both"))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            message = t('"at_most" must not be shorter than "at_least"')
            raise PydanticCustomError("rules/ring-time", message, {"at": ("at_most",)})
        return self


class AbandonedCalls(Sourced):
    """The most answered calls of a campaign in 30 days that meet nobody and no message."""

    at_most_percent: float = Field(ge=0, le=3)


class ExternalList(Sourced):
    """A do-not-call list that others keep, which must be asked before calls of these purposes."""

    name: ListName
    max_age: Age
    purposes: list[Purpose] = Field(min_length=1)


class Retention(Sourced):
    """How many days recordings, and consents with decisions, are kept at least; afterwards they are purged."""

    recordings_days: Days | None = None
    records_days: Days | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Retention:
        if self.recordings_days is None and self.records_days is None:
            raise PydanticCustomError("rules/retention", t("write recordings_days, records_days or both"))
        return self


class ArtificialVoice(Sourced):
    """Whether a call must say that its voice is no person's."""

    disclose: bool = Field(strict=True)


class OptOutOffer(Sourced):
    """How soon after the name of the business the way to say stop is offered."""

    offered_within: Soon


class Complaints(Sourced):
    """Within how long a complaint about a call is answered."""

    answer_within: Age


Some = Annotated[
    list[V], BeforeValidator(lambda given: given if isinstance(given, list) else [given]), Field(min_length=1)
]


class RuleValues(Authored):
    """The keys that a country and a part of it share."""

    calling_hours: Some[CallingHours] | None = None
    closed_days: Some[ClosedDays] | None = None
    caps: Some[CapRule] | None = None
    gap_after_declined: Some[GapRule] | None = None
    gap_after_abandoned: Some[GapRule] | None = None
    ring_time: Some[RingTime] | None = None
    abandoned_calls: Some[AbandonedCalls] | None = None
    external_lists: Some[ExternalList] | None = None
    retention: Some[Retention] | None = None
    artificial_voice: Some[ArtificialVoice] | None = None
    opt_out: Some[OptOutOffer] | None = None
    complaints: Some[Complaints] | None = None


class PartFile(RuleValues):
    """Rules that bind besides the country's, for numbers that begin with one of ``numbers``."""

    numbers: list[PrefixText] = Field(min_length=1)


class JurisdictionFile(RuleValues):
    """One rule file."""

    jurisdiction: Annotated[str, Field(pattern=r"^([A-Z]{2}|default)$")]
    time_zones: Some[TimeZones] | None = None
    parts: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]{0,15}$")], PartFile] = Field(default={})


RULE_KEYS = tuple(RuleValues.model_fields)
