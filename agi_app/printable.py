"""Text of others fit for a terminal: what a terminal would obey, or nobody would see, is shown as its code.

An escape sequence in a name can move the cursor, paint over a line or fill the clipboard; a bidi override turns a
number around; a character without width makes two texts of one that look alike. Everything that a command prints goes
through here, and files with such characters are refused: ``unfit``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import unicodedata

from agi_app.messages import spoken, t

# Control characters, separators of lines and paragraphs, bidi marks and overrides, what has no width, tags, halves of
# pairs.
_OBEYED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f"
_UNSEEN = "\xad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
OBEYED = re.compile(f"[{_OBEYED}]")  # no file may have them; ends of lines and tabs are not among them

# What has no width or looks like a space, and is no space; some of it does its work in some scripts and in emoji.
_JOINERS, _MARKS = "\u200c\u200d", "\u061c\u200e\u200f"
_STYLES, _MONGOLIAN = "\ufe0e\ufe0f", "\u180b-\u180f"
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d173-\U0001d17a\ufe00-\ufe0d\U000e0000-\U000e0fff"
_HIDDEN = f"{_OBEYED}{_UNSEEN}{_BLANK}{_JOINERS}{_STYLES}{_MONGOLIAN}"
_SHOWN_AS_CODE = re.compile(f"[{_HIDDEN}\t\n\r]")
_SHOWN_IN_LINES = re.compile(f"[{_HIDDEN}\r]")
_SUSPECT = re.compile(f"[{_HIDDEN}]")
_JOINED = re.compile("[\u0600-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")  # Arabic and Persian, Indic scripts …
_MONGOLIAN_LETTER = re.compile("[\u1807\u1820-\u18aa\u180b-\u180f]")
_KEYCAP = "\u20e3"


def unfit(text: str) -> re.Match[str] | None:
    """The first character that no text of a file may have: a terminal obeys it, or nobody sees it.

    What a script needs may stay, where it does its work: joiners between letters of Arabic, Persian and Indic scripts
    and within emoji, marks of direction in a text that has letters of a right-to-left script, the style of a sign
    (``❤️``), the selectors of Mongolian. In Chinese and English none of them has work to do.
    """
    marks_work: bool | None = None
    for found in _SUSPECT.finditer(text):
        if found[0] in _MARKS:
            if marks_work is None:
                marks_work = any(unicodedata.bidirectional(c) in ("R", "AL") for c in text if c not in _MARKS)
            if not marks_work:
                return found
        elif not _at_work(found):
            return found
    return None


def suspect(text: str) -> bool:
    """Whether ``unfit`` may find something in a part of the text."""
    return _SUSPECT.search(text) is not None


def _at_work(found: re.Match[str]) -> bool:
    """Whether a mark of joining, style or Mongolian does what it is for, by what is beside it."""
    character, text = found[0], found.string
    before, behind = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
    if character in _STYLES:
        return behind == _KEYCAP or (
            before != "" and (unicodedata.category(before) in ("So", "Sm") or before in "ℹ‼⁉〰")
        )
    if character in _JOINERS and _JOINED.match(before) and _JOINED.match(behind):
        return True
    if character == "\u200d":
        return _pictures(before) and _pictures(behind)
    return "\u180b" <= character <= "\u180f" and bool(_MONGOLIAN_LETTER.match(before))


def _pictures(character: str) -> bool:
    """Whether it is a sign of an emoji: a picture, a tone of skin, its style."""
    return character != "" and (unicodedata.category(character) in ("So", "Sk") or character in _STYLES)


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # a spreadsheet runs these


def harmless_cell(text: str) -> str:
    """A text for CSV: what a spreadsheet would run begins with an apostrophe."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # a lone return would end the line for many readers
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def one_line(text: str) -> str:
    r"""The text with each such character as its code (``\x1b``, ``\u202e``), ends of lines, too."""
    return _SHOWN_AS_CODE.sub(_code, text)


def lines(text: str) -> str:
    """The same for a text of several lines: its ends of lines and tabs stay."""
    return _SHOWN_IN_LINES.sub(_code, text)


def in_json(encoded: str) -> str:
    """JSON that means the same, every such character within its texts as an escape of JSON."""
    return _SHOWN_IN_LINES.sub(lambda found: found[0] if _at_work(found) else json.dumps(found[0])[1:-1], encoded)


def _code(found: re.Match[str]) -> str:
    return found[0] if _at_work(found) else found[0].encode("unicode_escape", "surrogatepass").decode()


def fault_of(found: re.Match[str]) -> str:
    """What is wrong with the character that ``unfit`` found, and where it is in its text."""
    does = t("controls a terminal") if OBEYED.match(found[0]) else t("nobody sees")
    return t(
        "has {named} as character {start}, which {does}: remove it",
        named=named(found[0]),
        start=found.start() + 1,
        does=does,
    )


def named(character: str) -> str:
    """``U+200B ZERO WIDTH SPACE``; control characters have no name."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def count_of(number: int, one: str, many: str = "") -> str:
    """``1 contact``, ``2 contacts``, ``2 个联系人``: the key of other languages is ``{number} contact``."""
    words = spoken(key := f"{{number}} {one}")
    if words != key:
        return words.format(number=number)
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def plain(value: object) -> object:
    """What JSON has no kind for: times as ISO 8601, bytes as hex digits, objects by their own form or their fields."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if hasattr(value, "as_json"):
        return value.as_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value.hex() if isinstance(value, bytes) else str(value)
