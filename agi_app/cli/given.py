"""Whom a simulated call or a rehearsal is with: a row of a contacts file, columns by hand, the country of a line."""

from __future__ import annotations

from pathlib import Path

from agi_app.authoring import full_width
from agi_app.cli.common import HERE
from agi_app.config.settings import SETTINGS_FILE, load_settings
from agi_app.contacts.one_row import contact_row
from agi_app.errors import InputError
from agi_app.flow.language.definition import Flow
from agi_app.model.phone import country_and_zones


def line_region(project: Path, flow: Flow) -> str | None:
    """The country of the line that this flow answers, as the settings say; None when they have none."""
    if not flow.is_line or not (project / SETTINGS_FILE).exists():
        return None
    numbers = (line.number for line in load_settings(project).lines.values() if line.flow == flow.flow)
    return next((country_and_zones(number)[0] for number in numbers), None)


def given_contact(row: str, fields: list[str], languages: list[str]) -> tuple[dict[str, str], str | None]:
    """The columns and the language of a contact given by options: FILE:LINE, and NAME=VALUE over it."""
    columns, language = row_of(HERE, row, languages) if row else ({}, None)
    return {**columns, **dict(_column(text) for text in fields)}, language


def row_of(folder: Path, text: str, languages: list[str]) -> tuple[dict[str, str], str | None]:
    """The columns and the language of FILE:LINE; InputError says what is wrong with it."""
    name, colon, line = text.rpartition(":")
    if not colon or not name or not line.isdecimal():
        raise InputError(
            f"--contact {text!r}: write FILE:LINE{full_width.hint(text)}; a column by hand is --field NAME=VALUE"
        )
    return contact_row(folder / name, int(line), languages)


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--field {text!r}: write NAME=VALUE{full_width.hint(text)}")
    return name, value
