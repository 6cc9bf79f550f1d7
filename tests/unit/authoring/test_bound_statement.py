"""The places for values in a statement that a person wrote."""

from __future__ import annotations

import pytest

from agi_app.authoring import bound_statement
from agi_app.authoring.bound_statement import fault_in, names_in, tidy

KNOWN = {"id", "key"}
GOOD = "INSERT INTO result (key, id) VALUES (%(key)s, %(id)s) -- 100 %%"


def test_a_good_statement_names_its_values() -> None:
    assert fault_in(GOOD, KNOWN) is None
    assert names_in(GOOD) == KNOWN
    assert names_in("SELECT '%%(id)s'") == set()


def test_one_semicolon_at_the_end_is_no_fault() -> None:
    assert tidy("\n SELECT 1 ;\n") == "SELECT 1"
    assert tidy("SELECT ';'") == "SELECT ';'"


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 0, "empty"),
        (" ;\n", 0, "empty"),
        ("SELECT '100 %'", 12, "is written %%"),
        ("SELECT %s", 7, "is written %%"),
        ("SELECT 1 %", 9, "is written %%"),
        ("SELECT %(id)d", 7, "%(id)s"),
        ("SELECT %(id)", 7, "%(id)s"),
        ("SELECT %(number)s", 7, "there is no value 'number'; there are: id, key"),
        ("SELECT '\0'", 8, "U+0000"),
        ("x" * (bound_statement.LONGEST + 1), bound_statement.LONGEST, "longer than"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, at: int, words: str) -> None:
    found = fault_in(text, KNOWN)
    assert found is not None
    assert found[0] == at
    assert words in found[1]
