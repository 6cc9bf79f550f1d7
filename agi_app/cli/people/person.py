"""person: a copy of what is stored about a called person, for that person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, read_number, say, with_installation
from agi_app.messages import t
from agi_app.operations.people import person_copy
from agi_app.printable import count_of

app = typer.Typer(help="What is stored about a person who is called.", no_args_is_help=True)


@app.callback()
def _person() -> None:
    """What is stored about a person who is called."""


@app.command()
def copy(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    output: Annotated[Path, typer.Option(help="The file to write, JSON; for its owner only.")],
    project: ProjectOption = HERE,
    reason: Annotated[str, typer.Option(help="What for, such as the letter that asked; this is kept.")] = "",
) -> None:
    """Write a copy of all that is stored about a person, once a call of ours has proved one of their numbers."""
    made = with_installation(project, person_copy.write_copy, read_number(number), output, reason=reason)
    rows = count_of(made.rows, "row")
    say(t("{file}: written, {rows}; the call to {proved} proved it", file=made.file, rows=rows, proved=made.proved))
