"""Which file Asterisk is told to play for a prompt: the prepared one when there is one, else the recording itself.

Asked in the event loop for every prompt of every call, so it is a look into a table. The table is read again when
``index.json`` has changed, at most once a second, and at once for a prompt that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agi_app.errors import InputError
from agi_app.prompts.catalog import base_uri, media_uri
from agi_app.prompts.prepared_cache import FOLDER, INDEX, read_index
from agi_app.prompts.sources import NAME, PART

LOOK_EVERY_S = 1.0


class Playable:
    """The media URIs of one project's prompts."""

    def __init__(self, prompts: Path, prompts_path: str, monotonic: Callable[[], float]) -> None:
        """``prompts`` is the folder here, ``prompts_path`` the same as Asterisk sees it."""
        self._index = prompts / FOLDER / INDEX
        self._prompts, self._path = prompts, prompts_path
        self._base = base_uri(prompts_path)
        self._monotonic = monotonic
        self._keys: dict[str, str] = {}
        self._unprepared: set[str] = set()
        self._stamp: tuple[int, int] | None = None
        self._look_at = 0.0

    def __call__(self, language: str, name: str) -> str:
        """The ARI media URI of a prompt or piece; raises InputError when the name is not one."""
        prompt = f"{language}/{name}"
        now = self._monotonic()
        if now >= self._look_at or not (prompt in self._keys or prompt in self._unprepared):
            self._look_at = now + LOOK_EVERY_S
            self._read()
        key = self._keys.get(prompt)
        if key is not None:
            return self.prepared(key)
        self._unprepared.add(prompt)
        if "/" in name and PART.fullmatch(language) and NAME.fullmatch(name):
            return f"{self._base}/{prompt}"
        return media_uri(self._path, language, name)

    def prepared(self, key: str) -> str:
        """The ARI media URI of a file in the cache."""
        return f"{self._base}/{FOLDER}/{key}"

    def exists(self, language: str, name: str) -> bool:
        """Whether there is anything to play; looks on the disk, so not for the event loop."""
        try:
            self(language, name)
        except InputError:
            return False
        return f"{language}/{name}" in self._keys or (self._prompts / language / f"{name}.wav").is_file()

    def _read(self) -> None:
        try:
            found = self._index.stat()
        except OSError:
            self._keys, self._stamp = {}, None
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._keys, self._stamp = read_index(self._index), stamp
            self._unprepared.clear()
