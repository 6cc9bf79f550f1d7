"""recover: look at a database that is behind what this node remembers, and accept it knowingly."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, say, with_installation
from agi_app.cli.naming import no_such
from agi_app.consent.recovery import Recovery, accept, look
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("recover")(recover)
    app.command("forget-node")(forget_node)


def recover(
    project: ProjectOption = HERE,
    accept_restored: Annotated[
        bool, typer.Option("--accept-restored", help="Accept this database; nobody is called for a day after.")
    ] = False,
) -> None:
    """After a backup was restored: what is missing, and how to go on. Changes nothing without --accept-restored."""

    async def work(inst: Installation) -> Recovery:
        sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
        tree = await sequencer.behind()
        if not accept_restored:
            return await look(inst.store, inst.journal, inst.settings.data, inst.clock, tree=tree)
        if tree is not None:
            await sequencer.restart()
        return await accept(inst.store, inst.journal, inst.settings.data, inst.clock, tree=tree)

    found = with_installation(project, work)
    for line in found.lines:
        say(line)
    raise typer.Exit(0 if found.well else 2)


def forget_node(
    name: Annotated[str, typer.Argument(help="The worker's name, as the message or `doctor` shows it.")],
    project: ProjectOption = HERE,
) -> None:
    """Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost."""

    async def work(inst: Installation) -> bool:
        known = await nodes.all_nodes(inst.store)
        found = [n for n in known if n.entityid == name] or [n for n in known if n.name == name]
        if not found:
            raise no_such("worker", name, [n.name for n in known])
        if len(found) > 1:
            ids = ", ".join(f"{n.entityid} (seen {n.seen_at:%Y-%m-%d %H:%M} UTC)" for n in found)
            raise InputError(f"{len(found)} workers have the name {name}; name one by its entityid: {ids}")
        if found[0].alive:
            raise InputError(f"worker {name} is alive; end it first, then its journal is stored by itself")
        return await nodes.forget_node(inst.store, found[0].entityid)

    with_installation(project, work)
    say(f"{name} is forgotten")
