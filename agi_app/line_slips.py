"""A line of YAML that would be right with a sign more, or further in: found by trying. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

LARGEST = 64 * 1024  # characters; larger files are not tried
_LINES_BEFORE = 3  # in which the cause is looked for: the parser often gives up a line later
_MOST_TRIES = 60
_INDENT = re.compile(r"[ \t]*")
_EQUALS = re.compile(r"([ ]*(?:- )?[\w-]{1,64})[ ]?=[ ]?(?=[^=\s])")
_BARE_WORD = re.compile(r"[ ]*(?:- )?[\w-]{1,64}[ ]?$")
_VALUE = re.compile(r"([ ]*(?:- )?[\w-]{1,64}:[ ])([^\"'\[{|>#].*)$")
Tried = tuple[str, int, str]  # the new line, where the fault stands in the old one, the words


def line_slip(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> tuple[int, str] | None:
    """Where a slip stands (characters from the beginning) and how to mend it; ``wrong`` is where the parser gives up.

    ``fails_at`` tells that for a text, None: nowhere.
    """
    if len(source) > LARGEST:
        return None
    lines = source.split("\n")
    last = source.count("\n", 0, wrong)
    tries = 0
    for number in range(last, max(-1, last - 1 - _LINES_BEFORE), -1):
        start = sum(len(line) + 1 for line in lines[:number])
        for line, at, words in _changes(lines, number):
            tries += 1
            if tries > _MOST_TRIES:
                return None
            now = fails_at("\n".join([*lines[:number], line, *lines[number + 1 :]]))
            if now is None or now > wrong + len(lines[last]) + 40:
                return start + at, words
    return None


def _changes(lines: list[str], number: int) -> Iterator[Tried]:
    line = lines[number].rstrip("\r")
    text = line.strip()
    if not text or text.startswith("#"):
        return
    indent = len(_INDENT.match(line)[0])  # type: ignore[index]  # it matches nothing, too
    if "\t" in line[:indent]:
        yield line.replace("\t", "  "), line.index("\t"), "a tab stands here; indent with spaces"
        return
    if found := _EQUALS.match(line):
        new = f"{found[1]}: {line[found.end() :]}"
        yield new, found.end(1), f"a colon stands between a key and its value: write {new.strip()[:100]}"
    if _BARE_WORD.match(line) and text[-1].isalnum():
        yield f"{line.rstrip()}:", len(line.rstrip()), f"a colon is missing: write {text}:"
    if (found := _VALUE.match(line)) and ": " in found[2] and '"' not in found[2]:
        new = f'{found[1]}"{found[2]}"'
        yield new, found.start(2), f"text with a colon in it stands in quotes: write {new.strip()[:100]}"
    around = list(_indents(lines, number, indent))
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) == 1)
    if text.startswith("- "):
        yield f"{line[:indent]}{text[2:].lstrip()}", indent, f"no dash stands here: write {text[2:].strip()[:100]}"
    else:
        yield f"{line[:indent]}- {text}", indent, f"a dash is missing: write - {text[:100]}"
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) > 1)


def _indented(text: str, now: int, other: int, wanted: int) -> Tried:
    spaces = f"{wanted} space{'' if wanted == 1 else 's'}"
    where = f"indent this line with {spaces}" if wanted else "this line begins without spaces"
    return " " * wanted + text, now, f"wrong indentation: {where}; compare line {other + 1}"


def _indents(lines: list[str], number: int, now: int) -> Iterator[tuple[int, int]]:
    """The indentations of the lines around, each once, with a line that has it."""
    seen = {now}
    for other in (number - 1, number + 1, number - 2, number + 2, number - 3, number - 4, number - 5, number - 6):
        if 0 <= other < len(lines) and lines[other].strip():
            text = lines[other]
            indent = len(text) - len(text.lstrip(" "))
            for wanted in (indent, indent + 2) if text.rstrip().endswith(":") else (indent,):
                if wanted not in seen:
                    seen.add(wanted)
                    yield other, wanted
