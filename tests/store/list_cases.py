"""Lists with filters, what fits each of them, and what comes and changes between two pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from agi_app.model.lists import Page
from agi_app.operations.calling.call_lists import attempts, campaigns, decisions, line_calls
from agi_app.operations.calling.contact_lists import contacts
from agi_app.operations.guard.call_list import screened_calls
from agi_app.operations.people.record_lists import complaints, stops, withdrawals
from agi_app.store.calling.campaigns import save_campaign
from agi_app.store.database.pool import Store
from bench.service import population
from tests.store.conftest import Cluster, _migrate, open_store
from tests.store.world import campaign

NOW = dt.datetime(2026, 3, 4, 10, tzinfo=dt.UTC)
KEY = b"key for tests"  # as world.hash_number has it
List = Callable[..., Awaitable[Page[Any]]]
AUTUMN = "campaign = 'autumn' AND "


@dataclass(frozen=True)
class Case:
    """A list, its filters, and which rows of its table fit."""

    of: List
    key: str  # of a row
    fits: str
    filters: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """What the list is of, with the name of the key there."""
        key, table = TABLES[self.key]
        return f"SELECT {key} AS key FROM {table} WHERE {self.fits}"


TABLES = {
    "contact_id": ("contact_id", "contact"),
    "decision_id": ("decision_id", "decision"),
    "attempt_id": ("attempt_id", "attempt"),
    "line_call_id": ("line_call_id", "line_call"),
    "call_id": ("call_id", "guard_call"),
    "complaint_id": ("complaint_id", "complaint"),
    "stop_id": ("suppression_id", "suppression"),
    "withdrawal_id": ("revocation_id", "revocation"),
    "name": ("name", "campaign"),
}


def _contacts(fits: str, **filters: str) -> Case:
    return Case(contacts, "contact_id", AUTUMN + fits, {"campaign": "autumn", **filters})


CASES = {
    "contacts": _contacts("true"),
    "pending": _contacts("state = 'pending' AND due_at < 'infinity'", state="pending"),
    "parked": _contacts("state = 'pending' AND due_at = 'infinity'", state="parked"),
    "busy": _contacts("last_outcome = 'busy'", outcome="busy"),
    "busy and done": _contacts("last_outcome = 'busy' AND state = 'done'", outcome="busy", state="done"),
    "by rule": _contacts("'window_jurisdiction' = ANY(refused_by)", rule="window_jurisdiction"),
    "decisions": Case(decisions, "decision_id", "true"),
    "decisions of one campaign": Case(
        decisions, "decision_id", "campaign = 'recall' AND NOT allowed", {"campaign": "recall", "allowed": False}
    ),
    "decisions by rule": Case(decisions, "decision_id", "'cap_per_week' = ANY(rules)", {"rule": "cap_per_week"}),
    "decisions in a span": Case(
        decisions,
        "decision_id",
        "recorded_at >= '2026-02-12T10:00Z' AND recorded_at < '2026-02-27T10:00Z'",
        {"since": NOW - dt.timedelta(days=20), "until": NOW - dt.timedelta(days=5)},
    ),
    "attempts": Case(attempts, "attempt_id", "true"),
    "attempts of one campaign": Case(
        attempts,
        "attempt_id",
        AUTUMN + "outcome = 'invalid_number'",
        {"campaign": "autumn", "outcome": "invalid_number"},
    ),
    "attempts by disposition": Case(
        attempts, "attempt_id", "disposition = 'declined'", {"disposition": "declined", "trunk": "carrier"}
    ),
    "attempts in a span": Case(
        attempts,
        "attempt_id",
        AUTUMN + "claimed_at >= '2026-02-23T10:00Z'",
        {"campaign": "autumn", "since": NOW - dt.timedelta(days=9)},
    ),
    "line calls": Case(line_calls, "line_call_id", "true"),
    "line calls of a line": Case(line_calls, "line_call_id", "line = 'stops'", {"line": "stops"}),
    "screened calls": Case(screened_calls, "call_id", "true"),
    "rejected calls": Case(screened_calls, "call_id", "action = 'reject'", {"action": "reject"}),
    "complaints": Case(complaints, "complaint_id", "true"),
    "complaints received": Case(complaints, "complaint_id", "kind = 'received'", {"kind": "received", "state": "open"}),
    "stops": Case(stops, "stop_id", "true"),
    "stops by word": Case(stops, "stop_id", "via = 'speech'", {"via": "speech"}),
    "withdrawals": Case(withdrawals, "withdrawal_id", "true"),
    "withdrawals of before": Case(withdrawals, "withdrawal_id", "false", {"until": NOW}),
    "campaigns": Case(campaigns, "name", "true"),
}

CHANGES = """
INSERT INTO person (e164, number_hash, region, zones)
SELECT '+99977' || lpad((%(n)s * 100 + i)::text, 8, '0'), sha256(int8send(%(n)s * 100 + i)), 'CN', '{}'
FROM generate_series(1, 9) i;
INSERT INTO contact (campaign, external_id, person_id, fields, due_at)
SELECT 'autumn', 'new-' || %(n)s || '-' || person_id, person_id, '{}', now()
FROM person ORDER BY person_id DESC LIMIT 9;
INSERT INTO contact (campaign, external_id, person_id, fields, due_at, refused_by, last_outcome)
SELECT 'autumn', 'also-' || %(n)s || '-' || person_id, person_id, '{}', 'infinity', '{window_jurisdiction}', 'busy'
FROM person ORDER BY person_id DESC LIMIT 3;
INSERT INTO decision (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at,
                      clock)
SELECT contact_id, person_id, campaign, false, '{cap_per_week}', '[]', '{}', 'x', now(), 'system'
FROM contact ORDER BY contact_id DESC LIMIT 9;
INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk, caller_id, state,
                     lease_until, rules_at, outcome)
SELECT md5(contact_id || 'x'), contact_id, person_id, campaign, 1, 'n', 'carrier', '+1', 'ended', now(), now(),
       'invalid_number'
FROM contact ORDER BY contact_id DESC LIMIT 9;
UPDATE contact SET attempts_made = attempts_made + 1 WHERE contact_id %% 7 = %(n)s %% 7;
UPDATE contact SET state = 'done' WHERE contact_id %% 50 = %(n)s %% 50;
UPDATE attempt SET note = 'changed', disposition = 'confirmed'
WHERE disposition = 'declined' AND claimed_at < '2026-02-10T10:00Z';
INSERT INTO suppression (number_hash, at, reason, via) VALUES (sha256(int8send(-%(n)s)), now(), 'x', 'speech');
INSERT INTO revocation (person_id, at, reason, via) SELECT max(person_id), now(), 'x', 'key press' FROM person;
INSERT INTO line_call (call_id, line, called, node, result, began_at, ended_at)
VALUES ('new-' || %(n)s, 'stops', '+1', 'n', 'answered', now(), now());
INSERT INTO guard_call (call_id, at, called, endpoint, action, unjudged)
VALUES ('new-' || %(n)s, now(), '+1', 'e', 'reject', 'x');
INSERT INTO complaint (ref, kind, person_id, region, received_at, source, text, entered_by)
SELECT 'new-' || %(n)s, 'received', max(person_id), 'CN', now(), 'x', 'x', 'x' FROM person;
"""


async def change(store: Store, number: int) -> None:
    """What comes and changes between two pages; another ``number`` each time."""
    async with store.transaction() as connection:
        for statement in filter(str.strip, CHANGES.split(";\n")):
            await connection.execute(statement, {"n": number})


async def filled(cluster: Cluster, name: str, contacts: int) -> str:
    """A new database of this name with a past; how to reach it."""
    cluster.run(f"CREATE DATABASE {name}")
    url = cluster.url(name)
    await _migrate(url)
    store = await open_store(url)
    for wanted, _ in population.SHARES:
        await save_campaign(store, campaign(wanted), "flows/reminder.yaml", "flow: reminder\n")
    await store.close()
    population.populate(url, population.Sizes(contacts), NOW, KEY, lambda _line: None)
    return url
