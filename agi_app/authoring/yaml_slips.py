"""Slips that YAML reports elsewhere: no space behind a colon or dash, marks of a merge. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_LARGEST = 64 * 1024  # characters; larger files are not tried
_NEAR = 400  # characters before the place where the parser gives up, in which the cause is looked for
_MOST_TRIES = 20
_MERGE = re.compile(r"^(<<<<<<<|=======|>>>>>>>)(?= |$)", re.M)
_FENCE = re.compile(r"^```", re.M)
_APOSTROPHE = re.compile(
    r"""(?<=[\s\[{,])'(?P<text>[^'"\\\n]{0,200}\w(?P<sign>')\w[^"\\\n]{0,200})'(?=[ \t]*(?:[,}\]]|$))""", re.M
)
_NO_SPACE = re.compile(r"^[ ]*(?:- )*(?:(?P<dash>-)(?=[^\s-])|[\w.-]{1,64}(?P<colon>:)(?=[^\s:/]))", re.M)


_COMMAS = (  # what stands where a comma belongs, and the words
    (re.compile(r";(?=\s)"), "put a comma between two items, not ;"),
    (re.compile(r"(?<=\s)[|/](?=\s)"), "put a comma between two items, not | or /"),
    (re.compile(r"""(?<=[\w"'\]}])(?=\s+["'\w{\[])"""), "a comma is missing here, between two items"),
)

_FIRST = re.compile(r"^(?![ \t]*(?:#|---|%|$)).+$", re.M)
_MAY_BE_YAML = re.compile(r"^[ \t]*[-\[{\"'|>&*!?]|:(\s|$)|=|^\s*\S+\s*$|^(flow|campaign|jurisdiction|meanings)\b")


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip: where it is (characters from the beginning), and how to fix it."""

    at: int
    text: str


def slip_of(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """The slip without which a file could be read on, or further, than to ``wrong``, where it fails now; None: none.

    ``fails_at`` tells it for a text, None: nowhere.
    """
    if len(source) > _LARGEST:
        return None
    if (fence := _FENCE.search(source)) is not None:
        return Slip(fence.start(), "``` marks a code block on a page of text: remove the lines with ```")
    if (mark := _MERGE.search(source)) is not None:
        text = f"{mark[0]} is left from a merge: keep one version, and remove the lines <<<<<<<, ======= and >>>>>>>"
        return Slip(mark.start(), text)
    if (first := _FIRST.search(source)) is not None and not _MAY_BE_YAML.search(first[0]):
        now = fails_at(source[: first.start()] + source[first.end() :])
        if now is None or now > wrong:
            return Slip(first.start(), "this line is no key with a value: remove it, or begin it with # as a comment")
    begin = source.rfind("\n", 0, max(0, wrong - _NEAR)) + 1
    for quoted in _APOSTROPHE.finditer(source, begin, wrong + _NEAR):
        mended = f'{source[: quoted.start()]}"{quoted["text"]}"{source[quoted.end() :]}'
        if (now := fails_at(mended)) is None or now > wrong + 1:
            text = "this apostrophe ends a text in single quotes: put the text in double quotes"
            return Slip(quoted.start("sign"), f'{text}, "{quoted["text"]}"')
    if (comma := _comma_missing(source, begin, wrong, fails_at)) is not None:
        return comma
    found = [found for found in _NO_SPACE.finditer(source, begin) if found.start() <= wrong]
    for found_here in reversed(found[-_MOST_TRIES:]):
        sign = "dash" if found_here["dash"] else "colon"
        at = found_here.start(sign)
        now = fails_at(f"{source[: at + 1]} {source[at + 1 :]}")
        if now is None or now > wrong + 1:
            line_end = source.find("\n", at)
            rest = source[at + 1 : len(source) if line_end < 0 else line_end]
            written = f"{source[found_here.start() : at + 1].lstrip()} {rest}"
            return Slip(at, f"a space is missing after the {sign}: write {written[:100]}")
    return None


def _comma_missing(source: str, begin: int, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """What is written in place of a comma, in the line where the parser gives up or the one before."""
    near = source.rfind("\n", begin, max(begin, source.rfind("\n", begin, wrong))) + 1
    for pattern, text in _COMMAS:
        signs = [sign for sign in pattern.finditer(source, near, wrong + _NEAR) if sign.start() <= wrong]
        for sign in reversed(signs[-_MOST_TRIES:]):
            now = fails_at(f"{source[: sign.start()]},{source[sign.end() :]}")
            if now is None or (now > wrong + 1 and "\n" not in source[sign.end() : wrong]):
                return Slip(sign.start(), text)
    return None
