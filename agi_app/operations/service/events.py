"""What is recorded, as it happens: one event a sealed row, of its kind and number alone."""

from __future__ import annotations

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.store.service import events as table
from agi_app.store.service.events import SealedRow

__all__ = ["KINDS", "SealedRow", "after", "newest"]
# Kind of row -> who may hear of it. What is not here is told to nobody.
KINDS = {
    "decision": Scope.FIGURES_READ,
    "result": Scope.FIGURES_READ,
    "campaign_version": Scope.FIGURES_READ,
    "calling_pause": Scope.FIGURES_READ,
    "ruleset": Scope.FIGURES_READ,
    "caller_id_proof": Scope.FIGURES_READ,
    "external_list": Scope.FIGURES_READ,
    "line_call": Scope.FIGURES_READ,
    "consent": Scope.PEOPLE_READ,
    "revocation": Scope.PEOPLE_READ,
    "suppression": Scope.PEOPLE_READ,
    "erasure": Scope.PEOPLE_READ,
    "wording": Scope.PEOPLE_READ,
    "guard_change": Scope.GUARD_READ,
    "complaint": Scope.COMPLAINTS_READ,
    "complaint_note": Scope.COMPLAINTS_READ,
    "access": Scope.ACTIONS_READ,
    "action": Scope.ACTIONS_READ,
    "action_end": Scope.ACTIONS_READ,
}


async def after(inst: Installation, leaf: int, limit: int) -> list[SealedRow]:
    """What was sealed behind this leaf, the oldest first; the caller looks up who may hear of it. Raises StoreError."""
    return await table.after(inst.store, leaf, limit)


async def newest(inst: Installation) -> int:
    """The last leaf, -1 when there is none. Raises StoreError."""
    return await table.newest(inst.store)
