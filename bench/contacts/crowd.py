"""Millions of invented contacts, made inside PostgreSQL: far quicker than by an import, and with a past.

Of a hundred people six never consented, one consented to marketing only, one withdrew, one consent has expired,
one said stop, two were called three hours ago and two ten days ago; a few have two numbers, and one in twenty of the
American ones is on a do-not-call list. 70 % of the numbers behave like Chinese ones, 20 % like American, 10 % like
British. All are of the reserved range +999.

As an office has them (``office``): each has an appointment in the next two days, one in three is due for the point of
3 h before it and the others for that of 48 h, one in ten has a priority, and one in ten a second number. Whatever their
priority, the same hundred kinds of people are among them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import psycopg

from bench.output import say

CHUNK = 250_000
AREAS = ["212", "305", "312", "415", "602", "702", "813", "907"]  # of several time zones, two of Florida

_NUMBERS = """
CREATE TEMPORARY TABLE crowd AS
SELECT i, CASE WHEN i %% 20 < 14 THEN 'CN' WHEN i %% 20 < 18 THEN 'US' ELSE 'GB' END AS region,
       CASE WHEN i %% 20 < 14 THEN '+999861' || lpad((i * 37)::text, 9, '0')
            WHEN i %% 20 < 18 THEN '+9991' || (%(areas)s::text[])[1 + i / 20 %% 8] || lpad((i * 9)::text, 8, '0')
            ELSE '+999447' || lpad((i * 37)::text, 9, '0') END AS e164
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
"""

_PEOPLE = """
INSERT INTO person (person_id, e164, number_hash, region, zones, same_as) OVERRIDING SYSTEM VALUE
SELECT i, e164, sha256(e164::bytea), region, ARRAY[CASE region WHEN 'CN' THEN 'Asia/Shanghai' ELSE 'Etc/Unknown' END],
       CASE WHEN i %% 200 = 13 THEN i - 1 END
FROM crowd
"""

_CONSENTS = """
INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, expires_at, content_hash, recorded_by)
SELECT i, CASE WHEN i %% 100 = 6 THEN 'marketing' ELSE 'transactional' END, %(wording)s, 'web form', %(given)s, 'bench',
       CASE WHEN i %% 100 = 8 THEN %(given)s::timestamptz + interval '7 days' END, sha256(e164::bytea), 'bench'
FROM crowd WHERE i %% 100 >= 6
"""

_REVOCATIONS = """
INSERT INTO revocation (person_id, at, reason, via)
SELECT i, %(given)s::timestamptz + interval '3 days', 'asked', 'key' FROM crowd WHERE i %% 100 = 7
"""

_STOPS = """
INSERT INTO suppression (number_hash, at, reason, via)
SELECT sha256(e164::bytea), %(given)s::timestamptz + interval '9 days', 'asked', 'key' FROM crowd WHERE i %% 100 = 9
"""

_LISTED = """
INSERT INTO external_list_entry (number_hash, list_id)
SELECT sha256(e164::bytea), %(list)s FROM crowd WHERE region = 'US' AND i %% 400 IN (14, 15, 16, 17)
"""

_CONTACTS = """
INSERT INTO contact (contact_id, campaign, external_id, person_id, language, fields, due_at) OVERRIDING SYSTEM VALUE
SELECT i, (%(campaigns)s::text[])[1 + i / 100 %% cardinality(%(campaigns)s::text[])],
       'C' || lpad(i::text, 8, '0'), i, 'zh-CN', '{"name": "测试"}',
       %(now)s::timestamptz - interval '1 day' + i / 10000 * interval '1 s'
FROM crowd ORDER BY i
"""

_SECOND_NUMBERS = """
INSERT INTO person (person_id, e164, number_hash, region, zones, same_as) OVERRIDING SYSTEM VALUE
SELECT i + %(size)s, '+999861' || lpad((i * 37 + 1)::text, 9, '0'), sha256(('second' || e164)::bytea), 'CN',
       ARRAY['Asia/Shanghai'], CASE WHEN i %% 200 = 13 THEN i - 1 ELSE i END
FROM crowd WHERE i %% 10 = 3
"""

_SECOND_CONSENTS = """
INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, content_hash, recorded_by)
SELECT i + %(size)s, 'transactional', %(wording)s, 'web form', %(given)s, 'bench', sha256(('second' || e164)::bytea),
       'bench'
FROM crowd WHERE i %% 10 = 3
"""

_OFFICE_CONTACTS = """
INSERT INTO contact (contact_id, campaign, external_id, person_id, language, fields, due_at, event_at, point, priority,
                     urgency, number_ids, number_kinds) OVERRIDING SYSTEM VALUE
SELECT i, (%(campaigns)s::text[])[1 + i / 100 %% cardinality(%(campaigns)s::text[])],
       'C' || lpad(i::text, 8, '0'), i, 'zh-CN', '{"name": "测试"}',
       %(now)s::timestamptz - interval '1 day' + i / 10000 * interval '1 s',
       %(now)s::timestamptz + (2 + i %% 46) * interval '1 hour', point, priority, 10 * priority + point,
       CASE WHEN i %% 10 = 3 THEN ARRAY[i, i + %(size)s] END, CASE WHEN i %% 10 = 3 THEN ARRAY['mobile', 'home'] END
FROM (SELECT i, (i / 100 %% 3 = 0)::integer AS point,
             CASE WHEN i / 100 %% 10 = 7 THEN 1 + i / 100 %% 3 ELSE 0 END AS priority
      FROM crowd) AS o ORDER BY i
"""

_CALLS = """
INSERT INTO attempt (attempt_id, contact_id, person_id, number_id, campaign, decision_id, node, trunk, caller_id, state,
                     lease_until, claimed_at, marked_at, rules_at, dialled, counts, ringing_at, ended_at, outcome)
SELECT md5(i::text), i, i, i, 'earlier', 0, 'bench', 'sandbox', %(caller_id)s, 'ended', at, at, at, at, true, true, at,
       at, 'no_answer'
FROM (SELECT i, %(now)s::timestamptz - CASE WHEN i %% 50 = 11 THEN interval '3 h' ELSE interval '10 days' END AS at
      FROM crowd WHERE i %% 50 IN (11, 12)) AS past
"""

_PAST = (_PEOPLE, _CONSENTS, _REVOCATIONS, _STOPS, _LISTED, _CALLS)
_PLAIN = (*_PAST, _CONTACTS)
_OFFICE = (*_PAST, _SECOND_NUMBERS, _SECOND_CONSENTS, _OFFICE_CONTACTS)


def make(
    url: str, campaigns: Sequence[str], caller_id: str, size: int, now: dt.datetime, *, office: bool = False
) -> None:
    """Fill a migrated, empty database with ``size`` contacts, shared out to stored campaigns, that are due at ``now``.

    ``office``: with appointments, priorities and second numbers; their campaigns have ``due`` then.
    Triggers and foreign keys are off meanwhile: the rows are as they would be, already in the audit tree.
    """
    values: dict[str, Any] = {
        "campaigns": list(campaigns),
        "caller_id": caller_id,
        "now": now,
        "areas": AREAS,
        "size": size,
    }
    values["given"] = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET work_mem = '256MB'")
        values["wording"] = _one(
            connection,
            "INSERT INTO wording (text, sha256, entered_by) VALUES ('bench', sha256('bench'), 'bench')"
            " RETURNING wording_id",
        )
        values["list"] = _one(
            connection,
            'INSERT INTO external_list (name, region, as_of, "by", sha256, entries)'
            " VALUES ('us-national-dnc', 'US', %(now)s::date, 'bench', '', 0) RETURNING list_id",
            values,
        )
        for first in range(1, size + 1, CHUNK):
            bounds = {"first": first, "last": min(size, first + CHUNK - 1)}
            with connection.transaction():
                connection.execute(_NUMBERS, values | bounds)
                for statement in _OFFICE if office else _PLAIN:
                    connection.execute(statement, values)
                connection.execute("DROP TABLE crowd")
            if bounds["last"] % 1_000_000 == 0:
                say(f"   {bounds['last']:,} contacts made")
        for table in ("person", "contact"):
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{table}_id'), {2 * size + 1})")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _one(connection: psycopg.Connection[Any], statement: str, values: dict[str, Any] | None = None) -> int:
    row = connection.execute(statement, values).fetchone()
    return int(row[0]) if row else 0
