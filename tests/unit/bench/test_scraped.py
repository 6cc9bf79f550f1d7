"""What the bench of being watched makes of its trials."""

from __future__ import annotations

from typing import Any

from bench.long import scraped


def trial(rate: float, success: float = 1.0, failed: int = 0) -> dict[str, Any]:
    return {"rate": rate, "success": success, "double_dials": 0, "scrape_ms": [4.0, 9.0], "scrapes_failed": failed}


def test_the_ratio_is_that_of_pairs() -> None:
    watched, alone = [trial(59.0), trial(30.0), trial(58.0)], [trial(60.0), trial(30.0), trial(59.0)]
    assert scraped.ratio(watched, alone) == round(59 / 60, 4)
    assert scraped.scrapes(watched) == {"median": 6.5, "longest": 9.0}
    assert scraped.scrapes([]) == {}


def test_what_was_not_reached_is_said() -> None:
    good = {"ratio": 0.99, "tries": {scraped.WATCHED: [trial(60)], scraped.ALONE: [trial(60)]}}
    assert scraped.faults(good) == []
    bad = {"ratio": 0.97, "tries": {scraped.WATCHED: [trial(60, 0.9, 2)], scraped.ALONE: [trial(60)]}}
    assert scraped.faults(bad) == [
        "watched it has 0.97 of the rate, less than 0.98",
        "watched: success 90.00%",
        "2 scrapes failed",
    ]
