"""Files of contacts and consents into a real database: what is stored, what is rejected, what is refused."""

from __future__ import annotations

import csv
import random
import time
from pathlib import Path

import pytest

from agi_app.contacts.importer import ImportSummary, import_consent_file, import_contacts_file
from agi_app.errors import AuthorError, InputError
from agi_app.store import campaigns, consents, contacts
from agi_app.store.pool import Store
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres

CAMPAIGN = campaign("march", jurisdictions=("CN",))
LANGUAGES = ["zh-CN", "en"]
CONTACTS = """\
external_id,number,language,name,consent
P1,+999861382357802,zh-CN,赵雅静,yes
P2,+999861381966248,fr,郭子涵,yes
P3,abc,en,"Dalton, Irene",yes
P4,+999861383528362,en,王欣怡
P1,+999861386323801,en,again,yes
P6,+999861386430620,,罗佳宁,no
"""
CONSENTS = """\
number,purpose,wording,method,time,source
+999861382357802,transactional,I agree.,web form,2026-01-05T12:00:00+08:00,booking site
+999861386430620,transactional,I agree.,web form,2026-01-05T12:00:00,booking site
+999861381966248,marketing,I agree.,,2026-01-05,booking site
"""


@pytest.fixture
async def stored(store: Store) -> None:
    """The campaign's row."""
    await campaigns.save_campaign(store, CAMPAIGN, "flows/reminder.yaml", "flow: reminder\n")


def written(folder: Path, text: str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def bulk(count: int, seed: int = 1) -> str:
    rows = [
        f"C{n},+99986138{digits:07d},zh-CN,张{n}\n"
        for n, digits in enumerate(random.Random(seed).sample(range(10**7), count))
    ]
    return "external_id,number,language,name\n" + "".join(rows)


async def imported(world: World, path: Path) -> ImportSummary:
    return await import_contacts_file(world.store, CAMPAIGN, LANGUAGES, path, await world.now())


async def test_good_rows_are_stored_and_the_others_told(world: World, stored: None, tmp_path: Path) -> None:
    path = written(tmp_path, CONTACTS)
    found = await imported(world, path)
    assert (found.rows, found.added, found.updated, found.unchanged, found.rejected) == (6, 2, 0, 0, 4)
    assert [(p.file, p.line, p.column, p.rule) for p in found.problems] == [
        (str(path), 3, 21, "contacts/language"),
        (str(path), 4, 4, "contacts/number"),
        (str(path), 5, 27, "table/cells"),
        (str(path), 6, 1, "contacts/duplicate-id"),
    ]
    (note,) = found.notes
    assert note.startswith("contacts import never creates consent")
    assert await world.value("SELECT count(*) FROM consent") == 0
    assert await world.value("SELECT fields ->> 'name' FROM contact WHERE external_id = 'P6'") == "罗佳宁"


async def test_mended_rejects_are_imported_and_add_nothing_else(world: World, stored: None, tmp_path: Path) -> None:
    rejects = (await imported(world, written(tmp_path, CONTACTS))).rejects_file
    assert rejects == tmp_path / "people.csv.rejects.csv"
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["rejected_line", "rejected_reason", "external_id", "number", "language", "name", "consent"]
    assert [row[0] for row in rows[1:]] == ["3", "4", "5", "6"]
    assert rows[2][2:] == ["P3", "abc", "en", "Dalton, Irene", "yes"]
    assert "the row has 4 cells, the header has 5" in rows[3][1]
    assert (rejects.stat().st_mode & 0o777) == 0o600
    rows[1][4], rows[2][3], rows[4][2] = "en", "+999861388191983", "P5"
    with rejects.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    again = await imported(world, rejects)
    assert (again.rows, again.added, again.rejected) == (4, 3, 1)
    assert again.rejects_file == tmp_path / "people.csv.rejects.csv.rejects.csv"
    assert await world.value("SELECT fields FROM contact WHERE external_id = 'P3'") == {
        "name": "Dalton, Irene",
        "consent": "yes",
    }


async def test_an_older_rejects_file_is_kept_aside(world: World, stored: None, tmp_path: Path) -> None:
    path = written(tmp_path, CONTACTS)
    rejects = (await imported(world, path)).rejects_file
    assert rejects is not None
    rejects.write_text("being mended", encoding="utf-8")
    assert (await imported(world, path)).unchanged == 2
    assert "being mended" not in rejects.read_text(encoding="utf-8-sig")
    assert rejects.with_name(rejects.name + "~").read_text(encoding="utf-8") == "being mended"
    written(tmp_path, bulk(3))
    assert (await imported(world, path)).rejects_file is None
    assert not rejects.exists()


async def test_importing_again_changes_nothing(world: World, stored: None, tmp_path: Path) -> None:
    path = written(tmp_path, bulk(50))
    assert (await imported(world, path)).added == 50
    assert (await imported(world, path)).unchanged == 50


async def test_a_generated_list_is_refused_as_a_whole(world: World, stored: None, tmp_path: Path) -> None:
    counted = "".join(f"G{n},+99986139{n:07d},en,x\n" for n in range(21))
    path = written(tmp_path, bulk(100) + counted + "bad,abc,en,x\n")
    with pytest.raises(AuthorError, match=r"people.csv:1:1: contacts/generated .*nothing was imported"):
        await imported(world, path)
    assert (await contacts.contacts_of(world.store, CAMPAIGN.name)).total == 0
    assert names(tmp_path) == ["people.csv"]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"PK\x03\x04", AuthorError, "XLSX"),
        (b"", AuthorError, "is empty"),
        (b"external_id,number\n", AuthorError, "no rows"),
        (b"external_id,number\nP1,+999861382357802\nP2,\xff\n", AuthorError, "people.csv:3:4: table/encoding"),
        (b"id,number\n1,2\n", AuthorError, "contacts/missing-column"),
        (None, InputError, "no such file"),
    ],
)
async def test_a_file_that_will_not_do_writes_nothing(
    world: World, stored: None, tmp_path: Path, content: bytes | None, error: type[Exception], words: str
) -> None:
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=words):
        await imported(world, path)
    assert (await contacts.contacts_of(world.store, CAMPAIGN.name)).total == 0
    assert names(tmp_path) == ([] if content is None else ["people.csv"])


async def test_an_unknown_campaign_leaves_no_rejects_file(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="march"):
        await imported(world, written(tmp_path, CONTACTS))
    assert names(tmp_path) == ["people.csv"]


async def test_gb18030_is_read_and_said(world: World, stored: None, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("编号;电话;姓名\nP1;+999861382357802;赵雅静\n".encode("gb18030"))
    assert "GB18030" in (await imported(world, path)).notes[0]
    assert await world.value("SELECT fields ->> '姓名' FROM contact") == "赵雅静"


async def test_a_thousand_contacts_take_less_than_two_seconds(world: World, stored: None, tmp_path: Path) -> None:
    path, seen = written(tmp_path, bulk(1_000)), []
    began = time.perf_counter()
    found = await import_contacts_file(
        world.store,
        CAMPAIGN,
        LANGUAGES,
        path,
        await world.now(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert time.perf_counter() - began < 2
    assert (found.added, seen) == (1_000, [(1_000, 1_000)])


async def test_batches_of_a_big_file_are_all_stored(world: World, stored: None, tmp_path: Path) -> None:
    path, seen = written(tmp_path, bulk(12_000)), []
    found = await import_contacts_file(
        world.store, CAMPAIGN, LANGUAGES, path, await world.now(), progress=lambda *step: seen.append(step)
    )
    assert (found.added, seen) == (12_000, [(10_000, 12_000), (12_000, 12_000)])


async def test_consents_are_recorded_with_who_entered_them(world: World, store: Store, tmp_path: Path) -> None:
    path = written(tmp_path, CONSENTS)
    found = await import_consent_file(store, path, "wang", await world.now())
    assert (found.rows, found.added, found.unchanged, found.rejected) == (3, 1, 0, 2)
    assert [(p.line, p.rule) for p in found.problems] == [(3, "consent/time"), (4, "consent/method")]
    person = await consents.history(store, "+999861382357802")
    assert person is not None
    (consent,) = person.consents
    assert (consent.wording, consent.entered_by, consent.recorded_by) == ("I agree.", "wang", "wang")
    again = await import_consent_file(store, path, "wang", await world.now())
    assert (again.added, again.unchanged) == (0, 1)
