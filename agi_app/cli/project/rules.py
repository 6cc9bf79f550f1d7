"""rules: what the calling rules say and why, and stored decisions made again by the rules of their time."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation
from agi_app.messages import spoken, t, template
from agi_app.operations.project import rules
from agi_app.operations.project.rules import CountryRules

app = typer.Typer(help="Calling rules: what holds where and why, and decisions made again.", no_args_is_help=True)


@app.command()
def show(
    region: Annotated[str | None, typer.Argument(help="A country, two letters (ISO 3166); default: all.")] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show every calling rule with its source, its date and whether it is law, and what applies as a result."""
    version, countries = rules.show(project, region)
    if as_json:
        say_json({"version": version, "jurisdictions": countries})
    else:
        say(t("rule set {version}", version=version))
        for name, found in countries.items():
            _tables(name, found)


BASES = (template("law"), template("house"))  # of a value of the calling rules


def _tables(region: str, found: CountryRules) -> None:
    parts = {f"{region}-{name}": holds for name, holds in found.parts.items()}
    say("")
    table(
        t("{region}: what holds", region=region),
        ("rule", region, *parts),
        ([k, v, *(p[k] for p in parts.values())] for k, v in found.in_force.items()),
    )
    say("")
    columns = ("place", "rule", "value", "basis", "as of", "source", "file")
    table(
        t("{region}: where it comes from", region=region),
        columns,
        ((v.place, v.rule, v.value, spoken(v.basis), v.as_of, v.source, v.file) for v in found.values),
    )


@app.command()
def replay(
    project: ProjectOption = HERE,
    campaign: Annotated[str | None, typer.Option(help="Only decisions about this campaign.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make every stored decision again by the rules and facts of its time; exit 1 when one comes out differently."""
    report = with_installation(project, rules.replay, campaign)
    if as_json:
        say_json({"ok": report.ok, **dataclasses.asdict(report)})
    else:
        say(
            t(
                "{same} decisions made again came out the same, {mismatches} did not, {skipped} cannot be made again",
                same=report.same,
                mismatches=len(report.mismatches),
                skipped=report.skipped,
            )
        )
        for found in report.mismatches:
            say(
                t(
                    "decision {decision_id} (campaign {campaign}): {why}",
                    decision_id=found.decision_id,
                    campaign=found.campaign,
                    why=found.why,
                )
            )
    raise typer.Exit(0 if report.ok else 1)
