"""Texts that hold no single telephone number for sure: two numbers, an extension, a cut or masked one. Pure.

A reader that takes what it can would stop half of them, or make a third number of two. So what is not plainly one
number is refused with the reason, and a list of stops reads each number of a line.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from agi_app.messages import t, template
from agi_app.printable import named

SEVERAL = template("has more than one number in it")
PERHAPS_SEVERAL = template("may be two numbers, or one with an extension")
LONGEST = 250  # characters, as phonenumbers has it
SHORTEST = 7  # digits: what has fewer is an extension, a day or a count
LONGEST_SURE = 13  # characters of E.164; in a longer one two short numbers may have been joined
_REST = 6  # digits behind a space that may be another number
_AFTER_SLASH = 5  # digits: 030/123456 is one number, 8234567/8 is two
_BETWEEN = re.compile(
    r"[/\\;,|&、，；。／＼｜＆\r\n\t]+"
    r"|[和或及与與跟]|(?<![^\W\d_])(?:and|or)(?![^\W\d_])"
    r"|(?<=[\d)）])\s*(?=[+＋])",
    re.IGNORECASE,
)
_STRONG = re.compile(r"[/／\u2014\u2015]|\s[-\u2010-\u2015\u2212－]+\s")
_SPACE = re.compile(r"\s+")
_SINGLE = re.compile(r"[(（]?[+＋]?[\d\s()（）./．／\-\u2010-\u2015\u2212－\u00ad\u200b\u2060]+")
_AROUND = frozenset({"Ps", "Pe", "Pi", "Pf", "Zs", "Cf", "So"})  # brackets, quotes, spaces, unseen signs, ☎
_QUOTES = frozenset("'\"`,;.:，；：。、<>")
_BEFORE = frozenset("=-–—•·")  # a formula of a spreadsheet, points of a list
_IDENTITY_CARD = re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_EXTENSION = re.compile(
    r"\d\W*(?:(?<![^\W\d_])(?:ext|extn|extension|x)(?![^\W\d_])|分机|分機|转|轉|内线|內線|[#,，~～]\s*\d{1,6}\W*$)",
    re.IGNORECASE,
)


def apart(text: str) -> tuple[tuple[int, str], ...]:
    """Where each part of a text that may be a number of its own begins, and the part; one when nothing parts it."""
    parts, start = [], 0
    for found in (*_BETWEEN.finditer(text), None):
        end = found.start() if found else len(text)
        part = text[start:end]
        if part.strip():
            parts.append((start + len(part) - len(part.lstrip()), part.strip()))
        start = found.end() if found else end
    return tuple(parts)


def several(text: str) -> tuple[tuple[int, str], ...]:
    """The parts of a text that holds more than one number; empty for others."""
    parts = apart(text)
    return parts if sum(digits(part) >= SHORTEST for _, part in parts) > 1 else ()


def digits(text: str) -> int:
    """How many digits a text has, of any script."""
    return sum(character.isdecimal() for character in text)


def doubt(text: str) -> str | None:
    """Why a text is not certainly one number, said behind the number; None when nothing speaks against it."""
    if several(text):
        return SEVERAL
    if len(text) > LONGEST:
        return t("is too long for a telephone number")
    if _IDENTITY_CARD.fullmatch(text.strip()):
        return t(
            "looks like the number of an identity card: are two columns exchanged? Take such numbers out of the file"
        )
    if _EXTENSION.search(text):
        return t("has an extension in it: an automatic call cannot dial it; write the number alone")
    if any(character.isalpha() for character in text):  # phonenumbers would dial FLOWERS as digits
        return t("has letters in it: they are never taken for digits; write the number in digits")
    if strange := _strange(text):
        return t("has {named} in it: write the number in digits alone", named=_named(strange))
    return PERHAPS_SEVERAL if two_joined(text) else None


def two_joined(text: str) -> bool:
    """Whether a part of a text is a number already, and what follows may be another."""
    return any(
        (found[0] in "/／" and digits(text[found.end() :]) < _AFTER_SLASH) or _valid(text[: found.start()])
        for found in _STRONG.finditer(text)
    ) or any(
        digits(text[found.end() :]) >= _REST and _valid(text[: found.start()])
        for found in _SPACE.finditer(text.strip())
    )


def _valid(text: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


def _strange(text: str) -> str | None:
    """The first character that no way to write one number has."""
    begin, end = 0, len(text)
    while begin < end and (text[begin] in _BEFORE or _around(text[begin])):
        begin += 1
    while end > begin and _around(text[end - 1]):
        end -= 1
    core = text[begin:end]
    if not core or _SINGLE.fullmatch(core):
        return None
    found = _SINGLE.match(core)
    return core[found.end() if found else 0]


def _around(character: str) -> bool:
    return (unicodedata.category(character) in _AROUND or character in _QUOTES) and not character.isnumeric()


def _named(character: str) -> str:
    shown = f"{character} " if character.isprintable() and not character.isspace() else ""
    return f"{shown}({named(character)})"
