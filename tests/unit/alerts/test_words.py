"""What an alert says, in both languages: the same facts, one line for a subject, and closed words for programs."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from agi_app.alerts import words
from agi_app.alerts.conditions import KINDS
from agi_app.messages import speaking
from agi_app.store.service.alerts import AlertNotice

AT = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
PROJECT = Path("/srv/clinic")
DETAILS: dict[str, tuple[str, dict[str, Any], str]] = {  # kind: subject, details, what must be in the text
    "nobody_dialled": ("", {"campaigns": ["march"], "reasons": ["no worker is running"]}, "march"),
    "node_lost": ("pbx-1", {"node": "pbx-1 http://a", "seen": "2026-03-03 09:29:30 UTC"}, "09:29:30"),
    "trunk_paused": ("carrier pbx-1", {"trunk": "carrier", "node": "pbx-1", "reason": "not registered"}, "carrier"),
    "database_away": ("", {}, "agi-app"),
    "campaign_paused": ("march", {"why": "prompts"}, "march"),
    "caller_id_ending": ("+862155500001", {"ends": "2026-03-09"}, "2026-03-09"),
    "consents_ending": ("4", {"wording": "form/1", "consents": 12, "first": "2026-03-04"}, "12"),
    "feed_failed": ("appointments", {"why": "empty", "state": "refused"}, "empty"),
    "backup_failed": ("", {"at": "2026-03-03 02:00:00 UTC", "made": "2026-03-02 02:00:00 UTC"}, "2026-03-02 02:00:00"),
    "backup_late": ("", {"made": "2026-03-01 02:00:00 UTC"}, "2026-03-01 02:00:00"),
}


def notice(kind: str, *, ended: bool = False) -> AlertNotice:
    subject, details, _ = DETAILS[kind]
    phase, end = (words.ENDED, AT + dt.timedelta(minutes=3)) if ended else (words.BEGAN, None)
    return AlertNotice(1, "mail", phase, 1, 7, kind, subject, details, AT, end)


def test_every_kind_is_here() -> None:
    assert set(DETAILS) == {*KINDS, words.DATABASE_AWAY}


@pytest.mark.parametrize("kind", DETAILS)
def test_a_text_tells_what_is_wrong_in_both_languages(kind: str) -> None:
    told = {}
    for language in ("en", "zh"):
        with speaking(language):
            told[language] = words.text(notice(kind), PROJECT)
            assert "\n" not in words.subject_line(notice(kind))
        assert DETAILS[kind][2] in told[language]
        assert "2026-03-03 09:30:00" in told[language]
        assert "/srv/clinic" in told[language]
    assert told["en"] != told["zh"]
    assert not [letter for letter in told["en"] if "\u4e00" <= letter <= "\u9fff"]


def test_that_it_is_over_is_in_the_subject_and_in_the_text() -> None:
    over = notice("node_lost", ended=True)
    assert words.subject_line(over).startswith("[agi-app] over: ")
    assert "it ended at 2026-03-03 09:33:00 UTC" in words.text(over, PROJECT)
    assert not words.subject_line(notice("node_lost")).startswith("[agi-app] over")


def test_programs_get_words_that_do_not_depend_on_the_language() -> None:
    for language in ("en", "zh"):
        with speaking(language):
            told = json.loads(words.for_programs(notice("trunk_paused", ended=True), PROJECT))
        assert (told["kind"], told["phase"], told["subject"]) == ("trunk_paused", "ended", "carrier pbx-1")
        assert (told["began_at"], told["ended_at"]) == ("2026-03-03T09:30:00+00:00", "2026-03-03T09:33:00+00:00")
        assert told["details"]["trunk"] == "carrier"
