"""From the text of a campaign file to a ``Campaign``; every fault at once, with its line.

What a file cannot say wrongly: a campaign never rehearses, never calls again whom it has
reached or who declined, and never shows a number that is not in international form.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import phonenumbers
from pydantic import BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring import country_and_zone_names, times_meant
from agi_app.authoring.schema import Authored, duration_within, validate
from agi_app.authoring.suggestions import quote, suggest, suggest_or
from agi_app.authoring.yaml_lines import Document, load
from agi_app.campaigns.campaign_file import columns_part, times_part
from agi_app.campaigns.campaign_file.machine_part import MachineDetectionFile
from agi_app.campaigns.campaign_file.quota_part import QuotaFile
from agi_app.errors import Problem
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.flow.syntax.names_and_limits import MAX_CALL_SECONDS, FileName
from agi_app.gate.rule_file import DAYS, RING_TIME, Day
from agi_app.messages import spoken, t, template
from agi_app.model import phone
from agi_app.model.call import RETRIED
from agi_app.model.campaign import Agents, Campaign, Pace, Pacing, Purpose, Window

PURPOSES = (Purpose.TRANSACTIONAL, Purpose.SURVEY, Purpose.MARKETING)
_NO_OUTCOMES = "attempts max max_attempts times count tries interval delay wait after every 次数 间隔 等待"
NOT_RETRIED = {
    "human": template("the person was reached"),
    "answered": "the person was reached",
    "rejected": template("a person who declines a call is not called again because of it"),
    "invalid_number": template("a number that does not exist is not called again"),
    "no_media": template("agi-app automatically tries it again, once, on another day"),
    "abandoned": "the person was reached",
    "cancelled": template("the call was stopped on purpose"),
    "interrupted": template("it is not known whether the person was reached"),
    **dict.fromkeys(
        _NO_OUTCOMES.split(),
        template("write outcomes, each with the wait before each further try, as in {no_answer: [1d, 2d], busy: [1d]}"),
    ),
}
MAX_RETRIES = 5


def _purpose(value: object) -> object:
    if value == Purpose.REHEARSAL:
        raise PydanticCustomError(
            "campaign/rehearsal",
            t(
                "a campaign cannot be a rehearsal, which goes only to proved numbers of your own staff; write "
                "transactional, survey or marketing"
            ),
        )
    if isinstance(value, list):
        told = t("a campaign has one purpose: write one here, and each other one in another campaign")
        raise PydanticCustomError("campaign/purpose", "{told}", {"told": told})
    if value not in PURPOSES:
        context = {"found": quote(value), "hint": suggest(str(value), PURPOSES)}
        raise PydanticCustomError("campaign/purpose", spoken("{found} is not a purpose{hint}"), context)
    return value


def _country(value: object) -> object:
    if isinstance(value, str) and value in phonenumbers.SUPPORTED_REGIONS:
        return value
    upper = str(value).strip().upper()
    better = upper if upper in phonenumbers.SUPPORTED_REGIONS else country_and_zone_names.country_meant(upper)
    parts = [part for part in re.split(r"[\s,;/-]", upper) if part]
    if len(parts) > 1 and all(part in phonenumbers.SUPPORTED_REGIONS for part in parts):
        context = {
            "found": quote(value),
            "hint": t("; each country is its own item: [{parts}]", parts=", ".join(parts)),
        }
        raise PydanticCustomError("campaign/country", spoken("{found} is not a country code{hint}"), context)
    hint = (
        t('; did you mean "{better}"?', better=better)
        if better
        else t("; write two capital letters (ISO 3166), such as CN or GB")
    )
    raise PydanticCustomError(
        "campaign/country", spoken("{found} is not a country code{hint}"), {"found": quote(value), "hint": hint}
    )


def _retried(value: str) -> str:
    if value not in RETRIED:
        why = NOT_RETRIED.get(value)
        context = {"hint": t(": {there}", there=spoken(why)) if why else suggest(value, RETRIED)}
        raise PydanticCustomError("campaign/retry", spoken("this outcome is not retried{hint}"), context)
    return value


def _caller_id(value: object, info: ValidationInfo) -> object:
    meant = times_meant.number(value) or ""
    try:
        if phone.parse(meant).e164 == value:
            return value
    except phone.NotANumber as error:
        if meant and (meant.startswith("+86") or str(value).startswith("+")):
            told = t("{value} {error}; write one of your ordinary numbers", value=quote(value), error=error)
            raise PydanticCustomError("campaign/caller-id", "{told}", {"told": told}) from None
    if isinstance(value, list):
        told = t(
            "a campaign shows one number: write one, without brackets; numbers by place belong to local_caller_ids"
        )
        raise PydanticCustomError("campaign/caller-id", "{told}", {"told": told})
    how = _written_with_country(str(value)[:60], info.data.get("jurisdictions", ())) or times_meant.write_number(value)
    context = {"found": quote(value), "how": how}
    raise PydanticCustomError(
        "campaign/caller-id", spoken("{found} is not a number with + and country code; {how}"), context
    )


def _written_with_country(value: str, countries: Iterable[str]) -> str | None:
    """What to write for a number of one of these countries; None: nobody can tell."""
    found = set()
    for country in countries:
        with contextlib.suppress(phone.NotANumber):
            found.add(phone.parse(value, country).e164)
    digits = re.sub(r"[^0-9]", "", value)
    zero = digits.startswith("0") != digits.startswith("00") or len(digits) in map(len, found)  # + is one more, too
    written = t(" or ").join(f'"{e164}"' for e164 in sorted(found))
    return (
        t(
            "write {written}, in quotes{more}",
            written=written,
            more=t(", without the 0 before the area code") if zero else "",
        )
        if found
        else None
    )


def _time(value: object) -> dt.time:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value) if isinstance(value, str) else None
    if found is None:
        context = {"found": quote(value), "how": times_meant.write_clock(value)}
        raise PydanticCustomError("campaign/time", spoken("{found} is not a time of day; {how}"), context)
    return dt.time(int(found[1]), int(found[2]))


def _percent(value: object) -> float:
    found = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]{1,2})?) ?%", value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "campaign/percent", spoken("{found} is not a percentage; write 1%"), {"found": quote(value)}
        )
    return float(found[1])


def _prefix(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\+[1-9][0-9]{1,9}", value):
        return value
    told = t(
        '{found} does not fit; write how the called numbers begin, in quotes: "+", country code and area code,'
        ' as in "+8621"',
        found=quote(value),
    )
    raise PydanticCustomError("campaign/local-caller-id", "{told}", {"told": told})


Country = Annotated[str, BeforeValidator(_country)]
Prefix = Annotated[str, BeforeValidator(_prefix)]
Time = Annotated[dt.time, BeforeValidator(_time)]
Retried = Annotated[str, BeforeValidator(_retried)]
Delay = Annotated[
    dt.timedelta,
    duration_within(dt.timedelta(seconds=1), dt.timedelta(days=30), template("{found} is not within 1s to 30d")),
]
RingTime = Annotated[
    dt.timedelta, duration_within(*RING_TIME, template("{found} is not within 15s to 45s (rule ring_time)"))
]
CallTime = Annotated[
    dt.timedelta,
    duration_within(dt.timedelta(seconds=15), dt.timedelta(minutes=10), template("{found} is not within 15s to 600s")),
]
_LISTED = BeforeValidator(lambda value: [value] if isinstance(value, dict) else value)


class PaceFile(Authored):
    """``pace``: the most this campaign may do over all nodes, and its part where campaigns compete."""

    calls_per_second: Annotated[float, Field(strict=True, gt=0, le=1000)] = 1.0
    concurrent: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 10
    priority: Annotated[int, Field(strict=True, ge=1, le=100)] = 1


class WindowFile(Authored):
    """``window``: days and hours, in the time of the called person; narrows the law's window."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("zone", "timezone", "time_zone", "tz", "utc_offset", "offset"),
            template("windows are in the time of the person called, wherever they are; delete this key"),
        ),
        **times_part.IN_WINDOW,
        **dict.fromkeys(
            ("hours", "time", "times", "时间", "时段"), template('write from: "09:30", to: "17:30", with your hours')
        ),
    }

    days: list[Day] = Field(default=[*DAYS], min_length=1)
    start: Time = Field(alias="from")
    end: Time = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> WindowFile:
        if self.start >= self.end:
            message = t('"to" must be later than "from"; for a night write two windows')
            raise PydanticCustomError("campaign/window", message, {"at": ("to",)})
        return self


class AgentsFile(Authored):
    """``agents``: calls are made only while these people are free."""

    to: FileName
    pacing: Literal["progressive", "predictive"] = "progressive"
    abandoned_ceiling: Annotated[float, BeforeValidator(_percent)] = 1.0


class CampaignFile(Authored):
    """A whole campaign file."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("language", "languages", "语言", "prompt", "prompts", "keys"), template("that belongs in the flow's file")
        ),
        **dict.fromkeys(
            ("contacts", "numbers", "list", "名单"), template("write agi-app contacts import CAMPAIGN FILE instead")
        ),
        **dict.fromkeys(("consent", "consents", "同意"), template("write agi-app consent import FILE instead")),
        **dict.fromkeys(
            ("agent", "queue", "transfer"), template("write agents: {to: DESTINATION}, or transfer in the flow")
        ),
        **dict.fromkeys(("holidays", "closed_days"), template("closed days belong in a rule file, rules/CC.yaml")),
        **times_part.ELSEWHERE,
    }

    campaign: FileName
    purpose: Annotated[Purpose, BeforeValidator(_purpose)]
    jurisdictions: list[Country] = Field(min_length=1)
    flow: FileName
    trunk: FileName
    caller_id: Annotated[str, BeforeValidator(_caller_id)]
    pace: PaceFile = PaceFile()
    window: Annotated[list[WindowFile], _LISTED] = Field(default=[], max_length=14)
    retry: dict[Retried, Annotated[list[Delay], Field(min_length=1, max_length=MAX_RETRIES)]] = Field(default={})
    ring_time: RingTime = dt.timedelta(seconds=30)
    max_call: CallTime = dt.timedelta(seconds=MAX_CALL_SECONDS)
    region: Country | None = None
    local_caller_ids: dict[Prefix, Annotated[str, BeforeValidator(_caller_id)]] = Field(default={}, max_length=100)
    machine_detection: MachineDetectionFile | None = None
    agents: AgentsFile | None = None
    dialled_by: Literal["dialer", "agents"] = "dialer"
    zone: times_part.Zone = None
    starts: times_part.Moment = None
    ends: times_part.Moment = None
    due: times_part.DuePart = None
    quota: QuotaFile | None = None
    columns: columns_part.Columns = Field(default={})

    @model_validator(mode="after")
    def _judge(self) -> CampaignFile:
        if self.region is not None and self.region not in self.jurisdictions:
            context = {"region": self.region, "at": ("region",)}
            raise PydanticCustomError("campaign/region", spoken('"{region}" is not one of the jurisdictions'), context)
        if self.agents is not None and self.dialled_by == "agents":
            message = t(
                "with `agents` the dialer makes the calls, with `dialled_by: agents` only the agents do: remove one "
                "of the two"
            )
            raise PydanticCustomError("campaign/dialled-by", message, {"at": ("dialled_by",)})
        if self.due is not None and self.dialled_by == "agents":
            message = t(
                "with `due` contacts are called automatically, with `dialled_by: agents` nobody is: remove one of the"
                " two"
            )
            raise PydanticCustomError("campaign/dialled-by", message, {"at": ("due",)})
        detection = self.machine_detection
        if "machine" in self.retry and (detection is None or detection.message is not None):
            why = t("a message is left") if detection else t("without machine_detection no machine is detected")
            context = {"hint": t(": {there}", there=why), "at": ("retry", "machine")}
            raise PydanticCustomError("campaign/retry", spoken("this outcome is not retried{hint}"), context)
        for prefix, number in self.local_caller_ids.items():
            if not number.startswith(prefix):
                raise PydanticCustomError(
                    "campaign/local-caller-id",
                    spoken(
                        "{number} does not begin with {prefix}: a local number must belong to the place where it is"
                        " shown"
                    ),
                    {"number": number, "prefix": prefix, "at": ("local_caller_ids", prefix)},
                )
        return self


@dataclass(frozen=True, slots=True)
class CampaignDocument:
    """A campaign together with the file it came from, so that checks can point at lines."""

    campaign: Campaign
    document: Document


def parse_campaign(text: str | bytes, file: str) -> CampaignDocument:
    """Read a campaign file; raises ``AuthorError`` with every fault."""
    document = load(text, file)
    written = validate(CampaignFile, document)
    dates = times_part.dates_of(written, document)
    return CampaignDocument(_campaign(written, dates), document)


def load_campaign(text: str | bytes, file: str) -> Campaign:
    """The campaign alone; raises ``AuthorError`` with every fault."""
    return parse_campaign(text, file).campaign


def check_campaign(
    source: CampaignDocument, flows: Collection[str], trunks: Collection[str] | None, unread: Collection[str] = ()
) -> Iterator[Problem]:
    """Whether the flow and the trunk that a campaign names exist; ``trunks`` None: the settings are not known.

    ``unread`` are flow files that cannot be read.
    """
    flow, trunk = source.campaign.flow, source.campaign.trunk
    if flow not in flows:
        yield source.document.problem(("flow",), "campaign/unknown-flow", f"flow: {no_such_flow(flow, flows, unread)}")
    if trunks is not None and trunk not in trunks:
        hint = suggest_or(trunk, trunks, t("add [trunks.{trunk}] with its endpoint to agi-app.toml", trunk=trunk))
        message = t('trunk: the settings have no trunk with the name "{trunk}"{hint}', trunk=trunk, hint=hint)
        yield source.document.problem(("trunk",), "campaign/unknown-trunk", message)


def _campaign(file: CampaignFile, dates: times_part.Dates) -> Campaign:
    agents = file.agents
    return Campaign(
        name=file.campaign,
        purpose=file.purpose,
        flow=file.flow,
        trunk=file.trunk,
        caller_id=file.caller_id,
        jurisdictions=tuple(dict.fromkeys(file.jurisdictions)),
        pace=Pace(float(file.pace.calls_per_second), file.pace.concurrent, file.pace.priority),
        windows=tuple(Window(frozenset(map(DAYS.index, w.days)), w.start, w.end) for w in file.window),
        retry={outcome: tuple(delays) for outcome, delays in file.retry.items()},
        ring_time=file.ring_time,
        max_call=file.max_call,
        region=file.region,
        local_caller_ids=tuple(sorted(file.local_caller_ids.items())),
        machine_detection=file.machine_detection.parsed() if file.machine_detection is not None else None,
        agents=Agents(agents.to, Pacing(agents.pacing), agents.abandoned_ceiling) if agents is not None else None,
        by_agents=file.dialled_by == "agents",
        zone=dates.zone,
        starts=dates.starts,
        ends=dates.ends,
        due=file.due.parsed() if file.due is not None else None,
        quota=file.quota.parsed() if file.quota is not None else None,
        columns=tuple(column.parsed(name) for name, column in sorted(file.columns.items())),
    )
