"""A database that is behind what this node remembers, and workers that are gone for good.

The audit records that entries were given up.
"""

from __future__ import annotations

from agi_app.authoring.suggestions import no_such
from agi_app.consent.recovery import Recovery, accept, look
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes


async def recover(inst: Installation, *, accept_restored: bool = False) -> Recovery:
    """What is missing after a backup was restored, and how to go on. Changes nothing unless it is accepted.

    Accepted, the stops of the journal are stored again, and nobody is called for a day. Raises ConfigError, StoreError.
    """
    sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
    tree = await sequencer.behind()
    if accept_restored and tree is not None:
        await sequencer.restart()
    go_on = accept if accept_restored else look
    return await go_on(inst.store, inst.journal, inst.settings.data, inst.clock, tree=tree)


async def forget_node(inst: Installation, name: str) -> None:
    """Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost.

    ``name`` is the worker's, or its entityid. Raises InputError when there is none, several, or it is alive.
    """
    known = await nodes.all_nodes(inst.store)
    found = [n for n in known if n.entityid == name] or [n for n in known if n.name == name]
    if not found:
        raise no_such("worker", name, [n.name for n in known])
    if len(found) > 1:
        ids = ", ".join(f"{n.entityid} (seen {n.seen_at:%Y-%m-%d %H:%M} UTC)" for n in found)
        raise InputError(f"{len(found)} workers have the name {name}; name one by its entityid: {ids}")
    if found[0].alive:
        raise InputError(f"worker {name} is alive; end it first, then its journal is stored by itself")
    await nodes.forget_node(inst.store, found[0].entityid)
