"""What is told of contacts that the caps of one person leave uncalled."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.campaigns.left_by_caps import left_uncalled, told_left
from agi_app.model.campaign import Due
from agi_app.model.contact_times import Times
from agi_app.store.calling.preview import SeveralContacts
from tests.unit.gate_cases import CAMPAIGN, CN_NUMBER, NOW, ruleset

HOUR = dt.timedelta(hours=1)
REMINDING = replace(CAMPAIGN, due=Due("appointment", (3 * HOUR,)))


def child(name: str, hours: float) -> tuple[str, dt.datetime, Times]:
    """An appointment in so many hours, due for an hour already."""
    return name, NOW - HOUR, Times(NOW + hours * HOUR)


def test_each_person_is_looked_at_alone() -> None:
    several = [
        SeveralContacts(CN_NUMBER, [], [child("anna", 2), child("ben", 3)]),
        SeveralContacts(CN_NUMBER, [], [child("carl", 2), child("dora", 60)]),
    ]
    assert left_uncalled(REMINDING, ruleset(), several, NOW) == ["ben"]


def test_what_is_told_names_five_at_most_and_no_number() -> None:
    assert told_left([]) == ()
    (told,) = told_left([f"A{n}" for n in range(7)])
    assert told.startswith("7 contacts will not be called: the same person")
    assert "A0, A1, A2, A3, A4, …" in told
