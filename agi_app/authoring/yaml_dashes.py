"""Dashes that are missing, or are where none belong, in all lines of a list or mapping. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

LARGEST = 64 * 1024  # characters; larger files are not tried
_LINES_BEFORE = 2  # in which the cause is looked for: the parser often gives up a line later
_NAMES = ("nodes", "identify", "opt_out", "window", "pace", "retry", "gather", "on", "expect", "meanings")  # mappings


def dash_slip(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> tuple[int, str] | None:
    """Where the first such dash is or is missing (characters from the beginning), and how to fix it.

    ``wrong`` is where the parser gives up; ``fails_at`` tells that for a text, None: nowhere.
    """
    if len(source) > LARGEST:
        return None
    lines = source.split("\n")
    last = source.count("\n", 0, wrong)
    for number in range(last, max(-1, last - 1 - _LINES_BEFORE), -1):
        if not (text := lines[number].strip()) or text.startswith("#"):
            continue
        parent, block = _block(lines, number)
        for tried in (_without, _with):
            if (found := tried(lines, parent, block)) is not None:
                mended, first, words = found
                now = fails_at("\n".join(mended))
                if now is None or "\n".join(mended).count("\n", 0, now) > last:
                    return sum(len(line) + 1 for line in lines[:first]) + _indent(lines[first]), words
    return None


Tried = tuple[list[str], int, str]  # the new lines, the first that is new, the words


def _without(lines: list[str], parent: int, block: list[int]) -> Tried | None:
    """Names of a mapping that come after dashes."""
    dashed = [number for number in block if _text(lines[number]).startswith("- ")]
    if _key(lines, parent) not in _NAMES or not dashed:
        return None
    mended = list(lines)
    for number in dashed:
        mended[number] = " " * _indent(lines[number]) + _text(lines[number])[2:].lstrip()
    name = mended[dashed[0]].strip().partition(":")[0][:64]
    return mended, dashed[0], f"no dash belongs before a name in {_key(lines, parent)}: write {name}:"


def _with(lines: list[str], parent: int, block: list[int]) -> Tried | None:
    """Items of a list that stand without dashes: several, or all steps of a node."""
    bare = [number for number in block if not re.match(r"-(\s|$)|on:", _text(lines[number]))]
    above = _block(lines, parent)[0] if parent >= 0 else -1
    if _key(lines, above) != "nodes" or len(bare) < 2:
        return None
    mended = list(lines)
    for number in block:
        if number in bare or _text(lines[number]).startswith("on:"):
            mended[number] = f"{' ' * _indent(lines[number])}{'- ' if number in bare else '  '}{_text(lines[number])}"
    steps = ", ".join(f"- {_text(lines[number])[:60]}" for number in bare[:3])
    return mended, bare[0], f"each step begins with a dash: write {steps}"


def _block(lines: list[str], number: int) -> tuple[int, list[int]]:
    """The line that this one belongs to (-1: none), and all lines that belong to it and are as far in."""
    indent = _indent(lines[number])
    begin = number
    while begin >= 0 and (not _text(lines[begin]) or _indent(lines[begin]) >= indent):
        begin -= 1
    end = number
    while end < len(lines) and (not _text(lines[end]) or _indent(lines[end]) >= indent):
        end += 1
    return begin, [n for n in range(begin + 1, end) if _text(lines[n]) and _indent(lines[n]) == indent]


def _key(lines: list[str], number: int) -> str:
    found = re.match(r"(?:- )?([\w-]{1,64}):$", _text(lines[number])) if number >= 0 else None
    return found[1] if found else ""


def _text(line: str) -> str:
    text = line.strip()
    return "" if text.startswith("#") else text.partition(" #")[0].rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
