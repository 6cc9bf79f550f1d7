"""The page on stored data says of every table and column of the database whether it is about a person."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[4] / "agi_app" / "store" / "database"
COLUMN = re.compile(r"^[0-9a-f]{32} column (\w+)\.(\w+)$", re.MULTILINE)
TOLD: dict[str, Any] = tomllib.loads((FOLDER / "stored_data.toml").read_text(encoding="utf-8"))
# What a column with such a name holds is about a person.
ABOUT_PEOPLE = re.compile(
    r"e164|number_hash|caller_hash|person_id|person_key|external_id|entered_by|os_user|account|answers|wording"
)


def there() -> dict[str, set[str]]:
    """The columns of each table, as the migrations make them."""
    found: dict[str, set[str]] = {}
    for table, column in COLUMN.findall((FOLDER / "catalog.txt").read_text(encoding="utf-8")):
        found.setdefault(table, set()).add(column)
    return found


def test_every_table_and_column_of_the_database_is_looked_at() -> None:
    told = {name: {*one["personal"].split(), *one["other"].split()} for name, one in TOLD["table"].items()}
    assert told.keys() == there().keys(), "a new table: say in stored_data.toml whose data it has, and run scripts/docs"
    for table, columns in there().items():
        assert told[table] == columns, f"{table}: say of each column in stored_data.toml whether it is about a person"


def test_no_column_is_both_and_each_table_with_personal_data_says_whose_and_how_long() -> None:
    for name, one in TOLD["table"].items():
        assert not {*one["personal"].split()} & {*one["other"].split()}, name
        if one["personal"]:
            assert one["whose"] in TOLD["whose"], name
            assert one["kept"] in TOLD["kept"], name
            assert one["what"]["en"], name
            assert re.search("[一-鿿]", one["what"]["zh"]), name


def test_what_is_named_as_data_about_a_person_is_told_as_such() -> None:
    missed = [
        f"{name}.{column}"
        for name, one in TOLD["table"].items()
        for column in one["other"].split()
        if ABOUT_PEOPLE.fullmatch(column)
    ]
    assert missed == []
