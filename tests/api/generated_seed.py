"""What else the generated requests meet: of each thing that some route asks about there is one."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from typing import Any

from agi_app.config.destinations import DestinationSettings
from agi_app.config.feed_definition import FeedDefinition, FeedKind, FeedMode
from agi_app.consent.caller_id_proof import number_of
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.calling import listening
from agi_app.operations.guard import guard_lists
from agi_app.operations.people import contact_change_asks, follow_ups
from agi_app.operations.people.follow_ups import FollowUp
from agi_app.recordings.files import RecordingFiles
from agi_app.store.feeds import feeds
from agi_app.store.requested_calls import agent_calls, asks, verifications
from agi_app.store.requested_calls.asks import NewAsk
from tests.api.site import CAMPAIGN, FEED, Site, answer_asks, written
from tests.store.world import World, campaign, number

BY_AGENTS = "by-agents"
ERASED = 302
SCREENED = "c-1.7"


def seed(site: Site) -> dict[str, Any]:
    """Make them; the values by which paths and bodies name them."""
    desk = DestinationSettings.model_validate({"endpoint": "PJSIP/100"})
    site.inst.settings.__dict__["destinations"] = {"desk": desk}
    contact = site.run(agents_campaign)
    site.run(feed_request)
    return {
        "contact": contact,
        "attempt": site.run(dialled),
        "phone": site.run(own_phone),
        "call_ask": site.run(lambda inst: called(inst, contact)),
        "entry": site.run(second_entry),
        "call": site.run(screened_call),
        "to_erase": site.run(somebody),
        "erasure_ask": site.run(erasure_ask),
        "listen_ask": listened(site),
        "follow_up_ask": site.run(follow_up_ask),
        "change_ask": site.run(change_ask),
    }


# Asks that are seeded, by a part of the path that shows one.
ASKS = {
    "/recordings/asks/": "listen_ask",
    "/follow-ups/asks/": "follow_up_ask",
    "/contacts/changes/asks/": "change_ask",
    "/people/asks/": "erasure_ask",
}
BODY = {
    "since": "2026-01-01",
    "until": "2026-12-31",
    "zone": "UTC",
    "pattern": "+999861390000001",
    "agent": "desk",
    "flow": "checkup-reminder",
    "from_campaign": BY_AGENTS,
    "where": 'disposition == "later"',
    "external_id": "row-8",
}


def name(named: dict[str, Any], case: Any) -> None:
    """Let a right request be about them."""
    path = case.operation.path
    wanted = next(({"ask": named[ask]} for part, ask in ASKS.items() if part in path), {})
    if path.endswith(("/ask-call", "/{ask}/call", "/lists/{entry}")):
        wanted = {"campaign": BY_AGENTS, "ask": named["call_ask"], **named}
    if path.endswith("/end"):
        wanted = {"attempt": named["attempt"]}
    if path.endswith("/erasure"):
        wanted = {"person": named["to_erase"]}
        if isinstance(case.body, dict) and "reason" in case.body:
            case.body = {"reason": case.body["reason"], "number": number(ERASED)}
    if path.endswith("/reschedule") and isinstance(case.body, dict):  # the campaign has no time that is its own
        case.body = {name: case.body[name] for name in case.body if name in ("external_id", "reason")}
        case.body |= {"not_before": "", "not_after": ""}
    for part in case.path_parameters or {}:
        case.path_parameters[part] = wanted.get(part, case.path_parameters[part])
    if isinstance(case.body, dict):
        more = BODY | _coming() | named | ({"kind": "consent", "row": 1} if path.endswith("/audit/proof") else {})
        if path.endswith("/exports/handouts"):  # whose span is of times, not of days
            more = {}
        for part in case.body:
            if not isinstance(case.body[part], dict):  # the contact of a simulated call is its columns
                case.body[part] = more.get(part, case.body[part])


def _coming() -> dict[str, str]:
    """Times of tomorrow: those of a fixed day are too far away for a contact, or over, on some days."""
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    return {"not_before": tomorrow.isoformat("T", "seconds"), "not_after": f"{tomorrow + dt.timedelta(hours=3):%FT%TZ}"}


async def agents_campaign(inst: Installation) -> int:
    """A running campaign that only agents dial; its one contact."""
    await World(inst.store).running(dataclasses.replace(campaign(BY_AGENTS), by_agents=True), [301], consenting=[301])
    query = "SELECT contact_id FROM contact WHERE campaign = %(name)s"
    return await inst.store.value(int, query, {"name": BY_AGENTS}) or 0


async def dialled(inst: Installation) -> str:
    """A call that is on."""
    query = """UPDATE attempt SET marked_at = now()
        WHERE attempt_id = (SELECT min(attempt_id) FROM attempt WHERE state <> 'ended') RETURNING attempt_id"""
    return await inst.store.value(str, query) or ""


async def feed_request(inst: Installation) -> None:
    """A feed that waits for a second person, as request 1."""
    wanted = FeedDefinition(FEED, FeedKind.CONTACTS, CAMPAIGN, FeedMode.WHOLE, "folder /srv/out")
    await feeds.request(inst.store, wanted, "the-operator", alone=False)


async def follow_up_ask(inst: Installation) -> int:
    """An ask for a follow-up of the campaign that agents dial, which nobody has answered."""
    return await follow_ups.ask(inst, written(inst), FollowUp(BY_AGENTS, "attempts > 0"), dry_run=True)


async def change_ask(inst: Installation) -> int:
    """An ask to cancel a contact, which nobody has answered."""
    return await contact_change_asks.ask_cancel(inst, BY_AGENTS, "row-301", reason="moved away")


def listened(site: Site) -> int:
    """An ask of the supervisor for the first recording, whose copy is there."""
    site.run(of_the_call)

    async def heard(inst: Installation) -> int:
        shown, roles = site.tokens[Role.SUPERVISOR], frozenset({Role.SUPERVISOR})
        actor = Actor("the-supervisor", roles, "api", token=site.ids[Role.SUPERVISOR], shown=shown)
        ask = await listening.ask(dataclasses.replace(inst, actor=actor), 1, reason="a complaint")
        await answer_asks(inst, after=ask - 1)
        return ask

    return site.run(heard)


async def of_the_call(inst: Installation) -> None:
    """A recording of the call that there was."""
    kept = await asyncio.to_thread(RecordingFiles(inst.settings.data).keep_call, "message", "message", bytes(1600))
    query = """INSERT INTO recording (attempt_id, name, kind, sha256, seconds)
        SELECT attempt_id, 'message', 'message', decode(%(sha256)s, 'hex'), 0.1
        FROM attempt WHERE state = 'ended' LIMIT 1"""
    await inst.store.execute(query, {"sha256": kept.sha256})


async def called(inst: Installation, contact: int) -> int:
    """An ask of a supervisor for a call that a worker has answered."""
    actor = Actor("the-supervisor", frozenset({Role.SUPERVISOR}), "api")
    new = NewAsk("call", "agent", BY_AGENTS, "she called back", {"contact": contact, "agent": "desk"})
    ask = await asks.add(inst.store, new, actor)
    request = await agent_calls.request(inst.store, BY_AGENTS, contact, "desk", actor.account)
    await asks.answer(inst.store, ask, "done", {"request": request}, "node-1")
    return ask


async def own_phone(inst: Installation, account: str = "the-operator", n: int = 1) -> int:
    """A telephone that an account has proved; the number of the proof."""
    call = await verifications.request(inst.store, number_of(number(n)), None, "carrier", b"x", account, "rehearsal")
    query = """INSERT INTO phone_proof (person_id, verification_id, entered_by, proved_until)
        SELECT person_id, %(call)s, %(account)s, now() + interval '9 d' FROM person WHERE e164 = %(number)s
        RETURNING phone_proof_id"""
    return await inst.store.value(int, query, {"call": call, "account": account, "number": number(n)}) or 0


async def somebody(inst: Installation) -> int:
    """A person whom nobody else asks about: they are erased."""
    query = """INSERT INTO person (e164, number_hash, region, zones) VALUES (%(number)s, %(hash)s, 'CN', '{}')
        RETURNING person_id"""
    values = {"number": number(ERASED), "hash": inst.store.hash_number(number(ERASED))}
    return await inst.store.value(int, query, values) or 0


async def erasure_ask(inst: Installation) -> int:
    """An ask to erase somebody who is not there."""
    return await asks.add(inst.store, NewAsk("erasure", "erase", "999999", "a letter"), inst.actor)


async def second_entry(inst: Installation) -> int:
    """Another entry on the guard's list."""
    await guard_lists.put(inst, "+999861390000002", allow=False, reason="nuisance", days=30)
    return await inst.store.value(int, "SELECT max(entry_id) FROM guard_list") or 0


async def screened_call(inst: Installation) -> str:
    """A call that the guard kept away."""
    query = """WITH caller AS (INSERT INTO guard_caller (number) VALUES ('+999861390000055') RETURNING caller_id)
        INSERT INTO guard_call (call_id, caller_id, at, called, endpoint, action, unjudged)
        SELECT %(call)s, caller_id, now(), '100', 'PJSIP/carrier', 'reject', 'no time' FROM caller"""
    await inst.store.execute(query, {"call": SCREENED})
    return SCREENED
