"""A line of YAML that would be right with a sign more, or further in: found by trying. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

LARGEST = 64 * 1024  # characters; larger files are not tried
_LINES_BEFORE = 3  # in which the cause is looked for: the parser often gives up a line later
_MOST_TRIES = 60
_INDENT = re.compile(r"[ \t]*")
_EQUALS = re.compile(r"([ ]*(?:- )?[\w-]{1,64})[ ]?=[ ]?(?=[^=\s])")
_BULLET = re.compile(r"[ ]*(?:[0-9]{1,3}[.)]|[*•·–—－])[ ]+(?=\S)")
_BARE_WORD = re.compile(r"[ ]*(?:- )?[\w-]{1,64}[ ]?$")
_VALUE = re.compile(r"([ ]*(?:- )?[\w-]{1,64}:[ ])([^\"'\[{|>#].*)$")
_STEP = re.compile(r"([ ]*-[ ]+)([\w-]{1,64}):")
_BESIDE_A_VERB = re.compile(r"[ ]*on:(?=\s|$)")
_LINES_OF_A_STEP = 40
_FIRST_COLUMN = "must begin at the first column; remove the spaces before it"
_FLOW_KEYS = ("flow", "languages", "identify", "opt_out", "abandoned", "parameters", "start", "nodes")
_WHOM = ("campaign", "purpose", "jurisdictions", "trunk", "caller_id", "local_caller_ids", "region", "dialled_by")
_HOW = ("pace", "window", "retry", "ring_time", "max_call", "machine_detection", "agents")
TOP_KEYS = frozenset((*_FLOW_KEYS, *_WHOM, *_HOW))
_TOP_KEY = re.compile(rf" +({'|'.join(sorted(TOP_KEYS))}):(?=\s|$)")
AT_EDGE = "there is a tab here; remove it: this key begins at the first column"
_AT_EDGE = re.compile(r"[\w-]{1,64}:[ ]\S")
TAB = "there is a tab here; indent with spaces"
Tried = tuple[str, int, str]  # the new line, where the fault stands in the old one, the words


def line_slip(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> tuple[int, str] | None:
    """Where a slip is (characters from the beginning) and how to fix it; ``wrong`` is where the parser gives up.

    ``fails_at`` tells that for a text, None: nowhere.
    """
    if len(source) > LARGEST:
        return None
    lines = source.split("\n")
    last = source.count("\n", 0, wrong)
    starts = [0]
    for line in lines[: last + 1]:
        starts.append(starts[-1] + len(line) + 1)
    for number in range(last, max(-1, last - 1 - _LINES_BEFORE), -1):
        if key := _misplaced_top_key(lines, number, wrong, fails_at):
            at = starts[number] + lines[number].index(key)
            return at, f'wrong indentation: "{key}" {_FIRST_COLUMN}'
    tried = [*_unclosed(lines[: last + 1])]
    for changes in (_sure, _changes):
        for number in range(last, max(-1, last - 1 - _LINES_BEFORE), -1):
            tried += [(number, change) for change in changes(lines, number)]
    for number, (line, at, words) in tried[:_MOST_TRIES]:
        now = fails_at("\n".join([*lines[:number], line, *lines[number + 1 :]]))
        if now is None or now > wrong + len(lines[last]) + 40:
            tab = lines[number].find("\t", 0, len(lines[number]) - len(lines[number].lstrip()))
            edge = AT_EDGE if number and _AT_EDGE.match(lines[number - 1]) else TAB
            return (starts[number] + tab, edge if now is None else TAB) if tab >= 0 else (starts[number] + at, words)
    return None


def _misplaced_top_key(lines: list[str], number: int, wrong: int, fails_at: Callable[[str], int | None]) -> str | None:
    """The key of the file itself that this line has behind spaces, and that stands nowhere at the edge."""
    found = _TOP_KEY.match(lines[number])
    if found is None or any(line.startswith(f"{found[1]}:") for line in lines):
        return None
    now = fails_at("\n".join([*lines[:number], lines[number].lstrip(" "), *lines[number + 1 :]]))
    return found[1] if now is None or now > wrong else None


def _unclosed(lines: list[str]) -> Iterator[tuple[int, Tried]]:
    """The first lines with a quote that has no second one."""
    odd = (number for number, line in enumerate(lines) if line.count('"') % 2 and not line.lstrip().startswith("#"))
    for number in itertools.islice(odd, 2):
        line = lines[number].rstrip()
        text = line.partition(" #")[0].rstrip()
        yield (
            number,
            (f'{text}"', text.rindex('"') if '"' in text else 0, f'a quote is not closed: write {text.strip()[:100]}"'),
        )


def _sure(lines: list[str], number: int) -> Iterator[Tried]:
    """What is right in no YAML of ours."""
    line = lines[number].rstrip("\r")
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    yield from _beside_a_verb(lines, number, indent)
    if "\t" in line[:indent] and text:
        yield line.replace("\t", "  "), line.index("\t"), TAB
    if found := _BULLET.match(line):
        new = f"{line[:indent]}- {line[found.end() :]}"
        yield new, indent, f"an item begins with a dash and a space: write {new.strip()[:100]}"
    if (found := _EQUALS.match(line)) and not text.startswith("#"):
        new = f"{found[1]}: {line[found.end() :]}"
        yield new, found.end(1), f"put a colon between a key and its value: write {new.strip()[:100]}"


def _beside_a_verb(lines: list[str], number: int, indent: int) -> Iterator[Tried]:
    """The key that stands as far in as the verb of its step."""
    if not _BESIDE_A_VERB.match(lines[number]):
        return
    for above in range(number - 1, max(-1, number - _LINES_OF_A_STEP), -1):
        if found := _STEP.match(lines[above]):
            wanted = len(found[1])
            if wanted != indent:
                far = f"indent this line with {wanted} spaces, as far as {found[2]} in line {above + 1}"
                yield " " * wanted + lines[number].strip(), indent, f'"on" belongs beside {found[2]}: {far}'
            return


def _changes(lines: list[str], number: int) -> Iterator[Tried]:
    line = lines[number].rstrip("\r")
    text = line.strip()
    if not text or text.startswith("#"):
        return
    indent = len(_INDENT.match(line)[0])  # type: ignore[index]  # it matches nothing, too
    if _BARE_WORD.match(line) and text[-1].isalnum():
        yield f"{line.rstrip()}:", len(line.rstrip()), f"a colon is missing: write {text}:"
    if (found := _VALUE.match(line)) and ": " in found[2] and '"' not in found[2]:
        new = f'{found[1]}"{found[2]}"'
        yield new, found.start(2), f"text that contains a colon needs quotes: write {new.strip()[:100]}"
    around = list(_indents(lines, number, indent))
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) == 1)
    if text.startswith("- "):
        yield f"{line[:indent]}{text[2:].lstrip()}", indent, f"no dash belongs here: write {text[2:].strip()[:100]}"
    else:
        yield f"{line[:indent]}- {text}", indent, f"a dash is missing: write - {text[:100]}"
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) > 1)


def _indented(text: str, now: int, other: int, wanted: int) -> Tried:
    spaces = f"{wanted} space{'' if wanted == 1 else 's'}"
    where = f"indent this line with {spaces}" if wanted else f"this line {_FIRST_COLUMN}"
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
