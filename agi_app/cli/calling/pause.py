"""pause, resume: everything at once, on all nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, say, with_installation, with_needed
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.calling import pauses
from agi_app.operations.calling.pauses import WorkerPause

Everything = Annotated[bool, typer.Option("--all", help="Everything: every campaign, rehearsal and proof call.")]


def pause(
    project: ProjectOption = HERE,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(help="Why; the status of every campaign shows it.")] = "",
) -> None:
    """Make no new call on any node, within a second. Calls in progress go on; the pause holds until `resume --all`."""
    _only_all(everything, "pause")
    workers = with_needed(project, pauses.pause_all, reason)
    say(t("everything is paused: no new call is made on any node; calls in progress go on"))
    for worker in workers:
        say(t("  worker {name} {heard}", name=worker.name, heard=_heard(worker)))
    say(t("`agi-app resume --all` ends the pause"))


def resume(
    project: ProjectOption = HERE,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """End the pause of everything."""
    _only_all(everything, "resume")
    if with_installation(project, pauses.resume_all, reason):
        say(t("calls are made again; campaigns that were paused or stopped one by one stay so"))
    else:
        say(t("nothing is paused; `agi-app campaign resume NAME` is about one campaign"))


def _heard(worker: WorkerPause) -> str:
    if worker.away_s is not None:
        return t("is away (last seen {away_s} s ago): without the database it can make no call", away_s=worker.away_s)
    return (
        t("dials nobody")
        if worker.heard
        else t("has not confirmed the pause yet; the database lets it make no call in any case")
    )


def _only_all(everything: bool, verb: str) -> None:
    if not everything:
        raise InputError(
            t(
                "`agi-app {verb} --all` is about everything, `agi-app campaign {verb} NAME` about one campaign",
                verb=verb,
            )
        )
