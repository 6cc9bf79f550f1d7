"""Which language a call speaks: asked for, else the contact's, else the flow's first."""

from __future__ import annotations

import pytest

from agi_app.flow.engine.call_language import choose_language


@pytest.mark.parametrize(
    ("wanted", "column", "chosen"),
    [
        (None, None, "en"),
        (None, "zh-CN", "zh-CN"),
        (None, "zh", "zh-CN"),
        (None, "ZH_cn", "zh-CN"),
        ("en-GB", "zh-CN", "en"),
        (None, "fr", "en"),
        (None, "", "en"),
    ],
)
def test_the_language_of_a_call(wanted: str | None, column: str | None, chosen: str) -> None:
    contact = {} if column is None else {"language": column}
    assert choose_language(["en", "zh-CN"], wanted, contact) == chosen
