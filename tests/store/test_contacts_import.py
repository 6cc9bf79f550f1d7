"""Files of contacts and consents into a real database: what is stored, what is rejected, what is refused."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import random
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agi_app.contacts import import_batches
from agi_app.contacts.import_batches import ImportSummary
from agi_app.contacts.importer import import_consent_file, import_contacts_file
from agi_app.contacts.tables.opening import open_table
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.errors import AuthorError, InputError, StoreError
from agi_app.flow.load import parse_flow
from agi_app.model.campaign import Due, Purpose
from agi_app.model.person import Consent
from agi_app.store.calling import campaigns, tallies
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, contacts, imports
from agi_app.store.people.history import person_history
from tests.store.world import LONG_AGO, World, campaign

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
    assert (await tallies.of_campaign(world.store, CAMPAIGN.name)).total == 0
    assert names(tmp_path) == ["people.csv"]


@pytest.mark.attack("a generated list, spread over campaigns")
@pytest.mark.parametrize("most", [imports.MOST_STRETCHES, 0])  # around the list's numbers; or among all
async def test_a_list_is_judged_with_what_came_into_other_campaigns(
    world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Seven campaigns get ten of the numbers each; in each campaign alone they would be few."""
    monkeypatch.setattr(imports, "MOST_STRETCHES", most)
    others = [campaign(f"part-{n}", jurisdictions=("CN",)) for n in range(7)]
    random.Random(3).shuffle(numbers := [f"+99986139{n:07d}" for n in range(98) if n % 7 > 1])

    async def told(n: int) -> str:
        await campaigns.save_campaign(store, others[n], "flows/reminder.yaml", "flow: reminder\n")
        rows = "".join(f"G{n},{number}\n" for n, number in enumerate(numbers[n * 10 : n * 10 + 10]))
        path = written(tmp_path, f"external_id,number\n{rows}", f"{n}.csv")
        try:
            return f"{(await import_contacts_file(store, others[n], LANGUAGES, path, await world.now())).added} added"
        except AuthorError as error:
            return str(error)

    assert [await told(n) for n in range(6)] == ["10 added"] * 6
    assert "together with contacts that came before" in await told(6), "that would be 70 of 98"
    await store.execute("UPDATE person SET created_at = created_at - interval '31 days'")
    assert await told(6) == "10 added", "what came longer ago is another list"


async def test_numbers_with_their_own_evidence_keep_no_neighbour_out(
    world: World, stored: None, tmp_path: Path
) -> None:
    await agreed(world, [*COUNTED, "+999861382357802"], [f"form-{n * 7919}" for n in range(26)])
    await imported(world, counted_list(tmp_path))
    rows = f"external_id,number\nN1,+99986139{26:07d}\nN2,+99986139{900:07d}\n"
    assert (await imported(world, written(tmp_path, rows, "next.csv"))).added == 2


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"PK\x03\x04", AuthorError, "ZIP archive"),
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
    assert (await tallies.of_campaign(world.store, CAMPAIGN.name)).total == 0
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


NOTICE = Path(__file__).parents[2] / "agi_app/campaigns/templates/closing-notice/flows/closing-notice.yaml"


async def test_what_the_flow_says_and_a_row_lacks_is_told_and_the_row_is_kept(
    world: World, stored: None, tmp_path: Path
) -> None:
    flow = parse_flow(NOTICE.read_bytes(), NOTICE.name).flow
    people = ("P1,+999861382357802,2026年3月7日,2026/3/10", "P2,+999861381966248,2026-03-07,soon")
    path = written(tmp_path, "external_id,number,closed_from,opens_on\n" + "\n".join(people) + "\n")
    found = await import_contacts_file(world.store, CAMPAIGN, LANGUAGES, path, await world.now(), flow=flow)
    assert (found.added, found.rejected) == (2, 0)
    (note,) = found.notes
    assert note.startswith("opens_on: 1 contact is not called (column_missing) until a list brings what the flow says")
    assert "(line 3): contact.opens_on: 'soon': not a date" in note
    kept = await world.value("SELECT fields ->> 'closed_from' FROM contact WHERE external_id = 'P1'")
    assert kept == "2026年3月7日"


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
    person = await person_history(store, "+999861382357802")
    assert person is not None
    (consent,) = person.consents
    assert (consent.wording, consent.entered_by, consent.recorded_by) == ("I agree.", "wang", "wang")
    again = await import_consent_file(store, path, "wang", await world.now())
    assert (again.added, again.unchanged) == (0, 1)


COUNTED = [f"+99986139{n:07d}" for n in range(25)]


def counted_list(folder: Path) -> Path:
    """25 consecutive numbers, and one other."""
    rows = "".join(f"G{n},{number}\n" for n, number in enumerate([*COUNTED, "+999861382357802"]))
    return written(folder, "external_id,number\n" + rows)


async def agreed(world: World, numbers: Sequence[str], evidence: Sequence[str | None]) -> None:
    """Recorded consents with these references."""
    rows = [
        Consent(number, Purpose.TRANSACTIONAL, "I agree.", "signed form", LONG_AGO, "desk", evidence=reference)
        for number, reference in zip(numbers, evidence, strict=True)
    ]
    await consents.import_consents(world.store, rows, "admin", await world.now())


async def test_a_counted_list_is_taken_when_each_number_has_evidence_of_its_own(
    world: World, stored: None, tmp_path: Path
) -> None:
    """An office whose 25 lines follow one another, each with its own signed form."""
    numbers = [*COUNTED, "+999861382357802"]
    await agreed(world, numbers, [f"form-{n * 7919}" for n in range(26)])
    assert (await imported(world, counted_list(tmp_path))).added == 26


async def test_evidence_that_others_use_too_is_none(world: World, stored: None, tmp_path: Path) -> None:
    """One reference for two numbers, one for the whole list, none at all: the error counts them."""
    references = [f"form-{n * 7919}" for n in range(22)]
    await agreed(world, COUNTED, [*references, "form-0", None, "the whole list"])
    await agreed(world, ["+999861388888888"], ["the whole list"])
    with pytest.raises(AuthorError) as refused:
        await imported(world, counted_list(tmp_path))
    said = str(refused.value)
    assert "25 numbers from +99986…00 to +99986…24" in said
    assert "5 of 26 have none, 4 of them in that block" in said  # two share form-0
    assert (await tallies.of_campaign(world.store, CAMPAIGN.name)).total == 0


@pytest.mark.attack("one proof, written in several ways, for several numbers")
async def test_evidence_that_is_written_otherwise_is_the_same(world: World, stored: None, tmp_path: Path) -> None:
    ways = ["e6", "E6", "\uff456", " e\u00a06", "e\u200b6"]
    await agreed(world, COUNTED, [*(f"form-{n}" for n in range(20)), *ways])
    await agreed(world, ["+999861382357802"], ["\u200b"])
    with pytest.raises(AuthorError, match="6 of 26 have none, 5 of them in that block"):
        await imported(world, counted_list(tmp_path))


async def test_the_same_evidence_is_found_by_an_index(store: Store) -> None:
    async with store.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        query = "EXPLAIN SELECT FROM consent c JOIN consent o ON evidence_key(o.evidence) = evidence_key(c.evidence)"
        plan = [str(line) for line in await (await connection.execute(f"{query} WHERE c.person_id = 1")).fetchall()]
    assert any("consent_reference" in line for line in plan), plan


@pytest.mark.parametrize(
    "one",
    [
        "Straße 7",
        "ΌΔΟΣ-9 ς",
        "Ящик №5",
        "ẞ1",
        "Ünal/Ö 3",
        "ﬁle①",
        "e\u00ad6\ufeff",
        "\U000e0041a",
        "Ⅻ",
        "ÅNGSTRÖM K",
        "表单 七",
    ],
)
async def test_evidence_is_compared_as_unicode_says(store: Store, one: str) -> None:
    """By its own table, whatever the locale of the server: as Python's casefold does it, without what nobody sees."""
    ways = [one, one.upper(), one.lower(), unicodedata.normalize("NFD", one), unicodedata.normalize("NFKC", one)]
    ways += [one.casefold(), f"  {one} ", one.replace(" ", "\u2003")]
    found = {await store.value(str, "SELECT evidence_key(%(one)s)", {"one": way}) for way in ways}
    assert len(found) == 1
    assert found != {await store.value(str, "SELECT evidence_key(%(one)s)", {"one": f"{one}b"})}
    unseen = "\u00ad\ufeff\U000e0041"
    plain = "".join(sign for sign in one if not sign.isspace() and sign not in unseen)
    assert found == {unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", plain).casefold())}


async def test_two_children_of_one_parent_are_called_one_at_a_time(world: World, tmp_path: Path) -> None:
    """Two contacts, one number, one person."""
    wanted = await world.running(campaign("school", jurisdictions=("CN",)), [], consenting=[])
    await agreed(world, ["+999861382357802"], ["form-1"])
    path = written(tmp_path, "external_id,number\nANN,+999861382357802\nBEN,+999861382357802\n")
    found = await import_contacts_file(world.store, wanted, LANGUAGES, path, await world.now())
    assert found.added == 2
    assert await world.value("SELECT count(*) FROM person WHERE e164 = '+999861382357802'") == 1
    assert len((await world.claim(wanted)).claims) == 1
    assert not (await world.claim(wanted)).claims


CLINIC = campaign("clinic", jurisdictions=("CN",), due=Due("appointment", (dt.timedelta(hours=48),)))


async def test_appointments_of_an_office_are_read_and_what_nobody_can_read_is_not_stored(
    world: World, tmp_path: Path
) -> None:
    """China has one zone, so that the campaign needs none; 3/4/2026 means two days there."""
    await campaigns.save_campaign(world.store, CLINIC, "flows/reminder.yaml", "flow: reminder\n")
    now = await world.now()
    soon, over = now + dt.timedelta(days=3), now - dt.timedelta(days=3)
    path = written(
        tmp_path,
        "external_id,number,appointment,status\n"
        f"P1,+999861382357802,{soon.year}年{soon.month}月{soon.day}日下午2点半,\n"
        "P2,+999861381966248,3/4/2026 14:30,\n"
        f"P3,+999861383528362,{over:%Y-%m-%d} 10:00,ok\n"
        f"P4,+999861386430620,{soon:%Y-%m-%d} 10:30,取消\n"
        f"P5,+999861386323801,{soon:%Y-%m-%d} 10:30,paid\n",
    )
    found = await import_contacts_file(world.store, CLINIC, LANGUAGES, path, now)
    assert (found.rows, found.added, found.rejected) == (5, 3, 2)
    assert [(p.line, p.column, p.rule) for p in found.problems] == [
        (3, 21, "contacts/time"),
        (6, 38, "contacts/status"),
    ]
    assert found.notes == (
        "1 contact is cancelled (P4 is the first): imported, and not called",
        "1 contact has a time that is over (P3 is the first): imported, and never called",
    )
    assert await world.value("SELECT count(*) FROM contact WHERE external_id IN ('P2', 'P5')") == 0
    assert await world.value("SELECT fields ->> 'status' FROM contact WHERE external_id = 'P4'") == "取消"
    assert await world.value("SELECT state FROM contact WHERE external_id = 'P4'") == "cancelled"
    kept = await world.value("SELECT event_at FROM contact WHERE external_id = 'P1'")
    assert kept == dt.datetime(soon.year, soon.month, soon.day, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


async def test_a_list_without_the_column_that_due_names_is_refused_as_a_whole(world: World, tmp_path: Path) -> None:
    await campaigns.save_campaign(world.store, CLINIC, "flows/reminder.yaml", "flow: reminder\n")
    path = written(tmp_path, "external_id,number,name\nP1,+999861382357802,Ann\n")
    with pytest.raises(AuthorError, match=r"people.csv:1:1: contacts/missing-column the column appointment"):
        await import_contacts_file(world.store, CLINIC, LANGUAGES, path, await world.now())
    assert await world.value("SELECT count(*) FROM contact") == 0


async def test_a_list_whose_dates_contradict_each_other_stores_nothing(world: World, tmp_path: Path) -> None:
    """Its second date shows that the first, which a British office reads as 3 April, may be 4 March."""
    british = campaign("british", jurisdictions=("GB",), due=CLINIC.due)
    await campaigns.save_campaign(world.store, british, "flows/reminder.yaml", "flow: reminder\n")
    year = (await world.now()).year + 1
    rows = f"P1,+999441632960001,3/4/{year} 10:00\nP2,+999441632960002,3/14/{year} 10:00\n"
    path = written(tmp_path, f"external_id,number,appointment\n{rows}")
    with pytest.raises(AuthorError, match=r"people.csv:3:21: contacts/date-order .*nothing was imported"):
        await import_contacts_file(world.store, british, LANGUAGES, path, await world.now())
    assert await world.value("SELECT count(*) FROM contact") == 0


async def test_numbers_with_one_person_id_are_one_person(world: World, stored: None, tmp_path: Path) -> None:
    """And the column becomes no field."""
    text = "external_id,number,person_id\nP1,+999861382357802,K7\nP2,+999861381966248,K7\nP3,+999861383528362,\n"
    await imported(world, written(tmp_path, text))
    assert await world.value("SELECT count(DISTINCT head_of(person_id)) FROM contact") == 2
    assert await world.value("SELECT fields FROM contact WHERE external_id = 'P1'") == {}


async def test_mended_rejects_of_a_workbook_are_imported(world: World, stored: None, tmp_path: Path) -> None:
    """They are a workbook again, every cell text, so that nothing is changed by opening and saving it."""
    path = tmp_path / "people.xlsx"
    bad = ["P2", "abc", "郭子涵"]
    write_sheet(path, [["external_id", "number", "name"], ["P1", "+999861382357802", "赵雅静"], bad])
    found = await imported(world, path)
    assert (found.added, found.rejected) == (1, 1)
    assert str(found.problems[0]).startswith(f"{path}:3:2: contacts/number cell B3: number ")
    rejects = found.rejects_file
    assert rejects == tmp_path / "people.xlsx.rejects.xlsx"
    assert (rejects.stat().st_mode & 0o777) == 0o600
    with rejects.open("rb") as file:
        table = open_table(file, "rejects")
        (row,) = table.rows()
    assert row.cells[2:] == tuple(bad)
    write_sheet(rejects, [table.header, [*row.cells[:3], "+999861381966248", "郭子涵"]])
    again = await imported(world, rejects)
    assert (again.added, again.rejected) == (1, 0)
    assert await world.value("SELECT fields FROM contact WHERE external_id = 'P2'") == {"name": "郭子涵"}


def write_sheet(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("wb") as file:
        writer = SheetWriter(file)
        for row in rows:
            writer.writerow(row)
        writer.close()


async def broken_off(world: World, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of 1,000 rows in batches of 100 that ends in its fifth batch, as if it had been killed."""
    monkeypatch.setattr(import_batches, "BATCH", 100)
    begun, store_batch = 0, contacts.import_batch

    async def failing(*arguments: object) -> contacts.ImportCount:
        nonlocal begun
        begun += 1
        if begun > 4:
            raise StoreError("the connection is lost")
        return await store_batch(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(contacts, "import_batch", failing)
        with pytest.raises(StoreError, match="the connection is lost"):
            await imported(world, path)


async def test_an_import_that_broke_off_goes_on_where_it_was(
    world: World, stored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing twice, nothing left out, rejected rows told all the same, and it says from where."""
    path = written(tmp_path, bulk(999).replace("\nC3,+99986", "\nC3,x") + "LAST,+999861382357802,en,x\n")
    await broken_off(world, path, monkeypatch)
    done = await world.value("SELECT rows_done FROM contact_import")
    assert done in (300, 400)  # the fourth may have been cancelled
    stored_so_far = (await tallies.of_campaign(world.store, CAMPAIGN.name)).total
    seen: list[tuple[int, int]] = []
    found = await import_contacts_file(
        world.store, CAMPAIGN, LANGUAGES, path, await world.now(), progress=lambda *step: seen.append(step)
    )
    assert seen[0] == (done, 1_000)
    assert (found.rows, found.added, found.unchanged, found.rejected) == (1_000, 999, 0, 1)
    assert found.rejects_file is not None
    assert stored_so_far == done - 1
    assert found.notes[0].startswith(f"continued after row {done} of 1,000: an import of this file was interrupted")
    assert (await tallies.of_campaign(world.store, CAMPAIGN.name)).total == 999
    assert await world.value("SELECT count(*) FROM contact_import") == 0
    again = await imported(world, path)
    assert (again.added, again.unchanged, again.notes) == (0, 999, ())


async def test_after_another_file_it_begins_anew(
    world: World, stored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one may have changed what was stored already."""
    path = written(tmp_path, bulk(1_000))
    await broken_off(world, path, monkeypatch)
    first = path.read_text(encoding="utf-8").splitlines()[1].replace("张0", "other")
    await imported(world, written(tmp_path, f"external_id,number,language,name\n{first}\n", "other.csv"))
    found = await imported(world, path)
    assert (found.rows, found.updated, found.notes) == (1_000, 1, ())
    assert await world.value("SELECT fields ->> 'name' FROM contact WHERE external_id = 'C0'") == "张0"


async def test_contacts_keep_the_order_of_the_file(
    world: World, stored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though two batches are on their way at once, with persons in common."""
    monkeypatch.setattr(import_batches, "BATCH", 50)
    text = "external_id,number\n" + "".join(f"C{n:04d},+99986138{n * 37 % 700:05d}00\n" for n in range(1_000))
    await imported(world, written(tmp_path, text))
    assert await world.value("SELECT array_agg(external_id ORDER BY contact_id) FROM contact") == [
        f"C{n:04d}" for n in range(1_000)
    ]


async def test_two_imports_of_one_file_at_once_add_each_row_once(
    world: World, stored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever, nothing is doubled."""
    monkeypatch.setattr(import_batches, "BATCH", 100)
    path = written(tmp_path, bulk(1_000))
    async with asyncio.timeout(90):
        one, two = await asyncio.gather(imported(world, path), imported(world, path))
    assert (one.rejected, two.rejected) == (0, 0)
    assert (await tallies.of_campaign(world.store, CAMPAIGN.name)).total == 1_000


async def test_a_workbook_of_consents(world: World, store: Store, tmp_path: Path) -> None:
    """The same rules as for text; a date cell without an offset is no time of a consent, a day is."""
    path = tmp_path / "consent.xlsx"
    header = ["number", "purpose", "wording", "method", "time", "source", "evidence"]
    good = ["+999861382357802", "transactional", "我同意。", "signed form", "2026-01-05", "desk", "form-1"]
    write_sheet(path, [header, good, [*good[:4], "2026-01-05 12:00", "desk", "form-2"]])
    found = await import_consent_file(store, path, "wang", await world.now())
    assert (found.added, found.rejected) == (1, 1)
    assert "cell E3: time " in str(found.problems[0])
    assert found.rejects_file == tmp_path / "consent.xlsx.rejects.xlsx"


@pytest.mark.attack("row 26: numbers of another country taken in silence")
async def test_contacts_of_countries_that_the_campaign_does_not_call_are_told(
    store: Store, stored: None, tmp_path: Path
) -> None:
    """They are kept, because the refusal of each has a row of its own; and the import says so."""
    people = "external_id,number\nP1,+999861382357802\nP2,+447700900123\nP3,+12125550101\nP4,+447700900124\n"
    done = await import_contacts_file(store, CAMPAIGN, LANGUAGES, written(tmp_path, people), LONG_AGO)
    assert (done.added, done.rejected) == (4, 0)
    (note,) = done.notes
    assert note.startswith(
        "3 contacts have numbers of a country that the campaign does not call (2 of GB, 1 of US; the"
    )
    assert "first is P2): people outside CN are refused" in note
    again = await import_contacts_file(
        store, CAMPAIGN, LANGUAGES, written(tmp_path, people.partition("P2")[0], "cn.csv"), LONG_AGO
    )
    assert again.notes == ()
