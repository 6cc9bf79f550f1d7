"""asterisk: prepare an Asterisk of this host for agi-app, and bring it back to what it was."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agi_app import log
from agi_app.asterisk_setup import look, new_secrets, write
from agi_app.asterisk_setup.config_folder import ConfigFolder
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.host_steps import shown_commands
from agi_app.asterisk_setup.lock import alone
from agi_app.asterisk_setup.look import PreparedSetup, SetupChoices
from agi_app.asterisk_setup.manifest import reloads_of
from agi_app.asterisk_setup.shown import diff, undo_diff
from agi_app.cli.common import (
    HERE,
    AsteriskConfigOption,
    AsteriskProgramOption,
    ProjectOption,
    say,
    say_line_of_file,
    say_lines,
    warn,
)
from agi_app.cli.service.as_owner import as_owner
from agi_app.cli.service.doctor import show
from agi_app.config.settings import load_settings
from agi_app.doctor import examine
from agi_app.errors import AsteriskError, InputError
from agi_app.messages import t

app = typer.Typer(help="The Asterisk of this host.", no_args_is_help=True)
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
MAY_WAIT = (  # what an admin adds behind setup, by the beginnings of doctor's checks
    "worker", "trunk ", "destination ", "call back ", "campaign ", "queue ", "members of queue ", "app_queue",
    "caller ID", "lines", "screening", "redirects",
)  # fmt: skip


@app.callback()
def asterisk() -> None:
    """The Asterisk of this host."""


@app.command()
def setup(
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    sip_bind: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS:PORT", help="Where SIP listens, when Asterisk has no SIP transport; default: 0.0.0.0:5060."
        ),
    ] = "",
    tmpfs: Annotated[
        bool, typer.Option("--tmpfs/--no-tmpfs", help="Whether the recording folder becomes a tmpfs, in memory.")
    ] = True,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back the files as they were before.")] = False,
    yes: YesOption = False,
) -> None:
    """Make an Asterisk of this host ready: show what would be changed, ask, write, reload, and run `doctor`.

    Each file that is touched is kept first. A second run changes nothing. Exit 2 when Asterisk cannot be used.
    """
    choices = SetupChoices(program, config_dir, sip_bind, tmpfs)
    if undo:
        _undo(project, choices, yes)
        return
    with alone(look.folder_of(choices)):
        _set_up(look.look(project, choices), yes)
    if deaf := look.told_deaf(load_settings(project)):
        raise AsteriskError("\n".join(deaf))
    here = project.resolve()
    if not as_owner(here, lambda: _examine(here)):
        raise typer.Exit(2)


def _examine(project: Path) -> bool:
    """Show what `doctor` finds; whether agi-app can use this Asterisk."""
    log.configure()
    findings = asyncio.run(examine(project))
    show(findings)
    return all(one.well or one.check.startswith(MAY_WAIT) for one in findings)


def _set_up(prepared: PreparedSetup, yes: bool) -> None:
    if prepared.empty:
        _notes(prepared)
        say(t("{folder}: is ready; nothing was changed", folder=prepared.folder.folder))
        return
    _show(prepared)
    ask(t("Write this?"), yes)
    for fault in write.write(prepared):
        warn(t("failed: {fault}", fault=fault))
    told = "written; the files as they were are in {backup}, and --undo brings them back"
    say(t(told, backup=prepared.folder.backup))


@app.command("rotate-secrets")
def rotate_secrets(
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    yes: YesOption = False,
) -> None:
    """Give the users of ARI and the manager interface new passwords, in Asterisk and in the project.

    A worker takes them over as calls go on. If Asterisk does not take them, the old ones hold on both sides.
    """
    ask(t("Give both users new passwords?"), yes)
    log.configure()
    for file in asyncio.run(new_secrets.rotate(project, SetupChoices(program, config_dir))):
        say(t("written: {file}", file=file))
    say(t("Asterisk takes the new passwords, and no longer the old ones; make a backup now: agi-app backup"))


def _show(prepared: PreparedSetup) -> None:
    facts = prepared.facts.asterisk
    say(t("Asterisk {version}, configured in {config}", version=facts.version, config=facts.config))
    if prepared.plan.freepbx:
        say(t("FreePBX writes its files: only its files for additions are changed"))
    for change in prepared.plan.changes:
        for line in diff(change, prepared.plan.secrets):
            say_line_of_file(line)
    for step in prepared.plan.steps:
        if step.file:
            words = "add to {file}: {line}" if step.added else "new file {file}:\n{line}"
            say_lines(t(words, file=step.file, line=step.text.strip()))
        for command in shown_commands(step):
            say(t("run: {command}", command=command))
    for access in prepared.access:
        template = "{path}: group {gid}, mode {mode:o}, so that Asterisk can read it"
        say(t(template, path=access.path, gid=access.new_gid, mode=access.new_mode))
    if prepared.plan.modules:
        say(t("load now: {modules}", modules=" ".join(prepared.plan.modules)))
    for command in prepared.plan.commands:
        say(t("tell Asterisk: {command}", command=command))
    _notes(prepared)


def _notes(prepared: PreparedSetup) -> None:
    for note in prepared.notes:
        say(t("note: {note}", note=note))


def ask(question: str, yes: bool) -> None:
    """InputError unless somebody agrees; ``yes``: nobody is asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(t("nothing was changed: say --yes where nobody can be asked"))
    if not typer.confirm(question):
        raise InputError(t("nothing was changed"))


def _undo(project: Path, choices: SetupChoices, yes: bool) -> None:
    console, folder = _folder(choices)
    with alone(folder.folder):
        failed, left = _undone(console, folder, project, yes)
    for fault in failed:
        warn(t("failed: {fault}", fault=fault))
    if left:
        say(t("{folder}: all else is as it was before", folder=folder.folder))
    else:
        say(t("{folder}: is as it was before", folder=folder.folder))
    if failed:
        raise typer.Exit(2)


def _undone(
    console: AsteriskConsole | None, folder: ConfigFolder, project: Path, yes: bool
) -> tuple[list[str], Sequence[str]]:
    manifest, plan = write.planned_undo(folder, project)
    for line in undo_diff(plan):
        say_line_of_file(line)
    for one in plan.changed:
        warn(t("{file}: was changed since; only agi-app's own lines are taken out", file=one.entry.path))
    for path in plan.left:
        warn(t("{file}: was changed since, and is left as it is", file=path))
    if yes and (plan.changed or any(Path(path).is_relative_to(folder.folder) for path in plan.left)):
        raise InputError(t("nothing was undone: files were changed since (see above); run it without --yes"))
    ask(t("Undo this?"), yes)
    failed = write.undo(folder, manifest, plan)
    if console is not None:
        try:
            failed += write.reload(console, reloads_of(manifest))
        except AsteriskError as error:  # the files are back all the same
            failed.append(str(error))
    write.forget(folder, manifest, plan)
    return failed, plan.left


def _folder(choices: SetupChoices) -> tuple[AsteriskConsole | None, ConfigFolder]:
    """An Asterisk that does not run can be undone, too, when its folder is named."""
    try:
        console = AsteriskConsole(choices.program, choices.config)
        return console, ConfigFolder(console.host().config)
    except AsteriskError as error:
        if choices.config is None:
            raise
        warn(error)
        return None, ConfigFolder(choices.config.resolve())
