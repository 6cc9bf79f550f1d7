"""The claim of one certain contact, whom one of our people wants to call now: the same locks, facts, gate and writes.

It does not ask whether the contact is due, and a refusal leaves the contact as it was: the dialer goes its own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.messages import t
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.store.calling import concurrent_slots, gateway_ports
from agi_app.store.calling.claims import ClaimTerms, reserve
from agi_app.store.calling.facts import Decide, DueContact, begin_claim, judge
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import count, load_queries, record
from agi_app.store.requested_calls.staff_calls import refusal

Q = load_queries("requested_calls/agent_calls")
Case = tuple[Campaign, int, ClaimTerms, Decide]  # campaign, contact, terms, gate
IN_CALL = "this person is in a call with us now, or a telephone may still ring there"


@dataclass(frozen=True, slots=True)
class RefusedContact:
    """The contact may not be called now, and why not; what the gate said is stored."""

    why: str


async def ask(
    store: Store, campaign: Campaign, contact_id: int, terms: ClaimTerms, decide: Decide
) -> RefusedContact | None:
    """Why the contact may not be called now; None when it may. Nothing is reserved. Raises StoreError."""
    found = await _look(store, campaign, contact_id, terms, decide, take=False)
    return found if isinstance(found, RefusedContact) else None


async def claim_one(
    store: Store, campaign: Campaign, contact_id: int, terms: ClaimTerms, decide: Decide
) -> Claim | RefusedContact:
    """Reserve the contact as ``claims.claim`` does, if the gate allows a call now. Raises StoreError."""
    return await _look(store, campaign, contact_id, terms, decide, take=True) or RefusedContact(t(IN_CALL))


async def _look(
    store: Store, campaign: Campaign, contact_id: int, terms: ClaimTerms, decide: Decide, *, take: bool
) -> Claim | RefusedContact | None:
    async with store.transaction() as connection:
        start = await begin_claim(connection, campaign, terms.offset)
        if start is None or start.state is not CampaignState.RUNNING:
            return RefusedContact(t("campaign {name} does not run", name=campaign.name))
        if start.feed_late:
            return RefusedContact(
                t("the feed of campaign {name} had no good run for too long: its facts are too old", name=campaign.name)
            )
        places = await concurrent_slots.lease_both(connection, campaign, terms.trunk_limit, 1)
        if not places.free:
            return RefusedContact(
                t(
                    "the {short_of} already has as many calls as it may have at once",
                    short_of=t(places.short_of or "trunk"),
                )
            )
        values = {"contact_id": contact_id, "campaign": campaign.name}
        if (row := await record(connection, Q["lock_one"], values)) is None:
            return RefusedContact(t(IN_CALL))
        await count(connection, Q["set_state"], {**values, "state": "pending"})
        if not (
            judged := await judge(connection, [DueContact(contact_id, row["head"])], start, decide, 1, terms.missing)
        ):
            await count(connection, Q["set_state"], {**values, "state": row["state"]})
            return RefusedContact(t(IN_CALL))
        decision = judged[0].decision
        port = decision.caller_id if decision.allowed and terms.ports else None
        busy = port is not None and (
            port not in (await gateway_ports.lease(connection, terms.ports, start.now, terms.offset)).free
        )
        if not decision.allowed or (take and not busy):
            claims = await reserve(connection, campaign, judged, places.free, start.now, terms, row["state"])
            return claims[0] if claims else RefusedContact(refusal(decision))
        await count(connection, Q["set_state"], {**values, "state": row["state"]})
    return RefusedContact(t("the port with the number {port} is taken, or rests", port=port)) if busy else None
