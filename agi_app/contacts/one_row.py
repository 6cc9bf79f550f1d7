"""One line of a contacts file, for the simulator: the columns that a call of this contact would have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from agi_app.authoring.suggestions import suggest
from agi_app.contacts.columns import Cells
from agi_app.contacts.contacts_file import contact_columns, find_language
from agi_app.contacts.tables.opening import open_table, private_copy
from agi_app.errors import InputError


def contact_row(path: Path, line: int, languages: Sequence[str]) -> tuple[dict[str, str], str | None]:
    """The contact's own columns and its language, None when the file does not say; numbers are not looked at.

    ``line`` counts from 1 with the header, as an editor or a spreadsheet does. AuthorError for a file that
    cannot be read, InputError when no contact begins on that line.
    """
    with ExitStack() as stack:
        table = open_table(private_copy(path, stack), path.name)
        columns = contact_columns(table)
        for row in table.rows():
            if row.line < line:
                continue
            if row.line > line or row.blank:
                break
            if row.fault is not None:
                raise InputError(f"{path}:{line}: {row.fault.reason}")
            return (
                {title: row.cells[index].strip() for title, index in columns.others.items()},
                _language(Cells(row, columns).text("language"), languages, f"{path}:{line}"),
            )
    raise InputError(f"{path}: no contact begins on line {line}; the header is line {table.header_row.line}")


def _language(text: str, languages: Sequence[str], where: str) -> str | None:
    if not text:
        return None
    found = find_language(text, languages)
    if found is None:
        raise InputError(f"{where}: {text!r} is not a language of the flow{suggest(text, languages)}")
    return found
