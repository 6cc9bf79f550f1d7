"""The comments of a new project's YAML and TOML files, and the names of its expected calls, in Chinese.

The files themselves are in English; ``templates/words.zh-CN.json`` has each comment and each name with what to write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

_COMMENT = re.compile(r"(?P<before>^.*\s|^)# (?P<words>.*)$")
_NAME = re.compile(r"(?P<before>\s*- name: )(?P<words>.*)$")


def words() -> Mapping[str, str]:
    """English comments and names with their Chinese ones."""
    file = resources.files("agi_app.campaigns").joinpath("templates").joinpath("words.zh-CN.json")
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def told(text: str) -> Iterator[str]:
    """The comments of a file, and the names of its expected calls."""
    for line in text.splitlines():
        for pattern in (_COMMENT, _NAME):
            if found := pattern.match(line):
                yield found["words"]


def translated(text: str, chinese: Mapping[str, str]) -> str:
    """A file with them in Chinese; what there is no Chinese of stays."""

    def line(one: str) -> str:
        for pattern in (_COMMENT, _NAME):
            if (found := pattern.match(one)) and found["words"] in chinese:
                gap = "# " if pattern is _COMMENT else ""
                return f"{found['before']}{gap}{chinese[found['words']]}"
        return one

    return "".join(f"{line(one)}\n" for one in text.splitlines())


def translate(folder: Path) -> None:
    """Translate all YAML and TOML files of a new project. Raises OSError."""
    chinese = words()
    for file in sorted((*folder.glob("*/*.yaml"), *folder.glob("*.toml"))):
        file.write_text(translated(file.read_text(encoding="utf-8"), chinese), encoding="utf-8")
