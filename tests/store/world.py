"""What the store tests share: numbers of the test range, a rule set that is open all day, short helpers."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.gate.calling_hours import Opening
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.gate.ruleset import DAY, Cap, Jurisdiction, Rules, RuleSet
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.model.campaign import Campaign, CampaignState, Pace, Purpose, Window
from agi_app.model.person import Consent, ContactRow
from agi_app.store.calling import campaigns, claims
from agi_app.store.calling.facts import Decide
from agi_app.store.database.checks import database_now
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids, consents, contacts
from agi_app.store.people.contacts import ImportCount
from tests.store import one

CALLER_ID = "+99986210000001"
ALL_DAY = Window(frozenset(range(7)), dt.time(0), dt.time.max)
LONG_AGO = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
TERMS = claims.ClaimTerms("node-1", dt.timedelta(minutes=5), 1000, dt.timedelta(0), "system")
OLD_PERSONS = """
INSERT INTO person (e164, number_hash, region, zones)
SELECT e164, hash, 'CN', '{Asia/Shanghai}' FROM unnest(%(numbers)s::text[], %(hashes)s::bytea[]) AS n (e164, hash)
ON CONFLICT DO NOTHING
"""
OLD_CONTACTS = """
INSERT INTO contact (campaign, external_id, person_id, language, fields, due_at)
SELECT %(campaign)s, n.id, p.person_id, 'zh-CN', '{"name": "Somebody"}', %(now)s
FROM unnest(%(numbers)s::text[], %(ids)s::text[]) WITH ORDINALITY AS n (e164, id, place) JOIN person p USING (e164)
ORDER BY n.place
"""
HUMAN = CallResult(Outcome.HUMAN, disposition="confirmed", answers={"menu": "yes"})


def hash_number(number: str) -> bytes:
    """The keyed hash of the suppression list, with a key for tests."""
    return hmac.digest(b"key for tests", number.encode(), hashlib.sha256)


def installation_for(
    store: Store, journal: Journal, clock: Clock | None = None, data: Path | None = None, *roles: Role
) -> Installation:
    """What an operation is asked on; of the settings there is the data folder alone, and there is no key.

    Who asks has these roles, or all of them.
    """
    console = (data or Path()) / "console"
    given: dict[str, Any] = {"data": data, "project": data, "trunks": {}, "console_folder": console}
    settings = cast(Any, SimpleNamespace(**given, approval="alone", approve_above=500))
    actor = Actor("anna", frozenset(roles or Role), "cli", "anna")
    return Installation(settings, store, clock or Clock(), cast(Any, None), journal, actor)


def number(n: int) -> str:
    """The n-th test number, which behaves like a Chinese one."""
    return f"+99986138{n:07d}"


def contact(n: int, **fields: str) -> ContactRow:
    """The n-th contact."""
    return ContactRow(f"row-{n}", number(n), "CN", ("Asia/Shanghai",), "zh-CN", {"name": f"Person {n}"} | fields)


def consent(n: int, purpose: Purpose = Purpose.TRANSACTIONAL) -> Consent:
    """A consent of the n-th person."""
    return Consent(number(n), purpose, "I agree to reminder calls.", "web form", LONG_AGO, "clinic")


def campaign(name: str = "checkup", **changes: object) -> Campaign:
    """A campaign that may call the test people."""
    base = Campaign(
        name=name,
        purpose=Purpose.TRANSACTIONAL,
        flow="reminder",
        trunk="carrier",
        caller_id=CALLER_ID,
        jurisdictions=("CN",),
        pace=Pace(50, 100),
        windows=(ALL_DAY,),
        retry={"busy": (dt.timedelta(days=1),)},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def rule_set(cap: int = 1, version: str = "rules-1") -> RuleSet:
    """Rules for China that are open all day."""
    return RuleSet(version, {"CN": Jurisdiction("CN", Rules(Opening(((ALL_DAY,),)), (Cap(cap, DAY),)))})


async def import_contacts(store: Store, name: str, rows: Sequence[ContactRow], now: dt.datetime) -> ImportCount:
    """Contacts as one batch, which is a whole file."""
    counted = await contacts.import_batch(store, name, rows, now, contacts.BatchOrder())
    await contacts.analyse(store, len(rows))
    return counted


@dataclass
class World:
    """Acts on one store as an operator and a worker would."""

    store: Store
    rules: RuleSet = field(default_factory=rule_set)
    terms: claims.ClaimTerms = TERMS

    async def now(self) -> dt.datetime:
        """Rules time, which is the database's."""
        return await database_now(self.store) + self.terms.offset

    async def running(
        self, wanted: Campaign, people: Sequence[int], *, consenting: Sequence[int] | None = None
    ) -> Campaign:
        """A running campaign with these contacts; all of them consent unless ``consenting`` says who does."""
        now = await self.now()
        await campaigns.save_campaign(self.store, wanted, "flows/reminder.yaml", "flow: reminder\n")
        proof = caller_ids.CallerIdProof(
            wanted.caller_id, "letter", "letter.pdf", "00", "admin", LONG_AGO, now + dt.timedelta(days=90)
        )
        await caller_ids.add_proof(self.store, proof, now)
        who = people if consenting is None else consenting
        await consents.import_consents(self.store, [consent(n) for n in who], "admin", now)
        if people:
            await import_contacts(self.store, wanted.name, [contact(n) for n in people], now)
        await campaigns.set_state(self.store, wanted.name, CampaignState.RUNNING, None, await self.now())
        return wanted

    async def running_before(self, wanted: Campaign, people: Sequence[int]) -> Campaign:
        """The same in a database of an older version, whose contacts today's import does not know."""
        await self.running(wanted, [], consenting=people)
        values = {
            "campaign": wanted.name,
            "numbers": [number(n) for n in people],
            "hashes": [self.store.hash_number(number(n)) for n in people],
            "ids": [f"row-{n}" for n in people],
            "now": await self.now(),
        }
        await self.store.execute(OLD_PERSONS, values)
        await self.store.execute(OLD_CONTACTS, values)
        return wanted

    async def claim(self, wanted: Campaign, limit: int = 50, **terms: object) -> claims.ClaimBatch:
        """Claim as a worker does, judged by this world's rules."""
        own = replace(self.terms, **terms)  # type: ignore[arg-type]
        return await claims.claim(self.store, wanted, limit, own, self.judge(wanted))

    def judge(self, wanted: Campaign) -> Decide:
        """The gate with this world's rules."""

        def judge(facts: Facts, now: dt.datetime) -> Decision:
            return decide(facts, wanted, True, self.rules, now)

        return judge

    async def claim_one(self, wanted: Campaign) -> Claim:
        """The one contact that may be called."""
        (only,) = (await self.claim(wanted, 1)).claims
        return only

    async def call(self, claimed: Claim, result: CallResult = HUMAN) -> None:
        """Dial and finish at once; the contact is done."""
        assert await one.mark(self.store, claimed, self.terms.node)
        assert await one.finish(self.store, claimed.attempt_id, result, None, True)

    async def value(self, query: str, *parameters: object) -> object:
        """The first column of the first row."""
        async with self.store.connection() as connection:
            row = await (await connection.execute(query, parameters)).fetchone()
        assert row is not None
        return next(iter(row.values()))
