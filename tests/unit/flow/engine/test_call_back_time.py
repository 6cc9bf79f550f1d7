"""Offered times are those of the called person's clock, also when it is put forward or back."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agi_app.flow.engine import commands as do
from agi_app.flow.engine.call_back_time import is_another_day, moment_of
from agi_app.flow.engine.events import KeyPressed
from agi_app.flow.engine.session import Session
from agi_app.flow.language.call_back_offer import Offer
from agi_app.flow.load import load_flow

FLOW = load_flow(
    """\
flow: f
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: ask
nodes:
  ask:
    - call_back: {prompt: when, offer: [{in: 2h}, {at: "18:00"}, {tomorrow_at: "10:00"}]}
    - hangup
""",
    "f.yaml",
)
BERLIN = ZoneInfo("Europe/Berlin")
NOON = dt.datetime.fromisoformat("2026-03-04T12:00:00+08:00")


@pytest.mark.parametrize(
    ("key", "now", "at"),
    [
        ("1", "2026-03-29 00:30", "2026-03-29T03:30+02:00"),  # two hours later it is three and a half by the clock
        ("2", "2026-03-28 19:00", "2026-03-29T18:00+02:00"),
        ("3", "2026-03-28 19:00", "2026-03-29T10:00+02:00"),
        ("3", "2026-10-24 19:00", "2026-10-25T10:00+01:00"),
    ],
)
def test_the_night_the_clocks_change(key: str, now: str, at: str) -> None:
    session = Session.begin(FLOW, {}, None, dt.datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    session.start()
    assert do.CallBackAt(at) in session.handle(KeyPressed(key))
    assert session.call_back == dt.datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("offer", "at"), [({"in": "2h"}, "14:00"), ({"at": "18:00"}, "18:00"), ({"tomorrow_at": "10:00"}, "10:00")]
)
def test_an_offered_time_is_one_of_the_persons_own_clock(offer: dict[str, str], at: str) -> None:
    found = moment_of(Offer.model_validate(offer), NOON)
    assert f"{found:%H:%M}" == at
    assert is_another_day(found, NOON) is ("tomorrow_at" in offer)
