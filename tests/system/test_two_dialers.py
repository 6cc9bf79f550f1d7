"""Two campaigns, the same 500 people, two dialers on two Asterisks, one database, one call a day: nobody twice."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree

import pytest

from sandbox.project import write_settings
from sandbox.sip import overlapping
from sandbox.world import World
from tests.system.site import CALLER_ID, CLOCK, Site, people

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

PEOPLE = 500
CAMPAIGNS = ("spring", "summer")


@pytest.fixture
def nodes(world: World, new_database: Callable[[], str], tmp_path: Path) -> list[Site]:
    """The same project on two machines; as the several-nodes page says, they share both keys."""
    url = new_database()
    made = [Site(tmp_path / asterisk.name, world, asterisk, url) for asterisk in world.asterisks]
    write_settings(made[1].project, made[1].settings(f'[sandbox]\nclock = "{CLOCK}"\n'), like=made[0].project)
    made[0].prepare()
    made[0].app.ask("audit", "key")
    copytree(made[0].project / "var", made[1].project / "var", dirs_exist_ok=True)
    return made


def test_nobody_is_called_twice(nodes: list[Site]) -> None:
    """The carrier sees 500 calls, one a person, and both reports add up to them."""
    one, two = nodes
    numbers = people(*[1] * PEOPLE)
    one.consent(numbers)
    with ExitStack() as stack:
        for node in nodes:
            stack.enter_context(node.worker())
        one.app.ask("pause", "--all")  # so that both campaigns begin at one moment
        for name in CAMPAIGNS:
            one.add(name, numbers, flow="bulk", rate=40, concurrent=200)
        one.app.ask("resume", "--all")
        two.settle(*CAMPAIGNS, timeout_s=90)
    calls = one.calls(numbers)
    reports = [one.report(name) for name in CAMPAIGNS]

    assert Counter(c.to_user for c in calls) == Counter(numbers)
    assert overlapping(calls) == []
    assert {c.from_user for c in calls} == {CALLER_ID}
    assert [r["contacts"] for r in reports] == [PEOPLE, PEOPLE]
    assert sum(r["attempts"] for r in reports) == PEOPLE
    assert sum(sum(r["outcomes"].values()) for r in reports) == PEOPLE
    assert sum(r["refused"].get("cap_per_day", 0) for r in reports) == PEOPLE
    # A test of two that one did alone would be none.
    assert all(r["attempts"] > PEOPLE / 20 for r in reports)
    made_by: dict[str, int] = dict(one.sql("SELECT node, count(*) FROM attempt WHERE dialled GROUP BY node"))
    assert len(made_by) == 2
    assert min(made_by.values()) > PEOPLE / 20
    assert one.sql("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == [(0,)]
    # Both campaigns want 40 a second, the trunk takes 60 over both nodes; measured over two seconds, since each request
    # may reach the carrier a little late.
    starts = sorted(c.invite_at for c in calls)
    assert max(bisect_left(starts, first + 2) - n for n, first in enumerate(starts)) <= 2 * 60 + 12
