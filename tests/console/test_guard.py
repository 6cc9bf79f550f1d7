"""Calls that come in: what the guard did and why, the lists, the lines; each change is an ask with a reason."""

from __future__ import annotations

import datetime as dt
import html

import aiohttp
import pytest

from agi_app.operations.guard import guard_asks
from tests.api.site import Site, answer_asks
from tests.console.browser import HTML, post, sign_in
from tests.console.guarded import screen_calls

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
PLANTED = "<script>alert(1)</script>😀 \"'&"
NUMBER = "+999861390000777"
ANSWERED = """INSERT INTO line_call (call_id, line, called, node, result, note, began_at, ended_at)
    VALUES ('l-1', 'stops', '4000', 'node-1', 'given_back', %(note)s, now(), now())"""


async def shown(http: aiohttp.ClientSession, path: str, **headers: str) -> str:
    async with http.get(path, headers=HTML | headers) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert "<script>alert" not in text
        assert NUMBER not in text
        return html.unescape(text)


async def test_calls_are_shown_with_what_was_done_and_why(operator: aiohttp.ClientSession, site: Site) -> None:
    assert "No call was screened" in await shown(operator, "/guard")
    calls = site.run(lambda inst: screen_calls(inst, NUMBER, 3))
    found = await (await operator.get("/guard?limit=2", headers=JSON)).json()
    assert [one["call_id"] for one in found["data"]] == list(reversed(calls))[:2]
    assert found["data"][0]["why"]
    text = await shown(operator, "/guard?limit=2")
    assert found["data"][0]["why"] in text
    assert f"after={found['next']}" in text
    assert '<svg class="chart"' in text
    action = found["data"][0]["action"]
    for span in ("last_hour", "last_day", "totals"):
        assert [(one["action"], one["calls"]) for one in found[span]] == [(action, 3)]
    assert text.count('<svg class="chart"') == 3
    assert "What the guard did in the last hour. let through: " in text
    site.run(lambda inst: inst.store.execute("UPDATE guard_call SET at = at - interval '2 h'"))
    found = await (await operator.get("/guard", headers=JSON)).json()
    assert (found["last_hour"], len(found["last_day"]), len(found["totals"])) == ([], 1, 1)
    assert "No call was screened in this time." in await shown(operator, "/guard")
    assert "No such call is kept." in await shown(
        operator, f"/guard?action={'reject' if action != 'reject' else 'allow'}"
    )
    chinese = await shown(operator, "/guard", **{"Accept-Language": "zh"})
    assert found["data"][0]["why"] not in chinese
    voted = await post(operator, "/guard/vote", call=calls[0], nuisance="yes", reason="it sold insurance")
    site.run(answer_asks)
    assert "Done." in await shown(operator, voted.headers["Location"])
    assert (await post(operator, "/guard/vote", call="nothing", nuisance="yes", reason="x y z")).status == 422
    assert "Said to be a nuisance" in await shown(operator, "/guard")


async def test_calls_that_a_flow_answered_are_shown_with_their_stops(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    assert "No such call came in." in await shown(operator, "/guard/answered")
    site.run(lambda inst: inst.store.execute(ANSWERED, {"note": PLANTED}))
    site.run(lambda inst: inst.store.execute("INSERT INTO line_stop (call_id, how, at) VALUES ('l-1', 'key', now())"))
    found = await (await operator.get("/guard/answered?result=given_back", headers=JSON)).json()
    assert [(one["line"], one["stops"]) for one in found["data"]] == [("stops", ["key"])]
    assert PLANTED in await shown(operator, "/guard/answered?line=stops")
    assert (await operator.get("/guard/answered?result=lost", headers=HTML)).status == 400


async def test_a_block_is_asked_for_with_a_reason_and_ends(operator: aiohttp.ClientSession, site: Site) -> None:
    no_reason = await post(operator, "/guard/lists", pattern=NUMBER, days="90", reason="")
    assert (no_reason.status, "Say why" in await no_reason.text()) == (422, True)
    assert (await post(operator, "/guard/lists", pattern="nonsense!", days="90", reason=PLANTED)).status == 422
    asked = await post(operator, "/guard/lists", pattern=NUMBER, reason=PLANTED)
    assert asked.status == 303, await asked.text()
    site.run(answer_asks)
    assert PLANTED in await shown(operator, asked.headers["Location"])
    rows = site.run(lambda inst: guard_asks.entries(inst, None, after=0, limit=50))
    (entry,) = [one for one in rows if one.reason == PLANTED]
    assert (entry.allow, entry.entered_by) == (False, "the-operator")
    assert entry.expires_at is not None
    assert dt.timedelta(days=89) < entry.expires_at - entry.entered_at <= dt.timedelta(days=90)
    assert PLANTED in await shown(operator, "/guard/lists")
    place = f"/guard/lists/{entry.entry_id}"
    assert "judges this number like any other" in await shown(operator, place)
    assert (await post(operator, place, reason="")).status == 422
    removed = await post(operator, place, reason="they called back and were kind")
    site.run(answer_asks)
    assert "Done." in await shown(operator, removed.headers["Location"])
    assert PLANTED not in await shown(operator, "/guard/lists")


async def test_a_line_is_changed(operator: aiohttp.ClientSession, site: Site) -> None:
    assert "strict" in await shown(operator, "/guard/lines")
    named = await operator.get("/guard/lines?line=100", headers=HTML, allow_redirects=False)
    assert named.headers["Location"] == "/guard/lines/100"
    assert (await post(operator, "/guard/lines/100", reason="nothing changes")).status == 422
    asked = await post(operator, "/guard/lines/100", level="low", enabled="no", reason="people complained")
    site.run(answer_asks)
    assert "Done." in await shown(operator, asked.headers["Location"])
    line = site.run(guard_asks.lines)["100"]
    assert (line.level, line.enabled) == ("low", False)


async def test_who_only_reads_gets_no_button(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-viewer")).status == 303
    assert "Let through or block" not in await shown(http, "/guard/lists")
    before = site.run(lambda inst: guard_asks.entries(inst, None, after=0, limit=50))
    for path in ("/guard/lists", "/guard/lists/1", "/guard/lines/100", "/guard/vote"):
        assert (await post(http, path, pattern=NUMBER, reason="I should not")).status == 403
    site.run(answer_asks)
    assert site.run(lambda inst: guard_asks.entries(inst, None, after=0, limit=50)) == before
