"""Refuse words that make a reader stop: `python scripts/lib/plain_english.py [FILE…]`.

`plain_words/en.tsv` and `zh.tsv` say what not to write, and what instead; `scope.txt` names the files that are read
without arguments. Of a page the prose counts, without code and addresses; of a Python file, docstrings and messages.
Exit 1 when a phrase is found.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).resolve().parent / "plain_words"

# Code, titles of decisions (a record keeps its words), addresses, comments.
_NO_PROSE = re.compile(
    r"^ *```.*?^ *```[^\n]*$|`[^`\n]*`|\[[^]]*\]\([^)\n]*decisions/[^)\n]*\)|\]\([^)\n]*\)|<!--.*?-->",
    re.MULTILINE | re.DOTALL,
)
_QUOTES = re.compile(r"""^[a-zA-Z]*('{3}|"{3}|'|")|('{3}|"{3}|'|")$|\{[^{}]*\}""")
_CODE = re.compile(r"`[^`\n]+`")
_BREAK = "\0"  # stands for what no phrase may cross


@dataclass(frozen=True)
class Banned:
    """A phrase, and what to write instead."""

    phrase: re.Pattern[str]
    better: str


def read_list(file: Path, *, words: bool) -> list[Banned]:
    """The phrases of one list; ``words``: regular expressions that match whole words, else text as it is."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pairs = [line.split("\t", 1) for line in lines]
    return [
        Banned(_whole_words(phrase) if words else re.compile(re.escape(phrase)), better) for phrase, better in pairs
    ]


def _whole_words(phrase: str) -> re.Pattern[str]:
    spaced = phrase.replace(" ", r"(?:[ \t]+|[ \t]*\n[ \t]*)")  # at most one line ends within a phrase
    return re.compile(rf"\b(?:{spaced})(?!\w)", re.IGNORECASE)


def prose(text: str) -> str:
    """The page with code and addresses blanked, every other character where it was."""
    return _NO_PROSE.sub(lambda found: _blank(found[0]), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", _BREAK, text)


def said(source: str) -> str:
    """The Python file with all but its docstrings and messages blanked; a text of one word is a name, no message."""
    kept, end, goes_on = list(_blank(source)), 0, False
    for first, last in _strings(source):
        inside = _QUOTES.sub(lambda found: " " * len(found[0]), source[first:last])
        inside = _CODE.sub(lambda found: _blank(found[0]), inside)
        follows = goes_on and source[end:first].isspace()  # the sentence goes on in the next string
        if follows:
            kept[end:first] = source[end:first]
        goes_on, end = follows or len(inside.split()) > 1, last
        if goes_on:
            kept[first:last] = inside
    return "".join(kept)


def _strings(source: str) -> Iterator[tuple[int, int]]:
    """Where each string begins and ends; from Python 3.12 on an f-string comes in parts."""
    starts = [0, *(line.end() for line in re.finditer("\n", source))]
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        first, last = (starts[row - 1] + column for row, column in (token.start, token.end))
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            opened.append(first)
        elif kind == "FSTRING_END":
            first = opened.pop()
        if kind in ("STRING", "FSTRING_END") and not opened:
            yield first, last


def hits(path: Path, text: str, banned: list[Banned]) -> Iterator[str]:
    """Yield `path:line:column: "phrase"; write: …` for each phrase of the list."""
    checked = said(text) if path.suffix == ".py" else prose(text)
    if not _any_of(*(one.phrase for one in banned)).search(checked):  # one pass over the text instead of sixty
        return
    places = [(found.start(), found[0], one.better) for one in banned for found in one.phrase.finditer(checked)]
    for start, phrase, better in sorted(places):
        line, column = checked.count("\n", 0, start) + 1, start - checked.rfind("\n", 0, start)
        yield f'{path}:{line}:{column}: "{" ".join(phrase.split())}"; write: {better}'


@cache
def _any_of(*phrases: re.Pattern[str]) -> re.Pattern[str]:
    """What finds something where one of them does."""
    return re.compile("|".join(phrase.pattern for phrase in phrases), phrases[0].flags)


def scope() -> list[Path]:
    """The files that the scope names."""
    lines = (LISTS / "scope.txt").read_text(encoding="utf-8").split("\n")
    patterns = [line for line in lines if line and not line.startswith("#")]
    left_out = {file for pattern in patterns if pattern[0] == "!" for file in ROOT.glob(pattern[1:])}
    return sorted({file for pattern in patterns if pattern[0] != "!" for file in ROOT.glob(pattern)} - left_out)


def main(arguments: list[str]) -> int:
    """Check the named files, or those of the scope."""
    english, chinese = read_list(LISTS / "en.tsv", words=True), read_list(LISTS / "zh.tsv", words=False)
    paths = [Path(argument) for argument in arguments] or [file.relative_to(ROOT) for file in scope()]
    found: list[str] = []
    for path in paths:
        banned = chinese if path.name.endswith(".zh-CN.md") else english
        found += hits(path, (ROOT / path).read_text(encoding="utf-8"), banned)
    print("\n".join(found))
    print(f"{len(found)} phrases to rewrite in {len(paths)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
