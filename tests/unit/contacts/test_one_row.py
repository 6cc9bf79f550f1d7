"""One line of a contacts file, and cells that say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.contacts.empty_words import is_nothing, points_elsewhere
from agi_app.contacts.one_row import contact_row


@pytest.mark.parametrize(("line", "city", "language"), [(2, "Rome", "en"), (3, "Oslo", None)])
def test_a_line_is_the_contact_that_a_call_would_have(
    tmp_path: Path, line: int, city: str, language: str | None
) -> None:
    file = tmp_path / "c.csv"
    file.write_text("external_id,number,language,city\n1,+999,en,Rome\n2,+998,,Oslo\n", encoding="utf-8")
    assert contact_row(file, line, ["en"]) == ({"city": city}, language)


def test_a_dash_is_no_word_and_see_above_only_points() -> None:
    assert all(is_nothing(text) for text in ("-", "n/a", "无", ""))
    assert not is_nothing("yes")
    assert points_elsewhere("同上")
    assert not points_elsewhere("by letter")
