"""The two-person rule on a real database: who may let a campaign run, and every way round it that we could think of."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.consent.account_secrets import seal, workers_key
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import ConfigError, Forbidden, InputError, StoreError
from agi_app.installation import Installation
from agi_app.messages import speaking
from agi_app.model.actors import Actor, Role
from agi_app.model.approvals import StartTexts, most_approved, why_approval
from agi_app.model.campaign import Campaign, CampaignState, Due, Purpose
from agi_app.operations.calling import approvals, asks, campaigns
from agi_app.operations.calling.approvals import ApprovalWanted, WrongSecret
from agi_app.operations.calling.asks import came_of_it
from agi_app.operations.service import accounts
from agi_app.store.calling import approvals as table
from agi_app.store.calling.campaigns import load_campaign, save_campaign, set_state, unapproved
from agi_app.store.database.statements import as_json
from agi_app.store.requested_calls import asks as asked_table
from tests.fake_clock import FakeClock
from tests.store.world import LONG_AGO, World, campaign, contact, import_contacts, installation_for

pytestmark = pytest.mark.postgres
KEY = SuppressionKey(b"k" * 32)
SECRET = "correct horse battery"
ADVERT = campaign("advert", purpose=Purpose.MARKETING)


class Office:
    """Two people: wang asks for starts, li approves; bo has every role."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.store = world, world.store
        self.clock = FakeClock(dt.datetime.now(dt.UTC))
        self.admin = replace(installation_for(world.store, Journal(folder, self.clock), self.clock), key=KEY)
        self.settings("two")
        self.wang = self.acting("wang", Role.OPERATOR)
        self.li = self.acting("li", Role.COMPLIANCE)
        self.bo = self.acting("bo", *Role)

    def settings(self, approval: str) -> None:
        self.admin = replace(self.admin, settings=cast(Any, SimpleNamespace(approval=approval, approve_above=500)))

    def acting(self, name: str, *roles: Role) -> Installation:
        return replace(self.admin, actor=Actor(name, frozenset(roles), "cli", name))

    async def open(self) -> None:
        await table.keep_key(self.store, workers_key(KEY).public_key().public_bytes_raw())
        await accounts.add(self.admin, "wang", [Role.OPERATOR])
        await accounts.add(self.admin, "li", [Role.COMPLIANCE])
        await accounts.add(self.admin, "bo", list(Role))
        for one in (self.wang, self.li, self.bo):
            await accounts.set_own_secret(one, SECRET)
        await save_campaign(self.store, ADVERT, "flows/a.yaml", "flow: a")
        await import_contacts(self.store, ADVERT.name, [contact(1)], LONG_AGO)

    async def ask(self, who: Installation | None = None, contacts: int = 1) -> ApprovalWanted:
        wanted = await approvals.second_person(who or self.wang, ADVERT, texts(), contacts)
        assert isinstance(wanted, ApprovalWanted)
        return wanted

    async def approve(self, who: Installation, secret: str = SECRET, sealed: bytes | None = None) -> int:
        newest = await table.newest(self.store, ADVERT.name)
        assert newest is not None
        if sealed is None:
            sealed = await approvals.sealed_approval(who, newest, secret)
        return await approvals.take(who, ADVERT.name, {"request": newest.request_id}, sealed)

    async def state(self) -> CampaignState:
        stored = await load_campaign(self.store, ADVERT.name)
        assert stored is not None
        return stored.state


def texts(spec: Campaign = ADVERT, flow: str = "flow: a") -> StartTexts:
    return StartTexts(as_json(spec), "flows/a.yaml", flow, {})


@pytest.fixture
async def office(world: World, tmp_path: Path) -> Office:
    made = Office(world, tmp_path)
    await made.open()
    return made


def test_which_starts_need_a_second_person() -> None:
    assert why_approval(Purpose.TRANSACTIONAL, 500, 500, changed=False) == ()
    assert why_approval(Purpose.TRANSACTIONAL, 501, 500, changed=False) == ("many",)
    assert why_approval(Purpose.MARKETING, 1, 500, changed=False) == ("marketing",)
    assert why_approval(Purpose.SURVEY, 1, 500, changed=True) == ("changed",)
    assert why_approval(Purpose.SURVEY, 1, 500, changed=False, more=True) == ("more",)


def test_how_many_contacts_an_approval_is_good_for() -> None:
    """Five in a hundred more, and in any case so many as need no approval; marketing always needs one."""
    assert [most_approved(Purpose.SURVEY, contacts, 500) for contacts in (1, 480, 1000)] == [500, 504, 1050]
    assert [most_approved(Purpose.MARKETING, contacts, 500) for contacts in (1, 19, 20, 1000)] == [1, 19, 21, 1050]


async def test_another_person_lets_it_run_and_all_of_it_is_on_record(office: Office) -> None:
    wanted = await office.ask()
    assert wanted.why == ["it is marketing"]
    assert await office.state() is CampaignState.DRAFT
    assert [one.request_id for one in await approvals.waiting(office.li)] == [wanted.request]
    assert await office.approve(office.li) == 1
    assert await office.state() is CampaignState.RUNNING
    assert await approvals.waiting(office.li) == []
    stored = await load_campaign(office.store, ADVERT.name)
    assert stored is not None
    assert await approvals.standing(office.store, stored) == "asked for by wang, approved by li"
    sealed = await office.world.value(
        "SELECT string_agg(kind, ' ' ORDER BY kind) FROM audit_queue WHERE kind IN ('start_request', 'approval')"
    )
    assert sealed == "approval start_request"


async def test_the_ask_says_that_its_start_waits_for_a_second_person(office: Office) -> None:
    """And no more of it once somebody approved it, or another start was asked for; else it says nothing."""
    ask = await asks.ask(office.wang, ADVERT.name, "start", reason="as planned")
    other = await asks.ask(office.wang, ADVERT.name, "pause", reason="not now")
    wanted = await office.ask()
    await asked_table.take(office.store, ask)
    await asked_table.answer(office.store, ask, "done", came_of_it(wanted), "node-1")
    await asked_table.take(office.store, other)
    await asked_table.answer(office.store, other, "done", {}, "node-1")
    waits = f"it waits for a second person, as request {wanted.request}, because it is marketing"
    assert (await asks.asked(office.li, ask)).note == waits
    assert [one.note for one in await asks.asks(office.li, ADVERT.name)] == [None, waits]
    with speaking("zh"):
        assert (
            await asks.asked(office.li, ask)
        ).note == f"正在等待第二人批准（请求 {wanted.request}），原因：用途是营销"
    await office.approve(office.li)
    assert (await asks.asked(office.li, ask)).note == f"request {wanted.request} for a second person no longer waits"
    assert (await asks.asked(office.li, other)).note is None


async def test_nobody_approves_their_own_whatever_their_roles(office: Office) -> None:
    await office.ask(office.bo)
    with pytest.raises(InputError, match="bo asked for this start: another person approves it"):
        await office.approve(office.bo)
    newest = await table.newest(office.store, ADVERT.name)
    assert newest is not None
    good_for: dict[str, str | int] = {
        "request": newest.request_id,
        "preview": newest.fingerprint.hex(),
        "account": "bo",
    }
    sealed = seal(workers_key(KEY).public_key().public_bytes_raw(), SECRET, good_for)
    with pytest.raises(InputError, match="bo asked"):
        await office.approve(office.bo, sealed=sealed)
    with pytest.raises(StoreError, match="check constraint"):
        await table.approve(office.store, newest, office.bo.actor, "bo", alone=False)
    assert await office.state() is CampaignState.DRAFT


async def test_an_operator_approves_nothing(office: Office) -> None:
    await office.ask()
    op = office.acting("zhao", Role.OPERATOR)
    with pytest.raises(Forbidden, match="takes the role supervisor or compliance"):
        await office.approve(op)
    with pytest.raises(Forbidden):
        await office.approve(office.acting("admin", Role.ADMIN), sealed=b"x" * 90)
    assert await office.state() is CampaignState.DRAFT


async def test_a_wrong_secret_or_none_approves_nothing(office: Office) -> None:
    await office.ask()
    with pytest.raises(WrongSecret, match="not the secret of li"):
        await office.approve(office.li, "correct horse batterz")
    for sealed in (
        b"",
        b"x" * 90,
        seal(workers_key(SuppressionKey(b"z" * 32)).public_key().public_bytes_raw(), SECRET, {}),
    ):
        with pytest.raises(InputError, match="not sealed to this installation's workers"):
            await office.approve(office.li, sealed=sealed)
    await office.world.value("UPDATE account SET credential = NULL WHERE name = 'li' RETURNING 1")
    with pytest.raises(InputError, match="li has set no secret"):
        await office.approve(office.li)
    assert await office.state() is CampaignState.DRAFT


async def test_a_secret_is_good_for_one_request_of_one_account(office: Office) -> None:
    """What a service was shown once opens nothing else: another request, another account, or the same again."""
    await office.ask()
    first = await table.newest(office.store, ADVERT.name)
    assert first is not None
    sealed = await approvals.sealed_approval(office.li, first, SECRET)
    await office.ask()  # a newer request: the older one is not good any more
    with pytest.raises(InputError, match="given for something else"):
        await office.approve(office.li, sealed=sealed)
    with pytest.raises(InputError, match="no longer waits"):
        await approvals.take(office.li, ADVERT.name, {"request": first.request_id}, sealed)
    another = await table.newest(office.store, ADVERT.name)
    assert another is not None
    of_li = await approvals.sealed_approval(office.li, another, SECRET)
    with pytest.raises(InputError, match="given for something else"):
        await office.approve(office.bo, sealed=of_li)
    assert await office.state() is CampaignState.DRAFT
    assert await office.approve(office.li, sealed=of_li) == 1
    await campaigns.stop(office.wang, ADVERT.name)
    with pytest.raises(InputError, match="approved already"):
        await office.approve(office.li, sealed=of_li)
    assert await office.state() is CampaignState.STOPPED


async def test_two_approvals_at_once_are_one_start(office: Office) -> None:
    await office.ask()
    newest = await table.newest(office.store, ADVERT.name)
    assert newest is not None
    sealed = [await approvals.sealed_approval(who, newest, SECRET) for who in (office.li, office.bo)]
    taken = await asyncio.gather(
        *(approvals.take(who, ADVERT.name, {"request": newest.request_id}, one)
          for who, one in zip((office.li, office.bo), sealed, strict=True)),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(isinstance(one, int) for one in taken) == [False, True]
    assert await office.world.value("SELECT count(*) FROM approval") == 1


async def test_of_marketing_nobody_is_called_who_was_not_in_what_was_approved(office: Office) -> None:
    """One contact was asked for: with a second one it is another start, before the approval and after it."""
    await office.ask()
    await import_contacts(office.store, ADVERT.name, [contact(2)], LONG_AGO)
    with pytest.raises(InputError, match="has 2 contacts now, and 1 were to be approved"):
        await office.approve(office.li)
    assert await office.state() is CampaignState.DRAFT
    await office.ask(contacts=2)
    await office.approve(office.li)
    await import_contacts(office.store, ADVERT.name, [contact(2)], LONG_AGO)  # nobody new
    assert await office.state() is CampaignState.RUNNING
    await import_contacts(office.store, ADVERT.name, [contact(3)], LONG_AGO)
    assert (await office.state(), await unapproved(office.store, ADVERT.name)) == (CampaignState.RUNNING, 1)
    await campaigns.pause(office.wang, ADVERT.name)
    await campaigns.resume(office.wang, ADVERT.name)
    assert await unapproved(office.store, ADVERT.name) == 1, "a resume lets nobody in"


async def test_a_start_of_what_runs_asks_for_those_who_came_and_its_approval_lets_them_in(office: Office) -> None:
    """Also of a few contacts: a start alone is no way round the number."""
    small = campaign("small")
    await office.world.running(small, [7])
    await set_state(office.store, "small", CampaignState.RUNNING, None, office.clock.now(), 1)
    await import_contacts(office.store, "small", [contact(8), contact(9)], LONG_AGO)
    stored = await load_campaign(office.store, "small")
    assert stored is not None
    same = StartTexts(as_json(small), stored.flow_file, stored.flow_text, dict(stored.sub_flows))
    wanted = await approvals.second_person(office.wang, small, same, 3)
    assert isinstance(wanted, ApprovalWanted)
    assert wanted.why == ["contacts came after its start, more than it was approved for"]
    with speaking("zh"):
        assert (await approvals.of_campaign(office.wang, "small")) == replace(
            wanted, why=["启动以后新增的联系人超过了批准的数目"]
        )
    assert await unapproved(office.store, "small") == 2, "asked for is not approved"
    newest = await table.newest(office.store, "small")
    assert newest is not None
    sealed = await approvals.sealed_approval(office.li, newest, SECRET)
    more = [contact(n) for n in range(1001, 1500)]
    await import_contacts(office.store, "small", more, LONG_AGO)
    assert await approvals.take(office.li, "small", {"request": newest.request_id}, sealed) == 502
    assert await unapproved(office.store, "small") == 2, "so many need no approval, and the newest go on waiting"


async def test_one_person_alone_lets_in_who_waited(office: Office) -> None:
    office.settings("alone")
    await office.world.value("UPDATE account SET enabled = false WHERE name <> 'bo' RETURNING 1")
    await office.world.running(ADVERT, [])
    await set_state(office.store, ADVERT.name, CampaignState.RUNNING, None, office.clock.now(), 1)
    await import_contacts(office.store, ADVERT.name, [contact(2)], LONG_AGO)
    assert await unapproved(office.store, ADVERT.name) == 1
    limit = await approvals.second_person(office.acting("bo", *Role), ADVERT, texts(), 2)
    assert limit is None
    await set_state(office.store, ADVERT.name, CampaignState.RUNNING, None, office.clock.now(), limit)
    assert await unapproved(office.store, ADVERT.name) == 0


async def test_more_contacts_than_it_was_started_with_wait_and_it_goes_on(office: Office) -> None:
    """Start with one, import thousands: those beyond the number wait for a second person."""
    await office.world.running(campaign("small"), [7])
    await set_state(office.store, "small", CampaignState.RUNNING, None, office.clock.now(), 500)
    await import_contacts(office.store, "small", [contact(n) for n in range(1, 501)], LONG_AGO)
    assert await unapproved(office.store, "small") == 0
    await import_contacts(office.store, "small", [contact(600), contact(601)], LONG_AGO)
    stored = await load_campaign(office.store, "small")
    assert stored is not None
    assert (stored.state, await unapproved(office.store, "small")) == (CampaignState.RUNNING, 2)


async def test_a_change_of_what_runs_needs_a_second_person(office: Office) -> None:
    small = campaign("small")
    await office.world.running(small, [7])
    stored = await load_campaign(office.store, "small")
    assert stored is not None
    same = StartTexts(as_json(small), stored.flow_file, stored.flow_text, dict(stored.sub_flows))
    assert await approvals.second_person(office.wang, small, same, 1) == 500
    other = await approvals.second_person(office.wang, small, texts(small, "flow: another"), 1)
    assert isinstance(other, ApprovalWanted)
    assert other.why == ["it runs already, and its files have changed"]


async def test_an_old_request_is_not_good_any_more(office: Office) -> None:
    await office.ask()
    newest = await table.newest(office.store, ADVERT.name)
    assert newest is not None
    sealed = await approvals.sealed_approval(office.li, newest, SECRET)
    office.clock.advance(table.GOOD_FOR.total_seconds() + 60)
    with pytest.raises(InputError, match="more than three days ago"):
        await office.approve(office.li, sealed=sealed)
    assert await office.state() is CampaignState.DRAFT


async def test_alone_holds_while_one_account_is_enabled_and_is_on_record(office: Office) -> None:
    office.settings("alone")
    lone = office.acting("bo", *Role)
    assert isinstance(await approvals.second_person(lone, ADVERT, texts(), 1), ApprovalWanted)
    await office.world.value("UPDATE account SET enabled = false WHERE name <> 'bo' RETURNING 1")
    assert await approvals.second_person(lone, ADVERT, texts(), 1) is None
    assert await office.world.value("SELECT approved_by || alone FROM approval") == "botrue"
    newest = await table.newest(office.store, ADVERT.name)
    assert newest is not None
    assert newest.alone
    stranger = office.acting("zhao", Role.OPERATOR)
    assert isinstance(await approvals.second_person(stranger, ADVERT, texts(), 1), ApprovalWanted)


async def test_without_a_worker_there_is_no_key_to_seal_to(office: Office) -> None:
    await office.ask()
    await office.world.value("DELETE FROM meta WHERE key = 'approval_key' RETURNING 1")
    newest = await table.newest(office.store, ADVERT.name)
    assert newest is not None
    with pytest.raises(ConfigError, match="only a worker can verify an approval"):
        await approvals.sealed_approval(office.li, newest, SECRET)


async def test_a_campaign_that_an_older_version_stored_is_not_changed_by_the_upgrade(office: Office) -> None:
    """It has no zone; its file, which nobody has touched, has that of its countries now."""
    small = campaign("small")
    await office.world.running(small, [7])
    await office.store.execute(
        "UPDATE campaign SET spec = spec - '{zone,starts,ends,due}'::text[] WHERE name = 'small'", {}
    )
    stored = await load_campaign(office.store, "small")
    assert stored is not None
    assert stored.campaign == small
    read_today = replace(small, zone="Asia/Shanghai")
    same = StartTexts(as_json(read_today), stored.flow_file, stored.flow_text, dict(stored.sub_flows))
    assert await approvals.second_person(office.wang, read_today, same, 1) == 500
    for edited in (
        replace(read_today, ends=office.clock.now()),
        replace(read_today, due=Due("visit")),
        replace(read_today, max_call=dt.timedelta(seconds=15)),
    ):
        other = await approvals.second_person(office.wang, edited, same, 1)
        assert isinstance(other, ApprovalWanted), "the same with a change of its own"
        assert other.why == ["it runs already, and its files have changed"]
