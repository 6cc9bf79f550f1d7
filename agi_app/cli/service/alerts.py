"""alerts list, test: what is wrong now, and whether those who are to hear of it do."""

from __future__ import annotations

import dataclasses

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, warn, with_installation
from agi_app.messages import t, template
from agi_app.operations.service import alerts
from agi_app.operations.service.alerts import AlertRow

app = typer.Typer(help="Alerts: what is wrong now, and whether those who are to hear of it do.", no_args_is_help=True)
STATES = {"waiting": template("waiting"), "sent": template("told"), "failed": template("given up")}


@app.command("list")
def show_list(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show what is wrong now, and what ended within seven days, with whom it was told to (UTC)."""
    found = with_installation(project, alerts.shown)
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    if not found:
        say(t("nothing is wrong, as far as alerts know"))
        return
    table(t("Alerts"), (t("began"), t("ended"), t("what"), t("told")), (_row(row) for row in found))


@app.command("test")
def tell_a_test(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Tell a test by the command and the mail of [alerts], and say how it went. Exit 2 when one failed."""
    tried = with_installation(project, alerts.try_all)
    if as_json:
        say_json([dataclasses.asdict(one) for one in tried])
    for one in tried if not as_json else ():
        if one.fault is None:
            say(t("{channel}: told", channel=one.channel))
        else:
            warn(t("{channel}: {fault}", channel=one.channel, fault=one.fault))
    if any(one.fault for one in tried):
        raise typer.Exit(2)


def _row(row: AlertRow) -> tuple[str, str, str, str]:
    told = ", ".join(f"{one['channel']} {one['phase']}: {t(STATES[str(one['state'])])}" for one in row.notices)
    faults = "; ".join(str(one["fault"]) for one in row.notices if one["fault"])
    ended = "" if row.ended_at is None else f"{row.ended_at:%m-%d %H:%M}"
    return f"{row.began_at:%m-%d %H:%M}", ended, alerts.title(row), told + (f" ({faults})" if faults else "")
