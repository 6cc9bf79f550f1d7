"""Contacts that are sent: a worker imports them, no row of them makes a consent, and no answer has a whole number."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.model.actors import Role, Scope
from agi_app.store.database.pool import Store
from tests.api.site import CAMPAIGN, Json, Site, answer_asks, token_of
from tests.store.world import number

pytestmark = pytest.mark.postgres
CONTACTS = f"/campaigns/{CAMPAIGN}/contacts"
IMPORTS = f"{CONTACTS}/imports"
OPERATOR = Role.OPERATOR


async def sent(http: aiohttp.ClientSession, site: Site, body: object, path: str = "", **more: str) -> tuple[int, Json]:
    """Rows as JSON, or a text as CSV."""
    headers = site.headers(OPERATOR) | more
    if isinstance(body, str | bytes | io.BytesIO):
        content: Mapping[str, Any] = {"data": body}
        headers = {"Content-Type": "text/csv"} | headers
    else:
        content = {"json": {"rows": body}}
    async with http.post(
        BASE + (path or (IMPORTS if "data" in content else CONTACTS)), headers=headers, **content
    ) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


async def done(http: aiohttp.ClientSession, site: Site, given: tuple[int, Json]) -> Json:
    """The answer of an ask once a worker was there."""
    assert given[0] == 202, given
    site.run(answer_asks)
    path = f"{BASE}/contacts/asks/{given[1]['ask']}"
    async with http.get(path, headers=site.headers(OPERATOR)) as answer:
        found: Json = await answer.json()
        assert answer.status == 200
        assert "+999861380" not in str(found)
        return found


def value(site: Site, query: str) -> Any:
    async def look(store: Store) -> Any:
        return next(iter((await store.records(query))[0].values()))

    return site.run(lambda inst: look(inst.store))


def row(n: int, **more: str) -> Json:
    return {"external_id": f"api-{n}", "number": number(n)} | more


def counts(found: Json) -> tuple[int, ...]:
    return tuple(found[name] for name in ("rows", "added", "updated", "unchanged", "rejected"))


CONTACTS_OF = f"SELECT count(*) FROM contact WHERE campaign = '{CAMPAIGN}'"


async def test_rows_are_added_updated_and_left_as_they_are(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await sent(http, site, [row(101, name="Ann"), row(103, name="Bo")])
    assert (
        value(site, f"SELECT count(*) FROM contact WHERE external_id LIKE 'api-10%' AND campaign = '{CAMPAIGN}'") == 0
    )
    found = await done(http, site, ask)
    assert (found["state"], found["verb"], found["object"], found["account"]) == (
        "done", "import", CAMPAIGN, "the-operator",
    )  # fmt: skip
    assert counts(found) == (2, 2, 0, 0, 0)
    again = await done(http, site, await sent(http, site, [row(101, name="Ann"), row(103, name="Bob"), row(105)]))
    assert counts(again) == (3, 1, 1, 1, 0) or counts(again) == (3, 1, 2, 0, 0)
    fields = "SELECT fields ->> 'name' FROM contact WHERE external_id = 'api-103'"
    assert value(site, fields) == "Bob"
    by = "SELECT account || ' ' || name || ' ' || rows FROM import_file ORDER BY import_id LIMIT 1"
    assert value(site, by) == "the-operator contacts.json 2"
    acted = "SELECT account || ' ' || via FROM action WHERE verb = 'contacts import' ORDER BY action_id LIMIT 1"
    assert value(site, acted) == "the-operator api"


async def test_a_rejected_row_says_where_and_why_without_its_number(http: aiohttp.ClientSession, site: Site) -> None:
    wrong = [row(111), {"external_id": "short", "number": "+86 138 0013"}, {"external_id": "", "number": number(113)}]
    found = await done(http, site, await sent(http, site, wrong))
    assert counts(found) == (3, 1, 0, 0, 2)
    assert [(one["pointer"], one["rule"]) for one in found["errors"]] == [
        ("/rows/1", "contacts/number"),
        ("/rows/2", "contacts/external-id"),
    ]
    assert found["errors"][0]["text"].startswith('number "+86 1…13" is not a valid number')
    twice = f"external_id,number\n{number(115)},{number(115)}\n{number(115)},{number(117)}\n"
    found = await done(http, site, await sent(http, site, twice))
    assert [(one["pointer"], one["rule"]) for one in found["errors"]] == [("contacts.csv:3:1", "contacts/duplicate-id")]
    assert number(115)[1:] not in str(found)


async def test_reasons_are_in_the_language_of_who_asks(http: aiohttp.ClientSession, site: Site) -> None:
    wrong = [{"external_id": "", "number": number(119)}]
    found = await done(http, site, await sent(http, site, wrong, **{"Accept-Language": "zh"}))
    assert "编号" in found["errors"][0]["text"]


async def test_a_dry_run_counts_and_stores_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    tables = ("contact", "person", "import_file", "import_stored", "contact_import", "consent")
    before = [value(site, f"SELECT count(*) FROM {table}") for table in tables]
    rows = [row(121), row(122), {"external_id": "x", "number": "no number"}]
    found = await done(http, site, await sent(http, site, rows, f"{CONTACTS}?dry_run=true"))
    assert (found["verb"], counts(found)) == ("check", (3, 2, 0, 0, 1))
    assert [value(site, f"SELECT count(*) FROM {table}") for table in tables] == before
    assert value(site, "SELECT count(*) FROM open_ask WHERE private ? 'content'") == 0
    for wrong in ("yes", "1", ""):
        assert (await sent(http, site, rows, f"{CONTACTS}?dry_run={wrong}"))[0] == 400


async def test_no_column_makes_a_consent(http: aiohttp.ClientSession, site: Site) -> None:
    """As on the command line: such a column is a field, and a file of consents is refused."""
    before = value(site, "SELECT count(*) FROM consent")
    columns = {"consent": "yes", "purpose": "marketing", "method": "web form", "wording": "I agree.", "同意": "是"}
    found = await done(http, site, await sent(http, site, [row(131, **columns)]))
    assert counts(found) == (1, 1, 0, 0, 0)
    assert (
        "contacts import never creates consent; use consent import (kept as plain fields: consent, 同意)"
        in found["notes"]
    )
    assert value(site, "SELECT count(*) FROM consent") == before
    consents = f"number,purpose,wording,method,time,source\n{number(133)},marketing,I agree.,web form,2026-01-05,site\n"
    status, problem = await sent(http, site, consents)
    assert (status, problem["errors"][0]["rule"]) == (422, "contacts/missing-column")
    assert "this looks like consents" in problem["errors"][0]["text"]
    assert value(site, "SELECT count(*) FROM consent") == before


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "table/empty"),
        ("external_id,number\n", None),  # no rows: the worker says so
        ("name\nAnn\n", "contacts/missing-column"),
        ("external_id,number,phone\na,b,c\n", "contacts/duplicate-column"),
        ("13800138000,13800138001\n13800138000,1\n", "contacts/missing-column"),
        (b"PK\x03\x04" + bytes(40), "table/format"),
    ],
)
async def test_a_file_that_will_not_do_is_refused_as_a_whole(
    http: aiohttp.ClientSession, site: Site, body: str | bytes, rule: str | None
) -> None:
    before = value(site, CONTACTS_OF)
    given = await sent(http, site, body)
    if rule is None:
        found = await done(http, site, given)
        assert (found["state"], found["added"]) == ("refused", None)
        assert "no rows" in found["told"]
    else:
        assert (given[0], given[1]["errors"][0]["rule"]) == (422, rule)
        assert "13800138000" not in str(given[1])
    assert value(site, CONTACTS_OF) == before


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"number": number(141)}],
        [{"external_id": "a", "number": 5}],
        [row(141, note="two\nlines")],
        [row(141, more=["a"])],  # type: ignore[arg-type]
        [row(n) for n in range(1001)],
    ],
)
async def test_a_body_that_is_not_as_the_document_says(http: aiohttp.ClientSession, site: Site, rows: object) -> None:
    status, problem = await sent(http, site, rows)
    assert (status, problem["type"]) == (400, "urn:agi-app:bad_request")


async def test_a_list_that_was_counted_is_refused_and_stores_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    before = value(site, CONTACTS_OF)
    found = await done(http, site, await sent(http, site, [row(n) for n in range(2000, 2030)]))
    assert (found["state"], value(site, CONTACTS_OF)) == ("refused", before)
    assert "the list looks generated" in found["told"]


async def test_more_than_one_import_takes_is_refused(http: aiohttp.ClientSession, site: Site) -> None:
    before = value(site, CONTACTS_OF)
    many = "external_id,number\n" + "".join(f"m{n},{number(10_000 + 150 * n)}\n" for n in range(10_001))
    found = await done(http, site, await sent(http, site, many))
    assert (found["state"], value(site, CONTACTS_OF)) == ("refused", before)
    assert "at most 10,000 rows are taken at once" in found["told"]
    status, problem = await sent(http, site, io.BytesIO(bytes(2 * 1024 * 1024 + 1)))
    assert (status, problem["type"]) == (413, "urn:agi-app:too_large")


async def test_contacts_above_what_a_start_was_good_for_wait_for_a_second_person(
    http: aiohttp.ClientSession, site: Site
) -> None:
    limit = f"UPDATE campaign SET state = 'running' WHERE name = '{CAMPAIGN}'"
    site.run(lambda inst: inst.store.execute(limit))
    site.run(lambda inst: inst.store.execute(f"SELECT approve_contacts('{CAMPAIGN}', ({CONTACTS_OF}))"))
    waits = f"SELECT count(*) FROM contact WHERE campaign = '{CAMPAIGN}' AND unapproved"
    trial = await done(http, site, await sent(http, site, [row(151)], f"{CONTACTS}?dry_run=true"))
    assert (trial["added"], trial["unapproved"], value(site, waits)) == (1, 1, 0)
    found = await done(http, site, await sent(http, site, [row(151)]))
    assert (found["added"], found["unapproved"], value(site, waits)) == (1, 1, 1)
    assert "1 contact waits for a second person" in found["notes"][-1]
    assert value(site, f"SELECT state FROM campaign WHERE name = '{CAMPAIGN}'") == "running"
    site.run(lambda inst: inst.store.execute(f"SELECT approve_contacts('{CAMPAIGN}', NULL)"))


async def test_the_rows_are_private_until_they_are_imported_and_then_forgotten(
    http: aiohttp.ClientSession, site: Site
) -> None:
    status, found = await sent(http, site, [row(161, name="Rarely Seen")])
    assert status == 202
    waiting = f"SELECT count(*) FROM open_ask WHERE ask_id = {found['ask']} AND private ? 'content'"
    assert value(site, waiting) == 1
    plain = f"SELECT k::text || w::text FROM ask k JOIN ask_answer w USING (ask_id) WHERE ask_id = {found['ask']}"
    site.run(answer_asks)
    assert value(site, waiting) == 0
    assert "Rarely" not in value(site, plain)
    assert number(161) not in value(site, plain)


@pytest.mark.attack("an import by a token that has ended meanwhile, and one of a service that was taken over")
async def test_the_worker_verifies_the_token(http: aiohttp.ClientSession, site: Site) -> None:
    before = value(site, CONTACTS_OF)
    token = site.run(lambda inst: token_of(inst, OPERATOR, Scope.CONTACTS_IMPORT))
    _, found = await sent(http, site, [row(171)], Authorization=f"Bearer {token}")
    ended = f"UPDATE api_token SET expires_at = now() - interval '1 s' WHERE token_id = '{token.split('_')[1]}'"
    site.run(lambda inst: inst.store.execute(ended))
    made_up = (
        "SELECT add_ask('contacts', 'import', 'checkup', parameters, account, roles, scopes, via, token, NULL, reason,"
        f" o.private, NULL) FROM ask JOIN open_ask o USING (ask_id) WHERE ask_id = {found['ask']}"
    )
    forged = value(site, made_up)
    site.run(answer_asks)
    states = f"SELECT string_agg(state, ' ') FROM ask_answer WHERE ask_id IN ({found['ask']}, {forged})"
    assert value(site, states) == "refused refused"
    assert value(site, CONTACTS_OF) == before


async def test_a_key_that_comes_again_imports_once(http: aiohttp.ClientSession, site: Site) -> None:
    first = await sent(http, site, [row(181)], **{"Idempotency-Key": "crm-1"})
    assert await sent(http, site, [row(181)], **{"Idempotency-Key": "crm-1"}) == first
    assert (await sent(http, site, [row(183)], **{"Idempotency-Key": "crm-1"}))[0] == 422


async def test_what_is_not_there(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sent(http, site, [row(191)], "/campaigns/no-such/contacts"))[0] == 404
    for ask in (1, 999_999):  # an ask about a campaign is none of these
        async with http.get(f"{BASE}/contacts/asks/{ask}", headers=site.headers(OPERATOR)) as answer:
            assert answer.status == 404
