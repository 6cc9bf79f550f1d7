"""Signs checkpoints and keeps them outside the database: in the data folder, at most one a second, and the witness.

The database keeps a copy once a minute, so that every node that shares it can have them; it proves nothing alone.
"""

from __future__ import annotations

import asyncio
import os
import platform
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app import log
from agi_app.atomic_files import sync_folder
from agi_app.audit import checkpoint_files
from agi_app.audit.checkpoint import Checkpoint, newest, origin_of, public_line, sign, thinned, verify
from agi_app.audit.signing_key import KEY_FILE, audit_folder, load_or_make
from agi_app.audit.stamps import Stamper
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, SafetyError
from agi_app.messages import t
from agi_app.proof.witness import Witness
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import progress
from agi_app.store.ledger import audit

COPY_EVERY_S = 60.0
WITNESS_READ_S = 10.0

_log = log.get("audit")


class Notary:
    """The key, and the places of the checkpoints, of one database."""

    def __init__(self, folder: Path, witness: Path | None, origin: str, key: Ed25519PrivateKey, clock: Clock) -> None:
        """``witness`` is the file of the witness copy."""
        self.origin, self.key, self.public = origin, key, key.public_key()
        self.public_line = public_line(origin, self.public)
        self.stamper = Stamper(key, origin)
        self.file, self.witness_file = folder / checkpoint_files.CHECKPOINTS, witness
        self.by = sha256(f"{platform.node()} {folder.resolve()}".encode()).hexdigest()[:8]
        self._clock = clock
        self._writer = checkpoint_files.Writer(self.file)
        self._witness = Witness(witness, clock) if witness else None
        self.last: Checkpoint | None = None  # the newest that this process has read or made
        self._copied_at: float | None = None

    @classmethod
    async def open(cls, settings: Settings, store: Store) -> Notary:
        """For this installation; the database remembers the first public key. Raises ConfigError or StoreError."""
        folder = audit_folder(settings.data)
        if not (folder / KEY_FILE).exists() and await audit.known_key(store) is not None:
            told = (
                "{file}: the audit key is gone, but this database was signed with it; put it there from a backup, or"
                " from another node of this database"
            )
            raise ConfigError(t(told, file=folder / KEY_FILE))
        key = load_or_make(settings.data)
        database_id = (await progress(store)).database_id
        found = cls(folder, witness_file(settings, database_id), origin_of(database_id), key, store.clock)
        if await audit.public_key(store, found.public_line) != found.public_line:
            raise ConfigError(
                t(
                    "{folder}: the audit key is not the one this database was signed with; nodes that share a"
                    " database share the key: put the right key.pem there",
                    folder=folder,
                )
            )
        return found

    @property
    def unwitnessed_s(self) -> float | None:
        """How long a checkpoint of this process has waited for the witness copy; None without one."""
        return None if self._witness is None else self._witness.waited_s

    def read(self, note: str) -> Checkpoint:
        """A checkpoint of ours; ValueError says why it is not one."""
        return verify(note, self.origin, self.public)

    def of_another_database(self) -> str | None:
        """The origin of our own checkpoints, if this key signed them for another database; None: it did not. Blocks."""
        notes = checkpoint_files.read(self.file)
        origin = notes[-1].partition("\n")[0] if notes else self.origin
        if origin == self.origin:
            return None
        try:
            verify(notes[-1], origin, self.public)
        except ValueError:  # ``newest`` says what is wrong with it
            return None
        return origin

    def kept_apart(self, origin: str) -> Path:
        """Where checkpoints of another database stay when this one takes its place."""
        return self.file.with_name(f"{self.file.name}.{origin.rpartition('/')[2]}")

    def keep_apart(self, origin: str) -> None:
        """Put the checkpoints of another database there: the proof of this one begins again. Raises ConfigError."""
        try:
            os.link(self.file, self.kept_apart(origin))  # never over another file
            self.file.unlink()
            sync_folder(self.file.parent)
        except OSError as error:
            told = "{file}: the checkpoint cannot be written: {strerror}; free space or fix its permissions"
            raise ConfigError(t(told, file=self.kept_apart(origin), strerror=error.strerror)) from error

    async def newest(self, store: Store) -> Checkpoint | None:
        """The newest checkpoint in any place; SafetyError when our own file holds a forged one."""
        note = await self.newest_note(store)
        self.last = self.read(note) if note else None
        return self.last

    async def newest_note(self, store: Store) -> str | None:
        """The same, as it was signed."""
        found: dict[str, Checkpoint] = {}
        for note in (await asyncio.to_thread(checkpoint_files.read, self.file))[-1:]:
            try:
                found[note] = self.read(note)
            except ValueError as error:
                raise SafetyError(
                    t("{file}: a checkpoint {error}; run `agi-app audit verify`", file=self.file, error=error)
                ) from error
        copy = await audit.last_checkpoint(store)
        for note in ([copy] if copy else []) + (await self.witnessed())[-1:]:
            try:
                found[note] = self.read(note)
            except ValueError as error:
                _log.warning("a copy of the checkpoints is not ours; run `agi-app audit verify`", error=str(error))
        last = newest(found.values())
        return next((note for note, made in found.items() if made is last), None)

    async def witnessed(self) -> list[str]:
        """The notes of the witness copy; none when it is away: that must not hold the tree up."""
        if self.witness_file is None:
            return []
        try:
            async with asyncio.timeout(WITNESS_READ_S):
                return await asyncio.to_thread(checkpoint_files.read, self.witness_file)
        except (ConfigError, TimeoutError) as error:
            _log.warning("the witness copy of the checkpoints cannot be read", error=str(error) or "it hangs")
            return []

    async def note(self, store: Store, size: int, root: bytes, *, lost: int | None = None) -> Checkpoint | None:
        """Sign the tree and put it on disk, if it grew since the last checkpoint. Raises SafetyError, StoreError."""
        if self.last and self.last.size == size and lost is None:
            return None
        made = Checkpoint(self.origin, size, root, self._clock.real_now(), self.by, lost)
        text = sign(made, self.key)
        try:
            await asyncio.to_thread(self._keep, made, text)
        except OSError as error:
            raise SafetyError(
                t(
                    "{file}: the checkpoint cannot be written: {strerror}; free space or fix its permissions",
                    file=self.file,
                    strerror=error.strerror,
                )
            ) from error
        self.last = made
        if self._witness:
            self._witness.offer(text)
        now = self._clock.monotonic()
        if self._copied_at is None or now - self._copied_at >= COPY_EVERY_S or lost is not None:
            self._copied_at = now
            await audit.add_checkpoint(store, size, text)
        return made

    async def witness_now(self) -> None:
        """Bring the newest checkpoint to the witness now; waits for it, but not without end."""
        if self._witness:
            await asyncio.to_thread(self._witness.flush)

    async def copy_from(self, store: Store) -> None:
        """Take over the newest checkpoint that another node has made, while that one is the sequencer."""
        if (text := await audit.last_checkpoint(store)) is None:
            return
        try:
            found = self.read(text)
        except ValueError as error:
            raise SafetyError(
                t("the database's copy of the checkpoints {error}; run `agi-app audit verify`", error=error)
            ) from error
        if self.last is None:
            ours = await asyncio.to_thread(checkpoint_files.read, self.file)
            self.last = self.read(ours[-1]) if ours else None
        if self.last is None or found.at > self.last.at:
            await asyncio.to_thread(self._keep, found, text)
            self.last = found

    def _keep(self, made: Checkpoint, text: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.last and self.last.at.date() != made.at.date():
            known = [(self.read(note), note) for note in checkpoint_files.read(self.file)]
            self._writer.replace(thinned(known, made.at.date()))
        self._writer.append(text)


def witness_file(settings: Settings, database_id: str) -> Path | None:
    """Where the witness copy of this database's checkpoints is; None without one."""
    folder = settings.audit.witness
    return None if folder is None else settings.project / folder / f"agi-app-{database_id}.checkpoints"
