"""Lists on pages: checked first, imported as they were checked, from CSV and workbooks, with faults at their place."""

from __future__ import annotations

import html
import io
import re

import aiohttp
import pytest
import xlsxwriter

from agi_app.console.people import imports
from agi_app.console.people.kept_lists import KEPT_S, MOST_BYTES, KeptLists
from agi_app.contacts.tables import xlsx
from agi_app.contacts.tables.opening import SentFile
from agi_app.installation import Installation
from agi_app.model.actors import Role
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import FROM_HERE, HTML, post, sign_in
from tests.store.world import number

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
PATH = f"/campaigns/{CAMPAIGN}/import"
PLANTED = "<script>alert(1)</script>"
LIST = f"external_id,number,name\nn-1,{number(71)},Ann\nn-2,138,Ben\nn-3,,{PLANTED}\nn-4,{number(74)},😀\n"


def counted(site: Site, query: str) -> int:
    async def count(inst: Installation) -> int:
        return await inst.store.value(int, query) or 0

    return site.run(count)


def contacts(site: Site) -> int:
    return counted(site, f"SELECT count(*) FROM contact WHERE campaign = '{CAMPAIGN}'")


async def send(
    http: aiohttp.ClientSession, content: bytes, name: str = "today.csv", **fields: str
) -> aiohttp.ClientResponse:
    """Send a list as a browser does."""
    form = aiohttp.FormData(quote_fields=False)
    for field, value in fields.items():
        form.add_field(field, value)
    form.add_field("list", io.BytesIO(content), filename=name)
    return await http.post(PATH, data=form, headers=FROM_HERE | HTML, allow_redirects=False)


async def shown(http: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with http.get(path, headers=HTML) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return text


def workbook(*rows: tuple[object, ...]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("today")
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
        book.add_worksheet("other")
    return made.getvalue()


async def test_a_list_is_checked_first_and_then_imported_as_it_was(operator: aiohttp.ClientSession, site: Site) -> None:
    before = contacts(site)
    sent = await send(operator, LIST.encode())
    assert sent.status == 303, await sent.text()
    checked = sent.headers["Location"]
    site.run(answer_asks)
    text = await shown(operator, checked)
    assert contacts(site) == before  # nothing is stored
    assert "today.csv:3:5" in text
    assert "today.csv:4:5" in text
    assert PLANTED not in text
    assert "Import 2 rows" in text
    assert not re.search(r"\+99986138\d{5,}", text)
    data = await (await operator.get(checked, headers=JSON)).json()
    counts = ("rows", "added", "rejected", "columns", "fields")
    wanted = [4, 2, 2, {"external_id": "external_id", "number": "number"}, ["name"]]
    assert [data[name] for name in counts] == wanted
    async with operator.get(f"{checked}/rejects") as rejects:
        rows = (await rejects.read()).decode("utf-8-sig").splitlines()
    assert rows[0] == "rejected_line,rejected_reason,external_id,number,name"
    assert [row.partition(",")[0] for row in rows[1:]] == ["3", "4"]
    assert rows[1].endswith("n-2,138,Ben")
    done = await post(operator, f"{checked}/import")
    assert (done.status, done.headers["Location"] != checked) == (303, True)
    site.run(answer_asks)
    assert "The list is imported." in await shown(operator, done.headers["Location"])
    assert contacts(site) == before + 2


async def test_a_workbook_is_read_here_and_its_faults_are_at_their_cells(
    operator: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = ("编号", "手机", "name")
    book = workbook(head, ("w-1", number(81), "Cy"), ("w-2", "13x", "Di"), (3.5, number(83), "Ed"))
    sent = await send(operator, book, "清单.xlsx")
    assert sent.status == 303, await sent.text()

    def opened(*_: object) -> None:
        raise AssertionError("a worker opens no workbook that was sent")

    monkeypatch.setattr(xlsx, "_read_apart", opened)
    site.run(answer_asks)
    text = html.unescape(await shown(operator, sent.headers["Location"]))
    assert "清单.xlsx:3:2" in text
    assert "cell B3:" in text
    assert "cell A4:" in text  # a number with a fraction is no id
    assert "read the sheet today, not other" in text
    async with operator.get(f"{sent.headers['Location']}/rejects") as rejects:
        assert (await rejects.read())[:2] == b"PK"
    done = await post(operator, f"{sent.headers['Location']}/import")
    site.run(answer_asks)
    assert "The list is imported." in await shown(operator, done.headers["Location"])
    assert counted(site, "SELECT count(*) FROM contact WHERE external_id = 'w-1'") == 1


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "x.csv", "is empty"),
        (b"a,b\n1,2\n", "x.csv", "missing"),
        (b"PK\x03\x04 nothing", "x.xlsx", "no workbook"),
        (b"external_id,number\n" + b"x" * (2 << 20), "x.csv", "at most 2 MiB"),
        (b"external_id,number\n" + b"x" * (3 << 20), "x.csv", ""),
    ],
    ids=["empty", "columns", "zip", "large", "larger"],
)
async def test_what_is_no_list_is_refused_at_once(
    operator: aiohttp.ClientSession, site: Site, content: bytes, name: str, told: str
) -> None:
    before = counted(site, "SELECT count(*) FROM ask")
    answer = await send(operator, content, name)
    assert (answer.status, told in await answer.text()) == (422 if told else 413, True)
    assert counted(site, "SELECT count(*) FROM ask") == before


async def test_no_file_a_wrong_sheet_and_a_number_in_the_name(operator: aiohttp.ClientSession, site: Site) -> None:
    form = aiohttp.FormData()
    form.add_field("whole", "", content_type="text/plain")
    none = await operator.post(PATH, data=form, headers=FROM_HERE | HTML)
    assert (none.status, "Choose a file." in await none.text()) == (422, True)
    book = workbook(("external_id", "number"), ("x", number(85)))
    wrong = await send(operator, book, "x.xlsx", sheet="nowhere")
    assert (wrong.status, "today, other" in await wrong.text()) == (422, True)
    named = await send(operator, LIST.encode(), f"{number(1)}.csv")
    site.run(answer_asks)
    assert number(1) not in await shown(operator, named.headers["Location"])
    assert counted(site, f"SELECT count(*) FROM ask k WHERE k::text LIKE '%{number(1)}%'") == 0


async def test_a_list_is_only_for_who_sent_it(operator: aiohttp.ClientSession, site: Site) -> None:
    checked = (await send(operator, LIST.encode())).headers["Location"]
    site.run(answer_asks)
    before = contacts(site)
    assert (await sign_in(operator, "the-supervisor")).status == 303
    text = await shown(operator, checked)
    assert "it is gone" in text
    assert "Import 2 rows" not in text
    assert (await post(operator, f"{checked}/import")).status == 422
    await shown(operator, f"{checked}/rejects", 404)
    assert contacts(site) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMPLIANCE, Role.ADMIN])
async def test_who_may_not_import_sends_nothing(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    before = counted(site, "SELECT count(*) FROM ask")
    assert (await send(http, LIST.encode())).status == 403
    await shown(http, PATH, 403)
    assert counted(site, "SELECT count(*) FROM ask") == before


def test_lists_go_after_a_while_and_the_oldest_when_there_are_too_many() -> None:
    kept, sent = KeptLists(), SentFile("x", b"x" * (MOST_BYTES // 2))
    kept.keep(1, sent, "li", 0.0)
    assert kept.of(1, "li", KEPT_S - 1) is not None
    assert kept.of(1, "wang", 1.0) is None
    assert kept.of(1, "li", KEPT_S) is None
    for ask in (2, 3, 4):
        kept.keep(ask, sent, "li", 0.0)
    assert [kept.of(ask, "li", 1.0) is not None for ask in (2, 3, 4)] == [False, True, True]
    assert isinstance(imports.LISTS, KeptLists)
