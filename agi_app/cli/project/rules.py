"""rules: what the calling rules say and why, and stored decisions made again by the rules of their time."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from agi_app.campaigns.calling_rules.decision_replay import ReplayReport, replay_decisions
from agi_app.campaigns.calling_rules.rule_files import RuleBook, load_rulebook
from agi_app.campaigns.calling_rules.rule_texts import in_force, lines_of
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.store.calling.campaigns import option_names_one

app = typer.Typer(help="Calling rules: what holds where and why, and decisions made again.", no_args_is_help=True)


@app.command()
def show(
    region: Annotated[str | None, typer.Argument(help="A country, two letters (ISO 3166); default: all.")] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show every calling rule with its source, its date and whether it is law, and what holds in the end."""
    book = load_rulebook(project)
    known = book.ruleset.jurisdictions
    if region is not None and region not in known:
        raise InputError(f"there are no calling rules for {region!r}; there are for {', '.join(known)}")
    wanted = list(known) if region is None else [region]
    if as_json:
        places = {name: _plain(book, name) for name in wanted}
        say_json({"version": book.ruleset.version, "jurisdictions": places})
        return
    say(f"rule set {book.ruleset.version}")
    for name in wanted:
        _tables(book, name)


def _tables(book: RuleBook, region: str) -> None:
    country = book.ruleset.jurisdictions[region]
    parts = {f"{region}-{name}": in_force(part.rules) for name, part in country.parts.items()}
    whole = in_force(country.rules)
    say("")
    table(
        f"{region}: what holds",
        ("rule", region, *parts),
        ([k, v, *(p[k] for p in parts.values())] for k, v in whole.items()),
    )
    say("")
    columns = ("place", "rule", "value", "basis", "as of", "source", "file")
    lines = lines_of(book, region)
    table(f"{region}: where it comes from", columns,
          ((v.place, v.rule, v.value, v.basis, v.as_of, v.source, v.file) for v in lines))  # fmt: skip


def _plain(book: RuleBook, region: str) -> dict[str, Any]:
    country = book.ruleset.jurisdictions[region]
    return {
        "in_force": in_force(country.rules),
        "parts": {name: in_force(part.rules) for name, part in country.parts.items()},
        "values": [dataclasses.asdict(line) | {"as_of": line.as_of.isoformat()} for line in lines_of(book, region)],
    }


@app.command()
def replay(
    project: ProjectOption = HERE,
    campaign: Annotated[str | None, typer.Option(help="Only decisions about this campaign.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make every stored decision again by the rules and facts of its time; exit 1 when one comes out otherwise."""

    async def work(inst: Installation) -> ReplayReport:
        await option_names_one(inst.store, campaign)
        return await replay_decisions(inst.store, campaign)

    report = with_installation(project, work)
    if as_json:
        say_json({"ok": report.ok, **dataclasses.asdict(report)})
    else:
        say(f"{report.same} decisions made again came out the same, {len(report.mismatches)} did not,"
            f" {report.skipped} cannot be made again")  # fmt: skip
        for found in report.mismatches:
            say(f"decision {found.decision_id} (campaign {found.campaign}): {found.why}")
    raise typer.Exit(0 if report.ok else 1)
