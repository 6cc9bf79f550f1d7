"""Files of a feed's folder on a real database: which is taken and when, where it goes, and deaths in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agi_app import asked
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.errors import ConfigError, StoreError
from agi_app.exchange import feed_doctor, feed_folder
from agi_app.exchange.feed_folder import FeedFolder
from agi_app.operations.calling import feeds
from agi_app.operations.people import feed_runs
from agi_app.store.feeds import runs
from agi_app.store.feeds.runs import RunOutcome, TakenRun
from agi_app.store.people import contact_changes
from tests.store.feed_office import FEED, FeedOffice, result, row, running_office
from tests.store.world import World, number

pytestmark = pytest.mark.postgres


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    return await running_office(world, tmp_path)


async def test_the_age_of_the_facts_is_that_of_the_file(office: FeedOffice) -> None:
    run = await office.brings(row(1), age=50 * 60)
    assert run.state == "done"
    fresh = (await office.feed()).fresh_until
    assert fresh is not None
    assert dt.timedelta(minutes=9) < fresh - await office.world.now() < dt.timedelta(minutes=11)
    await office.brings(row(1), row(2), age=2 * 3600, name="old.csv")
    assert await office.states() == {"row-1": "pending"}, "an older file is not imported after a newer one"
    assert json.loads((office.folder / "out/refused/old.csv.result.json").read_text())["why"] == "older"


async def test_of_two_whole_lists_the_newest_counts(office: FeedOffice) -> None:
    office.put(row(1), name="first.csv", age=60)
    run = await office.brings(row(2), name="second.csv")
    assert run.file == "second.csv"
    assert await office.states() == {"row-2": "pending"}
    told = json.loads((office.folder / "out/done/first.csv.result.json").read_text())
    assert told == {"file": "first.csv", "state": "superseded", "by": "second.csv"}


async def test_a_file_that_is_not_whole_yet_is_left_alone(office: FeedOffice) -> None:
    for name in ("a.csv.part", ".b.csv", "c.tmp", "~$d.xlsx", "e.docx", "f.csv~"):
        office.put(row(1), name=name)
    office.put(row(1), name="growing.csv", age=0)
    os.symlink("/etc/passwd", office.folder / "out" / "link.csv")
    reader = office.reader()
    for _ in range(3):
        await reader.once()
    await reader.close()
    assert await feeds.newest_runs(office.wang, FEED) == []
    assert not [*(office.folder / "out" / "taken").iterdir()]


async def test_rejected_rows_are_told_by_their_lines_without_numbers(office: FeedOffice) -> None:
    people = [row(n) for n in range(1, 21)]
    run = await office.brings(*people, "row-22,1380013800a", "=cmd|x,13800", name="bad.csv")
    assert (run.state, result(run)["rejected"], result(run)["added"]) == ("done", 2, 20)
    assert [one["line"] for one in result(run)["faults"]] == [22, 23]
    rejects = (office.folder / "out/done/bad.csv.rejects.csv").read_text("utf-8-sig").splitlines()
    assert rejects[0] == "rejected_line,rejected_column,rejected_reason"
    assert len(rejects) == 3
    assert "1380013800a" not in "".join(rejects)


async def test_a_worker_that_dies_has_done_nothing_and_the_next_one_does_all(office: FeedOffice) -> None:
    await office.brings(*map(row, range(1, 21)))
    office.put(*map(row, range(3, 25)), name="next.csv")
    reader = office.reader()
    for _ in range(2):
        await reader.once()
    worker = office.runs()

    async def dies(taken: TakenRun) -> RunOutcome:
        await asked.take_run(office.acting("agi-app"), taken)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await office.runs(do=dies).take_all()
    assert (await office.states())["row-1"] == "pending"
    assert "row-22" not in await office.states()
    await asyncio.gather(worker.take_all(), office.runs("node-2").take_all())
    states = await office.states()
    assert (states["row-1"], states["row-22"]) == ("cancelled", "pending")
    found = await feeds.newest_runs(office.wang, FEED)
    assert [one.state for one in found] == ["done", "done"], "once, and no matter by which worker"
    await reader.once()
    await reader.close()


async def test_a_database_that_takes_it_never_is_no_loop_without_end(office: FeedOffice) -> None:
    office.put(row(1))
    reader = office.reader()
    for _ in range(2):
        await reader.once()

    async def fails(_taken: TakenRun) -> RunOutcome:
        raise StoreError("deadlock")

    worker = office.runs(do=fails)
    for _ in range(5):
        await worker.take_all()
        assert await runs.waits(office.store, FEED)
    await worker.take_all()
    await reader.close()
    assert (await feeds.newest_runs(office.wang, FEED))[0].state == "refused"


@pytest.mark.parametrize("when", ["taken", "handed over", "imported"])
async def test_an_exchange_that_dies_loses_nothing_and_does_nothing_twice(office: FeedOffice, when: str) -> None:
    office.put(row(1), row(2))
    first = office.reader("exchange 1")
    await first.once()
    if when == "taken":
        await first.once()
        await office.store.execute("DELETE FROM feed_content")
        await office.store.execute("DELETE FROM feed_run")  # as if it had died before
    else:
        await first.once()
        if when == "imported":
            await office.runs().take_all()
    await first.close()
    second = office.reader("exchange 2")
    await second.once()
    await office.runs().take_all()
    await second.once()
    await second.close()
    found = await feeds.newest_runs(office.wang, FEED)
    assert [(one.state, one.rows, result(one)["added"]) for one in found] == [("done", None, 2)]
    assert sorted(p.name for p in (office.folder / "out/done").iterdir()) == ["list.csv", "list.csv.result.json"]


async def test_two_exchanges_read_one_feed_in_turns(office: FeedOffice) -> None:
    office.put(row(1))
    one_, two = office.reader("exchange 1"), office.reader("exchange 2")
    for _ in range(3):
        await asyncio.gather(one_.once(), two.once())
    await office.runs().take_all()
    await asyncio.gather(one_.once(), two.once())
    found = await feeds.newest_runs(office.wang, FEED)
    assert [one.state for one in found] == ["done"]
    await one_.close()
    await two.once()
    assert (await office.status()).feed.reader == "exchange 2"  # type: ignore[union-attr]
    await two.close()


async def test_a_workbook_in_the_folder_is_a_list_too(office: FeedOffice) -> None:
    file = office.folder / "out" / "list.xlsx"
    with file.open("wb") as out:
        writer = SheetWriter(out)
        for cells in (("Appt", "Mobile", "Private"), ("row-1", number(3), "x"), ("row-2", number(6), "y")):
            writer.writerow(cells)
        writer.close()
    os.utime(file, (at := office.clock.real_now().timestamp() - 5, at))
    office.write(more='[feeds.appointments.columns]\nexternal_id = "appt"\nnumber = "mobile"\n')
    await office.started()
    run = await office.pass_on()
    assert (run.state, result(run)["added"]) == ("done", 2), run.result
    assert await office.world.value("SELECT bool_and(fields = '{}') FROM contact")


@pytest.mark.attack("a link leads a feed to another folder than the approved one")
async def test_a_folder_that_became_a_link_is_not_read(office: FeedOffice) -> None:
    out, aside = office.folder / "out", office.data / "aside"
    out.rename(aside)
    out.symlink_to(aside)
    office.put(row(1))
    with pytest.raises(ConfigError, match="out is a symbolic link"):
        await feeds.check(office.wang, FEED)
    reader = office.reader()
    for _ in range(3):
        await reader.once()
    await reader.close()
    (run,) = await feeds.newest_runs(office.wang, FEED)
    assert (run.state, result(run)["why"]) == ("failed", "settings")
    assert "symbolic link" in result(run)["text"]
    assert (aside / "list.csv").exists()
    (told,) = await feed_doctor.look(office.store, office.wang.settings, office.clock)
    assert "out is a symbolic link" in told.text
    out.unlink()
    aside.rename(out)
    assert (await office.pass_on()).state == "done", "without another approval"


@pytest.mark.attack("people are called by a list of which the office has written a newer one")
@pytest.mark.parametrize("newer", ["empty", "unreadable"])
async def test_when_the_newest_file_is_refused_the_older_one_is_not_taken_for_it(
    office: FeedOffice, newer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.brings(*map(row, range(1, 4)))
    before = await office.feed()
    office.put(*map(row, range(1, 5)), name="good.csv", age=60)
    office.put(*map(row, range(1, 6)), name="better.csv", age=30)
    office.put(name="newest.csv", age=4)
    if newer == "unreadable":
        monkeypatch.setattr(feed_folder, "LARGEST", 5)
    last = await office.pass_on()
    assert (last.state, await office.states()) == ("failed", {f"row-{n}": "pending" for n in range(1, 4)})
    assert (await office.feed()).fresh_until == before.fresh_until
    told = [result(run).get("text", "") for run in await feeds.newest_runs(office.wang, FEED, 2)]
    assert any("newest.csv, which is newer, is refused: better.csv (2 older in all)" in text for text in told), told
    assert len(told) == 2, "each is told once"
    refused = office.folder / "out" / "refused"
    assert {p.name for p in refused.glob("*.csv")} == {"good.csv", "better.csv", "newest.csv"}
    assert json.loads((refused / "better.csv.result.json").read_text())["why"] == "older"
    monkeypatch.undo()
    office.put(*map(row, range(1, 4)), name="late.csv", age=4.5)
    late = await office.pass_on()
    if newer == "empty":
        assert (late.state, result(late)["why"]) == ("failed", "older"), "also one that comes later, and is older"
    assert (await office.brings(*map(row, range(1, 5)), name="right.csv", age=3)).state == "done"
    assert (await office.states())["row-4"] == "pending"


@pytest.mark.attack("a file says that it is newer than it is, and people are called on old facts")
async def test_a_file_of_the_future_is_refused_and_told(office: FeedOffice) -> None:
    office.put(row(1), name="before.csv", age=60)
    office.put(row(1), row(2), name="ahead.csv", age=-3600)
    run = await office.pass_on()
    assert (run.state, result(run)["why"]) == ("failed", "folder")
    assert "ahead.csv: says that it was written at" in result(run)["text"]
    assert await office.states() == {}, "nor is the older one taken for the newest"
    refused = office.folder / "out" / "refused"
    assert {p.name for p in refused.glob("*.csv")} == {"before.csv", "ahead.csv"}
    reader = office.reader()
    await reader.once()
    number_of = await feeds.run(office.wang, FEED)
    await reader.once()
    await reader.close()
    assert (await feeds.came_of(office.wang, number_of)).state == "failed", "nor by a run that somebody asks for"
    assert (await office.brings(row(1), name="right.csv", age=2)).state == "done"


async def test_a_clock_that_is_some_seconds_ahead_is_no_fault(office: FeedOffice) -> None:
    office.put(row(1), age=-1.5)
    await asyncio.sleep(3.6)
    run = await office.pass_on()
    assert run.state == "done"
    assert run.as_of is not None
    assert run.as_of < await office.world.now(), "its facts are no newer than the file is here"


async def test_a_run_that_is_asked_for_does_not_import_what_is_older(office: FeedOffice) -> None:
    office.put(name="empty.csv", age=60)
    assert (await office.pass_on()).state == "refused"
    assert (await office.brings(row(1), name="good.csv")).state == "done"
    reader = office.reader()
    await reader.once()
    number_of = await feeds.run(office.wang, FEED)
    for _ in range(2):
        await reader.once()
    await office.runs().take_all()
    await reader.close()
    run = await feeds.came_of(office.wang, number_of)
    assert (run.state, result(run)["why"]) == ("failed", "older"), "and it is not tried for ever"
    assert (office.folder / "out" / "refused" / "empty.csv").exists()
    assert await office.states() == {"row-1": "pending"}


DEATHS = {  # where: whose, what, and whether that was done
    "before it is taken": (FeedFolder, "take", False),
    "after it is taken": (FeedFolder, "take", True),
    "after it is read": (runs, "hand_over", False),
    "after it is handed over": (runs, "hand_over", True),
    "before the import": (feed_runs, "import_contacts_file", False),
    "in the middle of the import": (contact_changes, "cancel_missing", True),
    "after the import": (feed_runs, "import_contacts_file", True),
    "before the commit": (runs, "end", True),
    "after the commit": (FeedFolder, "finish", False),
    "between result and move": (feed_folder, "write_whole", True),
    "after the move": (FeedFolder, "finish", True),
}


@pytest.mark.parametrize("where", DEATHS)
async def test_a_process_that_dies_loses_nothing_and_does_nothing_twice(office: FeedOffice, where: str) -> None:
    await office.brings(*map(row, range(1, 21)))
    office.put(*map(row, range(3, 23)), name="next.csv", age=4)
    whose, name, done = DEATHS[where]
    died: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whose, name, _dies(getattr(whose, name), died, done=done))
        with suppress(asyncio.CancelledError):
            await office.pass_on()
    assert died == [name], "it died there"
    if where not in ("after the move", "between result and move", "after the commit"):
        assert ((await office.states())["row-1"], "row-22" in await office.states()) == ("pending", False)
    for _ in range(2):
        await office.pass_on()
    states = await office.states()
    assert (states["row-1"], states["row-2"], states["row-22"], len(states)) == (
        "cancelled",
        "cancelled",
        "pending",
        22,
    )
    found = await feeds.newest_runs(office.wang, FEED)
    told = [(run.state, result(run)["added"], result(run)["cancelled"]) for run in found]
    assert told == [("done", 2, 2), ("done", 20, 0)], "each list once"
    out = office.folder / "out"
    assert sorted(p.name for p in (out / "done").glob("*.csv")) == ["list.csv", "next.csv"]
    assert [p.name for part in (out, out / "taken", out / "refused") for p in part.iterdir() if p.is_file()] == []
    assert await office.world.value("SELECT count(*) FROM import_file") == 2
    assert await office.world.value("SELECT count(*) FROM feed_content") == 0


def _dies(real: Callable[..., Any], died: list[str], *, done: bool) -> Callable[..., Any]:
    """The same, but the process dies before it or after it, the first time."""

    def end() -> None:
        died.append(real.__name__)
        raise asyncio.CancelledError

    async def dies_later(*given: Any, **named: Any) -> Any:
        came = await real(*given, **named) if done or died else None
        if not died:
            end()
        return came

    def dies(*given: Any, **named: Any) -> Any:
        came = real(*given, **named) if done or died else None
        if not died:
            end()
        return came

    return dies_later if asyncio.iscoroutinefunction(real) else dies
