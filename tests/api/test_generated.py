"""Some generated requests of each route as each role; `scripts/fuzz api` makes as many as are wanted."""

from __future__ import annotations

import pytest

from agi_app.api.all_routes import ROUTES
from agi_app.model.actors import Role
from agi_app.store.people import stops
from tests.api.generated import NEED_SENDER, explore
from tests.api.site import Site

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
CASES = 2 * 2 * len(Role) * len(ROUTES)  # two that are right and two that are wrong


def test_every_answer_is_as_the_document_says(site: Site) -> None:
    before = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM attempt"))
    tried = explore(site, CASES, seed=1)
    assert tried.faults == []
    assert set(tried.never_done) == NEED_SENDER  # `scripts/fuzz api` reaches them, too
    assert tried.share(500, 600) == 0
    assert tried.cases > CASES / 2
    # Whatever was asked, nobody was called for it, and what it stopped is stopped.
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM attempt")) == before
    assert site.run(lambda inst: stops.is_suppressed(inst.store, "+999861380000001"))
