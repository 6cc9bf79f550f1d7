"""recover: look at a database that is behind what this node remembers, and accept it knowingly."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, say, with_installation
from agi_app.messages import t
from agi_app.operations.service import recovery


def recover(
    project: ProjectOption = HERE,
    accept_restored: Annotated[
        bool, typer.Option("--accept-restored", help="Accept this database; nobody is called for a day after.")
    ] = False,
) -> None:
    """After a restored backup: show what is missing, and how to go on. Changes nothing without --accept-restored."""
    found = with_installation(project, recovery.recover, accept_restored=accept_restored)
    for line in found.lines:
        say(line)
    raise typer.Exit(0 if found.well else 2)


def forget_node(
    name: Annotated[str, typer.Argument(help="The worker's name, as the message or `doctor` shows it.")],
    project: ProjectOption = HERE,
) -> None:
    """Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost."""
    with_installation(project, recovery.forget_node, name)
    say(t("{name} is forgotten", name=name))
