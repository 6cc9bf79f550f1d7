"""A second project, with a database of its own, is started on an Asterisk that has its worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world import World
from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]


def test_the_newcomer_goes_away_and_the_first_worker_calls_on(
    world: World, new_database: Callable[[], str], tmp_path: Path
) -> None:
    """Its call goes on to its end: nothing was hung up as inherited, and the application is still its own."""
    first, second = (Site(tmp_path / name, world, world.asterisk, new_database()) for name in ("first", "second"))
    first.prepare()
    second.prepare()
    numbers = people(1, 1)
    first.consent(numbers)
    with first.worker() as worker:
        first.add("one", numbers[:1], flow="patient")
        until("the first call is on", lambda: _count(first, "state = 'dialling'") == 1)
        refused = second.app.run("run")
        assert refused.returncode == 3, refused.stderr
        assert f"is driven by the worker of project {first.project}" in refused.stderr + refused.stdout
        assert worker.returncode is None
        first.add("two", numbers[1:])
        until("both calls are over", lambda: _count(first, "state = 'ended'") == 2, 60)
    assert _count(first, "outcome = 'answered' AND note IS NULL") == 2


def _count(site: Site, which: str) -> int:
    return int(site.sql(f"SELECT count(*) FROM attempt WHERE {which}")[0][0])
