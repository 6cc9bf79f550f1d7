"""A feed that reads another system's database: whole lists, changes, all ids, and what is wrong there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agi_app.clock import SandboxClock
from agi_app.operations.calling import feeds
from agi_app.store.calling.claims import Nobody
from agi_app.store.database import checks, embedded
from agi_app.store.feeds.runs import FeedRun
from agi_app.store.people import contact_changes
from tests.store.feed_office import CONSENTING, FEED, FeedOffice, result
from tests.store.second_server import Office as Clinic
from tests.store.second_server import office as clinic_of
from tests.store.second_server import passwords_wanted
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
SETTINGS = """\
[trunks.carrier]
endpoint = "PJSIP/{number}@carrier"
[feeds.appointments]
campaign = "checkup"
database_url_file = "clinic-db"
query_file = "appointments.sql"
every = "10s"
{more}
[feeds.appointments.columns]
external_id = "appt_no"
number = "mobile"
appointment = "starts_at"
"""
WHOLE = "SELECT appt_no, mobile, starts_at, note FROM appointment WHERE starts_at > now() AND kept IS NOT false"
CHANGES = "SELECT appt_no, mobile, starts_at, state FROM changes WHERE changed_at >= %(since)s"
IDS = "SELECT appt_no FROM changes WHERE state = 'booked'"
OF_CHANGES = 'mode = "changes"\nids_query_file = "ids.sql"'


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    server = embedded.acquire(tmp_path_factory.mktemp("clinic"), fast=True)
    passwords_wanted(server)
    yield server
    server.release()


@pytest.fixture
def clinic(second_server: embedded.EmbeddedServer) -> Iterator[Clinic]:
    with clinic_of(second_server) as made:
        made.run(
            "CREATE TABLE changes (appt_no text PRIMARY KEY, mobile text, starts_at timestamptz, state text,"
            " changed_at timestamptz DEFAULT clock_timestamp())",
            "GRANT SELECT ON changes TO reader",
        )
        yield made


@pytest.fixture
async def office(world: World, tmp_path: Path, clinic: Clinic) -> FeedOffice:
    """Its feed reads the clinic; the campaign runs."""
    made = await FeedOffice(world, tmp_path).open()
    (made.folder / "clinic-db").write_text(clinic.address("reader"))
    (made.folder / "appointments.sql").write_text(WHOLE)
    made.write(SETTINGS)
    await made.started()
    await world.running(campaign(), [], consenting=CONSENTING)
    return made


async def of_changes(office: FeedOffice) -> None:
    (office.folder / "appointments.sql").write_text(CHANGES)
    (office.folder / "ids.sql").write_text(IDS)
    office.write(
        SETTINGS.replace('appointment = "starts_at"', 'appointment = "starts_at"\nstatus = "state"'), OF_CHANGES
    )
    await office.started()


def book(clinic: Clinic, people: range, table: str = "appointment") -> None:
    rest = ", true, 'private'" if table == "appointment" else ", 'booked', DEFAULT"
    for n in people:
        clinic.run(f"INSERT INTO {table} VALUES ('a{n}', '{number(37 * n)}', now() + interval '2 days'{rest})")


async def reads(office: FeedOffice, *, confirmed: bool = False) -> FeedRun:
    """One read, its import, and what came of it."""
    reader = office.reader()
    await reader.once()
    await office.runs().take_all()
    if confirmed:
        await feeds.run(office.wang, FEED, confirmed=True)
        await reader.once()
        await office.runs().take_all()
    await reader.close()
    return (await feeds.newest_runs(office.wang, FEED, 1))[0]


async def test_appointments_of_a_database_become_contacts(office: FeedOffice, clinic: Clinic) -> None:
    book(clinic, range(1, 21))
    run = await reads(office)
    assert (run.state, run.rows, result(run)["added"]) == ("done", 20, 20), run.result
    fields = await office.world.value("SELECT fields FROM contact WHERE external_id = 'a1'")
    assert list(fields) == ["appointment"], "only what is mapped"  # type: ignore[call-overload]
    clinic.run("UPDATE appointment SET kept = false WHERE appt_no = 'a1'")
    clinic.run("UPDATE appointment SET starts_at = now() + interval '3 days' WHERE appt_no = 'a2'")
    run = await reads(office)
    assert (run.state, result(run)["cancelled"], result(run)["updated"]) == ("done", 1, 1)
    assert (await office.states())["a1"] == "cancelled"


@pytest.mark.attack("the other system's tables are emptied, or most rows are gone")
async def test_an_emptied_table_cancels_nobody_until_somebody_says_so(office: FeedOffice, clinic: Clinic) -> None:
    book(clinic, range(1, 21))
    await reads(office)
    clinic.run("DELETE FROM appointment WHERE appt_no <> 'a1'")
    run = await reads(office)
    assert (run.state, result(run)["why"]) == ("refused", "shrunk")
    clinic.run("DELETE FROM appointment")
    run = await reads(office)
    assert (run.state, result(run)["why"]) == ("refused", "empty")
    assert set((await office.states()).values()) == {"pending"}
    book(clinic, range(1, 2))
    run = await reads(office, confirmed=True)
    assert (run.state, result(run)["cancelled"]) == ("done", 19)
    clinic.run("DELETE FROM appointment")
    run = await reads(office, confirmed=True)
    assert (run.state, result(run)["cancelled"]) == ("done", 1), "also that nobody is to be called"


async def test_a_database_that_is_away_is_told_once_and_read_again_by_itself(
    office: FeedOffice, clinic: Clinic
) -> None:
    book(clinic, range(1, 4))
    assert (await reads(office)).state == "done"
    clinic.run("ALTER ROLE reader NOLOGIN")
    run = [await reads(office) for _ in range(3)][-1]
    assert (run.state, run.times, result(run)["why"]) == ("failed", 3, "refused")
    assert "s3cret" not in str(run.result)
    await office.later(dt.timedelta(hours=2))
    assert (await office.world.claim(campaign())).short is Nobody.BY_OLD_FACTS
    clinic.run("ALTER ROLE reader LOGIN")
    assert (await reads(office)).state == "done"


@pytest.mark.attack("the query writes, or is two statements")
@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM appointment RETURNING appt_no, mobile, starts_at",
        "SELECT appt_no, mobile, starts_at FROM appointment; DELETE FROM appointment",
        "COPY appointment TO PROGRAM 'cat'",
        "WITH gone AS (DELETE FROM appointment RETURNING *) SELECT * FROM gone",
    ],
)
async def test_a_query_that_is_no_read_is_refused(office: FeedOffice, clinic: Clinic, query: str) -> None:
    book(clinic, range(1, 4))
    (office.folder / "appointments.sql").write_text(query)
    await office.started()
    run = await reads(office)
    assert run.state == "failed", run.result
    assert clinic.rows("SELECT count(*) FROM appointment") == [(3,)]
    assert await office.states() == {}


@pytest.mark.attack("the role of a feed can write")
async def test_a_role_that_may_write_is_refused(office: FeedOffice, clinic: Clinic) -> None:
    book(clinic, range(1, 4))
    clinic.run("GRANT UPDATE ON appointment TO reader")
    run = await reads(office)
    assert (run.state, result(run)["why"]) == ("failed", "rights")
    assert "REVOKE" in result(run)["text"]


async def test_changes_are_read_from_the_last_run_on_with_an_overlap(office: FeedOffice, clinic: Clinic) -> None:
    await of_changes(office)
    book(clinic, range(1, 21), "changes")
    run = await reads(office)
    assert (run.state, run.rows, result(run)["added"]) == ("done", 20, 20), run.result
    clinic.run("UPDATE changes SET changed_at = now() - interval '1 hour'")
    run = await reads(office)
    assert (run.state, run.rows) == ("done", 0), "nothing has changed, and nobody is cancelled"
    assert set((await office.states()).values()) == {"pending"}
    clinic.run("UPDATE changes SET state = 'cancelled', changed_at = now() WHERE appt_no = 'a1'")
    clinic.run(
        "UPDATE changes SET starts_at = now() + interval '3 days', changed_at = now() - interval '9 min'"
        " WHERE appt_no = 'a2'"
    )
    run = await reads(office)
    assert (run.rows, result(run)["updated"]) == (2, 2), "what was committed late, too"
    assert (await office.states())["a1"] == "cancelled"


async def test_all_ids_are_compared_each_hour(office: FeedOffice, clinic: Clinic) -> None:
    """Rows that were deleted without a word, and rows that no change told."""
    await of_changes(office)
    book(clinic, range(1, 21), "changes")
    await reads(office)
    clinic.run("DELETE FROM changes WHERE appt_no = 'a3'")
    run = await reads(office)
    assert (await office.states())["a3"] == "pending", "not compared before the hour is over"
    clinic.run(f"INSERT INTO changes VALUES ('a30', '{number(1110)}', now() + interval '2 days', 'booked', 'epoch')")
    await office.store.execute("UPDATE feed SET compared_at = compared_at - interval '61 min'")
    run = await reads(office)
    assert (run.state, result(run)["cancelled"], result(run)["unknown"]) == ("done", 1, 1), run.result
    assert (await office.states())["a3"] == "cancelled"
    run = await reads(office)
    assert result(run)["added"] == 1, "what was missed is read from the beginning"
    assert (await office.states())["a30"] == "pending"


@pytest.mark.attack("the query of all ids brings none, or few")
async def test_few_ids_cancel_nobody(office: FeedOffice, clinic: Clinic) -> None:
    await of_changes(office)
    book(clinic, range(1, 21), "changes")
    await reads(office)
    for query, why in (("SELECT 'a1'", "shrunk"), ("SELECT '' WHERE false", "empty")):
        (office.folder / "ids.sql").write_text(query)
        await office.started()
        run = await reads(office)
        assert (run.state, result(run)["why"]) == ("refused", why), run.result
    assert set((await office.states()).values()) == {"pending"}


async def test_changes_without_a_status_are_refused(office: FeedOffice, clinic: Clinic) -> None:
    await of_changes(office)
    book(clinic, range(1, 4), "changes")
    (office.folder / "appointments.sql").write_text(
        "SELECT appt_no, mobile, starts_at FROM changes WHERE changed_at >= %(since)s"
    )
    await office.started()
    run = await reads(office)
    assert (run.state, result(run)["why"]) == ("refused", "unreadable")
    assert 'there is no column "state", which is to be status' in result(run)["text"]


async def test_a_run_while_one_waits_is_read_once(office: FeedOffice, clinic: Clinic) -> None:
    book(clinic, range(1, 4))
    for _ in range(3):
        reader = office.reader()
        await reader.once()
        await reader.close()
    assert await office.world.value("SELECT count(*) FROM feed_run") == 1
    with psycopg.connect(clinic.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM appointment").fetchone() == (3,)


async def test_changes_go_on_after_a_jump_of_31_days_of_a_sandboxs_clock(office: FeedOffice, clinic: Clinic) -> None:
    start = dt.datetime(2027, 3, 3, 2, 30, tzinfo=dt.UTC)

    async def at(moment: dt.datetime) -> None:
        office.clock = SandboxClock(await checks.sandbox_offset(office.store, moment))

    await at(start)
    await of_changes(office)
    coming = "INSERT INTO changes VALUES ('{}', '{}', '2027-06-01 10:00+08', 'booked', now())"
    clinic.run(*(coming.format(f"a{n}", number(37 * n)) for n in range(1, 21)))
    run = await reads(office)
    assert (run.state, result(run)["added"]) == ("done", 20), run.result
    await at(start + dt.timedelta(days=31))
    assert (await office.status()).is_late, "nobody is called by what was read a month ago"
    clinic.run("DELETE FROM changes WHERE appt_no = 'a3'", coming.format("a21", number(37 * 21)))
    run = await reads(office)
    assert (run.state, result(run)["added"], result(run)["cancelled"]) == ("done", 1, 1), run.result
    assert not (await office.status()).is_late
    await at(start + dt.timedelta(days=1))
    run = await reads(office)
    assert (run.state, result(run)["why"]) == ("failed", "older"), "a clock that was set back is told"
    assert "clock" in result(run)["text"]


async def test_a_long_list_is_not_searched_from_its_beginning_for_each_contact(office: FeedOffice) -> None:
    """A list of 100,000 took minutes: the planner thought that there are few contacts."""
    await office.world.running(campaign(), range(200, 400), consenting=[])
    async with contact_changes.listed(office.store, ((f"x{n}", True) for n in range(20_000))) as connection:
        await connection.execute("SET LOCAL enable_hashjoin = off")
        values = {"campaign": "checkup", "feed": None}
        plan = await connection.execute(f"EXPLAIN {contact_changes.Q['count_missing']}", values)
        assert "listed_id_external" in str(await plan.fetchall())
        assert (await contact_changes.count_missing(connection, "checkup")).missing == 200
