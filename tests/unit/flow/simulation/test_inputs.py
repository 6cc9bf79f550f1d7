"""What somebody types into a simulated call."""

from __future__ import annotations

import pytest

from agi_app.flow.simulation import inputs


@pytest.mark.parametrize(("line", "said"), [("yes please", True), ('"yes"', True), ("好的", True), ("hangup", False)])
def test_words_are_told_from_commands(line: str, said: bool) -> None:
    assert inputs.is_said(line) is said


def test_a_command_that_is_nearly_right_is_named() -> None:
    assert inputs.meant("hang up") == "hangup"
    assert inputs.meant("1") is None
