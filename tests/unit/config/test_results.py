"""What a results target needs, and what it cannot have together."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agi_app.config.results import ResultsSettings

DATABASE = {"database_url": "postgresql://results:s3cret@localhost/clinic", "statement": "UPDATE a SET b = 1"}


def test_a_folder_or_a_database_is_enough() -> None:
    assert ResultsSettings(campaigns=("a",), folder="in").kind == "folder"
    made = ResultsSettings(campaigns=("a",), **DATABASE)
    assert made.kind == "database"
    assert "s3cret" not in repr(made)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "exactly one of folder"),
        ({"folder": "in"} | DATABASE, "exactly one of folder"),
        ({"folder": "in", "statement": "x"}, "statement is for a database"),
        ({"folder": "in", "statement_file": "x"}, "statement_file is for a database"),
        ({"database_url": DATABASE["database_url"]}, "exactly one of statement"),
        (DATABASE | {"statement_file": "x"}, "exactly one of statement"),
        (DATABASE | {"format": "csv"}, "format is for a folder"),
        (DATABASE | {"database_url": "postgresql://u:p@ss@h/d"}, "must be written"),
        ({"folder": "in", "campaigns": ("a", "a")}, "a is there twice"),
        ({"folder": "in", "campaigns": ()}, "at least 1"),
        ({"folder": "in", "keep_days": 0}, "greater than or equal to 1"),
        ({"folder": "in", "format": "xml"}, "'csv' or 'jsonl'"),
    ],
)
def test_what_does_not_go_together_is_told(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as told:
        ResultsSettings(**({"campaigns": ("a",)} | given))
    assert "p@ss" not in str(told.value.errors()[0]["msg"])
