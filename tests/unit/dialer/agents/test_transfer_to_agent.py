"""How a leg that nobody talked on is called."""

from __future__ import annotations

import pytest

from agi_app.dialer.agents.transfer_to_agent import word_of
from agi_app.pbx.ari.events import Destroyed


@pytest.mark.parametrize(
    ("cause", "status", "word"),
    [(17, 486, "busy"), (17, 600, "busy"), (21, 603, "busy"), (19, 480, "no_answer"), (1, 404, "failed")],
)
def test_a_colleague_who_declines_is_busy_whatever_the_telephone_says(cause: int, status: int, word: str) -> None:
    """Some telephones decline with 486 and some with 603."""
    assert word_of(Destroyed(cause, status)) == word
