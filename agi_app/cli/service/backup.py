"""backup, backup-key, restore: the whole installation as one file, and an installation of it again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from agi_app.cli.common import (
    HERE,
    ProjectOption,
    progress,
    say,
    secret_of,
    settings_of,
    warn,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service import backups
from agi_app.operations.service.backups import BackupMade, BackupRequest, Openers, RestoredInstallation, RestoreRequest
from agi_app.printable import count_of

MIB = 1 << 20
PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file whose first line is the passphrase; else it is asked."),
]


def backup(
    project: ProjectOption = HERE,
    out: Annotated[
        Path | None, typer.Option("--output", help="The file to write; default: a new one in the folder of [backup].")
    ] = None,
    to_key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A public key (age1…) whose owner can open it; default: those of [backup]."),
    ] = None,
    passphrase_file: PassphraseOption = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Not encrypted, and no key or password in it: keep those apart.")
    ] = False,
) -> None:
    """Write database, keys, evidence, recordings, journals and files into one file, restored for a trial before."""
    owners = () if without_keys or passphrase_file else tuple(to_key or settings_of(project).backup.to_keys)
    passphrase = ""
    if not owners and not without_keys:
        passphrase = _new_passphrase(passphrase_file)
    # Where nobody can be asked, as in the night, the operation says what is missing: so it is an alert.
    request = BackupRequest(out, owners, passphrase, keys=not without_keys)
    with progress("entries") as report:
        made = with_installation(project, backups.backup, request, report)
    _tell(made)
    raise typer.Exit(0 if made.complete and not made.unlisted else 1)


def backup_key(
    file: Annotated[Path, typer.Argument(help="A new file for the secret key; keep it off this machine.")],
) -> None:
    """Make a key pair: the secret key opens backups, the public one, which is printed, goes into the settings."""
    public = backups.make_key(file)
    say(public)
    warn(t("{file}: opens your backups; keep it, and a copy, away from this machine", file=file))


def rotate_key(
    kind: Annotated[Literal["evidence", "recordings"], typer.Argument(help="Which files: evidence or recordings.")],
    project: ProjectOption = HERE,
) -> None:
    """Encrypt all evidence, or all recordings, again with a new key. If it is ended early, run it again."""
    with progress("files") as report:
        done = with_installation(project, backups.rotate_key, kind, report)
    say(
        t(
            "{files} encrypted with the new key; make a backup now: older ones have the old key",
            files=count_of(done, "file"),
        )
    )


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    project: ProjectOption = HERE,
    identity: Annotated[
        Path | None, typer.Option(help="The file with the secret key (AGE-SECRET-KEY-1…) that opens it.")
    ] = None,
    passphrase_file: PassphraseOption = None,
    keys: Annotated[
        Path | None, typer.Option(help="The folder with the keys, for a backup that was made without them.")
    ] = None,
    database_only: Annotated[
        bool, typer.Option("--database-only", help="Only the database was lost: restore it, and leave all files.")
    ] = False,
) -> None:
    """Make an installation of a backup, in an empty folder and an empty database. Nobody is called until confirmed."""

    def openers() -> Openers:
        if identity is not None:
            return backups.identities_in(identity)
        return Openers(passphrase=_passphrase(passphrase_file))

    with progress("entries") as report:
        done = asyncio.run(backups.restore(RestoreRequest(file, project, openers, keys, database_only), report))
    _tell_restored(done)
    raise typer.Exit(1 if backups.unexpected(done.audit) or done.unreadable else 0)


def _passphrase(file: Path | None) -> str:
    given = secret_of(t("Passphrase of the backup")) if file is None else backups.passphrase_in(file)
    if not given:
        raise InputError(t("no passphrase was given"))
    return given


def _new_passphrase(file: Path | None) -> str:
    return backups.passphrase_in(file) if file is not None else secret_of(t("Passphrase of the backup"), confirm=True)


def _tell(made: BackupMade) -> None:
    for fault in made.audit.faults:
        warn(f"{fault.kind}: {fault.text}")
    for name in made.left_out:
        warn(t("note: {name} is not in it: a link, or a secret outside the project", name=name))
    for key in made.unreadable:
        warn(t("NOT complete: {fault}", fault=key))
    if made.unlisted:
        warn(t("no older backup is deleted, nor this one later: {why}", why=made.unlisted))
    say(
        t(
            "{file}: {mib:.1f} MiB, {files}, up to decision {decisions}; {how}",
            file=made.file,
            mib=made.size / MIB,
            files=count_of(made.files, "file"),
            decisions=made.decisions,
            how=_how(made),
        )
    )
    entries = count_of(made.entries, "entry", "entries")
    if made.audit.ok:
        say(t("restored for a trial: the audit is whole there ({entries})", entries=entries))
    else:
        warn(
            t(
                "it is a true copy, but the audit is not whole in it, as in the database: see `agi-app audit verify`"
                " (docs/how-to/audit.md)"
            )
        )


def _how(made: BackupMade) -> str:
    if made.unreadable:
        return t("NOT complete: without a key that opens what is in it; keep the older ones")
    if not made.encrypted:
        return t("not encrypted, without keys")
    if made.absent:
        told = "encrypted, with its keys; {names}: not here, and nothing that is kept needs it"
        return t(told, names=", ".join(made.absent))
    return t("encrypted, with all keys")


def _tell_restored(done: RestoredInstallation) -> None:
    for fault in done.audit.faults:
        warn(f"{fault.kind}: {fault.text}")
    said = done.described
    say(
        t(
            "{project}: restored as it was at {at} UTC, decision {decisions}, with {files}",
            project=done.project,
            at=said.made_at[:16].replace("T", " "),
            decisions=said.decisions,
            files=count_of(done.files, "file"),
        )
    )
    if done.migrated:
        say(t("applied: {applied}", applied=", ".join(done.migrated)))
    for name in done.missing:
        say(t("missing: {name} (it was not in the backup); put it back", name=name))
    for key in done.unreadable:
        warn(t("NOT complete: {fault}", fault=key))
    if done.unknown_user is not None:
        say(
            t(
                "your user {user} has no account there: work as a user who has one (docs/how-to/accounts.md)",
                user=done.unknown_user,
            )
        )
    say(t("nobody is called until you have seen what is missing and confirmed it: agi-app recover"))
