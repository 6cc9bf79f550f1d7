"""One line of a contacts file, and cells that say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.authoring.empty_words import is_nothing, points_elsewhere
from agi_app.operations.project.sample_contacts import row_of


@pytest.mark.parametrize(("line", "city", "language"), [(2, "Rome", "en"), (3, "Oslo", None)])
def test_a_line_is_the_contact_that_a_call_would_have(
    tmp_path: Path, line: int, city: str, language: str | None
) -> None:
    text = "external_id,number,language,city\n1,+999,en,Rome\n2,+998,,Oslo\n"
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    assert row_of(tmp_path, f"c.csv:{line}", ["en"]) == ({"city": city}, language)


def test_a_dash_is_no_word_and_see_above_only_points() -> None:
    assert all(is_nothing(text) for text in ("-", "n/a", "无", ""))
    assert not is_nothing("yes")
    assert points_elsewhere("同上")
    assert not points_elsewhere("by letter")
