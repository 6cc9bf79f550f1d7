"""Pictures of figures: what they tell who cannot see them, and hostile labels in them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from agi_app.console.charts import WIDTH, Bar, bars, columns


def test_bars_are_as_long_as_their_values_and_told_in_words() -> None:
    picture = bars("Outcomes", [Bar("answered", 40, "40"), Bar("busy", 10, "10"), Bar("none", 0, "0")])
    widths = [float(one) for one in re.findall(r'<rect[^>]* width="([\d.]+)"', picture)]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.2)
    assert widths[2] == 0
    assert 'aria-label="Outcomes. answered: 40; busy: 10; none: 0"' in picture


def test_columns_label_a_few_steps_and_stay_inside() -> None:
    picture = columns("Calls", [Bar(f"10:{minute:02}", minute, str(minute)) for minute in range(60)])
    assert len(re.findall("<rect", picture)) == 60
    assert len(re.findall("<text", picture)) <= 8
    ends = [float(x) + float(w) for x, w in re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"', picture)]
    assert max(ends) <= WIDTH


def test_nothing_gives_no_picture_and_a_label_is_only_text() -> None:
    assert (bars("Nothing", []), columns("Nothing", [])) == ("", "")
    planted = '"><script>alert(1)</script>'
    for draw in (bars, columns):
        picture = draw(planted, [Bar(planted, 1, planted)])
        assert "<script" not in picture
        assert ET.fromstring(picture).get("aria-label") == f"{planted}. {planted}: {planted}"
    assert "height" in bars("All zero", [Bar("a", 0, "0")])
