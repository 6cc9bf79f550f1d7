"""The first hours of a clinic's fortnight, judged from outside; ``scripts/office`` lives all fourteen."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from office.__main__ import MUST_BE_ZERO, run

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]


def test_a_clinics_first_hours_are_as_the_judge_says() -> None:
    """Appointments by a feed from the clinic's database, results back into it, one carrier's log."""
    with TemporaryDirectory(prefix="office-") as folder:  # a socket's path must be short
        verdict = run(1, 60, "2026-03-30T15:00:00+08:00", Path(folder), say=lambda _text: None)
    assert {name: verdict[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), verdict["details"]
    assert verdict["callable"] >= 3
