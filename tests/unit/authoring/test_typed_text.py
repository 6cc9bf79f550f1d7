"""A text that comes back from a text area is what was typed, and what was not touched stays byte for byte."""

from __future__ import annotations

import os
import random

import pytest

from agi_app.authoring.typed_text import as_typed, in_editor

EDITS = int(os.environ.get("AGI_APP_EDITS", "2000"))
WORDS = (
    "a: b",
    "",
    "  - play: greeting",
    "# 注释",
    "\ufeff",
    "مرحبا",
    "😀",
    "<script>",
    "\t",
    "\u2028",
    "\x0c",
    "x \x85 y",
    "a: b",
)
ENDS = {"LF": ("\n",), "CRLF": ("\r\n",), "CR": ("\r",), "mixed": ("\n", "\r\n", "\r", "\r\n")}


def a_text(dice: random.Random, ends: tuple[str, ...]) -> str:
    return "".join(dice.choice(WORDS) + dice.choice(ends) for _ in range(dice.randrange(12))) + dice.choice(WORDS)


def edited(dice: random.Random, text: str) -> tuple[str, int, int]:
    """After one edit; how many characters before and behind it were not touched."""
    first = dice.randrange(len(text) + 1)
    last = min(len(text), first + dice.choice((0, 0, 1, 5, 40)))
    typed = dice.choice(("", "x", "\n", "neu: 值\n", "\n\n", "😀 # \n  - hangup"))
    return text[:first] + typed + text[last:], first, len(text) - last


@pytest.mark.parametrize("kind", ENDS)
def test_what_was_typed_is_what_is_kept(kind: str) -> None:
    """A browser sends each line end as CRLF, whatever the file has."""
    dice = random.Random(f"typed {kind}")
    for _ in range(EDITS // len(ENDS)):
        before = a_text(dice, ENDS[kind])
        shown = in_editor(before.encode())
        assert as_typed(shown.replace("\n", "\r\n"), before.encode()) == before.encode()
        typed, front, back = edited(dice, shown)
        kept = as_typed(typed.replace("\n", "\r\n"), before.encode()).decode()
        assert in_editor(kept.encode()) == typed
        if kind != "mixed" and ENDS[kind][0] in before:
            assert kept == typed.replace("\n", ENDS[kind][0])
            continue
        untouched = shown[:front].count("\n"), shown[len(shown) - back :].count("\n")
        ends_before, ends_kept = ends_of(before), ends_of(kept)
        assert ends_kept[: untouched[0]] == ends_before[: untouched[0]]
        if any(len({*text.split("\n")}) < text.count("\n") + 1 for text in (shown, typed)):
            continue  # which of two equal lines was taken away nobody can see
        behind = max(0, untouched[1] - 1)  # nor which end of a line that was broken in two is the new one
        assert ends_kept[len(ends_kept) - behind :] == ends_before[len(ends_before) - behind :]


def ends_of(text: str) -> list[str]:
    marked = text.replace("\r\n", "\x00")
    return [{"\x00": "\r\n"}.get(one, one) for one in marked if one in "\x00\r\n"]


def test_a_change_of_everything_takes_no_time() -> None:
    before = b"a\r\nb\n" * 40_000
    assert as_typed("c\r\n" * 80_000, before).count(b"c") == 80_000
