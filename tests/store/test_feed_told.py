"""What people are told of a feed: why a list was refused, what a check waits for, and which process is missing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agi_app.cli.calling import feed as cli
from agi_app.exchange import feed_doctor
from agi_app.messages import speaking
from agi_app.operations.calling import feeds
from agi_app.store.calling import nodes
from agi_app.store.exchange import processes
from agi_app.store.feeds import runs
from tests.store.feed_office import FEED, FeedOffice, result, row
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    """Its feed is started, and its campaign runs."""
    made = await FeedOffice(world, tmp_path).open()
    await made.started()
    await world.running(campaign(), [])
    return made


async def test_a_refused_list_tells_its_rejected_rows(office: FeedOffice) -> None:
    """Here each row has a cell too many, as after a change of the other system's export."""
    people = [row(n) for n in range(1, 21)]
    await office.brings(*people)
    run = await office.brings(*(f"{one},x" for one in people), name="wide.csv")
    assert (run.state, result(run)["why"], result(run)["rejected"]) == ("refused", "shrunk", 20)
    at = result(run)["faults"][0]["column"]
    assert [(one["line"], one["column"]) for one in result(run)["faults"][:2]] == [(2, at), (3, at)]
    rejects = (office.folder / "out/refused/wide.csv.rejects.csv").read_text("utf-8-sig").splitlines()
    assert len(rejects) == 21
    assert rejects[1].startswith(f"2,{at},")
    assert number(37) not in "".join(rejects)
    told = cli.told(run)
    assert told.startswith("20 contacts of the 20 whom the feed has brought")
    assert f"; 20 rows were rejected, the first in line 2, column {at}: " in told
    assert len(list(cli.faults_of(run))) == 20, "`feed run` prints them"
    assert any(told in line for line in cli.status_lines(await office.status()))
    (found,) = await feed_doctor.look(office.store, office.wang.settings, office.clock)
    assert told in found.text
    with speaking("zh"):
        chinese = cli.told(run)
    assert f"；20 行被拒收，第一处在第 2 行第 {at} 列：" in chinese
    assert re.search("[a-z]{3,} [a-z]{3,}", re.sub("`[^`]*`", "", chinese)) is None, chinese
    assert set((await office.states()).values()) == {"pending"}
    run = await office.brings(*people[:5], name="short.csv")
    assert "faults" not in result(run), "no row is at fault"
    assert "rejected, the first" not in cli.told(run)


async def test_a_check_waits_for_a_file_that_just_came(office: FeedOffice) -> None:
    await feeds.pause(office.wang, FEED)  # so that no run takes it
    file = office.put(row(1), row(2), age=0)
    reader = office.reader()
    await runs.looked(office.store, FEED, "exchange 1")
    wanted = await feeds.check(office.wang, FEED)
    for _ in range(3):
        await reader.once()
    assert (await feeds.came_of(office.wang, wanted)).state == "wanted", "and does not say that there is none"
    os.utime(file, (at := office.clock.real_now().timestamp() - 5, at))
    for _ in range(2):
        await reader.once()
    await office.runs().take_all()
    await reader.close()
    found = await feeds.came_of(office.wang, wanted)
    assert (found.state, result(found)["added"]) == ("done", 2)


async def test_a_check_says_that_the_file_was_imported_already(office: FeedOffice) -> None:
    await office.brings(row(1))
    reader = office.reader()
    wanted = await feeds.check(office.wang, FEED)
    await reader.once()
    await reader.close()
    text = result(await feeds.came_of(office.wang, wanted))["text"]
    assert text.startswith("there is no new file in the folder: list.csv was taken already")


async def test_a_check_is_never_shown_as_the_last_run(office: FeedOffice) -> None:
    await office.brings(row(1))
    reader = office.reader()
    await feeds.check(office.wang, FEED)
    await reader.once()
    status = await office.status()
    assert status.last is not None
    assert status.last_check is not None
    assert (status.last.state, status.last_check.state) == ("done", "failed")
    lines = list(cli.status_lines(status))
    assert lines[-2].startswith("last run (as of ")
    assert lines[-2].endswith("1 row: 1 added, 0 updated, 0 unchanged, 0 cancelled, 0 rejected")
    assert lines[-1].startswith("last check (as of ")
    (found,) = await feed_doctor.look(office.store, office.wang.settings, office.clock)
    assert found.text == "is started", "a check that fails is no fault of the feed"
    await reader.close()
    await office.brings(row(1), row(2), name="next.csv")
    assert (await office.status()).last_check is None, "a run came after it"


async def test_who_waits_for_a_run_is_told_which_process_is_missing(office: FeedOffice) -> None:
    await runs.looked(office.store, FEED, "host 1")
    await processes.beat(office.store, "host 1", {})
    wanted = await feeds.run(office.wang, FEED)

    async def lacks() -> str | None:
        return await feeds.lacks(office.wang, await feeds.came_of(office.wang, wanted))

    assert "start `agi-app run`" in str(await lacks())
    await nodes.register_node(office.store, "ast-1", "node-1")
    await nodes.beat(office.store, "ast-1", 0, flushed=True)
    assert await lacks() is None
    await processes.sign_off(office.store, "host 1")
    assert await lacks() == "no process reads feed appointments: start `agi-app exchange`"
