"""What differs between two texts, with signs; and what somebody gives as a reason."""

from __future__ import annotations

from agi_app.console.diffs import diff
from agi_app.console.forms import reason_of


def test_lines_that_changed_have_their_signs_and_numbers() -> None:
    found = diff("a\nb\nc\n", "a\nB\nc\n")
    assert [(one.sign, one.before, one.after, one.text) for one in found] == [
        (" ", 1, 1, "a"),
        ("-", 2, None, "b"),
        ("+", None, 2, "B"),
        (" ", 3, 3, "c"),
        (" ", 4, 4, ""),
    ]
    assert diff("a\nb", "a\nb") == []


def test_what_is_far_from_a_change_is_left_out() -> None:
    found = diff("\n".join(map(str, range(50))), "\n".join(map(str, range(49))))
    assert [one.sign for one in found] == ["@", " ", " ", " ", "-"]


def test_other_line_ends_alone_are_told() -> None:
    assert [(one.sign, one.text) for one in diff("a\r\nb", "a\nb")] == [("-", r"'\r\n'"), ("+", r"'\n'")]


def test_a_reason_is_short_and_can_be_shown() -> None:
    assert reason_of({"reason": "  clearer \n words "}) == "clearer words"
    assert [reason_of({"reason": text}) for text in ("", " ", "x" * 301, "\u202ea", "a\x07")] == [None] * 5
