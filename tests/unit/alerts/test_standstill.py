"""How long nobody was dialled although somebody was due."""

from __future__ import annotations

import pytest

from agi_app.store.service.standstill import DueCampaign, idle_s


@pytest.mark.parametrize(
    ("campaigns", "seconds"),
    [
        ([], 0.0),
        ([(None, 900.0, 900.0)], 0.0),  # nobody is due
        ([(600.0, 900.0, None)], 600.0),  # nobody was ever dialled
        ([(600.0, 20.0, None)], 20.0),  # it was started just now
        ([(600.0, 900.0, 5.0)], 5.0),  # somebody was dialled
        ([(600.0, 900.0, 800.0), (None, 900.0, 7.0)], 7.0),  # of another campaign
        ([(600.0, 900.0, None), (30.0, 900.0, 500.0)], 500.0),
        ([(600.0, 900.0, -0.1)], 0.0),  # clocks
    ],
)
def test_it_is_the_time_since_the_last_dial_while_somebody_is_due(
    campaigns: list[tuple[float | None, float, float | None]], seconds: float
) -> None:
    assert idle_s([DueCampaign(f"c{n}", *one) for n, one in enumerate(campaigns)]) == seconds
