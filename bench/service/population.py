"""Campaigns with a past, made inside PostgreSQL: contacts, what the gate decided, calls, stops, and what came in.

One contact in five was called, one in five refused, the others wait. The first campaign has eight contacts in ten;
those of the others are people of the first. All numbers are of the reserved range +999.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

Say = Callable[[str], None]
CHUNK = 500_000
SPAN_DAYS = 30  # the decisions and calls are of so many days before now
CALLER_ID = "+99986210000001"
SHARES = (("autumn", 0.80), ("spring", 0.12), ("recall", 0.05), ("survey", 0.03))  # campaigns, and who has how many

# Of contact i of a campaign: what it is (0 called, 1 refused, else waiting), and a number of its own from 0 to 9,999.
_ROLLED = """
SELECT i, %(base)s + i AS contact_id, 1 + (i - 1) * %(step)s %% %(persons)s AS person_id, i %% 5 AS part,
       ('x' || substr(md5(%(campaign)s || i), 1, 6))::bit(24)::integer %% 10000 AS roll,
       %(now)s::timestamptz - %(days)s * interval '1 day' * (1 - i::float8 / %(contacts)s) AS at
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
"""
_OUTCOME = """
CASE WHEN roll < 4800 THEN 'human' WHEN roll < 6300 THEN 'machine' WHEN roll < 8200 THEN 'no_answer'
     WHEN roll < 9300 THEN 'busy' WHEN roll < 9700 THEN 'failed' WHEN roll < 9995 THEN 'invalid_number'
     ELSE 'abandoned' END
"""
_AGAIN = "roll BETWEEN 6300 AND 9299 AND roll %% 2 = 0"  # who is called again later
_RULES = """
CASE WHEN roll < 4000 THEN ARRAY['consent_missing'] WHEN roll < 7500 THEN ARRAY['window_jurisdiction']
     WHEN roll < 8500 THEN ARRAY['cap_per_week'] WHEN roll < 9500 THEN ARRAY['suppressed']
     WHEN roll < 9990 THEN ARRAY['consent_missing', 'window_jurisdiction'] ELSE ARRAY['zone_unknown'] END
"""

_PERSONS = """
INSERT INTO person (person_id, e164, number_hash, region, zones) OVERRIDING SYSTEM VALUE
SELECT i, e164, sha256(%(outer)s::bytea || sha256(%(inner)s::bytea || convert_to(e164, 'UTF8'))), 'CN',
       '{Asia/Shanghai}'
FROM (SELECT i, '+9998613' || lpad(i::text, 8, '0') AS e164
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i) AS p
"""
_CONTACTS = f"""
INSERT INTO contact (contact_id, campaign, external_id, person_id, language, fields, due_at, state, attempts_made,
                     last_decision_id, last_outcome, disposition, refused_by) OVERRIDING SYSTEM VALUE
SELECT contact_id, %(campaign)s, 'C' || lpad(i::text, 8, '0'), person_id, 'zh-CN', '{{"name": "测试", "day": "周二"}}',
       CASE WHEN part = 0 AND {_AGAIN} THEN %(now)s::timestamptz + interval '1 day'
            WHEN part = 1 AND 'window_jurisdiction' = ANY({_RULES}) AND roll < 9000
            THEN %(now)s::timestamptz + roll * interval '10 s'
            WHEN part = 1 THEN 'infinity' ELSE at END,
       CASE WHEN part = 0 AND NOT ({_AGAIN}) THEN 'done' ELSE 'pending' END, (part = 0)::integer,
       CASE WHEN part < 2 THEN contact_id END, CASE WHEN part = 0 THEN {_OUTCOME} END,
       CASE WHEN part = 0 AND roll < 4800 THEN CASE WHEN roll < 4000 THEN 'confirmed' ELSE 'declined' END END,
       CASE WHEN part = 1 THEN {_RULES} END
FROM ({_ROLLED}) AS c
"""
_DECISIONS = f"""
INSERT INTO decision (decision_id, contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version,
                      decided_at, clock, recorded_at, campaign_version) OVERRIDING SYSTEM VALUE
SELECT contact_id, contact_id, person_id, %(campaign)s, part = 0, rules,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
                            'rule', r, 'case', 'kept', 'values', jsonb_build_object('en', 'refused by ' || r)))
                 FROM unnest(rules) AS r), '[]'),
       jsonb_build_object(
           'region', 'CN', 'zones', ARRAY['Asia/Shanghai'], 'consents', jsonb_build_array(jsonb_build_object(
               'consent_id', person_id, 'purpose', 'transactional', 'given_at', '2026-01-05T09:00:00Z'))),
       'bench', at, 'system', at, 'bench'
FROM (SELECT *, CASE WHEN part = 1 THEN {_RULES} ELSE '{{}}' END AS rules FROM ({_ROLLED}) AS c WHERE part < 2) AS c
"""
_ATTEMPTS = f"""
INSERT INTO attempt (attempt_id, contact_id, person_id, number_id, campaign, decision_id, node, trunk, caller_id, state,
                     lease_until, claimed_at, marked_at, rules_at, dialled, counts, ringing_at, answered_at, ended_at,
                     outcome, cause, tech_cause, disposition, answers)
SELECT md5('call' || contact_id), contact_id, person_id, person_id, %(campaign)s, contact_id, 'node-1', 'carrier',
       %(caller_id)s, 'ended', at, at, at, at, true, true, at + interval '2 s',
       CASE WHEN roll < 6300 THEN at + interval '9 s' END, at + roll %% 60 * interval '1 s', {_OUTCOME}, 16, 200,
       CASE WHEN roll < 4800 THEN CASE WHEN roll < 4000 THEN 'confirmed' ELSE 'declined' END END,
       CASE WHEN roll < 4800 THEN '{{"menu": "yes"}}' ELSE '{{}}' END::jsonb
FROM ({_ROLLED}) AS c WHERE part = 0
"""
_CONSENTS = """
INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, content_hash, recorded_by)
SELECT i, 'transactional', %(wording)s, 'web form', '2026-01-05T09:00:00Z', 'bench', sha256(int8send(i)), 'bench'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i WHERE i %% 5 < 2
"""
_OTHERS = (
    """INSERT INTO suppression (number_hash, at, reason, via, recorded_at)
    SELECT number_hash, %(now)s, 'asked', CASE WHEN person_id %% 3 = 0 THEN 'speech' ELSE 'key press' END, %(now)s
    FROM person WHERE person_id <= %(some)s""",
    """INSERT INTO revocation (person_id, at, reason, via, recorded_at)
    SELECT person_id, %(now)s, 'asked', 'key press', %(now)s FROM person WHERE person_id <= %(some)s""",
    """INSERT INTO line_call (call_id, line, called, node, result, began_at, answered_at, ended_at)
    SELECT 'line-' || i, CASE WHEN i %% 9 = 0 THEN 'stops' ELSE 'main' END, '+99986210000001', 'node-1',
           CASE WHEN i %% 50 = 0 THEN 'given_back' ELSE 'answered' END, at, at, at + interval '20 s'
    FROM (SELECT i, %(now)s::timestamptz - i * interval '10 s' AS at FROM generate_series(1, %(some)s) AS i) AS l""",
    """INSERT INTO guard_call (call_id, at, called, endpoint, action, unjudged)
    SELECT 'guard-' || i, %(now)s::timestamptz - i * interval '9 s', '+99986210000001', 'carrier',
           (ARRAY['allow', 'allow', 'mark', 'challenge', 'voicemail', 'reject'])[1 + i %% 6], 'bench'
    FROM generate_series(1, %(some)s) AS i""",
    """INSERT INTO complaint (ref, kind, person_id, region, received_at, source, campaign, text, entered_by)
    SELECT 'bench-' || i, CASE WHEN i %% 4 = 0 THEN 'received' ELSE 'ours' END, 1 + i, 'CN', %(now)s, 'letter',
           %(campaign)s, 'too often', 'bench' FROM generate_series(1, %(some)s / 20) AS i""",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many contacts a database gets; a fifth of them calls, two fifths decisions."""

    contacts: int

    def of_campaigns(self) -> Iterator[tuple[str, int, int]]:
        """Name, ids before its first contact, number of contacts; the first has a contact of every person."""
        base = 0
        for name, share in SHARES:
            yield name, base, round(self.contacts * share)
            base += round(self.contacts * share)

    @property
    def persons(self) -> int:
        """As many as the first campaign has contacts."""
        return next(number for _, _, number in self.of_campaigns())


def populate(url: str, sizes: Sizes, now: dt.datetime, key: bytes, say: Say) -> None:
    """Fill a migrated database, in which the campaigns are stored, with what happened until ``now``.

    ``key`` is that of the suppression list. Triggers and foreign keys are off meanwhile; the rows are as they would be,
    and the kept figures are right.
    """
    padded = key.ljust(64, b"\0")
    values: dict[str, Any] = {
        "now": now,
        "days": SPAN_DAYS,
        "persons": sizes.persons,
        "caller_id": CALLER_ID,
        "some": max(20, sizes.contacts // 100),
        "outer": bytes(byte ^ 0x5C for byte in padded),
        "inner": bytes(byte ^ 0x36 for byte in padded),
    }
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("session_replication_role = replica", "statement_timeout = 0", "maintenance_work_mem = '1GB'"):
            connection.execute(f"SET {setting}")
        with _without_indexes(connection, say):
            _chunks(connection, [_PERSONS], values, sizes.persons, "persons", say)
            for name, base, number in sizes.of_campaigns():
                own = {**values, "campaign": name, "base": base, "contacts": number, "step": 1 if base == 0 else 7919}
                _chunks(connection, [_CONTACTS, _DECISIONS, _ATTEMPTS], own, number, f"contacts of {name}", say)
            _rest(connection, values, sizes, say)
        for table, column in (("person", "person_id"), ("contact", "contact_id"), ("decision", "decision_id")):
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {sizes.contacts + 1})")
        connection.execute(
            "INSERT INTO campaign_tally (campaign, kind, name, number)"
            " SELECT campaign, kind, name, number FROM campaign_recount"
        )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _rest(connection: psycopg.Connection[Any], values: dict[str, Any], sizes: Sizes, say: Say) -> None:
    row = connection.execute(
        "INSERT INTO wording (text, sha256, entered_by) VALUES ('bench', sha256('bench'), 'bench') RETURNING wording_id"
    ).fetchone()
    _chunks(connection, [_CONSENTS], {**values, "wording": row[0] if row else 0}, sizes.persons, "consents", say)
    for statement in _OTHERS:
        connection.execute(statement, {**values, "campaign": SHARES[0][0]})


def _chunks(
    connection: psycopg.Connection[Any], statements: list[str], values: dict[str, Any], last: int, what: str, say: Say
) -> None:
    for first in range(1, last + 1, CHUNK):
        bounds = {"first": first, "last": min(last, first + CHUNK - 1)}
        with connection.transaction():
            for statement in statements:
                connection.execute(statement, values | bounds)
        if last > CHUNK:
            say(f"   {bounds['last']:,} of {last:,} {what}")


_PLAIN = """
SELECT format('DROP INDEX %s', i.oid::regclass), pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid = ANY('{contact,decision,attempt,consent}'::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid)
UNION ALL
SELECT format('ALTER TABLE person DROP CONSTRAINT %I', conname),
       format('ALTER TABLE person ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = 'person'::regclass AND contype = 'u'
"""


@contextlib.contextmanager
def _without_indexes(connection: psycopg.Connection[Any], say: Say) -> Iterator[None]:
    """Without the plain indexes of the big tables meanwhile: made at once, they take a fraction of the time."""
    made = connection.execute(_PLAIN).fetchall()
    for drop, _ in made:
        connection.execute(drop)
    yield
    for _, make in made:
        say(f"   {make}")
        connection.execute(make)
