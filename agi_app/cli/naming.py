"""Words for names: the nearest name, a name and a file the wrong way round."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agi_app.authoring.suggestions import suggest
from agi_app.errors import InputError

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls")


def no_such(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that none of them has; says the nearest one, or what there is."""
    return InputError(f"there is no {kind} {name!r}{suggest(name, known) or '; this project has none'}")


def name_first(name: str, file: Path, usage: str, known: Iterable[str] = ()) -> None:
    """InputError when a command's name and file were given the wrong way round; ``usage`` is the right one."""
    a_file = Path(name).suffix.lower() in TABLE_ENDINGS or Path(name).is_file()
    if str(file) in known or (a_file and not file.exists()):
        raise InputError(f"{name}: is a file, and the name comes first: {usage}")
