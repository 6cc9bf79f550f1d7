"""A survey with quotas of three groups on two nodes, and the list that is made of it: judged by the carrier's log."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree

import pytest

from sandbox.project import write_settings
from sandbox.sip import overlapping
from sandbox.world import World
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, SAYS_NOTHING, BUSY, HANGS_UP, DECLINES = 1, 10, 20, 11, 23
WANTED = {"north": 20, "south": 13, "west": 7}
EACH = 60
MIXED = (CONFIRMS, SAYS_NOTHING, CONFIRMS, BUSY, HANGS_UP, CONFIRMS, DECLINES)


@pytest.fixture
def nodes(world: World, new_database: Callable[[], str], tmp_path: Path) -> list[Site]:
    """The same project on two machines."""
    url = new_database()
    made = [Site(tmp_path / asterisk.name, world, asterisk, url) for asterisk in world.asterisks]
    write_settings(made[1].project, made[1].settings(f'[sandbox]\nclock = "{CLOCK}"\n'), like=made[0].project)
    made[0].prepare()
    made[0].app.ask("audit", "key")
    copytree(made[0].project / "var", made[1].project / "var", dirs_exist_ok=True)
    return made


def test_each_group_ends_at_its_number_and_nobody_more_is_called(nodes: list[Site]) -> None:
    """Who confirms is known by the number: the carrier sees as many of them as the quota says, of each group."""
    one, _ = nodes
    groups = {
        name: people(*itertools.islice(itertools.cycle(MIXED), EACH)) for name in WANTED
    }  # more of each than are needed
    numbers = [number for some in zip(*groups.values(), strict=True) for number in some]
    area = {number: name for name, some in groups.items() for number in some}
    one.consent(numbers)
    # So slow that the nodes share the first calls: whoever has them all also has the places that become free.
    one.write_campaign("survey", flow="bulk", rate=8, concurrent=100)
    file = one.project / "campaigns" / "survey.yaml"
    text = file.read_text("utf-8")
    file.write_text(f"{text}quota: {{by: contact.area, completed: {json.dumps(WANTED)}, disposition: confirmed}}\n")
    rows = [(number.removeprefix("+"), number, area[number]) for number in numbers]
    one.app.ask("contacts", "import", "survey", one._write_csv("c.csv", ("external_id", "number", "area"), rows))
    with ExitStack() as stack:
        for node in nodes:
            stack.enter_context(node.worker())
        one.app.ask("campaign", "start", "survey")
        until("each group has its number", lambda: _completed(one) == WANTED, 120)
        one.settle("survey", timeout_s=30)
    calls = one.calls(numbers)
    confirmed = Counter(area[c.to_user] for c in calls if c.to_user.endswith(f"{CONFIRMS:02d}"))
    assert dict(confirmed) == WANTED
    assert overlapping(calls) == []
    assert max(Counter(c.to_user for c in calls).values()) == 1
    report = one.report("survey")
    left = 3 * EACH - len(calls)
    assert left > EACH
    assert report["refused"]["quota_reached"] == report["not_called"] == left
    assert [group["closed"] for group in report["quota"]["groups"]] == [True] * 3
    took_part = one.sql("SELECT node, count(*) FROM attempt WHERE dialled GROUP BY node")
    assert len(took_part) == 2, "both nodes took part"

    one.write_campaign("again", flow="bulk")
    where = 'disposition == "no_answer_given" or outcome in ["busy", "rejected"]'
    made = json.loads(one.app.ask("campaign", "follow-up", "again", "--from", "survey", "--where", where, "--json"))
    called = Counter(int(c.to_user[-2:]) for c in calls)
    assert made["left_out"] == {"declined": called[DECLINES]}
    assert made["added"] == called[SAYS_NOTHING] + called[BUSY]
    one.app.ask("campaign", "start", "again")
    with one.worker():
        one.settle("again", timeout_s=30)
    refused = one.refused_by("again")
    told = {number for number in refused if number.endswith(f"{SAYS_NOTHING:02d}")}
    assert all("cap_per_day" in refused[number] for number in told), "whom we called today is not called again today"
    assert not [c for c in one.calls(list(told)) if c.to_user in told and c not in calls]


def _completed(site: Site) -> dict[str, int]:
    return {group["group"]: group["completed"] for group in site.status("survey")["quota"]["groups"]}
