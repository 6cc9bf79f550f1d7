"""Whether the facts that decisions rest on were entered by the program, and are what was entered.

Each carries a stamp (agi_app/audit/stamps.py). What was there before there were stamps is counted, not hidden: its
numbers end where the migration says, in a row that is itself sealed.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from agi_app.audit.findings import AuditReport
from agi_app.audit.stamps import Stamper
from agi_app.messages import t
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit_facts
from agi_app.store.people import do_not_call_lists
from agi_app.store.people.caller_ids import CallerIdProof, stamp_of
from agi_app.store.people.persons import LINK
from agi_app.store.requested_calls.verifications import stamp_of_phone

BEGIN = "stamps_begin"
SEALED_BEFORE = ("consent", "caller_id_proof")  # older rows of these have their leaves before that of the boundary
Excused = Container[tuple[str, int | str]]


@dataclass(slots=True)
class _Look:
    """One comparison under way; ``old`` counts rows from before there were stamps."""

    connection: Connection
    report: AuditReport
    stamper: Stamper
    excused: Excused
    begin: Mapping[str, int]
    leaf: int | None  # of the boundary
    old: dict[str, int] = field(default_factory=dict)

    def stamped(self, kind: str, row: Mapping[str, Any], wanted: bytes) -> bool:
        """Whether the row has this stamp; else it is from before, or a fault."""
        if row["stamp"] is None:
            if self._is_old(kind, row):
                self.old[kind] = self.old.get(kind, 0) + 1
                return False
            text = t(
                "{kind} {row} has no stamp of the audit key: the program did not enter it", kind=kind, row=row["id"]
            )
        elif hmac.compare_digest(bytes(row["stamp"]), wanted):
            return True
        else:
            text = t(
                "{kind} {row} has a stamp that is not of the audit key and of what it says", kind=kind, row=row["id"]
            )
        self.report.add("forged fact", text, kind, row["id"], row.get("leaf"))
        return False

    def _is_old(self, kind: str, row: Mapping[str, Any]) -> bool:
        if kind in SEALED_BEFORE and self.leaf is not None and (row["leaf"] is None or row["leaf"] >= self.leaf):
            return False
        return bool(row["id"] <= self.begin.get(kind, 0))


async def compare(connection: Connection, report: AuditReport, stamper: Stamper, excused: Excused) -> None:
    """Add what is wrong with the facts to the report, and how many are older than stamps are."""
    begin, leaf = await _boundary(connection, report)
    look = _Look(connection, report, stamper, excused, begin, leaf)
    await _consents(look)
    for row in await audit_facts.all_of(connection, "caller_id_proofs"):
        proof = CallerIdProof(**{f.name: row[f.name] for f in fields(CallerIdProof)})
        look.stamped("caller_id_proof", row, stamp_of(proof, stamper))
    for row in await audit_facts.all_of(connection, "phones"):
        if ("person", row["person_id"]) not in excused:
            wanted = stamp_of_phone(stamper, bytes(row["number_hash"]), row["proved_until"], row["entered_by"])
            look.stamped("phone_proof", row, wanted)
    await _links(look)
    await _lists(look)
    report.notes += [
        t(
            "{count} rows of {kind} are from before there were stamps: their leaves show what they were"
            " then, but not that the program entered them",
            count=count,
            kind=kind,
        )
        for kind, count in look.old.items()
    ]


async def _boundary(connection: Connection, report: AuditReport) -> tuple[Mapping[str, int], int | None]:
    """Up to which numbers a row may be without a stamp, and the leaf that says so."""
    if not (found := [row for row in await audit_facts.all_of(connection, "database_facts") if row["name"] == BEGIN]):
        report.add("removed", t("database_fact {begin} is gone", begin=BEGIN), "database_fact")
        return {}, None
    try:
        begin = json.loads(found[0]["value"])
    except ValueError:
        begin = {}  # it does not fit its leaf either
    ends = {kind: last for kind, last in begin.items() if isinstance(last, int)} if isinstance(begin, dict) else {}
    return ends, found[0]["leaf"]


async def _consents(look: _Look) -> None:
    async for rows in audit_facts.consents(look.connection):
        for row in rows:
            if ("consent", row["id"]) in look.excused:
                if not row["erased"]:
                    text = t("consent {row} was erased, and is a consent again", row=row["id"])
                    look.report.add("changed", text, "consent", row["id"], row["leaf"])
                continue
            said = bytes(row["content_hash"])
            wanted = look.stamper.consent(bytes(row["number_hash"]), said)
            if look.stamped("consent", row, wanted) and not row["emptied"] and audit_facts.said_by(row) != said:
                text = t("consent {row} does not say what its stamp is of", row=row["id"])
                look.report.add("forged fact", text, "consent", row["id"], row["leaf"])


async def _links(look: _Look) -> None:
    """Join the numbers again, as the sealed rows say, and compare with what holds now."""
    groups: dict[int, set[int]] = {}
    for row in await audit_facts.all_of(look.connection, "links"):
        look.stamped(LINK, row, look.stamper.fact(LINK, {"moved": row["moved"], "onto": row["onto"]}))
        for moved, onto in zip(row["moved"], row["onto"], strict=False):
            if moved is not None and onto is not None:
                groups.setdefault(onto, set()).update({moved}, groups.pop(moved, set()))
    wanted = {member: head for head, members in groups.items() for member in members}
    have = await audit_facts.linked(look.connection)
    for person in sorted(wanted.keys() | have.keys()):
        if wanted.get(person) != have.get(person):
            joined = (
                t("was joined to person {person}", person=wanted[person])
                if person in wanted
                else t("was joined to nobody")
            )
            now = t("to person {person}", person=have[person]) if person in have else t("to nobody")
            look.report.add(
                "changed",
                t("person {person} {joined}, but is {now} now", person=person, joined=joined, now=now),
                "person",
                person,
            )


async def _lists(look: _Look) -> None:
    lists = await audit_facts.all_of(look.connection, "lists_in_force")
    for row in lists:
        name = t("list {row} (import {row2})", row=row["name"], row2=row["id"])
        if row["digest"] is None:
            if row["id"] <= look.begin.get("external_list", 0):
                look.report.notes.append(t("{name} is from before entries were sealed; import it again", name=name))
            else:
                text = t("{name} was not imported by the program: its entries were never sealed", name=name)
                look.report.add("forged fact", text, "external_list", row["id"])
            continue
        digest = bytes(row["digest"])
        look.stamped("list_digest", row, do_not_call_lists.stamp_of(look.stamper, row, digest))
        if await do_not_call_lists.digest_of(look.connection, row["id"]) != digest:
            text = t("the entries of {name} are not those that were imported", name=name)
            look.report.add("changed", text, "external_list_entry", row["id"])
    for row in await audit_facts.stray_entries(look.connection, [row["id"] for row in lists]):
        text = t("{row} entries are of import {row2}, which is not in force", row=row["entries"], row2=row["list_id"])
        look.report.add("inserted", text, "external_list_entry", row["list_id"])
