"""Who imported which file: each kind of import is noted, also one that broke off, and a consent names its file."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.contacts import import_batches
from agi_app.contacts.importer import import_consent_file
from agi_app.errors import InputError, StoreError
from agi_app.installation import Installation
from agi_app.operations.guard import guard_lists
from agi_app.operations.people import complaints, person_records, stops
from agi_app.operations.reporting.days import quarter, span
from agi_app.operations.reporting.imports import ImportsRequest, imports, write_imports
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.store.people import consents as consent_table
from agi_app.store.people.imported_files import ImportRow
from tests.store.world import World, installation_for, number

pytestmark = pytest.mark.postgres

HEAD = "number,purpose,wording,method,time,source\n"
WORDS = "transactional,I agree to reminder calls.,web form,2026-01-05T09:00:00Z,clinic\n"


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    made = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    settings: Any = made.settings
    settings.project = None
    settings.guard = type("Guard", (), {"region": "CN", "zone": "UTC"})
    return made


def consent_file(folder: Path, *people: int, more: str = "") -> Path:
    file = folder / "consents of March.csv"
    file.write_text(HEAD + "".join(f"{number(n)},{WORDS}" for n in people) + more, encoding="utf-8")
    return file


async def noted(desk: Installation) -> list[ImportRow]:
    return await imports(desk, ImportsRequest())


async def test_a_consent_names_the_file_that_it_came_from_and_who_imported_it(
    world: World, desk: Installation, tmp_path: Path
) -> None:
    file = consent_file(tmp_path, 1, 2, more="nonsense,x\n")
    at = await world.now()
    await import_consent_file(world.store, file, "wang", at, os_user="clerk")
    await import_consent_file(world.store, consent_file(tmp_path, 2, 3), "wang", at, os_user="root")
    first, second = await noted(desk)
    digest = hashlib.sha256((HEAD + f"{number(1)},{WORDS}{number(2)},{WORDS}nonsense,x\n").encode()).hexdigest()
    assert (first.kind, first.name, first.sha256) == ("consents", "consents of March.csv", digest)
    assert (first.account, first.os_user, first.at) == ("wang", "clerk", at)
    assert (first.rows, first.rejected, first.added, first.unchanged, first.finished) == (3, 1, 2, 0, True)
    assert (second.os_user, second.added, second.unchanged) == ("root", 1, 1)
    for person, user in ((1, "clerk"), (2, "clerk"), (3, "root")):
        told = await person_records.show(desk, number(person), reason="complaint 7")
        assert told.history is not None
        assert [c.import_os_user for c in told.history.consents] == [user]
        line = next(line for line in told.lines if "imported at" in line)
        assert f"by wang (system user {user})" in line
        assert "with the file consents of March.csv, SHA-256" in line


async def test_an_import_that_broke_off_is_noted_with_what_it_stored(
    world: World, desk: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "BATCH", 2)
    store, broken = consent_table.import_consents, []

    async def fails_at_the_second(*args: Any) -> Any:
        broken.append(1)
        if len(broken) == 2:
            raise StoreError("the database is away")
        return await store(*args)

    monkeypatch.setattr(consent_table, "import_consents", fails_at_the_second)
    with pytest.raises(StoreError):
        await import_consent_file(world.store, consent_file(tmp_path, 1, 2, 3), "wang", await world.now())
    (row,) = await noted(desk)
    assert (row.added, row.finished) == (2, False)
    told = await person_records.show(desk, number(2), reason="x")
    assert told.history is not None
    assert told.history.consents[0].import_account == "wang"


async def test_each_kind_of_file_is_noted(world: World, desk: Installation, tmp_path: Path) -> None:
    def file(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    listed = file("stops.txt", f"{number(1)}\n{number(2)}\nnobody\n")
    read = stops.read_list(listed)
    await stops.stop_list(desk, read.numbers, str(listed), read)
    guarded = file("block.csv", "number,what\n+8613800138000,block\n")
    await guard_lists.import_file(desk, guarded)
    said = f"number,time,source,text\n{number(3)},2026-03-01T10:00:00Z,letter,too many\nx,,,\n"
    await complaints.import_file(desk, file("said.csv", said), reject=lambda _: None)
    rows = {row.kind: row for row in await noted(desk)}
    assert rows.keys() == {"stops", "guard", "complaints"}
    assert (rows["stops"].rows, rows["stops"].rejected, rows["stops"].added) == (3, 1, 2)
    assert (rows["guard"].added, rows["complaints"].added, rows["complaints"].rejected) == (1, 1, 1)
    assert {row.account for row in rows.values()} == {"anna"}
    assert rows["guard"].sha256 == hashlib.sha256(guarded.read_bytes()).hexdigest()
    only = await imports(desk, ImportsRequest(kinds=("guard",)))
    assert [row.kind for row in only] == ["guard"]


async def test_the_notes_cannot_be_changed_and_are_in_the_tree(
    world: World, desk: Installation, database_url: str, tmp_path: Path
) -> None:
    await import_consent_file(world.store, consent_file(tmp_path, 1), "wang", await world.now())
    for query in ("UPDATE import_file SET account = 'li'", "DELETE FROM import_stored"):
        with (
            psycopg.connect(database_url) as connection,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"),
        ):
            connection.execute(query)
    for kind, rows in (("import_file", 1), ("import_stored", 2)):
        queued = "SELECT sum(cardinality(ids)) FROM audit_queue WHERE kind = %s"
        assert await world.value(queued, kind) == rows


async def test_they_are_written_as_a_table_of_some_days(world: World, desk: Installation, tmp_path: Path) -> None:
    await import_consent_file(world.store, consent_file(tmp_path, 1), "=wang", await world.now())
    today = (await world.now()).date()
    made = await write_imports(desk, ImportsRequest(today, today), tmp_path / "i.csv", TableFormat.CSV)
    with made.file.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["account"], row["finished"]) == ("consents of March.csv", "'=wang", "yes")
    yesterday = today - dt.timedelta(days=1)
    assert await imports(desk, ImportsRequest(yesterday, yesterday)) == []


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026Q4", "2026-10-01", "2026-12-31"),
        ("2024 q1", "2024-01-01", "2024-03-31"),
        ("2026-Q2", "2026-04-01", "2026-06-30"),
    ],
)
def test_a_quarter_has_its_days(text: str, first: str, last: str) -> None:
    assert quarter(text) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize("text", ["2026Q5", "2026", "Q4", "0000Q1", ""])
def test_what_is_no_quarter_is_said(text: str) -> None:
    with pytest.raises(InputError, match="2026Q4"):
        quarter(text)


def test_a_span_ends_at_the_midnight_after_its_last_day() -> None:
    begin, end = span(dt.date(2026, 11, 1), dt.date(2026, 11, 1), "America/New_York")
    assert (end.astimezone(dt.UTC) - begin.astimezone(dt.UTC)) == dt.timedelta(hours=25)
