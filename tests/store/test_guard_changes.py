"""What people say of callers: in the audit tree, so that what was written past the program shows."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from agi_app.audit.erasures import sign
from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.config.screening import GuardSettings
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import InputError
from agi_app.operations.guard import guard_lists as operations
from agi_app.screening.judge import Question, Screening
from agi_app.store.database.pool import Store
from agi_app.store.people.erasure import Why
from agi_app.store.screening import guard_changes, guard_lists
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_lists import NewEntry, Written
from agi_app.store.screening.screened_calls import SubscriberLine
from tests.fake_clock import FakeClock
from tests.store.audit_site import Site
from tests.store.test_audit_commands import agi_app
from tests.store.world import installation_for

pytestmark = pytest.mark.postgres

NOW = dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC)
ROBOT, SERVICE = "+999861380001101", "10086"
SAID = ChangedBy("wang", NOW)


@pytest.fixture
def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    return Site(store, database_url, tmp_path)


async def put(site: Site, *entries: NewEntry) -> Written:
    return await guard_lists.put(site.store, entries, "wang", NOW)


async def reported(site: Site, caller: str, *, nuisance: bool = True) -> None:
    """A call of this number came in, and the person called said what it was."""
    screening = Screening(site.store, FakeClock(NOW), GuardSettings())
    verdict = await screening.judge(Question(caller, "100", "PJSIP/carrier"))
    await screening.records.finish()
    assert await screening.vote(verdict.call_id, nuisance)


def told(site: Site) -> list[tuple[str, object]]:
    return site.ask("SELECT what, details FROM guard_change ORDER BY change_id")


async def test_a_line_by_a_name_is_one_that_calls_came_to(site: Site) -> None:
    """Else the choice would be stored for a line that does not exist."""
    inst = installation_for(site.store, Journal(site.folder, FakeClock(NOW)), FakeClock(NOW))
    with pytest.raises(InputError, match="reception: no call came to such a line; write its number"):
        await operations.set_line(inst, "reception", level="strict")
    assert told(site) == []
    screening = Screening(site.store, FakeClock(NOW), GuardSettings())
    await screening.judge(Question(ROBOT, "reception", "PJSIP/carrier"))
    await screening.records.finish()
    for line in ("reception", "100"):
        await operations.set_line(inst, line, level="strict")
    assert len(told(site)) == 2


async def test_every_word_is_a_row_of_the_tree(site: Site) -> None:
    ends = NOW + dt.timedelta(days=3, microseconds=120)
    entries = (
        NewEntry(ROBOT, False, reason="robot", expires_at=ends),
        NewEntry("+8695*", False, shared=True),
        NewEntry(SERVICE, True),
    )
    assert await put(site, *entries) == Written(3, 0, 0)
    assert await put(site, *entries) == Written(0, 0, 3), "the same again is no change"
    assert await put(site, NewEntry(ROBOT, True)) == Written(0, 1, 0)
    assert await guard_lists.remove(site.store, ROBOT, "", "wang", NOW) == 1
    await reported(site, ROBOT)
    await reported(site, SERVICE, nuisance=False)
    await guard_lists.set_line(site.store, "100", SubscriberLine(level="strict"), None, SAID)
    assert await guard_lists.reset_line(site.store, "100", SAID)
    whats = ["listed", "listed", "listed", "listed", "unlisted", "reported", "appealed", "line", "line"]
    assert [what for what, _ in told(site)] == whats
    assert ROBOT not in json.dumps(told(site))
    await site.seal()
    report = await site.verify()
    assert report.ok, report.faults
    assert site.ask("SELECT count(*) FROM audit_leaf WHERE kind = 'guard_change'") == [(len(whats),)]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE guard_change SET entered_by = 'nobody' WHERE change_id = 1", "guard_change"),
        ("DELETE FROM guard_change WHERE change_id = 1", "guard_change"),
        ("UPDATE guard_list SET allow = true", "guard_list"),
        ("UPDATE guard_list SET expires_at = '2030-01-01Z'", "guard_list"),
        (f"UPDATE guard_list SET pattern = '{ROBOT[:-1]}9'", "guard_list"),
        ("DELETE FROM guard_list", "guard_change"),
        ("UPDATE guard_vote SET nuisance = false", "guard_vote"),
        (f"UPDATE guard_caller SET number = '{ROBOT[:-1]}9'", "guard_vote"),
    ],
)
async def test_what_was_written_past_the_program_shows(site: Site, statement: str, table: str) -> None:
    await put(site, NewEntry(ROBOT, False, reason="robot"))
    await reported(site, ROBOT)
    await site.seal()
    assert (await site.verify()).ok
    site.attack(statement)
    assert table in {fault.table for fault in await site.faults()}


async def test_an_entry_that_ended_and_was_removed_is_no_fault(site: Site) -> None:
    await put(site, NewEntry(ROBOT, False, expires_at=NOW - dt.timedelta(days=1)))
    site.ask("DELETE FROM guard_list RETURNING 1")
    await site.seal()
    assert (await site.verify()).ok


async def test_an_erased_number_leaves_no_trace_and_no_fault(site: Site) -> None:
    await put(site, NewEntry(ROBOT, False, reason="Mr Chen"), NewEntry("+8695*", False, reason="banks"))
    await reported(site, ROBOT)
    await site.seal()
    why = Why(Clock().real_now(), "letter", "wang")
    gone = await guard_changes.erase(site.store, ROBOT, why, lambda e: sign(e, site.notary.key))
    assert gone == {"caller": 1, "list_entry": 1, "guard_change": 2}
    assert "Chen" not in json.dumps(told(site))
    assert "banks" in json.dumps(told(site))
    assert site.ask("SELECT count(*) FROM guard_change WHERE number_hash IS NOT NULL") == [(0,)]
    await site.seal()
    report = await site.verify()
    assert report.ok, report.faults
    assert report.erased == 2


@pytest.mark.slow
def test_the_command_takes_a_file_whole_or_not_at_all(tmp_path: Path, database_url: str) -> None:
    project = tmp_path / "p"
    make_project(project)
    file = project / "list.csv"
    file.write_text(
        f'number,what,reason,until\n{ROBOT},block,robot,\n+8695*,allow,bank,2020-01-01\n12x,block,,\n,,,"', "utf-8"
    )
    failed = agi_app(project, database_url, "guard", "list", "import", "list.csv")
    assert failed.returncode == 1
    assert "list.csv:4:1: guard/number" in failed.stderr
    assert "list.csv:5:4:" in failed.stderr, "all faults at once"
    assert json.loads(agi_app(project, database_url, "guard", "list", "--json").stdout)["entries"] == []
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:3]), "utf-8")
    done = agi_app(project, database_url, "guard", "list", "import", "list.csv")
    assert (done.returncode, done.stdout) == (
        0, "list.csv: 1 entry is new, 0 changed, 0 were there already; 1 have already ended and were left out\n"
    ), done.stderr  # fmt: skip
    early = agi_app(project, database_url, "guard", "list", "--json", "import", "list.csv")
    assert (early.returncode, "--json: is before import" in early.stderr) == (1, True), "not ignored"
    again = agi_app(project, database_url, "guard", "list", "import", "list.csv", "--json")
    assert json.loads(again.stdout) == {"added": 0, "changed": 0, "unchanged": 1, "ended": 1}
    (entry,) = json.loads(agi_app(project, database_url, "guard", "list", "--json").stdout)["entries"]
    assert (entry["pattern"], entry["allow"], entry["reason"]) == (ROBOT, False, "robot")
    gone = json.loads(agi_app(project, database_url, "purge", "--dry-run", "--json").stdout)
    assert gone["removed"]["screened calls"] == 0


async def test_a_failed_entry_writes_none(site: Site) -> None:
    with pytest.raises(UnicodeEncodeError):
        await put(site, NewEntry("+8695*", False), NewEntry("+8696*", False, reason="\ud800"))
    assert not site.ask("SELECT 1 FROM guard_list")
    assert not told(site)
