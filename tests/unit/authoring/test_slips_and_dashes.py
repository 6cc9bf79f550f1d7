"""Slips that YAML tells of elsewhere, each found where it was made."""

from __future__ import annotations

import pytest

from agi_app.authoring.yaml_lines import load
from agi_app.authoring.yaml_slips import dash_slip, slip_of
from agi_app.errors import AuthorError


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n  b:c\n  d: e\n", 2, "after the colon"),
        ("a:\n  -b: c\n  - d: e\n", 2, "after the dash"),
        ("a:\n<<<<<<< HEAD\n  b: c\n", 2, "merge"),
    ],
)
def test_the_line_of_the_slip_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(AuthorError) as fault:
        load(text, "flows/a.yaml")
    assert (fault.value.problems[0].line, words in fault.value.problems[0].message) == (line, True)


def test_a_file_that_can_be_read_has_no_slip() -> None:
    good = "a:\n  - b: c\n"
    assert slip_of(good, len(good), lambda _: None) is None
    assert dash_slip(good, len(good), lambda _: None) is None
