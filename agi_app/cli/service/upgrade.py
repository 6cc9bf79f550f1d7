"""upgrade: bring the database to this version, knowing before what that is."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Annotated

import typer

from agi_app import log
from agi_app.cli.common import HERE, JsonOption, ProjectOption, progress, say, say_json, settings_of, warn
from agi_app.messages import t
from agi_app.operations.service import upgrades
from agi_app.operations.service.upgrades import UpgradeLook
from agi_app.printable import count_of

MIB = 1 << 20


def upgrade(
    project: ProjectOption = HERE,
    check: Annotated[bool, typer.Option("--check", help="Only say what would be done; change nothing.")] = False,
    trial: Annotated[
        bool, typer.Option("--trial", help="Try it on a copy of the database first, and say how long that took.")
    ] = False,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Go on without a backup of the last day.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the database to this version; with --check, only say which migrations, what they change and how long."""
    log.configure()
    settings = settings_of(project)
    with progress("entries") as report:
        seen = asyncio.run(upgrades.look(settings, trial=trial, progress=report))
    if as_json:
        say_json(_record(seen))
    else:
        _tell(seen)
    failed = seen.trial is not None and not seen.trial.audit.ok
    if check or failed or not seen.plan.migrations:
        raise typer.Exit(1 if failed else 0)
    applied = asyncio.run(upgrades.upgrade(settings, seen, without_backup=without_backup))
    if not as_json:
        say(t("applied: {applied}", applied=", ".join(applied)))


def _record(seen: UpgradeLook) -> dict[str, object]:
    plan = dataclasses.asdict(seen.plan) | {"seconds": round(seen.plan.seconds, 1)}
    trial = None if seen.trial is None else {"seconds": round(seen.trial.seconds, 2), "audit_ok": seen.trial.audit.ok}
    return {**plan, "backup_at": seen.backup_at, "workers": seen.working, "trial": trial}


def _tell(seen: UpgradeLook) -> None:
    plan = seen.plan
    if not plan.migrations:
        say(t("the database is up to date"))
        return
    if plan.release:
        say(t("the database is of agi-app {release} or of a state after it", release=plan.release))
    migrations = count_of(len(plan.migrations), "migration")
    say(
        t(
            "{migrations}, from {at} to {to}; tables of {mib:.1f} MiB; about {seconds:.0f} s,"
            " in which nobody is called",
            migrations=migrations,
            at=plan.at,
            to=plan.to,
            mib=plan.size / MIB,
            seconds=max(1.0, plan.seconds),
        )
    )
    for one in plan.migrations:
        changes = ", ".join(one.changes) or t("functions and rules only")
        say(f"  {one.name}: {changes}")
    if seen.backup_at is None:
        warn(t("no backup was made by `agi-app backup`"))
    else:
        say(t("the last backup is of {at:%Y-%m-%d %H:%M} UTC", at=seen.backup_at))
    if seen.working:
        say(t("at work: {workers}; end them first", workers=", ".join(seen.working)))
    if seen.trial is not None:
        for fault in seen.trial.audit.faults:
            warn(f"{fault.kind}: {fault.text}")
        how = t("the audit is whole after it") if seen.trial.audit.ok else t("the audit is not whole after it")
        say(t("tried on a copy: {seconds:.1f} s; {how}", seconds=seen.trial.seconds, how=how))
