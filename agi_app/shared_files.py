"""Files that come with agi-app beside its code: documents, the dialplan, Asterisk's own files, an example, the sandbox.

A clone has them beside the package, an installed package in its folder ``share``, under the same names.
"""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).parent
INSTALLED = _PACKAGE / "share"
_PAGE = re.compile(r"\bdocs/([a-z-]+/)?([\w-]+?)(\.zh-CN)?\.md\b")
_SCRIPT = re.compile(r"(?<![\w/.-])scripts/(sandbox|demo)\b")
_FILE = re.compile(r"(?<![\w/.-])(?:dialplan|asterisk-docker|freepbx|monitoring)/[\w./-]*\w")


def shared(name: str) -> Path:
    """The file or folder of this name (``docs``, ``dialplan/extensions_agi_app.conf`` …), wherever it is."""
    return (INSTALLED if INSTALLED.is_dir() else _PACKAGE.parent) / name


def cited(text: str) -> str:
    """A message with what its reader has: without a clone, commands that show pages or run the sandbox, whole paths."""
    if not INSTALLED.is_dir():
        return text
    text = _SCRIPT.sub(r"agi-app \1", text)
    text = _PAGE.sub(lambda page: f"agi-app docs {page[1] or ''}{page[2]}", text)
    return _FILE.sub(lambda file: str(INSTALLED / file[0]), text)
