"""Where each setting stands in a TOML file: ``tomllib`` tells what it says, and not where. Pure.

For text that ``tomllib`` has accepted. Tables, arrays of tables and dotted keys are followed; what stands inside an
inline table or an array is found at the key that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Place = tuple[int, int]  # line and column, both from 1
Places = Mapping[tuple[str, ...], Place]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"[ \t]*\[\[?[ \t]*({_KEY})[ \t]*\]")
_SETTING = re.compile(rf"[ \t]*({_KEY})[ \t]*=")
_LONG_TEXT = re.compile(r'"""|\'\'\'')


def places(text: str) -> Places:
    """Every table and setting, by its path."""
    found: dict[tuple[str, ...], Place] = {}
    table: tuple[str, ...] = ()
    inside: str | None = None  # a text over several lines: what ends it
    for number, line in enumerate(text.split("\n"), start=1):
        if inside is None:
            if header := _TABLE.match(line):
                table = _path(header[1])
                found.setdefault(table, (number, header.start(1) + 1))
            elif setting := _SETTING.match(line):
                found.setdefault((*table, *_path(setting[1])), (number, setting.start(1) + 1))
        for mark in _LONG_TEXT.findall(line.partition("#")[0] if inside is None else line):
            inside = mark if inside is None else (None if mark == inside else inside)
    return found


def find(known: Places, path: Sequence[str | int]) -> Place | None:
    """Where ``path`` stands, else what it is part of; None: nothing of it is in the file."""
    parts = tuple(map(str, path))
    for length in range(len(parts), 0, -1):
        if (place := known.get(parts[:length])) is not None:
            return place
    return None


def _path(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") if part[0] in "\"'" else part for part in re.findall(_PART, key))
