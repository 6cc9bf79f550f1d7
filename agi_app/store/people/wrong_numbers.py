"""A wrong number: who answered says so, and all consents for this number end. It is no stop."""

from __future__ import annotations

import datetime as dt

from agi_app.messages import template
from agi_app.model.person import WRONG_NUMBER
from agi_app.store.calling.attempts import CLAIMED, give_back
from agi_app.store.database.listen import STOP_CHANNEL
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record, records
from agi_app.store.people.stops import Suppression, suppress

Q = load_queries("people/wrong_numbers")


async def end_consents(store: Store, number_hash: bytes, at: dt.datetime, reason: str) -> int:
    """End all consents for this number that were given until ``at`` (rules time); returns 1 if that is new, else 0.

    A number that the database does not know (an older copy of it was restored) goes onto the suppression list: a list
    of old consents may be imported again. Raises StoreError.
    """
    async with store.transaction() as connection:
        if (person := await record(connection, Q["lock_number"], {"number_hash": number_hash})) is not None:
            said = {"person_id": person["person_id"], "at": at, "reason": reason, "via": WRONG_NUMBER}
            new = len(await records(connection, Q["add_revocation"], said))
            if claimed := await records(connection, Q["claimed"], person):
                await give_back(
                    connection, [row["attempt_id"] for row in claimed], template("it is a wrong number"), CLAIMED
                )
            await connection.execute(Q["tell"], {"channel": STOP_CHANNEL, "head": person["head"]})
            return new
    return await suppress(store, [Suppression(number_hash, at, reason, WRONG_NUMBER)])
