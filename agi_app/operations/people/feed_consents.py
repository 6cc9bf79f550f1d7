"""Consents that a feed brings: by the rules of a file of consents, and by stricter ones of feeds.

All rows have the one registered wording and the one purpose of the feed; each has its own time and evidence that no
other consent has. A person who withdrew, said stop, is the wrong one, or whose consent expired consents again only by
somebody who enters it: of such a row nothing is recorded.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import parse_fed_consents
from agi_app.contacts.consent_proof import Proofs
from agi_app.contacts.generated_numbers import looks_generated
from agi_app.contacts.import_batches import ImportSummary
from agi_app.contacts.tables.opening import MOST_WHOLE, MadeFile, open_made, sha256_of_copy
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.event_loop import in_background
from agi_app.messages import t, template
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_consents as table
from agi_app.store.feeds import fed_contacts
from agi_app.store.feeds.fed_consents import NewConsent
from agi_app.store.people import imported_files
from agi_app.store.people.consents import content_hash, import_consents
from agi_app.store.people.imported_files import ImportedBy

FedRow = tuple[int, Consent | RejectedRow]
ACCOUNT = "feed "  # what stands before a feed's name as who recorded a consent; no account's name has a space
WHY = {
    "withdrawn": template("this person withdrew a consent: only somebody who enters it can record a new one"),
    "wrong_number": template("the number was said to be somebody else's: only somebody who enters it can record one"),
    "stopped": template("this person said stop: no consent is recorded by a feed"),
    "expired": template("a consent of this person expired: only somebody who enters it can record a new one"),
    "evidence": template("another consent has this evidence: each needs its own"),
}


@dataclass(frozen=True, slots=True)
class FedTerms:
    """What is the same for all consents of a feed."""

    feed: str
    purpose: Purpose
    wording: str  # NAME/VERSION


async def import_fed_consents(
    store: Store, file: MadeFile, terms: FedTerms, proofs: Proofs, now: dt.datetime
) -> ImportSummary:
    """Record what is new, all or nothing, in the transaction of who calls; ``now`` is rules time.

    Raises AuthorError or InputError when it will not do as a whole (then nothing was written), StoreError.
    """
    given = {"purpose": terms.purpose.value, "wording_id": terms.wording}
    account = f"{ACCOUNT}{terms.feed}"
    with ExitStack() as stack:
        copy, table_of = await in_background(open_made, file, stack)
        parsed = await in_background(_read, lambda: parse_fed_consents(table_of, given, account, now, proofs))
        digest = await in_background(sha256_of_copy, copy)
    good = [(line, row) for line, row in parsed if isinstance(row, Consent)]
    await _refuse_generated(store, terms.feed, [row for _, row in good], file.name, now)
    new, there, blocked = await _judge(store, good, terms.purpose, now)
    rejected = [row.problem(file.name) for _, row in parsed if isinstance(row, RejectedRow)]
    rejected += [Problem(file.name, line, 1, "consent/feed", t(WHY[why])) for line, why in blocked]
    woken = 0
    if new:
        seen = imported_files.FileSeen("consents", file.name, digest, len(parsed), len(rejected), terms.feed)
        number = await imported_files.begin(store, seen, ImportedBy(account, None, now))
        count = await import_consents(store, new, account, now, number)
        await imported_files.stored(store, number, 0, 0, 0)
        woken = count.woken
    await table.note_numbers(store, terms.feed, [row.number for _, row in good], now)
    counts = (len(parsed), len(new), 0, there, len(rejected))
    return ImportSummary(file.name, *counts, tuple(sorted(rejected)), woken=woken)


def _read(rows: Callable[[], Iterator[FedRow]]) -> list[FedRow]:
    found = list(itertools.islice(rows(), MOST_WHOLE + 1))
    if len(found) > MOST_WHOLE:
        raise InputError(t("more than {most:,} rows; let it bring fewer", most=MOST_WHOLE))
    return found


async def _judge(
    store: Store, good: Sequence[tuple[int, Consent]], purpose: Purpose, now: dt.datetime
) -> tuple[list[Consent], int, list[tuple[int, str]]]:
    """What is new; how many are there already; and the lines of those that no feed may bring, with why."""
    asked = [NewConsent(row.number, row.evidence or "", content_hash(row).hex()) for _, row in good]
    found = await table.judge(store, asked, purpose.value, now)
    new, there, blocked, taken = list[Consent](), 0, list[tuple[int, str]](), set[str | None]({None})
    for (line, row), judged in zip(good, found, strict=True):
        if judged.there:
            there += 1
        elif judged.why is not None:
            blocked.append((line, judged.why))
        elif judged.evidence_key in taken:
            blocked.append((line, "evidence"))
        else:
            new.append(row)
        taken.add(judged.evidence_key)
    return new, there, blocked


async def _refuse_generated(store: Store, feed: str, rows: Sequence[Consent], file: str, now: dt.datetime) -> None:
    """AuthorError for numbers that were made by counting, together with all that the feed brought in 30 days."""
    known = await fed_contacts.numbers(store, feed, now)
    block = await in_background(looks_generated, [*(row.number for row in rows), *known])
    if block is not None:
        told = "{reason}; nothing was recorded: people give their own numbers, not one after another"
        raise AuthorError(Problem(file, 1, 1, "contacts/generated", t(told, reason=block.reason)))
