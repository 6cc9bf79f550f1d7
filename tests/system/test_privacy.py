"""What the worker writes and what an erasure leaves, judged by its log, the database and the carrier's capture."""

from __future__ import annotations

import json

import pytest

from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CONFIRMS, BUSY, PRESSES_9 = 1, 2, 9


def test_the_log_tells_nobodys_number_and_a_look_is_noted(live: Site) -> None:
    """Calls, a stop and an entered number go by; the log has attempt ids, and the story is shown to the letter."""
    numbers = confirms, _, stops = people(CONFIRMS, BUSY, PRESSES_9)
    live.consent(numbers)
    live.add("quiet", numbers, start=False)
    live.app.ask("campaign", "start", "quiet")
    live.settle("quiet")
    until("the stop is on disk", lambda: bool(live.stops(stops)))
    live.app.ask("stop", confirms)

    log = "".join(file.read_text("utf-8") for file in live.folder.glob("worker-*.log"))
    assert log
    assert [n for n in numbers if n[1:] in log] == []

    told = json.loads(live.app.ask("consent", "show", stops, "--json", "--reason", "complaint 12"))
    (refusal,) = told["refusals"]
    assert (refusal["calls_after"], refusal["via"]) == (0, "key")
    assert -30 < refusal["seconds_to_last_invite"] < 0
    assert len(live.calls([stops])) == len(told["calls"]) == 1
    assert live.sql("SELECT command, reason, numbers FROM access_log") == [("consent show", "complaint 12", 1)]


def test_an_erased_person_is_not_called_when_imported_again(live: Site) -> None:
    """Their data is gone, a new consent and contact come, and the phone stays silent."""
    numbers = erased, control = people(CONFIRMS, CONFIRMS)
    live.consent(numbers)
    live.add("before", [erased])
    live.settle("before")
    assert len(live.calls([erased])) == 1
    live.app.ask("erase", erased, "--reason", "letter")
    left = live.sql("SELECT e164 FROM person UNION ALL SELECT external_id FROM contact")
    assert [row for row in left if erased[1:] in row[0]] == []

    live.consent(numbers)
    live.add("after", numbers)
    live.settle("after")
    assert [len(live.calls([number])) for number in (erased, control)] == [1, 1]
    assert "suppressed" in live.refused_by("after")[erased]
