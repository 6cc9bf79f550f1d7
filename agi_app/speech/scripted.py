"""Answers from a text file instead of a model: for trials and tests of what comes after recognition.

Each process gives the lines in their order, one an utterance, whatever the sound is; then silence. A line is
what was said, or one of:

    !silence   !noise   !busy   !late   !failed
    !unsure TEXT          heard badly
    !wait SECONDS TEXT    said after that time
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard, Why
from agi_app.messages import t

SILENCE = Heard("", 0.0, "silence")
_WHYS: tuple[Why, ...] = ("silence", "noise", "busy", "late", "failed")
_FIXED = {f"!{why}": Heard("", 0.0, why) for why in _WHYS}


class Scripted:
    """Answers in their order; ``hear`` is a ``worker.Listener``."""

    def __init__(self, lines: Sequence[tuple[float, Heard]]) -> None:
        self._lines = iter(lines)

    @classmethod
    def load(cls, file: Path) -> Scripted:
        """Read the file; ConfigError says which line is wrong."""
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(t("[speech] model: the scripted answers cannot be read: {error}", error=error)) from error
        numbered = enumerate(text.splitlines(), start=1)
        return cls([_line(line.strip(), f"{file}:{number}") for number, line in numbered if line.strip()])

    def hear(self, pcm: bytes, language: str, phrases: Sequence[str]) -> Heard:
        """The next line."""
        wait_s, heard = next(self._lines, (0.0, SILENCE))
        time.sleep(wait_s)
        return heard


def _line(line: str, where: str) -> tuple[float, Heard]:
    word, _, rest = line.partition(" ")
    if word == "!wait":
        seconds, _, text = rest.partition(" ")
        try:
            return float(seconds), _line(text, where)[1]
        except ValueError:
            raise ConfigError(t("{where}: write !wait SECONDS TEXT, not {line!r}", where=where, line=line)) from None
    if word == "!unsure" and rest:
        return 0.0, Heard(rest, 0.2, "unsure")
    if line in _FIXED:
        return 0.0, _FIXED[line]
    if line.startswith("!"):
        raise ConfigError(t("{where}: {word} is unknown; see docs/how-to/spoken-answers.md", where=where, word=word))
    return 0.0, Heard(line, 0.9)
