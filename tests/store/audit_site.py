"""What the audit tests share: a database with something of every kind in it, its sequencer, and an attacker."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from agi_app.audit.findings import AuditFinding, AuditReport
from agi_app.audit.signing_key import audit_folder, load_or_make
from agi_app.audit.stamps import Stamper
from agi_app.audit.standalone_verifier import NotGenuine
from agi_app.clock import Clock
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sealed, Sequencer
from agi_app.proof.verify import verify
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import CallerIdProof, add_in
from agi_app.store.people.consents import content_hash
from tests.store.world import hash_number, number

ORIGIN = "agi-app/test"
# Rows of person n, told in SQL so that only the tables are needed. %(n)s is the person's number in the world.
STORY = """
WITH p AS (
    INSERT INTO person (e164, number_hash, region, zones) VALUES (%(e164)s, %(hash)s, 'CN', '{Asia/Shanghai}')
    RETURNING person_id
), w AS (
    INSERT INTO wording (language, text, sha256, entered_by)
    VALUES ('zh-CN', %(text)s, sha256(convert_to(%(text)s, 'UTF8')), 'admin') RETURNING wording_id
), c AS (
    INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, content_hash, stamp, recorded_by)
    SELECT person_id, 'transactional', wording_id, 'web form', %(given_at)s, 'clinic', %(said)s, %(stamp)s, 'admin'
    FROM p, w
), t AS (
    INSERT INTO contact (campaign, external_id, person_id, fields, due_at)
    SELECT 'checkup', %(n)s::text, person_id, '{}', now() FROM p RETURNING contact_id, person_id
), d AS (
    INSERT INTO decision (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at,
                          clock)
    SELECT contact_id, person_id, 'checkup', true, '{}', '[]', '{"consents": []}', 'rules-1', now(), 'system' FROM t
    RETURNING decision_id, contact_id, person_id
)
INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk, caller_id, rules_at,
                     lease_until)
SELECT 'call-' || %(n)s, contact_id, person_id, 'checkup', decision_id, 'node-1', 'carrier', '+99986210000001', now(),
       now() + interval '1 minute'
FROM d
"""
ENDED = """
UPDATE attempt SET state = 'ended', outcome = 'human', disposition = 'confirmed', answers = '{"menu": "yes"}',
    dialled = true, counts = true, ended_at = clock_timestamp()
WHERE attempt_id = 'call-' || %(n)s
"""
STOPPED = """
WITH r AS (
    INSERT INTO revocation (person_id, at, reason, via)
    SELECT person_id, now(), 'no more', 'key press' FROM person WHERE e164 = %(e164)s
)
INSERT INTO suppression (number_hash, at, reason, via) VALUES (%(hash)s, now(), 'no more', 'key press')
"""
CAMPAIGN = """
INSERT INTO campaign (name, spec, flow_file, flow_text)
VALUES ('checkup', '{"purpose": "transactional", "caller_id": "+99986210000001"}', 'f', 'f') ON CONFLICT DO NOTHING
"""


@dataclass
class Site:
    """One audited database."""

    store: Store
    url: str
    folder: Path
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        self.witness = self.folder / "witness"
        self.witness.mkdir(parents=True, exist_ok=True)
        self.store.make_stamper = self._stamper

    async def _stamper(self) -> Stamper:
        return self.notary.stamper

    @property
    def notary(self) -> Notary:
        """A new one, as each process has."""
        witness = self.witness / "checkpoints"
        return Notary(audit_folder(self.folder), witness, self.origin, load_or_make(self.folder), Clock())

    async def seal(self) -> Sealed:
        """Give everything that is queued a leaf, and sign."""
        sealed = await Sequencer(self.store, self.notary).once()
        assert sealed is not None
        return sealed

    async def verify(self) -> AuditReport:
        """What `audit verify` finds."""
        return await verify(self.store, self.notary)

    async def faults(self) -> list[AuditFinding]:
        """The same, its faults only."""
        return (await self.verify()).faults

    async def people(self, *wanted: int) -> None:
        """Persons with a consent each, decided about, called, and who then said stop."""
        stamper, now = self.notary.stamper, dt.datetime.now(dt.UTC)
        proof = CallerIdProof(
            "+99986210000001", "letter", "letter.pdf", "00", "admin", now, now + dt.timedelta(days=90)
        )
        given_at = now - dt.timedelta(days=9)
        async with self.store.transaction() as connection:
            await connection.execute(CAMPAIGN)
            await add_in(connection, proof, now, stamper)
            for n in wanted:
                text, hashed = f"I, number {n}, agree.", hash_number(number(n))
                said = content_hash(Consent(number(n), Purpose.TRANSACTIONAL, text, "web form", given_at, "clinic"))
                values = {"n": n, "e164": number(n), "hash": hashed, "text": text, "given_at": given_at, "said": said}
                values |= {"stamp": stamper.consent(hashed, said)}
                for statement in (STORY, ENDED, STOPPED):
                    await connection.execute(statement, values)

    def attack(self, *statements: str) -> None:
        """Change the database as somebody who owns it can, past all triggers."""
        with psycopg.connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(sql.SQL(statement))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with psycopg.connect(self.url) as connection:
            return list(connection.execute(sql.SQL(query)))


def every_altered_byte_is_found(folder: Path, key: str, check: Callable[[Path, str], object]) -> int:
    """First, middle and last byte of each file that was handed out, one at a time; returns how many were tried."""
    tried = 0
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        whole, name = file.read_bytes(), file.relative_to(folder).as_posix()
        places = {0, len(whole) // 2, len(whole) - 1} if whole else set()
        altered = [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in places]
        for content in [*altered, whole + b"\n"]:
            file.write_bytes(content)
            with pytest.raises(NotGenuine, match=re.escape(name)):
                check(folder, key)
            tried += 1
        file.write_bytes(whole)
    check(folder, key)
    return tried


async def main(url: str, folder: str) -> None:
    """A sequencer in a process of its own, to be killed."""
    from tests.store.conftest import open_store

    store = await open_store(url)
    site = Site(store, url, Path(folder))
    await Sequencer(store, site.notary).run()


if __name__ == "__main__":
    import asyncio

    asyncio.run(main(sys.argv[1], sys.argv[2]))
