"""A contact that may be called, to be spoilt in one way by each test."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from agi_app.gate.calling_hours import Calendar, Opening
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import CallFact, ConsentFact, Facts, ProofFact
from agi_app.gate.ruleset import Cap, Jurisdiction, Rules, RuleSet
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign, CampaignState, Purpose, Window
from agi_app.model.number_location import NumberLocation

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = NumberLocation("CN", ("Asia/Shanghai",), (), True)
CN_NUMBER = "+999861380000001"
GB_NUMBER = "+447700900123"
NEW_YORK_NUMBER = "+12125550100"
CALLER_ID = "+999862000000001"
NOW = dt.datetime(2026, 3, 4, 10, 0, tzinfo=SHANGHAI).astimezone(dt.UTC)  # a Wednesday
DAY = dt.timedelta(hours=24)
YEAR = dt.timedelta(days=365)
SECOND = dt.timedelta(seconds=1)
WORKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))


def window(start: str, end: str, days: frozenset[int] = WORKDAYS) -> Window:
    """Hours such as ``09:00`` to ``24:00``."""
    return Window(days, dt.time.fromisoformat(start), dt.time.max if end == "24:00" else dt.time.fromisoformat(end))


def ruleset(*windows: Window, cap: int = 1, calendar: Calendar | None = None, **values: Any) -> RuleSet:
    """The same rules for three countries; ``values`` are further fields of ``Rules``."""
    hours = windows or (window("09:00", "12:00"), window("14:00", "20:00"))
    opening = Opening((hours,), (calendar,) if calendar else ())
    fields: dict[str, Any] = {"opening": opening, "caps": (Cap(cap, DAY),)} | values
    rules = Rules(**fields)
    return RuleSet("test-rules", {region: Jurisdiction(region, rules) for region in ("CN", "GB", "US")})


def calls(*times: dt.datetime, outcome: str = "no_answer") -> tuple[CallFact, ...]:
    """Counted calls at these times."""
    return tuple(CallFact(at, outcome) for at in times)


def proofs(kind: str, expires: dt.datetime, number: str = CALLER_ID) -> tuple[ProofFact, ...]:
    """One proof of the campaign's caller ID."""
    return (ProofFact(number, kind, expires),)


def consent(
    purpose: Purpose = Purpose.TRANSACTIONAL,
    given: dt.datetime = NOW - YEAR,
    expires: dt.datetime | None = None,
    revoked: dt.datetime | None = None,
) -> ConsentFact:
    """One consent, given a year ago unless said otherwise."""
    return ConsentFact(1, purpose, given, expires, revoked)


CAMPAIGN = Campaign(
    name="checkup",
    purpose=Purpose.TRANSACTIONAL,
    flow="checkup",
    trunk="test",
    caller_id=CALLER_ID,
    jurisdictions=("CN", "GB", "US"),
)
FACTS = Facts(
    contact_id=7,
    person_id=70,
    number=CN_NUMBER,
    campaign_state=CampaignState.RUNNING,
    consents=(consent(),),
    suppressed_at=None,
    counted_calls=(),
    caller_id_seen=None,
    caller_id_proofs=proofs("call", NOW + YEAR),
    list_hits=(),
    list_states=(),
    abandoned=None,
)
CLAIM = Claim(
    attempt_id="a1",
    contact_id=7,
    person_id=70,
    campaign="checkup",
    number=CN_NUMBER,
    place=CHINA,
    caller_id=CALLER_ID,
    trunk="test",
    language=None,
    fields={"name": "Li"},
    attempt_number=1,
    decision_id=1,
)


def judge(
    *,
    now: dt.datetime = NOW,
    campaign: Campaign = CAMPAIGN,
    sandbox: bool = True,
    rules: RuleSet | None = None,
    **changes: Any,
) -> Decision:
    """The gate's answer about the callable contact with ``changes`` to its facts."""
    return decide(replace(FACTS, **changes), campaign, sandbox, rules or ruleset(), now)
