"""When something was said, as people write it."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.errors import InputError
from agi_app.operations.people.time_and_evidence import refused_at

NOW = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)


@pytest.mark.attack("a consent of the morning outlives a refusal of the same day")
def test_a_day_alone_counts_until_its_end_wherever_that_is() -> None:
    assert refused_at("--at", "2026-03-02").by(NOW) == dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
    assert refused_at("--at", "2026-03-05").by(NOW) == NOW, "the day that is not over yet"
    with pytest.raises(InputError, match="--at 2026-03-06: is in the future"):
        refused_at("--at", "2026-03-06").by(NOW)


def test_a_time_is_what_was_written() -> None:
    assert refused_at("--at", "2026-03-02T10:00:00+08:00").by(NOW) == dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
    assert refused_at("--at", "").by(NOW) == NOW
    with pytest.raises(InputError, match="no UTC offset"):
        refused_at("--at", "2026-03-02T10:00:00")
