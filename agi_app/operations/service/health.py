"""Whether the database answers, and which workers live."""

from __future__ import annotations

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import NodeRow

__all__ = ["NodeRow", "database_answers", "workers"]


async def database_answers(inst: Installation) -> None:
    """Returns when it does. Raises StoreError."""
    await nodes.database_started(inst.store)


@reads(Scope.FIGURES_READ)
async def workers(inst: Installation) -> list[NodeRow]:
    """Every worker that ever registered and was not forgotten. Raises StoreError."""
    return await nodes.all_nodes(inst.store)
