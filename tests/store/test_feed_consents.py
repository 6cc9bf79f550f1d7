"""A feed of consents on a real database: what it may record, and all that it may not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agi_app.errors import Forbidden, InputError, StoreError
from agi_app.model.actors import Role
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from agi_app.operations.calling import feeds
from agi_app.operations.people import consents
from agi_app.operations.service import accounts
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_consents
from agi_app.store.feeds.runs import FeedRun
from agi_app.store.people import consents as consent_table
from agi_app.store.people import imports, stops, wrong_numbers
from tests.store.feed_office import FEED, FeedOffice, result
from tests.store.world import LONG_AGO, World, campaign, number

pytestmark = pytest.mark.postgres
SETTINGS = """\
[trunks.carrier]
endpoint = "PJSIP/{number}@carrier"
[feeds.appointments]
kind = "consents"
folder = "out"
purpose = "transactional"
wording = "form/2"
{more}
"""
HEADER = "number,method,time,evidence"
TRANSACTIONAL = Purpose.TRANSACTIONAL


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    """Its feed of consents is started; the persons 1 to 9 are contacts of a running campaign and have no consent."""
    made = await FeedOffice(world, tmp_path).open()
    made.write(SETTINGS)
    await consents.add_wording(made.acting("anna"), "form/2", "I agree to be reminded.", language="en")
    await made.started()
    await world.running(campaign(), range(1, 10), consenting=[])
    await world.claim(campaign())  # each is refused, and parked
    return made


def agreed(n: int, evidence: str = "", time: str = "2026-01-02T09:00:00Z", method: str = "web form") -> str:
    return f"{number(n)},{method},{time},{evidence or f'form-{n}'}"


async def brings(office: FeedOffice, *rows: str, header: str = HEADER, name: str = "c.csv") -> FeedRun:
    return await office.brings(*rows, header=header, name=name)


async def allowed(office: FeedOffice) -> set[int]:
    """Who may be called now."""
    found = (await office.world.claim(campaign())).claims
    return {n for n in range(1, 10) if number(n) in {one.number for one in found}}


def why(run: FeedRun) -> list[str]:
    return [one["text"] for one in result(run)["faults"]]


async def test_consents_of_a_feed_let_people_be_called(office: FeedOffice) -> None:
    run = await brings(office, agreed(1), agreed(2))
    assert (run.state, result(run)["added"], why(run)) == ("done", 2, []), run.result
    (row,) = await office.store.records(
        "SELECT c.*, w.name, w.version, c.stamp IS NOT NULL AS stamped FROM consent c JOIN wording w USING (wording_id)"
        " JOIN person p USING (person_id) WHERE e164 = %(number)s",
        {"number": number(1)},
    )
    assert (row["purpose"], row["name"], row["version"], row["method"]) == ("transactional", "form", "2", "web form")
    assert (row["source"], row["recorded_by"]) == ("feed appointments", "feed appointments")
    assert (row["evidence"], row["stamped"]) == ("form-1", True)
    assert row["given_at"] == dt.datetime(2026, 1, 2, 9, tzinfo=dt.UTC), "the time of the source"
    assert await allowed(office) == {1, 2}
    again = await brings(office, agreed(1), agreed(2), agreed(3))
    assert {n: result(again)[n] for n in ("added", "unchanged", "rejected")} == {
        "added": 1,
        "unchanged": 2,
        "rejected": 0,
    }
    noted = await office.world.value("SELECT count(*) FROM audit_queue WHERE kind = 'consent'")
    assert noted == 2, "each list that brought something is in the audit tree"


@pytest.mark.attack("a feed's consent counts after a withdrawal, a wrong number, a stop or an expiry")
@pytest.mark.parametrize("end", ["withdrawal", "all purposes", "stop", "wrong number", "expiry", "of another number"])
async def test_after_an_end_only_a_person_enters_a_consent(office: FeedOffice, end: str) -> None:
    now = await office.world.now()
    earlier = now - dt.timedelta(days=30)
    first = Consent(
        number(1), TRANSACTIONAL, "Yes.", "form", LONG_AGO, "desk", expires_at=earlier if end == "expiry" else None
    )
    rows = [first]
    if end == "of another number":
        rows = [Consent(number(n), TRANSACTIONAL, "Yes.", "form", LONG_AGO, "desk", person_key="P1") for n in (1, 2)]
    await consent_table.import_consents(office.store, rows, "anna", now)
    match end:
        case "withdrawal":
            await stops.revoke(office.store, number(1), TRANSACTIONAL, earlier, reason="letter", via="letter")
        case "all purposes" | "stop":
            await stops.revoke(office.store, number(1), None, earlier, reason="letter", via="letter")
        case "of another number":
            await stops.revoke(office.store, number(2), TRANSACTIONAL, earlier, reason="letter", via="letter")
        case "wrong number":
            await wrong_numbers.end_consents(office.store, office.store.hash_number(number(1)), earlier, "x")
    recent = (now - dt.timedelta(days=1)).isoformat().replace("+00:00", "Z")
    run = await brings(office, agreed(1, time=recent), agreed(3))
    assert (run.state, result(run)["added"], result(run)["rejected"]) == ("done", 1, 1)
    assert (
        "withdrew" in why(run)[0] or "stop" in why(run)[0] or "somebody else" in why(run)[0] or "expired" in why(run)[0]
    )
    assert 1 not in await allowed(office)
    if end in ("withdrawal", "expiry"):
        entered = Consent(number(1), TRANSACTIONAL, "Yes again.", "form", now - dt.timedelta(hours=1), "desk")
        await consent_table.import_consents(office.store, [entered], "anna", now)
        assert 1 in await allowed(office), "who enters it can"


@pytest.mark.attack("a refusal that is entered later, of a time before the consent")
async def test_a_refusal_ends_a_feeds_consent_whatever_its_time(office: FeedOffice) -> None:
    await brings(office, agreed(1), agreed(2))
    for n in (1, 2):
        await stops.revoke(
            office.store, number(n), TRANSACTIONAL, LONG_AGO - dt.timedelta(days=900), reason="x", via="letter"
        )
    entered = Consent(number(2), TRANSACTIONAL, "Yes.", "form", LONG_AGO, "desk")
    await consent_table.import_consents(office.store, [entered], "anna", await office.world.now())
    assert await allowed(office) == {2}, "one that was entered by somebody counts from its time on"


@pytest.mark.attack("evidence that several consents share")
async def test_each_consent_has_its_own_evidence(office: FeedOffice) -> None:
    run = await brings(
        office, agreed(1, "form-7"), agreed(2, "form-7"), agreed(3), f"{number(4)},web form,2026-01-02T09:00:00Z,"
    )
    assert (result(run)["added"], result(run)["rejected"]) == (2, 2)
    assert {"another consent has this evidence: each needs its own"} < {*why(run)}
    run = await brings(office, agreed(5, "form-7"), agreed(1, "form-7", time="2026-02-01T09:00:00Z"), name="d.csv")
    assert (result(run)["added"], result(run)["rejected"]) == (0, 2), "also of the same number at another time"
    assert await allowed(office) == {1, 3}


@pytest.mark.attack("one proof, written in several ways, for several consents")
@pytest.mark.parametrize(
    "written", ["FORM-7", "\uff46orm-7", "form - 7", "for\u200bm-7", "ＦＯＲＭ－７", "Form\u3000-7"]
)
async def test_evidence_is_the_same_however_it_is_written(office: FeedOffice, written: str) -> None:
    await brings(office, agreed(1, "form-7"))
    run = await brings(office, agreed(2, written), agreed(3, "form-8"), agreed(4, "form-8".upper()), name="d.csv")
    assert (result(run)["added"], result(run)["rejected"]) == (1, 2), why(run)
    assert await allowed(office) == {1, 3}
    query = "SELECT evidence FROM consent ORDER BY consent_id"
    assert [one["evidence"] for one in await office.store.records(query)] == ["form-7", "form-8"], "as it was written"


async def test_a_day_or_a_time_without_offset_is_no_time_of_a_feed(office: FeedOffice) -> None:
    rows = [agreed(n, time=time) for n, time in enumerate(["2026-01-02", "2026-01-02T09:00:00"], 1)]
    run = await brings(office, *rows, agreed(3))
    assert (result(run)["added"], result(run)["rejected"]) == (1, 2)
    assert "a feed brings the moment" in why(run)[0]
    assert "no UTC offset" in why(run)[1]
    assert await allowed(office) == {3}


@pytest.mark.attack("a feed of consents brings what only people may enter")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("purpose", "marketing"),
        ("wording", "anything"),
        ("wording_id", "other/1"),
        ("person_id", "P7"),
        ("seller", "other"),
        ("evidence_file", "x.pdf"),
    ],
)
async def test_a_column_that_no_feed_may_have_is_refused(office: FeedOffice, column: str, value: str) -> None:
    run = await brings(office, f"{agreed(1)},{value}", header=f"{HEADER},{column}")
    assert (run.state, result(run)["why"]) == ("refused", "unreadable")
    assert f'"{column}" is not a column of a feed of consents' in result(run)["text"]
    assert await allowed(office) == set()


async def test_rows_without_what_they_need_are_rejected(office: FeedOffice) -> None:
    run = await brings(office, agreed(1, time="soon"), agreed(2, method=""), agreed(3, time="2099-01-01"), agreed(4))
    assert (result(run)["added"], result(run)["rejected"]) == (1, 3)
    assert await allowed(office) == {4}


async def test_a_wording_that_is_not_registered_is_none(office: FeedOffice) -> None:
    office.write(SETTINGS.replace("form/2", "form/3"))
    await office.started()
    run = await brings(office, agreed(1))
    assert (run.state, result(run)["added"]) == ("done", 0)
    assert '"form/3" is not a registered wording' in why(run)[0]


@pytest.mark.attack("consents of a feed lift the check for generated lists")
async def test_evidence_of_a_feed_lifts_no_check(office: FeedOffice, store: Store) -> None:
    counted = [f"+99986139{n:07d}" for n in range(0, 44, 2)]
    run = await brings(office, *(f"{one},web form,2026-01-02T09:00:00Z,e-{one}" for one in counted[::3]))
    assert run.state == "done"
    lacking = await imports.without_own_evidence(store, [int(one[1:]) for one in counted[::3]], range(0))
    assert lacking.numbers == len(counted[::3])
    run = await brings(
        office, *(f"+99986139{n:07d},web form,2026-01-02T09:00:00Z,f-{n}" for n in range(1, 22)), name="d.csv"
    )
    assert (run.state, result(run)["why"]) == ("refused", "generated")
    slices = [f"+99986139{n:07d},web form,2026-01-02T09:00:00Z,g-{n}" for n in range(22)]
    states = [(await brings(office, one, name=f"{n}.csv")).state for n, one in enumerate(slices)]
    assert "refused" in states, "also when they come one by one"


@pytest.mark.attack("a feed's consent for marketing, by the database")
async def test_the_database_has_no_marketing_consent_of_a_feed(office: FeedOffice) -> None:
    row = Consent(number(1), Purpose.MARKETING, "Yes.", "form", LONG_AGO, "desk", evidence="e")
    with pytest.raises(StoreError, match="consent_of_feed"):
        await consent_table.import_consents(office.store, [row], "feed appointments", await office.world.now())


async def test_only_who_may_enter_consents_approves_a_feed_of_them(office: FeedOffice) -> None:
    office.write(SETTINGS.replace('"transactional"', '"survey"'))
    await office.ask()
    with pytest.raises(Forbidden, match=r"consents\.enter"):
        await office.approve(office.acting("li", Role.SUPERVISOR))
    assert await office.approve() == "done"


async def test_a_feed_of_consents_holds_no_campaign_and_shows_what_it_is(office: FeedOffice) -> None:
    assert not (await office.status()).is_late
    await brings(office, agreed(1))
    status = await feeds.status(office.wang, FEED)
    assert status.feed is not None
    assert (status.feed.kind, status.feed.campaign) == ("consents", None)


async def test_nothing_is_asked_of_an_empty_list(office: FeedOffice) -> None:
    assert await fed_consents.judge(office.store, [], "survey", await office.world.now()) == []


async def test_no_account_has_a_name_like_a_feeds(office: FeedOffice) -> None:
    with pytest.raises(InputError, match="feed x"):
        await accounts.add(office.acting("anna"), "feed x", [Role.VIEWER])
