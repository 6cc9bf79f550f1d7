"""Judging classes of equal facts comes to the same as judging each contact, on databases made by chance."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import replace

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import IN_CALL, NOT_DUE, Preview, Terms, preview
from agi_app.clock import SandboxClock
from agi_app.gate.decide import decide
from agi_app.gate.facts import Facts
from agi_app.gate.number_location import place_of
from agi_app.model.campaign import Campaign, CampaignState, Purpose
from agi_app.model.phone import NotANumber, parse
from agi_app.store.calling import facts
from agi_app.store.calling.facts import DueContact
from agi_app.store.database.pool import Store
from tests.store.world import CALLER_ID, LONG_AGO, World, campaign

pytestmark = pytest.mark.postgres
LOCAL = "+99986210000002"
PREFIXES = ["+999861", "+99986021", "+9991212", "+9991305", "+9991907", "+999447"]
RULES = load_ruleset()
FAR = dt.timedelta(days=70)


async def fill(store: Store, dice: random.Random, contacts: int, now: dt.datetime) -> None:
    """Persons, groups, consents, withdrawals, stops, lists, calls and due times by chance, around ``now``."""
    moments = [dt.timedelta(days=d, hours=h) for d in (-400, -40, -8, -2, -1, 0, 1, 9, 80) for h in (-3, -1, 1)]

    def when(*, past: bool = False) -> dt.datetime:
        return now + dice.choice([m for m in moments if not past or m < dt.timedelta(0)])

    async with store.transaction() as connection:
        run = connection.execute
        for n in range(1, contacts + 1):
            number = dice.choice(PREFIXES) + f"{n:07d}" if dice.random() < 0.98 else f"+999861{n}"
            head = dice.randrange(1, n) if n > 10 and dice.random() < 0.15 else None
            await run(
                "INSERT INTO person (e164, number_hash, region, zones, same_as, caller_id_seen) VALUES"
                " (%s, %s, 'CN', '{}', (SELECT coalesce(same_as, person_id) FROM person WHERE person_id = %s), %s)",
                (number, number.encode(), head, dice.choice([None] * 8 + [CALLER_ID, LOCAL, "+99986210000099"])),
            )
            for _ in range(dice.choice([0, 1, 1, 1, 1, 2, 3])):
                await run(
                    "INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, expires_at,"
                    " content_hash, recorded_by) VALUES (%s, %s, 1, 'form', %s, 'x', %s, %s, 'x')",
                    (n, dice.choice(["transactional"] * 4 + ["marketing"]), when(past=dice.random() < 0.9),
                     dice.choice([None, None, None, when()]), dice.randbytes(8)),
                )  # fmt: skip
            if dice.random() < 0.15:
                values = (n, dice.choice([None, "transactional", "survey"]), when(past=True))
                await run(
                    "INSERT INTO revocation (person_id, purpose, at, reason, via) VALUES (%s, %s, %s, 'x', 'x')", values
                )
            if dice.random() < 0.05:
                stop = (number.encode(), when(past=True))
                await run("INSERT INTO suppression (number_hash, at, reason, via) VALUES (%s, %s, 'x', 'x')", stop)
            if dice.random() < 0.1:
                await run("INSERT INTO external_list_entry (number_hash, list_id) VALUES (%s, 1)", (number.encode(),))
            await run(
                "INSERT INTO contact (campaign, external_id, person_id, fields, due_at, state)"
                " VALUES ('checkup', %s, %s, '{}', %s, %s)",
                (f"c{n}", n, dice.choice([now - dt.timedelta(hours=1)] * 4 + ["infinity", when()]),
                 dice.choice(["pending"] * 9 + ["done"])),
            )  # fmt: skip
            for k in range(dice.choice([0, 0, 0, 0, 1, 2, 4])):
                outcome = dice.choice(["no_answer", "rejected", "abandoned", "busy"])
                at, counts = when(past=True), dice.random() < 0.8
                await run(
                    "INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk,"
                    " caller_id, state, lease_until, marked_at, rules_at, dialled, counts, ended_at, outcome) VALUES"
                    " (%s, %s, %s, 'checkup', 0, 'n', 't', 'x', 'ended', %s, %s, %s, true, %s, %s, %s)",
                    (f"{n}-{k}", n, n, at, at, at, counts, at, outcome),
                )


async def one_by_one(
    store: Store, wanted: Campaign, offset: dt.timedelta, seen: Preview
) -> tuple[Counter[str], Counter[str]]:
    """The rules and the figures, each contact's facts read as a claim reads them and judged by itself."""
    by_rule, figures = Counter[str](), Counter[str]()
    async with store.transaction() as connection:
        started = await facts.begin(connection, wanted, offset)
        assert started is not None
        start = replace(started, state=CampaignState.RUNNING, now=seen.now)
        cursor = await connection.execute(
            "SELECT c.contact_id, nullif(c.due_at, 'infinity') AS due_at, coalesce(p.same_as, p.person_id) AS head,"
            " c.due_at = 'infinity' AS parked"
            " FROM contact c JOIN person p USING (person_id) WHERE c.state = 'pending' ORDER BY 1"
        )
        found = {row["contact_id"]: row for row in await cursor.fetchall()}
        due = [DueContact(contact, row["head"]) for contact, row in found.items()]
        judge = lambda told, now: decide(told, wanted, True, RULES, now)  # noqa: E731
        for judged in await facts.judge(connection, due, start, judge, len(due) + 1):
            row = found.pop(judged.facts.contact_id)
            waits = None if row["parked"] or row["due_at"] <= seen.now else row["due_at"]
            rules = list(judged.decision.rules) or ([NOT_DUE] if waits else [])
            by_rule.update(rules)
            figures[_when(judged.facts, wanted, rules, waits, seen.now)] += 1
    if found:
        by_rule[IN_CALL] += len(found)
    figures["later_today"] += len(found)
    return by_rule, figures


def _when(told: Facts, wanted: Campaign, rules: list[str], waits: dt.datetime | None, now: dt.datetime) -> str:
    if not rules:
        return "callable_now"
    at = waits or now
    while True:
        decision = decide(told, wanted, True, RULES, at)
        if decision.allowed:
            break
        if decision.try_again_at is None:
            return "never"
        at = decision.try_again_at
        if at > now + FAR:
            break
    try:
        zones = place_of(parse(told.number), RULES).clocks
    except NotANumber:
        zones = []
    zone = zones[0] if zones else dt.UTC
    return "later_today" if at.astimezone(zone).date() == now.astimezone(zone).date() else "later"


@pytest.mark.parametrize("seed", range(8))
async def test_classes_come_to_what_single_decisions_do(world: World, store: Store, seed: int) -> None:
    dice = random.Random(seed)
    hour = dt.datetime(2026, 3, 3, dice.randrange(24), 30, tzinfo=dt.UTC)
    offset = hour - await world.now()
    wanted = campaign(
        jurisdictions=("CN", "US"), windows=(), purpose=Purpose.TRANSACTIONAL, local_caller_ids=(("+99986021", LOCAL),)
    )
    await world.running(wanted, [])
    async with store.transaction() as connection:
        for number in (CALLER_ID, LOCAL):
            await connection.execute(
                "INSERT INTO caller_id_proof (e164, kind, entered_by, proved_at, expires_at)"
                " VALUES (%s, 'letter', 'x', %s, %s)",
                (number, LONG_AGO, hour + dt.timedelta(days=3)),
            )
        await connection.execute("INSERT INTO wording (text, sha256, entered_by) VALUES ('x', 'x', 'x')")
        await connection.execute(
            'INSERT INTO external_list (name, region, as_of, "by", sha256, entries)'
            " VALUES ('us-national-dnc', 'US', '2026-03-01', 'x', '', 0), ('house', 'CN', '2026-03-01', 'x', '', 0)"
        )
    await fill(store, dice, 300, hour)
    terms = Terms(wanted, True, Limits(50, 100), RULES)
    seen = await preview(store, SandboxClock(offset), terms)
    by_rule, figures = await one_by_one(store, wanted, offset, seen)
    assert seen.by_rule == by_rule
    assert Counter({name: getattr(seen, name) for name in ("callable_now", "later_today", "later", "never")}) == figures
    assert len(by_rule) >= 8, "the database should meet many rules"
    assert seen.contacts == sum(figures.values())
