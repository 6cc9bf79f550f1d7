"""Live: the calls that are on with masked numbers, agents, the last hour; at most 200 rows, then totals."""

from __future__ import annotations

import html

import aiohttp
import pytest

from agi_app.operations.calling import calls_now
from agi_app.operations.service import accounts
from agi_app.store.lists import open_calls
from agi_app.store.requested_calls import asks
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import HTML, post, sign_in
from tests.console.test_today import JSON, part_of, shown
from tests.store.world import number

pytestmark = pytest.mark.postgres
MARK = "UPDATE attempt SET marked_at = now() WHERE attempt_id = %(attempt)s"
END = """UPDATE attempt SET state = 'ended', outcome = 'cancelled', ended_at = now(),
    note = 'ended by the-operator: the wrong list' WHERE attempt_id = %(attempt)s"""


async def test_it_shows_the_calls_that_are_on_masked(operator: aiohttp.ClientSession) -> None:
    text = await shown(operator, "/calls")
    assert "about to be dialled" in text
    assert "+99986…" in text
    assert not [n for n in range(1, 9) if number(n) in text]
    found = await (await operator.get("/calls", headers=JSON)).json()
    assert found["now"]["all"] == len(found["now"]["calls"]) == 4
    assert {one["campaign"] for one in found["now"]["calls"]} == {CAMPAIGN}
    assert len(found["hour"]["minutes"]) == 60
    assert sum(one["calls"] for one in found["hour"]["minutes"]) == 1
    assert "Calls by minute. " in text
    assert "正在进行的呼叫" in await shown(operator, "/calls", **{"Accept-Language": "zh"})


async def test_more_than_it_shows_are_totals(
    operator: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_now, "MOST_SHOWN", 3)
    text = await shown(operator, "/calls")
    assert "These are the 3 that are on the longest, of 4." in text
    assert "All calls by campaign and worker" in text


async def test_one_call_is_ended_with_a_reason_by_who_may(operator: aiohttp.ClientSession, site: Site) -> None:
    calls = (await (await operator.get("/calls", headers=JSON)).json())["now"]["calls"]
    attempt, waiting = calls[0]["attempt_id"], calls[1]["attempt_id"]
    assert f'href="/calls/{attempt}"' in await shown(operator, "/calls")
    site.run(lambda inst: inst.store.execute(MARK, {"attempt": attempt}))
    text = await shown(operator, f"/calls/{attempt}")
    for said in ("is called", "hangs up within a second", f"agi-app calls end {attempt} --reason WHY"):
        assert said in text
    assert "结束这个呼叫" in await shown(operator, f"/calls/{attempt}", **{"Accept-Language": "zh"})
    assert not [n for n in range(1, 9) if number(n) in text]
    no_reason = await post(operator, f"/calls/{attempt}/end", reason=" ")
    assert (no_reason.status, "Say why" in await no_reason.text()) == (422, True)
    assert (await post(operator, f"/calls/{waiting}/end", reason="too early")).status == 422
    assert (await post(operator, "/calls/nothing/end", reason="no such call")).status == 404
    assert site.run(lambda inst: asks.ends(inst.store, [attempt, waiting])) == []

    where = (await post(operator, f"/calls/{attempt}/end", reason="<script>alert(1)</script>")).headers["Location"]
    assert site.run(lambda inst: asks.ends(inst.store, [attempt])) == []  # an ask alone ends no call
    site.run(answer_asks)
    wanted = site.run(lambda inst: asks.ends(inst.store, [attempt, waiting]))
    assert [(one.attempt_id, one.account, one.reason) for one in wanted] == [
        (attempt, "the-operator", "<script>alert(1)</script>")
    ]
    assert "was told to end it" in await shown(operator, where)
    done = [(one.verb, one.object) for one in site.run(lambda inst: accounts.done(inst, account="the-operator"))]
    assert {("call end ask", attempt), ("call end", attempt)} <= set(done)

    site.run(lambda inst: inst.store.execute(END, {"attempt": attempt}))
    over = await shown(operator, where)
    assert "ended by the-operator: the wrong list" in over
    assert "由 the-operator 结束" in await shown(operator, where, **{"Accept-Language": "zh"})
    again = await post(operator, f"/calls/{attempt}/end", reason="again")
    assert (again.status, "is over already" in await again.text()) == (422, True)


async def test_who_only_looks_ends_no_call(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-viewer")).status == 303
    attempt = (await (await http.get("/calls", headers=JSON)).json())["now"]["calls"][0]["attempt_id"]
    site.run(lambda inst: inst.store.execute(MARK, {"attempt": attempt}))
    assert "End this call" not in await shown(http, f"/calls/{attempt}")
    assert (await post(http, f"/calls/{attempt}/end", reason="I should not")).status == 403
    site.run(answer_asks)
    assert site.run(lambda inst: asks.ends(inst.store, [attempt])) == []
    undo = "UPDATE attempt SET marked_at = NULL WHERE state <> 'ended'"
    site.run(lambda inst: inst.store.execute(undo))


def test_a_call_for_agents_says_how_far_it_is(site: Site) -> None:
    stages = [site.run(lambda inst: open_calls.calls(inst.store, 1))[0].stage]
    for column in ("marked_at", "answered_at", "met_at", "parted_at"):
        change = f"UPDATE attempt SET agents = 'front-desk', {column} = now() WHERE state <> 'ended'"
        site.run(lambda inst, change=change: inst.store.execute(change))  # type: ignore[misc]
        stages.append(site.run(lambda inst: open_calls.calls(inst.store, 1))[0].stage)
    assert stages == ["claimed", "calling", "waiting", "with_agent", "parted"]
    assert [one.calls for one in site.run(lambda inst: open_calls.totals(inst.store))] == [3]  # one was ended


async def test_what_is_in_a_call_only_shows(operator: aiohttp.ClientSession, site: Site) -> None:
    planted = "<script>alert(1)</script>\u202e😀"
    site.run(
        lambda inst: inst.store.execute("UPDATE attempt SET node = %(text)s WHERE state <> 'ended'", {"text": planted})
    )
    async with operator.get("/calls", headers=HTML) as answer:
        source = await answer.text()
    assert "<script>alert" not in source
    assert planted in html.unescape(source)
    async with operator.get("/live?parts=calls", headers={"Accept": "text/event-stream"}) as stream:
        assert "<script>alert" not in (await part_of(stream))["html"]


async def test_it_is_for_who_may_see_people(http: aiohttp.ClientSession, site: Site) -> None:
    await sign_in(http, "the-agent")
    assert (await http.get("/calls", headers=HTML)).status == 403
    assert (await http.get("/live?parts=calls")).status == 403


async def test_without_a_call_it_says_so(operator: aiohttp.ClientSession, site: Site) -> None:
    end = "UPDATE attempt SET state = 'ended', outcome = 'cancelled', claimed_at = now() - interval '2 h'"
    site.run(lambda inst: inst.store.execute(end))
    text = await shown(operator, "/calls")
    assert "No call is on." in text
    assert "No call was made in the last hour." in text
    assert "no running campaign calls for them" in text
