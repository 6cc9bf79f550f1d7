"""results status, log, retry: the results of calls that are sent back to an office's systems."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Annotated, Literal

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, warn, with_installation
from agi_app.messages import t, template
from agi_app.messages.retold import retold
from agi_app.operations.service import results
from agi_app.operations.service.results import ResultDelivery, TargetStatus

app = typer.Typer(help="Results of calls that are sent back to your office's systems.", no_args_is_help=True)
TargetArgument = Annotated[str, typer.Argument(metavar="TARGET", help="The NAME of [results.NAME]; default: all.")]
STATES = {"waiting": template("waiting"), "delivered": template("delivered"), "failed": template("given up")}


@app.command()
def status(target: TargetArgument = "", project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show how each target fares: what waits, what was given up, and since when nothing can be sent (UTC)."""
    found = with_installation(project, results.status, target)
    if as_json:
        say_json(dataclasses.asdict(found))
        return
    if not found.targets:
        say(t("no results are sent back: agi-app.toml has no [results.NAME] (docs/how-to/results-back.md)"))
        return
    heads = (t("target"), t("place"), t("campaigns"), t("sent in a day"), t("waiting"), t("given up"), t("state"))
    table(t("Results"), heads, (_row(one) for one in found.targets))
    for one in found.targets:
        if one.row is not None and one.row.fault:
            warn(t("results.{target}: {fault}", target=one.target, fault=retold(one.row.fault)))
    if not found.processes:
        warn(t("no process sends them: start `agi-app exchange`"))


@app.command("log")
def show_log(
    target: TargetArgument = "",
    state: Annotated[
        Literal["waiting", "delivered", "failed"] | None, typer.Option(help="Those in this state alone.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=results.MOST_LISTED, help="How many of the newest.")] = 50,
    before: Annotated[int | None, typer.Option(help="Older ones than this number.")] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what was sent, what waits and what was given up, newest first, with the latest fault of each (UTC)."""
    found = with_installation(project, results.log_of, target, state=state, before=before, limit=last)
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    heads = ("id", t("target"), t("contact"), t("campaign"), t("outcome"), t("state"), t("tries"), t("at"), t("result"))
    table(t("Results"), heads, (_line(row) for row in found))
    for row in found:
        if row.state == "failed":
            say(t("{number}: key {key}", number=row.delivery_id, key=row.key))


@app.command()
def retry(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The NAME of [results.NAME].")],
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEYS", help="Keys of results, as the log shows.")] = None,
    project: ProjectOption = HERE,
) -> None:
    """Send again what was given up, for a week; by its key also what was sent, or is older than what was sent since."""
    done = with_installation(project, results.retry, target, keys or ())
    say(t("results that are sent again: {number}", number=done.again))
    if done.older:
        told = "left as they are, because a later call's result of the same contact was sent since: {number}"
        warn(t(told, number=done.older))


def _row(one: TargetStatus) -> tuple[object, ...]:
    row = one.row
    campaigns = "" if row is None else " ".join(row.campaigns)
    figures = (0, 0, 0) if row is None else (row.delivered_in_a_day, row.waiting, row.failed)
    return (one.target, one.place, campaigns, *figures, _state(one))


def _state(one: TargetStatus) -> str:
    if not one.in_settings:
        return t("no longer in agi-app.toml")
    if not one.known:
        return t("the workers do not know it yet: restart `agi-app run`")
    if one.row is not None and one.row.failing_since is not None:
        return t("nothing is sent since {at}", at=_at(one.row.failing_since))
    return t("well")


def _line(row: ResultDelivery) -> tuple[object, ...]:
    result = row.file or "" if row.state == "delivered" else retold(row.fault or "")[:80]
    at = row.ended_at or row.next_try_at or row.recorded_at
    return (
        *(row.delivery_id, row.target, row.id, row.campaign, row.outcome, t(STATES[row.state]), row.tries),
        *(_at(at), result),
    )


def _at(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
