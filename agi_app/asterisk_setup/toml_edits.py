"""Settings put into the text of an agi-app.toml, whose comments and order stay. Pure.

The result is read again and compared: it says what it should and nothing else has changed, or the edit is refused.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from agi_app.config.toml_lines import places
from agi_app.errors import ConfigError
from agi_app.messages import t

BOM = "\ufeff"  # kept: the file is compared with what it was, byte for byte
TomlValue = str | int | float | bool
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_VALUE = re.compile(r"""([^=]*=[ \t]*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"'\[{]+)([ \t]*(?:#.*)?)\Z""")


def with_settings(text: str, wanted: Mapping[tuple[str, ...], TomlValue], file: str) -> str:
    """The text with each path (table…, key) set. Raises ConfigError with the lines to write when that is not safe."""
    if text.startswith(BOM):
        return BOM + with_settings(text.removeprefix(BOM), wanted, file)
    expected = tomllib.loads(text)
    changed = text
    for path, value in wanted.items():
        _set(expected := copy.deepcopy(expected), path, value)
        changed = _with_one(changed, path, value)
    try:
        if tomllib.loads(changed) == expected:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    lines = "\n".join(f"[{'.'.join(path[:-1])}] {path[-1]} = {written(value)}" for path, value in wanted.items())
    raise ConfigError(
        t("{file}: cannot be changed safely as it is written; write these by hand:\n{lines}", file=file, lines=lines)
    )


def without_table(text: str, table: tuple[str, ...], file: str) -> str:
    """The text without ``[table]`` and what is in it. Raises ConfigError when that is not safe."""
    if text.startswith(BOM):
        return BOM + without_table(text.removeprefix(BOM), table, file)
    expected = tomllib.loads(text)
    inner: Any = expected
    for part in table[:-1]:
        inner = inner[part]
    del inner[table[-1]]
    lines, known = _LINE.findall(text), places(text.replace("\r\n", "\n"))
    first = known[table][0] - 1
    last = next((n for n in range(first + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    while last > first + 1 and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1  # a comment above the next table is the next table's
    changed = "".join([*lines[:first], *lines[last:]])
    changed = changed.rstrip("\n") + "\n" if last == len(lines) else changed
    try:
        found = tomllib.loads(changed)
        if found == expected or found == _without_empty(expected, table):
            return changed
    except tomllib.TOMLDecodeError:
        pass
    raise ConfigError(
        t(
            "{file}: cannot be changed safely as it is written; remove [{table}] by hand",
            file=file,
            table=".".join(table),
        )
    )


def _without_empty(table: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """As the file reads when the last of the tables above has gone with it."""
    return {name: value for name, value in table.items() if value or name != path[0]}


def written(value: TomlValue) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _set(table: dict[str, Any], path: tuple[str, ...], value: TomlValue) -> None:
    for part in path[:-1]:
        table = table.setdefault(part, {})
    table[path[-1]] = value


def _with_one(text: str, path: tuple[str, ...], value: TomlValue) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines, known = _LINE.findall(text), places(text.replace("\r\n", "\n"))
    setting = f"{path[-1]} = {written(value)}"
    if path in known:
        at = known[path][0] - 1
        body = lines[at].rstrip("\r\n")
        if (found := _VALUE.match(body)) is not None:
            lines[at] = f"{found[1]}{written(value)}{found[3]}" + lines[at][len(body) :]
        return "".join(lines)
    if path[:-1] in known:
        at = known[path[:-1]][0]
        lines[at - 1] = lines[at - 1].rstrip("\r\n") + end
        return "".join([*lines[:at], setting + end, *lines[at:]])
    head = text if not text or text.endswith("\n") else text + end
    return f"{head}{end if head else ''}[{'.'.join(path[:-1])}]{end}{setting}{end}"
