"""Does what was planned: copies, then files of ours, then the lines that include them; and undoes it. Blocks."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from agi_app.asterisk_setup.config_folder import (
    MANIFEST,
    ConfigFolder,
    make_folder,
    own,
    part_of,
    put,
    read_bytes,
    remove,
)
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.host_steps import HostStep
from agi_app.asterisk_setup.look import PreparedSetup
from agi_app.asterisk_setup.manifest import ChangedAccess, ChangedFile, Manifest, UndoPlan, undo_plan
from agi_app.asterisk_setup.plan import FileChange
from agi_app.asterisk_setup.wanted_files import GOOD_TO_HAVE
from agi_app.errors import ConfigError, InputError
from agi_app.file_kinds import why
from agi_app.messages import t

CONFIG_MODE, SECRET_MODE = 0o640, 0o600
REFUSED = ("no such", "unable to", "fail", "error", "could not")


class ConfigWriter:
    """Writes files of one setup; when one cannot be written, those before it are put back."""

    def __init__(self, folder: ConfigFolder, project: Path, uid: int, gid: int) -> None:
        """``uid`` and ``gid`` are Asterisk's, whose group reads what is ours."""
        self._folder, self._project, self._uid, self._gid = folder, project, uid, gid
        self._manifest = folder.manifest() or Manifest(str(project))

    def write(self, changes: Sequence[FileChange]) -> None:
        """All or none. Raises ConfigError."""
        if not changes:
            return
        known, unfinished = list(self._manifest.files), self._manifest.unfinished
        self._manifest.unfinished = True
        done: list[tuple[Path, bytes | None, os.stat_result | None]] = []
        try:
            with self._private():
                for change in changes:
                    content = change.after.encode("utf-8", "surrogateescape")
                    now = read_bytes(change.file)
                    if now != (None if change.before is None else change.before.encode("utf-8", "surrogateescape")):
                        told = "{file}: was changed by somebody else meanwhile; run this again"
                        raise ConfigError(t(told, file=change.file))
                    self._folder.keep(change.file, self._manifest, content)
                    self._folder.store(self._manifest)
                    found = change.file.stat() if now is not None else None
                    done.append((change.file, now, found))
                    self._put(change, content, found)
        except (OSError, ConfigError) as error:
            self._put_back(done, known, unfinished=unfinished)
            if isinstance(error, ConfigError):
                raise
            told = "{file}: cannot be written: {why}; nothing was changed"
            raise ConfigError(t(told, file=error.filename or changes[len(done) - 1].file, why=why(error))) from error

    def access(self, prepared: PreparedSetup) -> None:
        """Let Asterisk's group read the prompts. Raises ConfigError."""
        for one in prepared.access:
            entry = ChangedAccess(str(one.path), one.gid, one.mode, one.new_gid, one.new_mode)
            try:
                self._manifest.access = [e for e in self._manifest.access if e.path != entry.path] + [entry]
                self._folder.store(self._manifest)
                own(one.path, -1, one.new_gid)
                one.path.chmod(one.new_mode)
            except OSError as error:
                told = "{path}: cannot be given to Asterisk's group: {why}"
                raise ConfigError(t(told, path=one.path, why=why(error))) from error

    def confirm(self) -> None:
        """Asterisk has read all of it. Raises ConfigError."""
        if not self._manifest.unfinished:
            return
        self._manifest.unfinished = False
        try:
            self._folder.store(self._manifest)
        except OSError as error:
            told = "{file}: cannot be written: {why}"
            raise ConfigError(t(told, file=self._folder.backup / MANIFEST, why=why(error))) from error

    def steps(self, steps: Sequence[HostStep]) -> list[str]:
        """Change the host; returns what failed, in words. Raises ConfigError."""
        failed = []
        for step in steps:
            if step.file:
                self._write_file(step)
            self._manifest.undo = [list(command) for command in step.undo] + self._manifest.undo
            with contextlib.suppress(OSError):
                self._folder.store(self._manifest)
            failed += [fault for command in step.do if (fault := run(command))]
        return failed

    def _write_file(self, step: HostStep) -> None:
        now = self._folder.text(step.file)
        gap = "\n" if now and not now.endswith("\n") else ""
        after = (now or "") + gap + step.text if step.added else step.text
        if now != after:
            self.write([FileChange(Path(step.file), now, after)])

    @contextlib.contextmanager
    def _private(self) -> Iterator[None]:
        made = make_folder(self._folder.ours, 0o750, self._owner(), self._group())
        make_folder(self._folder.backup, 0o700)
        if made or self._folder.begun():
            self._manifest.folders = [str(self._folder.ours)]
        yield

    def _owner(self) -> int:
        return self._folder.folder.stat().st_uid if os.geteuid() == 0 else -1

    def _group(self) -> int:
        return self._gid if os.geteuid() == 0 else -1

    def _put(self, change: FileChange, content: bytes, found: os.stat_result | None) -> None:
        if found is not None:
            put(change.file, content, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid)
        elif change.private:
            above = self._project.stat()
            put(change.file, content, mode=SECRET_MODE, uid=above.st_uid, gid=above.st_gid)
        elif change.file.is_relative_to(self._folder.folder):
            put(change.file, content, mode=CONFIG_MODE, uid=self._owner(), gid=self._group())
        else:
            put(change.file, content, mode=0o644)

    def _put_back(
        self, done: Sequence[tuple[Path, bytes | None, os.stat_result | None]], known: list[ChangedFile],
        *, unfinished: bool,
    ) -> None:  # fmt: skip
        for file, before, found in reversed(done):
            with contextlib.suppress(OSError):
                if before is None or found is None:
                    remove(file)
                else:
                    put(file, before, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid)
        with contextlib.suppress(OSError):
            self._manifest.files, self._manifest.unfinished = known, unfinished
            if known or not self._manifest.folders:
                self._folder.store(self._manifest)
            else:  # a setup that wrote nothing leaves nothing
                _remove_backup(self._folder, self._manifest)


def write(prepared: PreparedSetup) -> list[str]:
    """Do all of it and have Asterisk read its files again; returns what failed, in words. Raises ConfigError."""
    facts, plan = prepared.facts, prepared.plan
    writer = ConfigWriter(prepared.folder, facts.project, facts.uid, facts.gid)
    writer.write(plan.changes)
    writer.access(prepared)
    failed = writer.steps(plan.steps)
    refused = load(prepared.console, plan.modules) + reload(prepared.console, plan.commands)
    if not refused:
        writer.confirm()
    return failed + refused


def load(console: AsteriskConsole, modules: Sequence[str]) -> list[str]:
    """Load modules, again those that needed a later one; returns those that cannot be. Raises AsteriskError."""
    waiting, refused = list(modules), {}
    while waiting:
        refused = {module: said for module in waiting if (said := reload(console, [f"module load {module}"]))}
        if len(refused) == len(waiting):
            break
        waiting = list(refused)
    return [fault for module, faults in refused.items() if module not in GOOD_TO_HAVE for fault in faults]


def reload(console: AsteriskConsole, commands: Iterable[str]) -> list[str]:
    """Give commands to Asterisk's console; returns those that it refused. Raises AsteriskError.

    A module that is not loaded has nothing to read again.
    """
    commands = list(commands)
    running = console.modules() if any(".so" in command and "reload" in command for command in commands) else ()
    wanted = [one for one in commands if not one.startswith("module reload res_") or one.split()[-1] in running]
    answers = [(command, console.ask(command).strip()) for command in wanted]
    return [
        f"{command}: {' '.join(said.split())}"
        for command, said in answers
        if any(word in said.lower() for word in REFUSED)
    ]


def run(command: Sequence[str]) -> str:
    """Run a command of the host; returns what failed, in words, or nothing."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {error}"
    return "" if done.returncode == 0 else f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}"


def planned_undo(folder: ConfigFolder, project: Path) -> tuple[Manifest, UndoPlan]:
    """What undoing would do. Raises InputError when there is nothing to undo, or it was for another project."""
    manifest = folder.manifest()
    if manifest is None and folder.begun():
        return Manifest(str(project.resolve()), folders=[str(folder.ours)]), UndoPlan((), ())
    if manifest is None:
        raise InputError(t("{folder}: agi-app has changed nothing here", folder=folder.folder))
    if manifest.project != str(project.resolve()):
        told = "{folder}: was set up for {other}: say --project {other}"
        raise InputError(t(told, folder=folder.folder, other=manifest.project))
    now = {entry.path: read_bytes(Path(entry.path)) for entry in manifest.files}
    kept = {entry.kept: read_bytes(folder.backup / entry.kept) or b"" for entry in manifest.files if entry.kept}
    return manifest, undo_plan(manifest, now, kept, str(folder.folder))


def undo(folder: ConfigFolder, manifest: Manifest, plan: UndoPlan) -> list[str]:
    """Bring back what was there; returns what failed, in words. Raises ConfigError. The copies stay."""
    failed = [fault for command in manifest.undo if (fault := run(command))]
    try:
        for one in plan.files:
            file, entry = Path(one.entry.path), one.entry
            if one.after is None:
                remove(file)
            elif one.changed:
                found = file.stat()
                put(file, one.after, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid)
            else:
                put(file, one.after, mode=entry.mode, uid=entry.uid, gid=entry.gid)
        for known in manifest.files:
            part_of(Path(known.path).resolve()).unlink(missing_ok=True)
        for change in manifest.access:
            _give_back(change)
        if any(one.entry.path.startswith("/etc/systemd/") for one in plan.files):
            failed += filter(None, [run(("systemctl", "daemon-reload"))])
    except OSError as error:
        told = "{file}: cannot be brought back: {why}; the copies are in {backup}"
        raise ConfigError(t(told, file=error.filename, why=why(error), backup=folder.backup)) from error
    return failed


def forget(folder: ConfigFolder, manifest: Manifest, plan: UndoPlan) -> None:
    """The end of undoing, when Asterisk has read its files: the copies go, and our folder. Raises ConfigError."""
    if any(Path(path).is_relative_to(folder.ours) for path in plan.left):
        return
    try:
        _remove_backup(folder, manifest)
    except OSError as error:
        raise ConfigError(t("{file}: cannot be removed: {why}", file=error.filename, why=why(error))) from error


def _give_back(change: ChangedAccess) -> None:
    path = Path(change.path)
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        if (found.st_gid, stat.S_IMODE(found.st_mode)) == (change.new_gid, change.new_mode):
            own(path, -1, change.gid)
            path.chmod(change.mode)


def _remove_backup(folder: ConfigFolder, manifest: Manifest) -> None:
    if folder.backup.is_dir():
        last = folder.backup / MANIFEST  # so that what was killed meanwhile can be undone again
        for part in sorted(folder.backup.iterdir(), key=lambda each: each == last):
            part.unlink()
        folder.backup.rmdir()
    if str(folder.ours) in manifest.folders:
        with contextlib.suppress(OSError):  # files of somebody else's are in it
            folder.ours.rmdir()


__all__ = ["ConfigWriter", "forget", "planned_undo", "reload", "undo", "write"]
