"""calls now, end: the calls that are on, and the end of one of them."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation, with_needed
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.operations.calling import calls_now

app = typer.Typer(help="The calls that are on.", no_args_is_help=True)


@app.command("now")
def show_now(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the calls that are on, the longest first and at most 200, with masked numbers."""
    found = with_installation(project, calls_now.now)
    if as_json:
        say_json([dataclasses.asdict(one) for one in found.calls])
        return
    columns = ("id", "campaign", "contact", "number", "worker", "state", "seconds")
    rows = (
        (one.attempt_id, one.campaign, one.external_id, one.number, one.node, one.stage, one.seconds)
        for one in found.calls
    )
    table(t("Calls that are on"), columns, rows)
    if (every := sum(one.calls for one in found.totals)) > len(found.calls):
        say(t("these are {shown} of {all}", shown=len(found.calls), all=every))


@app.command("end")
def end_one(
    call: Annotated[str, typer.Argument(help="The call's id, as `agi-app calls now` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the call's result, with who ended it.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """End one call that is on: the worker that has it hangs up. The contact is not called again for it."""
    found = with_needed(project, calls_now.end, call, reason=reason)
    if as_json:
        say_json(dataclasses.asdict(found))
    elif found.stage == "ended":
        say(t("the call is over: {outcome}; {note}", outcome=found.outcome, note=retold(found.note or "–")))
    else:
        say(t("the worker {worker} was told to end it; the call is not over yet", worker=found.node))
