"""Whom a simulated call or a rehearsal is with: a row of a contacts file, columns by hand, the country of a line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import suggest
from agi_app.config.settings import SETTINGS_FILE, load_settings
from agi_app.contacts.columns import Cells
from agi_app.contacts.contacts_file import contact_columns, find_language
from agi_app.contacts.tables.opening import open_table, private_copy
from agi_app.errors import InputError
from agi_app.flow.language.definition import Flow
from agi_app.messages import t
from agi_app.model.phone import country_and_zones


def line_region(project: Path, flow: Flow) -> str | None:
    """The country of the line that this flow answers, as the settings say; None when they have none."""
    if not flow.is_line or not (project / SETTINGS_FILE).exists():
        return None
    numbers = (line.number for line in load_settings(project).lines.values() if line.flow == flow.flow)
    return next((country_and_zones(number)[0] for number in numbers), None)


def given_contact(row: str, fields: list[str], languages: list[str]) -> tuple[dict[str, str], str | None]:
    """The columns and the language of a contact given by options: FILE:LINE, and NAME=VALUE over it."""
    columns, language = row_of(Path(), row, languages) if row else ({}, None)
    return {**columns, **dict(_column(text) for text in fields)}, language


def row_of(folder: Path, text: str, languages: list[str]) -> tuple[dict[str, str], str | None]:
    """The columns and the language of FILE:LINE; InputError says what is wrong with it."""
    name, colon, line = text.rpartition(":")
    if not colon or not name or not line.isdecimal():
        raise InputError(
            t(
                "--contact {text!r}: write FILE:LINE{hint}; a column by hand is --field NAME=VALUE",
                text=text,
                hint=full_width.hint(text),
            )
        )
    return _contact_row(folder / name, int(line), languages)


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(t("--field {text!r}: write NAME=VALUE{hint}", text=text, hint=full_width.hint(text)))
    return name, value


def _contact_row(path: Path, line: int, languages: Sequence[str]) -> tuple[dict[str, str], str | None]:
    """The contact's own columns and its language, None when the file does not say; numbers are not looked at.

    ``line`` counts from 1 with the header, as an editor or a spreadsheet does. AuthorError for a file that
    cannot be read, InputError when no contact begins on that line.
    """
    with ExitStack() as stack:
        table = open_table(private_copy(path, stack), path.name)
        columns = contact_columns(table)
        row = next((row for row in table.rows() if row.line >= line), None)
        if row is None or row.line > line or row.blank:
            raise InputError(
                t(
                    "{path}: no contact begins on line {line}; the header is line {line2}",
                    path=path,
                    line=line,
                    line2=table.header_row.line,
                )
            )
        if row.fault is not None:
            raise InputError(f"{path}:{line}: {row.fault.reason}")
        own = {title: row.cells[index].strip() for title, index in columns.others.items()}
        return own, _language(Cells(row, columns).text("language"), languages, f"{path}:{line}")


def _language(text: str, languages: Sequence[str], where: str) -> str | None:
    found = find_language(text, languages) if text else None
    if text and found is None:
        raise InputError(
            t(
                "{where}: {text!r} is not a language of the flow{suggest}",
                where=where,
                text=text,
                suggest=suggest(text, languages),
            )
        )
    return found
