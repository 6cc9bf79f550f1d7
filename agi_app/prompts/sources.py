"""Which files make up which prompt: ``prompts/<language>/NAME.wav`` (or another sound file) and ``NAME.txt``.

One folder below a language is allowed, for the pieces of spoken values: ``prompts/en/num/20.wav`` is ``num/20``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from agi_app.errors import InputError
from agi_app.messages import t

WAV, TEXT = ".wav", ".txt"
OTHER_SOUNDS = frozenset(
    (".mp3", ".m4a", ".aac", ".mp4", ".ogg", ".oga", ".opus", ".flac", ".amr", ".wma", ".aif", ".aiff", ".caf", ".webm")
)
_PART = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
PART = re.compile(_PART)  # a language, a folder, a name
NAME = re.compile(rf"(?:{_PART}/)?{_PART}")
NAME_RULE = "use ASCII letters, digits, '-' and '_', a letter or digit first, at most 64"


@dataclass(slots=True)
class PromptSource:
    """The files of one prompt in one language."""

    language: str
    name: str  # greeting, or num/20
    sounds: list[Path] = field(default_factory=list)
    text: Path | None = None
    misnamed: list[Path] = field(default_factory=list)  # NAME.WAV, NAME.TXT

    @property
    def is_piece(self) -> bool:
        """Whether it is part of spoken values."""
        return "/" in self.name

    @property
    def id(self) -> str:
        """As people write it: ``zh-CN/greeting``."""
        return f"{self.language}/{self.name}"


def find_sources(prompts: Path) -> list[PromptSource]:
    """Every prompt of the folder, in the order of their names; none when there is no folder.

    Hidden files and other kinds of file are ignored. Raises InputError when a folder cannot be listed.
    """
    if not prompts.exists():
        return []
    found: dict[tuple[str, str], PromptSource] = {}
    for language in _listing(prompts):
        if language.is_dir() and PART.fullmatch(language.name):
            for entry in _listing(language):
                if not entry.is_dir():
                    _take(found, language.name, entry, entry.stem)
                elif PART.fullmatch(entry.name):
                    for file in _listing(entry):
                        _take(found, language.name, file, f"{entry.name}/{file.stem}")
    return [found[key] for key in sorted(found)]


def _take(found: dict[tuple[str, str], PromptSource], language: str, file: Path, name: str) -> None:
    suffix = file.suffix.lower()
    if file.is_dir() or not (suffix in (WAV, TEXT) or suffix in OTHER_SOUNDS):
        return
    source = found.setdefault((language, name), PromptSource(language, name))
    if suffix in (WAV, TEXT) and file.suffix != suffix:
        # Asterisk looks for lower-case .wav and takes .WAV for another format (GSM in a WAV file).
        source.misnamed.append(file)
    elif suffix == TEXT:
        source.text = file
    else:
        source.sounds.append(file)


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(
            t(
                "{folder}: cannot list the prompts: {strerror}; make it a readable folder",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error
