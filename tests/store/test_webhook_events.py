"""Events for others' programs: written with the rows that they tell of, whatever wrote those, and holding ids only."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.config.webhooks import WebhookSettings
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import CampaignState, Purpose
from agi_app.model.waiting_reason import BREAKER, WaitingReason
from agi_app.model.webhook_events import EVENTS, chosen
from agi_app.operations.people import stops as operation
from agi_app.operations.service import webhooks
from agi_app.store.calling import campaigns, nodes, pauses
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.service import figures
from agi_app.store.webhooks import deliveries, notices
from agi_app.store.webhooks import endpoints as stored
from agi_app.webhooks import doctor_check
from tests.store.world import HUMAN, World, campaign, installation_for, number

pytestmark = pytest.mark.postgres
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def installation(store: Store, tmp_path: Path, *roles: Role, **settings: Any) -> Installation:
    made = installation_for(store, Journal(tmp_path, Clock()), None, tmp_path, *roles)
    object.__setattr__(made, "settings", SimpleNamespace(data=tmp_path, webhooks=WebhookSettings(**settings)))
    return made


async def endpoint(store: Store, *types: str) -> int:
    return await stored.add(store, "https://crm.example.com/", types, bytes(32), with_values=False, by="anna")


async def events(store: Store, *types: str) -> list[dict[str, Any]]:
    """The data of all events, or of these types, in their order."""
    query = "SELECT type, data FROM webhook_event WHERE %(all)s OR type = ANY(%(types)s) ORDER BY event_id"
    found = await store.records(query, {"all": not types, "types": list(types)})
    return [row["data"] | {"type": row["type"]} for row in found]


async def told(store: Store) -> list[str]:
    return [event["type"] for event in await events(store)]


@pytest.mark.parametrize(
    "word", ["*.stopped", "camp*", "campaign.s*", "campaign", "*.*", "[a-z]*", ".*", "person.?topped"]
)
async def test_a_pattern_is_a_whole_group_or_all(store: Store, tmp_path: Path, word: str) -> None:
    with pytest.raises(InputError, match=r"campaign\.\*, " if "*" in word else "there is no event") as error:
        await webhooks.add(installation(store, tmp_path), "https://crm.example.com/", [word])
    assert repr(word) in str(error.value)
    assert await webhooks.endpoints(installation(store, tmp_path)) == []


async def test_who_is_told_of_a_stop_can_find_out_whose_unless_only_its_hash_is_kept(
    store: Store, tmp_path: Path
) -> None:
    desk = installation(store, tmp_path)
    await endpoint(store, "person.stopped")
    await operation.stop(desk, number(1))
    await operation.stop_list(desk, [number(2)])
    by_hand, listed = await events(store, "person.stopped")
    assert (by_hand["via"], listed["via"]) == ("command line", "stop list")
    (known,) = await store.records("SELECT person_id FROM person WHERE e164 = %(e164)s", {"e164": number(1)})
    assert (by_hand["person"], listed["person"]) == (known["person_id"], None)


async def test_figures_tell_what_waits_for_each_receiver_and_how_tries_went(store: Store, tmp_path: Path) -> None:
    desk, first, second = installation(store, tmp_path), await endpoint(store, "*"), await endpoint(store, "node.lost")
    for n in range(3):
        await operation.stop_list(desk, [number(n)])
    now = desk.clock.real_now()
    await deliveries.spread(store, now)
    until = now + dt.timedelta(seconds=30)
    claimed = await deliveries.claim(store, [deliveries.Places(first, 2, 2)], now, until)
    for due, status in zip(claimed[:2], (204, None), strict=True):
        state = "delivered" if status else "waiting"
        await deliveries.keep(store, due.delivery_id, until, deliveries.TryRecord(state, now, 0.1, status, "", until))
    waits, none = await figures.receivers(store)
    assert (waits.endpoint_id, waits.waiting, none.endpoint_id) == (first, 2, second)
    assert 0 < waits.oldest_s < 60
    assert (none.waiting, none.oldest_s) == (0, 0)
    assert await figures.webhook_tries(store) == {"delivered": 1, "refused": 0, "no_answer": 1}


async def a_call(world: World, result: CallResult = HUMAN, people: Sequence[int] = (0,)) -> None:
    wanted = await world.running(campaign(), people)
    await world.call(await world.claim_one(wanted), result)


async def test_a_call_tells_how_it_ended_in_the_transaction_of_its_rows(world: World, store: Store) -> None:
    await endpoint(store, "attempt.ended", "answer.saved", "contact.done")
    await a_call(world)
    ended, saved, done = await events(store)
    attempt = await world.value("SELECT attempt_id FROM attempt")
    assert ended == {
        "type": "attempt.ended",
        "attempt": attempt,
        "campaign": "checkup",
        "number_place": 1,
        "outcome": "human",
        "contact": 1,
        "person": 1,
    }
    assert (saved["type"], saved["disposition"], saved["answers"]) == ("answer.saved", "confirmed", ["menu"])
    assert done == {"type": "contact.done", "campaign": "checkup", "contact": 1, "person": 1, "outcome": "human"}
    entry = await world.value("SELECT entry || '/' || entry_id FROM webhook_event LIMIT 1")
    assert entry == f"result/{await world.value('SELECT max(result_id) FROM result')}"


async def test_without_an_endpoint_nothing_is_written(world: World, store: Store) -> None:
    await a_call(world)
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    assert await told(store) == []


async def test_only_the_types_that_somebody_asks_for_are_written(world: World, store: Store) -> None:
    await endpoint(store, "contact.done")
    await a_call(world, CallResult(Outcome.HUMAN))
    assert await told(store) == ["contact.done"]
    await endpoint(store, "*")
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    assert sorted((await told(store))[1:]) == ["consent.withdrawn", "person.stopped"]


async def test_a_transaction_that_fails_tells_nothing(world: World, store: Store) -> None:
    await world.running(campaign(), [0])
    await endpoint(store, "*")
    async with store.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute("UPDATE campaign SET state = 'stopped'")
        await connection.execute("UPDATE contact SET state = 'done'")
    assert await told(store) == []


async def test_no_event_holds_a_number_a_name_or_an_answer(world: World, store: Store) -> None:
    await endpoint(store, "*")
    await a_call(world, people=range(3))
    await stops.revoke(store, number(0), None, NOW, reason="Mr Li said so", via="key")
    text = json.dumps(await events(store))
    assert len(await events(store)) > 5
    for secret in (number(0)[4:], "Person 0", "yes", "Mr Li"):
        assert secret not in text


async def test_stops_of_known_and_unknown_people_and_of_lists(world: World, store: Store) -> None:
    await endpoint(store, "person.stopped")
    await a_call(world)
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    await stops.revoke(store, number(0), None, NOW, reason="again", via="key")
    await stops.revoke(store, number(77), None, NOW, reason="never heard of", via="command line")
    entries = [stops.Suppression(store.hash_number(number(n)), NOW, "list", "stop list") for n in range(100, 103)]
    await stops.suppress(store, entries)
    found = await events(store)
    assert [(event["person"], event["via"]) for event in found] == [
        (1, "key"), (None, "command line"), *[(None, "stop list")] * 3,
    ]  # fmt: skip


async def test_refusals_and_consents(world: World, store: Store) -> None:
    await endpoint(store, "contact.refused", "consent.recorded")
    wanted = await world.running(campaign(), range(3), consenting=[0])
    await world.claim(wanted)
    refused = await events(store, "contact.refused")
    assert [(event["contact"], event["rules"]) for event in refused] == [
        (2, ["consent_missing"]),
        (3, ["consent_missing"]),
    ]
    assert [event["purpose"] for event in await events(store, "consent.recorded")] == [Purpose.TRANSACTIONAL]


async def test_a_campaigns_states_and_the_pause_of_everything(world: World, store: Store) -> None:
    await endpoint(store, *chosen(["campaign.*", "calling.*"])[0])
    wanted = await world.running(campaign(), [0])
    for state in (CampaignState.PAUSED, CampaignState.RUNNING, CampaignState.RUNNING, CampaignState.STOPPED):
        await campaigns.set_state(store, wanted.name, state, "why", NOW)
    await pauses.change(store, True, "fire", "anna", NOW)
    await pauses.change(store, False, "over", "anna", NOW)
    states = ["started", "paused", "resumed", "stopped"]
    assert await told(store) == [*(f"campaign.{state}" for state in states), "calling.paused", "calling.resumed"]


async def test_what_a_worker_says_of_itself_its_campaigns_and_its_trunks(world: World, store: Store) -> None:
    await endpoint(store, "*")
    await campaigns.save_campaign(store, campaign(), "flows/reminder.yaml", "flow: reminder\n")
    await nodes.register_node(store, "node-1", "host")

    async def says(why: str | None, by: str = "") -> None:
        reasons = {"checkup": WaitingReason(by, "trunk carrier: paused")} if by else {}
        await nodes.beat(store, "node-1", 0, flushed=True, waiting_reason=why, campaign_waiting_reasons=reasons)

    paused, slow = (None, BREAKER), (None, "share")
    for beat in ((None,), ("no Asterisk",), ("no Asterisk at all",), paused, paused, slow, (None,)):
        await says(*beat)
    assert await events(store) == [
        {"type": "node.holds", "node": "node-1"},
        {"type": "campaign.held_back", "node": "node-1", "campaign": "checkup", "by": "breaker"},
        {"type": "trunk.paused", "node": "node-1", "trunk": "carrier"},
        {"type": "trunk.resumed", "node": "node-1", "trunk": "carrier"},
    ]


async def test_approvals_imports_and_reports(world: World, store: Store) -> None:
    """What nobody else must approve (the rule `alone`) is no request."""
    await endpoint(store, "campaign.approval_wanted", "campaign.approved", "import.finished", "export.finished")
    await campaigns.save_campaign(store, campaign(), "flows/reminder.yaml", "flow: reminder\n")
    for statement in (
        "INSERT INTO start_request (campaign, why, contacts, spec, flow_file, flow_text, sub_flows, fingerprint,"
        " asked_by, alone) SELECT 'checkup', '{many}', 900, '{}', '', '', '{}', '', 'wang', alone"
        " FROM unnest('{f,t}'::bool[]) AS alone",
        "INSERT INTO approval SELECT request_id, 'wang', CASE WHEN alone THEN 'wang' ELSE 'li' END, '{}', alone"
        " FROM start_request",
        "INSERT INTO import_file (kind, name, sha256, rows, rejected, about, account, at)"
        " VALUES ('contacts', 'Mr Li.csv', sha256(''), 9, 2, 'checkup', 'wang', now())",
        "INSERT INTO import_stored (import_id, added, updated, unchanged, finished)"
        " SELECT 1, 3, 1, 0, finished FROM unnest('{f,t}'::bool[]) AS finished",
        "INSERT INTO job (kind, parameters, format, asked_by) VALUES ('calls', '{}', 'csv', 'wang')",
        "UPDATE job SET state = 'running'",
        "UPDATE job SET state = 'done', rows = 7",
    ):
        await store.execute(statement)
    first = await world.value("SELECT min(request_id) FROM start_request")
    assert await events(store) == [
        {"type": "campaign.approval_wanted", "request": first, "campaign": "checkup", "why": ["many"], "contacts": 900},
        {"type": "campaign.approved", "request": first, "campaign": "checkup"},
        {"type": "import.finished", "import": 1, "kind": "contacts", "about": "checkup", "rows": 9, "rejected": 2},
        {"type": "export.finished", "job": 1, "kind": "calls", "state": "done", "rows": 7},
    ]


async def test_what_time_alone_makes_true_is_told_once(world: World, store: Store) -> None:
    await endpoint(store, "*")
    await a_call(world)
    await nodes.register_node(store, "node-1", "host")
    await store.execute("UPDATE node SET seen_at = clock_timestamp() - interval '1 minute'")
    await store.execute("DELETE FROM webhook_event")
    now = await world.now()
    for _ in range(2):
        await notices.look(store, now, (*notices.QUICK, *notices.SLOW))
    assert sorted(await told(store)) == ["campaign.finished", "node.lost"]
    await notices.look(store, now + dt.timedelta(days=70), notices.QUICK)  # the proof of the caller ID ends in 90
    assert sorted(await told(store)) == ["caller_id.expiring", "campaign.finished", "node.lost"]


def test_every_type_that_the_tables_tell_is_listed() -> None:
    schema = Path(deliveries.__file__).parents[1]
    files = (*(schema / "database/schema").glob("*.sql"), schema / "webhooks/notices.sql")
    text = "".join(file.read_text() for file in files)
    made = {name for name in EVENTS if f"'{name}'" in text} | {"campaign.paused", "campaign.stopped"}
    assert set(EVENTS) - made == {"webhook.disabled", "webhook.test"}


async def test_an_endpoint_is_registered_shown_rotated_and_removed(store: Store, tmp_path: Path) -> None:
    inst = installation(store, tmp_path)
    made = await webhooks.add(inst, "https://crm.example.com/hook", ["person.*", "contact.done"], with_values=True)
    assert made.secret.startswith("whsec_")
    assert (made.endpoint.types, made.endpoint.created_by) == (["contact.done", "person.stopped"], "anna")
    again = await webhooks.rotate(inst, made.endpoint.endpoint_id)
    assert again.secret != made.secret
    assert again.endpoint.secrets == 2
    assert (await webhooks.rotate(inst, made.endpoint.endpoint_id, overlap=dt.timedelta(0))).endpoint.secrets == 1
    assert (await webhooks.disable(inst, made.endpoint.endpoint_id)).disabled_why == "by hand"
    assert (await webhooks.enable(inst, made.endpoint.endpoint_id)).enabled
    await webhooks.remove(inst, made.endpoint.endpoint_id)
    assert await webhooks.endpoints(inst) == []
    with pytest.raises(InputError, match="there is no endpoint 1"):
        await webhooks.endpoint(inst, made.endpoint.endpoint_id)
    listed = await store.records("SELECT count(*) AS n FROM webhook_secret", {})
    assert listed[0]["n"] == 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://crm.example.com/", "must begin with https://"),
        ("ftp://crm.example.com/", "must begin with https://"),
        ("https:///hook", "no address such as"),
        ("https://[::1/", "no address such as"),
        ("https://crm.example.com:99999/", "no address such as"),
        ("https://user:pass@crm.example.com/", "no user"),
        ("https://crm.example.com/#a", "no # part"),
        ("https://127.0.0.1/", "not of the public internet"),
        ("https://10.1.2.3/", "not of the public internet"),
        ("https://[fd00::1]/", "not of the public internet"),
        ("https://[::ffff:10.0.0.1]/", "not of the public internet"),
        ("https://0x7f.1/", "write the address 0x7f.1 as 127.0.0.1"),
        ("https://2130706433/", "write the address 2130706433 as 127.0.0.1"),
        ("https://crm.example.com/\nX: y", "no address such as"),
    ],
)
async def test_an_address_that_cannot_be_is_refused(store: Store, tmp_path: Path, url: str, why: str) -> None:
    inst = installation(store, tmp_path)
    with pytest.raises(InputError, match=why.replace(".", r"\.")):
        await webhooks.add(inst, url, ["*"])
    assert await webhooks.endpoints(inst) == []


async def test_the_settings_can_allow_http_and_a_private_range(store: Store, tmp_path: Path) -> None:
    inst = installation(store, tmp_path, allow_http=True, allow_private=("10.0.0.0/8",))
    assert (await webhooks.add(inst, "http://10.1.2.3:8080/hook", ["*"])).endpoint.types == ["*"]
    with pytest.raises(InputError, match="not of the public internet"):
        await webhooks.add(inst, "http://192.168.1.1/", ["*"])


async def test_who_may_not_manage_webhooks_sees_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    inst = installation(store, tmp_path, Role.SUPERVISOR)
    with pytest.raises(Forbidden):
        await webhooks.add(inst, "https://crm.example.com/", ["*"])
    with pytest.raises(Forbidden):
        await webhooks.endpoints(inst)


async def test_an_unknown_event_is_refused_with_the_one_that_was_meant(store: Store, tmp_path: Path) -> None:
    inst = installation(store, tmp_path)
    with pytest.raises(InputError, match=r'did you mean "person\.stopped"'):
        await webhooks.add(inst, "https://crm.example.com/", ["person.stoped"])
    with pytest.raises(InputError):
        await webhooks.add(inst, "https://crm.example.com/", [])


async def test_spreading_gives_each_endpoint_what_it_asked_for_once(world: World, store: Store) -> None:
    """Several processes spread at once; a disabled endpoint gets stops alone."""
    one, other, disabled = (
        await endpoint(store, "*"),
        await endpoint(store, "person.stopped"),
        await endpoint(store, "*"),
    )
    await stored.disable(store, disabled, "by hand")
    await a_call(world)
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    await asyncio.gather(*(deliveries.spread(store, NOW) for _ in range(5)))
    rows = await deliveries.deliveries(store)
    assert len(rows) == len({(row.event, row.endpoint_id) for row in rows})
    of = {which: sorted(row.type for row in rows if row.endpoint_id == which) for which in (one, other, disabled)}
    assert of == {one: sorted(await told(store)), other: ["person.stopped"], disabled: ["person.stopped"]}
    first = (await deliveries.claim(store, [deliveries.Places(one, 1, 1)], NOW, NOW + dt.timedelta(seconds=30)))[0]
    assert first.type == "person.stopped"


async def test_old_events_go_but_not_a_stop_that_waits(world: World, store: Store) -> None:
    await endpoint(store, "*")
    await a_call(world)
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    await deliveries.spread(store, NOW)
    assert await deliveries.purge(store, 90) == 0
    await store.execute("UPDATE webhook_event SET recorded_at = recorded_at - interval '91 days'")
    await deliveries.purge(store, 90)
    assert await told(store) == ["person.stopped"]
    assert [row.state for row in await deliveries.deliveries(store)] == ["waiting"]


async def test_doctor_says_what_is_wrong_with_endpoints_and_that_nobody_delivers(store: Store) -> None:
    assert await doctor_check.look(store, NOW) == []
    for _ in range(3):
        await endpoint(store, "*")
    (line,) = await doctor_check.look(store, NOW)
    assert (line.text, line.fix) == ("no process delivers events", "start `agi-app deliver`")
    await stored.beat(store, "host 1")
    await stored.failing(store, 1, NOW)
    await stored.disable(store, 2, "failed")
    await stored.disable(store, 3, "by hand")
    lines = [(line.text, line.fix) for line in await doctor_check.look(store, NOW)]
    assert lines == [
        ("1 of 3 endpoints enabled", ""),
        ("endpoint 1 fails since 2026-03-02 09:00 UTC", "agi-app webhook deliveries --endpoint 1"),
        ("endpoint 2 is disabled: it failed for three days", "agi-app webhook enable 2"),
    ]
