"""What the office changes of contacts that a campaign has: cancelled, or at another time. In force when it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.store.calling.campaigns import load_campaign
from agi_app.store.people import contact_changes

SHOWN = 10  # unknown ids that are named


@dataclass(frozen=True, slots=True)
class CancelledContacts:
    """``cancelled`` of those that were asked for; ``already`` were so before; ``unknown`` ids have no contact."""

    campaign: str
    cancelled: int
    already: int
    unknown: tuple[str, ...]


@noted(Scope.CONTACTS_IMPORT, "contacts cancel", "campaign")
async def cancel(
    inst: Installation,
    campaign: str,
    ids: Sequence[str],
    reason: str,  # noqa: ARG001 - noted
) -> CancelledContacts:
    """Nobody calls these contacts (by their external ids) any further, but who talks now is talked with to the end.

    Calls that ring are ended. Ids without a contact keep no other from being cancelled. ``reason`` is noted. Raises
    InputError when there is no such campaign or no contact at all, StoreError.
    """
    if await load_campaign(inst.store, campaign) is None:
        raise InputError(t("there is no campaign {campaign} in the database", campaign=campaign))
    wanted = list(dict.fromkeys(ids))
    known = await contact_changes.known(inst.store, campaign, wanted)
    unknown = tuple(one for one in wanted if one not in known)
    if not known:
        raise InputError(
            t(
                "campaign {campaign} has no contact {ids}; write the external_id of its list",
                campaign=campaign,
                ids=", ".join(unknown[:SHOWN]),
            )
        )
    done = await contact_changes.cancel(inst.store, campaign, list(known))
    return CancelledContacts(campaign, done, len(known) - done, unknown)
