"""English answers as recognisers write them, and what each means."""

from __future__ import annotations

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from tests.unit.spoken import INTEREST, YES_NO, asking, meant, said, table

pytestmark = pytest.mark.slow  # a thousand utterances

TABLE = table("en")


@pytest.mark.parametrize(("meaning", "text"), said(TABLE["yes_or_no"]))
def test_yes_and_no(meaning: str, text: str) -> None:
    assert meant(asking("en", *YES_NO), text) == meaning


TABLE = table("en")


@pytest.mark.parametrize(("meaning", "text"), said(TABLE["stops"]))
def test_a_stop_is_heard_beside_anything(meaning: str, text: str) -> None:
    for labels in (YES_NO, INTEREST, ("later", "busy_now", "operator")):
        assert meant(asking("en", *labels), text) == meaning


@pytest.mark.parametrize("text", [text for _, text in said(TABLE["no_stops"])])
def test_what_only_looks_like_a_stop_is_none(text: str) -> None:
    assert meant(asking("en", *YES_NO), text) not in ("opt_out", "yes")


@pytest.mark.parametrize(("meaning", "text"), said(TABLE["grades"]))
def test_grades_of_interest(meaning: str, text: str) -> None:
    assert meant(asking("en", *INTEREST), text) == meaning


@pytest.mark.parametrize(("meaning", "text"), said(TABLE["calls"]))
def test_what_people_say_about_the_call_itself(meaning: str, text: str) -> None:
    """Beside yes and no, and where only those are asked for it is no answer."""
    assert meant(asking("en", *YES_NO, meaning), text) == meaning
    assert meant(asking("en", *YES_NO), text) in ("no_match", "no")


@pytest.mark.parametrize(("value", "text"), said(TABLE["numbers"]))
def test_numbers(value: str, text: str) -> None:
    assert meant(shipped_meanings().wanted("en", kind="number", most=10 if value == "10" else 12000), text) == value


@pytest.mark.parametrize(("value", "text"), said(TABLE["dates"]))
def test_dates(value: str, text: str) -> None:
    """Said on Wednesday, 4 March 2026."""
    assert meant(shipped_meanings().wanted("en", kind="date"), text) == value
