"""Results of calls sent back to an office: written with the call's end, sent at least once, in order, and listed."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.config.results import FIELDS
from agi_app.errors import AgiAppError, ConfigError, ExchangeFault, InputError, NotThere
from agi_app.exchange import results_work
from agi_app.installation import Installation
from agi_app.model.call import CallResult, Outcome
from agi_app.operations.service import results as operations
from agi_app.store.calling import attempts
from agi_app.store.database import embedded, service_rights
from agi_app.store.database.pool import Store
from agi_app.store.exchange import results
from agi_app.store.people.erasure import Why, erase_person
from tests.store import one
from tests.store.conftest import Cluster, open_store
from tests.store.results_site import (
    PATIENCE_S,
    STEPS_OF_FILES,
    STEPS_OF_ROWS,
    Ahead,
    ResultsSite,
    fault_of,
    registered,
    write_settings,
)
from tests.store.second_server import Office, office, passwords_wanted
from tests.store.world import HUMAN, World, campaign, installation_for, number, rule_set

pytestmark = pytest.mark.postgres
BUSY = CallResult(Outcome.BUSY)
UPSERT = (
    "INSERT INTO call_result (key, appt_no, outcome, answers)"
    " VALUES (%(key)s, %(id)s, %(outcome)s, %(answers)s::jsonb)"
    " ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome"
)
UPDATE = "UPDATE appointment SET note = %(outcome)s WHERE appt_no = %(id)s"


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """An office's, beside ours."""
    server = embedded.acquire(tmp_path_factory.mktemp("office"), fast=True)
    passwords_wanted(server)
    yield server
    server.release()


@pytest.fixture
def clinic(second_server: embedded.EmbeddedServer) -> Iterator[Office]:
    """One database there."""
    with office(second_server) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project, and the folder `in` beside it."""
    make_project(tmp_path / "project")
    (tmp_path / "in").mkdir()
    return tmp_path / "project"


@pytest.fixture
def role_url(cluster: Cluster, database_url: str) -> Iterator[str]:
    """Our database as the exchange's role sees it."""
    cluster.run(f"ALTER ROLE {service_rights.EXCHANGE.name} LOGIN")
    yield psycopg.conninfo.make_conninfo(database_url, user=service_rights.EXCHANGE.name)
    cluster.run(f"ALTER ROLE {service_rights.EXCHANGE.name} NOLOGIN")


@pytest.fixture
async def sending(role_url: str) -> AsyncIterator[Store]:
    """A store of the exchange."""
    opened = await open_store(role_url)
    yield opened
    await opened.close()


async def site(project: Path, world: World, sending: Store, people: int = 3, **targets: str) -> ResultsSite:
    """A running campaign whose results go to these targets."""
    settings = write_settings(project, targets)
    await registered(world.store, settings)
    await world.running(campaign(zone="Asia/Shanghai"), range(1, people + 1))
    return ResultsSite(world, world.store, sending, settings, Ahead())


def to_folder(**more: str) -> str:
    return "\n".join(['campaigns = ["checkup"]', 'folder = "../in"', *(f"{k} = {v}" for k, v in more.items())])


def to_database(clinic: Office, statement: str) -> str:
    return f"campaigns = [\"checkup\"]\ndatabase_url = \"{clinic.address('writer')}\"\nstatement = '''{statement}'''"


def files(project: Path) -> list[Path]:
    return sorted((project.parent / "in").iterdir())


def lines(project: Path) -> list[dict[str, str]]:
    """All rows of all CSV files."""
    csv.field_size_limit(10_000_000)
    found: list[dict[str, str]] = []
    for file in files(project):
        with file.open(encoding="utf-8", newline="") as text:
            found += csv.DictReader(text)
    return found


async def test_what_is_to_be_sent_is_written_with_the_end_of_the_call(
    project: Path, world: World, sending: Store
) -> None:
    """Together or not at all; not of other campaigns, and not of calls that never were."""
    made = await site(project, world, sending, clinic=to_folder())
    await world.running(campaign("other"), [11])
    claimed = await world.claim_one(campaign())
    await one.mark(world.store, claimed, world.terms.node)
    async with world.store.as_trial():
        assert await one.finish(world.store, claimed.attempt_id, HUMAN, None, True)
        assert await made.states() == [("waiting", 0)]
    assert await made.states() == [], "the end of the call was undone, and this with it"
    assert await one.finish(world.store, claimed.attempt_id, HUMAN, None, True)
    assert await made.states() == [("waiting", 0)]
    other = await world.claim_one(campaign("other"))
    await world.call(other)
    given_back = await world.claim_one(campaign())
    async with world.store.transaction() as connection:
        await attempts.give_back(connection, [given_back.attempt_id], "nothing was dialled", ["claimed"])
    assert await made.states() == [("waiting", 0)]


async def test_without_a_target_nothing_is_written(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending)
    await made.call()
    assert await made.states() == []


async def test_a_folder_gets_a_file_a_day_with_a_line_a_call(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    call = await made.call(CallResult(Outcome.HUMAN, disposition="confirmed", answers={"menu": "yes"}))
    assert await made.work().once() is False
    today = f"{made.clock.real_now() + dt.timedelta(hours=8):%Y-%m-%d}"
    assert [file.name for file in files(project)] == [f"clinic-{today}.csv"]
    (row,) = lines(project)
    assert list(row) == list(FIELDS)
    assert (row["call"], row["id"], row["campaign"], row["number"], row["version"]) == (
        call,
        "row-1",
        "checkup",
        "1",
        "1",
    )
    assert (row["outcome"], row["disposition"]) == ("human", "confirmed")
    assert json.loads(row["answers"]) == {"menu": "yes"}
    assert row["started"].endswith("+08:00")
    assert dt.datetime.fromisoformat(row["started"]) <= dt.datetime.fromisoformat(row["ended"])
    assert not any("+9998" in value or "99986138" in value for value in row.values()), "no telephone number"
    assert await made.states() == [("delivered", 0)]
    await made.call(BUSY)
    await made.work().once()
    assert [row["outcome"] for row in lines(project)] == ["human", "busy"]
    assert len(files(project)) == 1
    made.clock.by += dt.timedelta(days=1)
    await made.call(BUSY)
    await made.work().once()
    assert len(files(project)) == 2


async def test_json_lines_have_the_answers_as_they_are(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder(format='"jsonl"'))
    await made.call(CallResult(Outcome.HUMAN, answers={"name": '=1+1\n\u2028"x"', "long": "长" * 300_000}))
    await made.work().once()
    text = files(project)[0].read_text(encoding="utf-8")
    assert text.count("\n") == len(text.splitlines()) == 1
    told = json.loads(text)
    assert told["answers"] == {"name": '=1+1\n\u2028"x"', "long": "长" * 300_000}
    assert told["disposition"] is None


@pytest.mark.attack("an answer or an id that a spreadsheet runs, or that breaks the lines of the office's file")
async def test_a_hostile_value_is_one_harmless_cell(project: Path, world: World, sending: Store) -> None:
    """A formula, an end of line, a quote, an escape sequence, a million characters."""
    made = await site(project, world, sending, clinic=to_folder())
    hostile = {"a": '=HYPERLINK("http://x")', "b": 'x\r\ny,z"w\u2028', "c": "x" * 1_000_000}
    await world.store.execute("UPDATE contact SET external_id = $$=cmd|'/c calc'!A1$$ WHERE external_id = 'row-1'")
    await made.call(CallResult(Outcome.HUMAN, disposition="@SUM(1)", answers=hostile))
    await made.call(BUSY)
    await made.work().once()
    raw = files(project)[0].read_bytes()
    assert raw.count(b"\n") == 3
    first, second = lines(project)
    assert first["id"] == "'=cmd|'/c calc'!A1"
    assert first["disposition"] == "'@SUM(1)"
    assert json.loads(first["answers"]) == hostile
    assert second["outcome"] == "busy"


async def test_a_database_gets_one_row_a_call(project: Path, world: World, sending: Store, clinic: Office) -> None:
    made = await site(project, world, sending, clinic=to_database(clinic, UPSERT))
    hostile = {"a": "x'); DROP TABLE call_result; --", "b": "=1", "c": "长\n" * 300_000}
    await made.call(CallResult(Outcome.HUMAN, answers=hostile))
    await made.call(BUSY)
    assert await made.work().once() is False
    assert clinic.rows("SELECT appt_no, outcome FROM call_result ORDER BY appt_no") == [
        ("row-1", "human"), ("row-2", "busy")
    ]  # fmt: skip
    assert clinic.rows("SELECT answers FROM call_result WHERE appt_no = 'row-1'") == [(hostile,)]
    assert await made.states() == [("delivered", 0), ("delivered", 0)]


@pytest.mark.parametrize("which", [0, 1])
async def test_the_statements_of_the_page_work_also_the_second_time(
    which: int, project: Path, world: World, sending: Store, clinic: Office
) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "results-back.md"
    statement = re.findall(r"^```sql\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[which]
    made = await site(project, world, sending, clinic=to_database(clinic, statement))
    clinic.run(
        "ALTER TABLE call_result ADD ended timestamptz",
        "ALTER TABLE appointment ADD reminded text, ADD reminded_at timestamptz",
        "GRANT SELECT, UPDATE ON appointment TO writer",
        "INSERT INTO appointment (appt_no) VALUES ('row-1')",
    )
    await made.call(BUSY)
    for _ in range(2):
        await made.work().once()
        assert await made.states() == [("delivered", 0)]
        await made.store.execute("UPDATE result_delivery SET state = 'waiting', next_try_at = 'epoch'")
    table, column = (("call_result", "outcome"), ("appointment", "reminded"))[which]
    assert clinic.rows(f"SELECT {column} FROM {table}") == [("busy",)]


@pytest.mark.attack("one role that reads a feed and writes results: what reads could write")
async def test_the_role_of_a_feed_is_not_that_of_results(
    project: Path, world: World, sending: Store, clinic: Office
) -> None:
    (project / "q.sql").write_text("SELECT 1")
    with (project / "agi-app.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[feeds.visits]\ncampaign = "other"\nquery_file = "q.sql"\n'
                       f'database_url = "{clinic.address("writer", dbname="another")}"\n')  # fmt: skip
    made = await site(project, world, sending, clinic=to_database(clinic, UPSERT))
    await made.call(BUSY)
    told = await fault_of(made.work())
    assert (told.kind, "the feed visits uses the same role" in str(told)) == (ExchangeFault.RIGHTS, True)
    assert clinic.rows("SELECT FROM call_result") == []


async def test_a_later_correction_is_sent_as_another_version(project: Path, world: World, sending: Store) -> None:
    """A worker died; what a sweep had to guess is set right by the true result."""
    made = await site(project, world, sending, clinic=to_folder())
    claimed = await world.claim_one(campaign())
    await one.mark(world.store, claimed, world.terms.node)
    guess = attempts.Ended(claimed.attempt_id, CallResult(Outcome.INTERRUPTED), None, True)
    async with world.store.connection() as connection:
        await attempts.store_ends(connection, [guess], swept=True)
    await made.work().once()
    assert await one.finish(world.store, claimed.attempt_id, HUMAN, None, True)
    await made.work().once()
    told = [(row["call"], row["version"], row["outcome"]) for row in lines(project)]
    assert told == [(claimed.attempt_id, "1", "interrupted"), (claimed.attempt_id, "2", "human")]
    assert len({row["key"] for row in lines(project)}) == 2


async def test_a_statement_that_changes_no_row_or_two_is_undone_and_tried_again(
    project: Path, world: World, sending: Store, clinic: Office
) -> None:
    """Others go on meanwhile; after a week it is given up, and everybody can see it."""
    made = await site(project, world, sending, clinic=to_database(clinic, UPDATE))
    clinic.run(
        "GRANT SELECT, UPDATE ON appointment TO writer",
        "ALTER TABLE appointment DROP CONSTRAINT appointment_pkey",
        "INSERT INTO appointment (appt_no) VALUES ('row-2'), ('row-2'), ('row-3')",
    )
    for _ in range(3):
        await made.call(BUSY)
    await made.work().once()
    assert await made.states() == [("waiting", 1), ("waiting", 1), ("delivered", 0)]
    assert clinic.rows("SELECT appt_no, note FROM appointment ORDER BY note") == [
        ("row-3", "busy"), ("row-2", None), ("row-2", None)
    ]  # fmt: skip
    await made.work().once()
    assert await made.states() == [("waiting", 1), ("waiting", 1), ("delivered", 0)], "its time has not come"
    clinic.run("INSERT INTO appointment (appt_no) VALUES ('row-1')")
    made.clock.by += dt.timedelta(minutes=2)
    await made.work().once()
    assert await made.states() == [("delivered", 1), ("waiting", 2), ("delivered", 0)]
    for _ in range(12):
        made.clock.by += dt.timedelta(days=1)
        await made.work().once()
    assert (await made.states())[1][0] == "failed"
    (given_up,) = await results.deliveries(made.store, target="clinic", state="failed", before=None, limit=9)
    assert (given_up.id, given_up.fault_kind) == ("row-2", "rows")
    assert "changes 2 rows" in (given_up.fault or "")


async def test_of_one_contact_a_result_never_overtakes_an_earlier_one(
    project: Path, world: World, sending: Store, clinic: Office
) -> None:
    made = await site(project, world, sending, 1, clinic=to_database(clinic, UPDATE))
    clinic.run("GRANT SELECT, UPDATE ON appointment TO writer")
    await made.call(BUSY, due=dt.timedelta(0))
    world.rules = rule_set(cap=5)
    await made.call(HUMAN)
    await made.work().once()
    assert await made.states() == [("waiting", 1), ("waiting", 0)], "the second waits for the first"
    clinic.run("INSERT INTO appointment (appt_no) VALUES ('row-1')")
    made.clock.by += dt.timedelta(minutes=2)
    await made.work().once()
    assert clinic.rows("SELECT note FROM appointment") == [("busy",)]
    await made.work().once()
    assert clinic.rows("SELECT note FROM appointment") == [("human",)]


async def test_a_database_that_is_away_costs_no_try_and_is_told_of_once(
    project: Path, world: World, sending: Store, clinic: Office
) -> None:
    """For an hour: what waits is sent as soon as it is back, and others' programs learn of it."""
    made = await site(project, world, sending, clinic=to_database(clinic, UPSERT))
    await made.store.execute(
        "INSERT INTO webhook_endpoint (url, types, created_by) VALUES ('https://x.example', '{result.failed}', 'a')"
    )
    for _ in range(3):
        await made.call(BUSY)
    clinic.run("ALTER ROLE writer NOLOGIN")
    work = made.work()
    for _ in range(60):
        assert (await fault_of(work)).kind == ExchangeFault.REFUSED
        made.clock.by += dt.timedelta(minutes=1)
    assert await made.states() == [("waiting", 0)] * 3
    (row,) = await results.targets(made.store, made.clock.real_now())
    assert (row.waiting, row.failed) == (3, 0)
    assert row.failing_since is not None
    assert "writer@" in (row.fault or "")
    told = await made.store.records("SELECT type, data FROM webhook_event")
    assert [(one["type"], one["data"]["target"]) for one in told] == [("result.failed", "clinic")]
    clinic.run("ALTER ROLE writer LOGIN")
    made.clock.by += dt.timedelta(minutes=6)
    await work.once()
    assert await made.states() == [("delivered", 0)] * 3
    (row,) = await results.targets(made.store, made.clock.real_now())
    assert (row.failing_since, row.fault) == (None, None)


@pytest.mark.parametrize(
    ("fault", "cure", "kind"),
    [
        ("REVOKE INSERT ON call_result FROM writer", "GRANT INSERT ON call_result TO writer", ExchangeFault.STATEMENT),
        (
            "ALTER TABLE call_result DROP COLUMN appt_no",
            "ALTER TABLE call_result ADD appt_no text",
            ExchangeFault.STATEMENT,
        ),
        ("ALTER ROLE writer NOLOGIN", "ALTER ROLE writer LOGIN", ExchangeFault.REFUSED),
    ],
)
async def test_what_no_row_could_pass_costs_no_row_a_try(
    fault: str, cure: str, kind: ExchangeFault, project: Path, world: World, sending: Store, clinic: Office
) -> None:
    """All of them are sent as soon as it is mended, seconds later, by whoever comes first."""
    made = await site(project, world, sending, clinic=to_database(clinic, UPSERT))
    for _ in range(3):
        await made.call(BUSY)
    clinic.run(fault)
    assert (await fault_of(made.work())).kind == kind
    assert await made.states() == [("waiting", 0)] * 3
    clinic.run(cure)
    made.clock.by += dt.timedelta(seconds=1)
    await made.work().once()
    assert await made.states() == [("delivered", 0)] * 3


async def test_a_fault_goes_away_also_when_nothing_waits(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    (project.parent / "in").rmdir()
    await made.call(BUSY)
    work = made.work()
    assert (await fault_of(work)).kind == ExchangeFault.FOLDER
    assert await fault_of(work) is await fault_of(work), "while it pauses the fault is still told"
    await made.store.execute("DELETE FROM result_delivery")
    (project.parent / "in").mkdir()
    made.clock.by += dt.timedelta(minutes=6)
    await work.once()
    assert (await results.targets(made.store, made.clock.real_now()))[0].fault is None


async def test_what_waits_for_a_week_is_given_up_and_can_be_sent_again(
    project: Path, world: World, sending: Store
) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    inst = desk(made)
    await made.call(BUSY)
    made.clock.by += dt.timedelta(days=6, hours=23)
    await made.work()._keep_house()
    assert await made.states() == [("waiting", 0)]
    made.clock.by += dt.timedelta(hours=2)
    await made.work()._keep_house()
    assert await made.states() == [("failed", 0)]
    assert await operations.retry(inst, "clinic") == operations.SentAgain(1, 0)
    await made.work().once()
    assert await made.states() == [("delivered", 0)]
    assert await operations.retry(inst, "clinic") == operations.SentAgain(0, 0)
    key = lines(project)[0]["key"]
    assert await operations.retry(inst, "clinic", [key]) == operations.SentAgain(1, 0)
    await made.work().once()
    assert await made.states() == [("delivered", 0)]
    assert len(lines(project)) == 1, "the file has that key"
    for wrong in ("x", "11111111-2222-3333-4444-555555555555"):
        with pytest.raises(InputError):
            await operations.retry(inst, "clinic", [wrong])
    with pytest.raises(NotThere):
        await operations.retry(inst, "clinics")


async def test_what_is_older_than_what_was_sent_since_is_not_sent_again_by_itself(
    project: Path, world: World, sending: Store
) -> None:
    """It would be told as the newer one: the person who answered would be one whose line is busy."""
    made = await site(project, world, sending, 1, clinic=to_folder())
    inst = desk(made)
    await made.call(BUSY, due=dt.timedelta(0))
    world.rules = rule_set(cap=5)
    await made.store.execute("UPDATE result_delivery SET state = 'failed', ended_at = now()")
    await made.call(HUMAN)
    await made.work().once()
    assert await operations.retry(inst, "clinic") == operations.SentAgain(0, 1)
    (older,) = await operations.log_of(inst, "clinic", state="failed")
    assert await operations.retry(inst, "clinic", [older.key]) == operations.SentAgain(1, 0)


def desk(made: ResultsSite) -> Installation:
    """Somebody who works on the command line."""
    inst = installation_for(made.store, None, made.clock)  # type: ignore[arg-type]
    inst.settings.results = made.settings.results  # type: ignore[misc]
    inst.settings.project = made.settings.project  # type: ignore[misc]
    return inst


async def test_the_status_says_how_each_target_fares(
    project: Path, world: World, sending: Store, clinic: Office
) -> None:
    made = await site(project, world, sending, clinic=to_folder(), crm=to_database(clinic, UPSERT))
    inst = desk(made)
    await made.call(BUSY)
    await made.work("clinic").once()
    found = {one.target: one for one in (await operations.status(inst)).targets}
    assert found["clinic"].place.endswith("/in")
    assert found["crm"].place == f"writer@{clinic.socket_folder}:5432/{clinic.name}"
    figures = {name: (one.row.delivered_in_a_day, one.row.waiting) for name, one in found.items() if one.row}
    assert figures == {"clinic": (1, 0), "crm": (0, 1)}
    assert all(one.known for one in found.values())
    await results.register(made.store, [])
    await made.call(BUSY)
    assert len(await made.states()) == 2, "nothing new is written for a target that the settings have no longer"
    assert [one.known for one in (await operations.status(inst)).targets] == [False, False]
    assert await made.work("crm").once() is False
    assert len(clinic.rows("SELECT FROM call_result")) == 1, "what waited is still sent"


async def test_a_target_that_no_worker_knows_says_so(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending)
    made.settings = write_settings(project, {"later": to_folder()})
    with pytest.raises(ConfigError, match="restart `agi-app run`"):
        await made.work("later").once()


@pytest.mark.parametrize(
    ("step", "at_midnight"), [*((step, False) for step in STEPS_OF_FILES), ("torn", True), ("add done", True)]
)
async def test_killed_at_each_step_a_file_loses_no_line_and_has_none_twice(
    step: str, at_midnight: bool, project: Path, world: World, sending: Store, role_url: str
) -> None:
    """The next day's file begins after that, too: then yesterday's is made whole, and what is there is there."""
    made = await site(project, world, sending, 6, clinic=to_folder())
    here = made.clock.real_now().astimezone(ZoneInfo("Asia/Shanghai"))
    begins = (86_300 - (here.hour * 3600 + here.minute * 60 + here.second)) % 86_400 if at_midnight else 0
    for _ in range(3):
        await made.call(BUSY)
    assert await sent_by_process(role_url, project, step, begins) == -signal.SIGKILL
    for _ in range(3):
        await made.call(BUSY)
    assert await sent_by_process(role_url, project, "none", begins + 400) == 0
    assert len(files(project)) == 2 or not at_midnight
    rows = lines(project)
    assert all(file.read_bytes().endswith(b"\n") for file in files(project))
    assert sorted(row["id"] for row in rows) == [f"row-{n}" for n in range(1, 7)]
    assert len({row["key"] for row in rows}) == 6
    assert all(row["outcome"] == "busy" and row["answers"] == "{}" for row in rows)
    assert await made.states() == [("delivered", 0)] * 6


@pytest.mark.parametrize("step", STEPS_OF_ROWS)
async def test_killed_at_each_step_a_database_has_every_row_once(
    step: str, project: Path, world: World, sending: Store, role_url: str, clinic: Office
) -> None:
    """By the key, where a row was there and not yet noted."""
    made = await site(project, world, sending, 6, clinic=to_database(clinic, UPSERT))
    for _ in range(3):
        await made.call(BUSY)
    assert await sent_by_process(role_url, project, step, 0) == -signal.SIGKILL
    for _ in range(3):
        await made.call(BUSY)
    assert await sent_by_process(role_url, project, "none", 400) == 0
    assert clinic.rows("SELECT appt_no FROM call_result ORDER BY 1") == [(f"row-{n}",) for n in range(1, 7)]
    assert await made.states() == [("delivered", 0)] * 6


async def sent_by_process(url: str, project: Path, step: str, ahead: float, rounds: int = 3) -> int:
    arguments = ("-m", "tests.store.results_site", url, str(project), step, str(ahead), str(rounds))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    async with asyncio.timeout(PATIENCE_S):
        return await process.wait()


@pytest.mark.parametrize("kind", ["folder", "database"])
async def test_two_processes_at_once_send_each_result_once(
    kind: str,
    project: Path,
    world: World,
    sending: Store,
    role_url: str,
    clinic: Office,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results_work, "AT_ONCE", 3)
    target = to_folder() if kind == "folder" else to_database(clinic, UPSERT.partition(" ON CONFLICT")[0])
    made = await site(project, world, sending, 40, clinic=target)
    for _ in range(40):
        await made.call(BUSY)
    other = await open_store(role_url)
    works = [made.work(), results_work.ResultsWork("clinic", made.settings, other, made.clock)]
    async with asyncio.timeout(PATIENCE_S):
        while ("waiting", 0) in await made.states():
            await asyncio.gather(*(work.once() for work in works for _ in range(3)))
    await other.close()
    assert await made.states() == [("delivered", 0)] * 40
    found = [row["id"] for row in lines(project)] if kind == "folder" else [
        found_id for (found_id,) in clinic.rows("SELECT appt_no FROM call_result")
    ]  # fmt: skip
    assert sorted(found) == sorted(f"row-{n}" for n in range(1, 41))


async def test_an_erasure_reaches_what_waits_and_what_is_listed(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    await made.call(BUSY)
    await made.work().once()
    await made.call(BUSY)
    for n in (1, 2):
        why = Why(made.clock.real_now(), "asked for it", "anna")
        assert await erase_person(made.store, number(n), why, lambda _: b"signed") is not None
    assert await made.states() == []
    await made.work().once()
    assert len(lines(project)) == 1


async def test_the_log_goes_after_its_days(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder(keep_days="5"))
    await made.call(BUSY)
    await made.work().once()
    await made.call(BUSY)
    now = made.clock.real_now()
    assert await results.old(made.store, now + dt.timedelta(days=4)) == 0
    assert await results.purge(made.store, now + dt.timedelta(days=4)) == 0
    assert await results.old(made.store, now + dt.timedelta(days=6)) == 1
    assert await results.purge(made.store, now + dt.timedelta(days=6)) == 1
    assert await made.states() == [("waiting", 0)]


@pytest.mark.attack("code run as the exchange: results of other campaigns, numbers, other calls")
async def test_the_exchange_sees_results_of_its_targets_and_no_more(
    project: Path, world: World, sending: Store
) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    await world.running(campaign("other"), [11])
    await world.call(await world.claim_one(campaign("other")))
    await made.call(BUSY)
    now = made.clock.real_now()
    for statement in (
        "UPDATE result_delivery SET attempt_id = 'x'",
        "UPDATE result_delivery SET contact_id = 1",
        "UPDATE result_delivery SET target = 'x'",
        "INSERT INTO result_delivery (target, attempt_id, contact_id, version) VALUES ('clinic', 'x', 1, 1)",
        "DELETE FROM result_delivery",
        "DELETE FROM result_try",
        "INSERT INTO result_target (target, kind, campaigns, keep_days) VALUES ('x', 'folder', '{other}', 9)",
        "UPDATE result_target SET campaigns = '{other}'",
        "SELECT send_result_back()",
        "SELECT webhook_tell('person.stopped', '{}')",
    ):
        with pytest.raises(AgiAppError):
            await sending.execute(statement)
    rows = await results.claim(sending, "clinic", now, now + dt.timedelta(minutes=5), 100)
    assert [row.campaign for row in rows] == ["checkup"]
    assert "+9998" not in str(rows)


async def test_a_given_up_result_is_an_event(project: Path, world: World, sending: Store) -> None:
    made = await site(project, world, sending, clinic=to_folder())
    await made.store.execute(
        "INSERT INTO webhook_endpoint (url, types, created_by) VALUES ('https://x.example', '{*}', 'a')"
    )
    call = await made.call(BUSY)
    made.clock.by += dt.timedelta(days=8)
    await made.work()._keep_house()
    (event,) = await made.store.records("SELECT data FROM webhook_event WHERE type = 'result.failed'")
    assert (event["data"]["target"], event["data"]["attempt"]) == ("clinic", call)
    assert set(event["data"]) == {"target", "attempt", "contact", "key"}
