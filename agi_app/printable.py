"""Text of others fit for a terminal: what a terminal would obey, or nobody would see, is shown as its code.

An escape sequence in a name can move the cursor, paint over a line or fill the clipboard; a bidi override turns a
number around. Everything that a command prints goes through here, and files with such characters are refused.
"""

from __future__ import annotations

import json
import re

# Control characters, separators of lines and paragraphs, bidi marks and overrides, what has no width, tags, halves of
# pairs. The joiners of emoji and of Persian stay.
_OBEYED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f"
_UNSEEN = "\xad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
OBEYED = re.compile(f"[{_OBEYED}]")  # no file may have them; ends of lines and tabs are not among them
_SHOWN_AS_CODE = re.compile(f"[{_OBEYED}{_UNSEEN}\t\n\r]")
_SHOWN_IN_LINES = re.compile(f"[{_OBEYED}{_UNSEEN}\r]")


def one_line(text: str) -> str:
    r"""The text with each such character as its code (``\x1b``, ``\u202e``), ends of lines, too."""
    return _SHOWN_AS_CODE.sub(_code, text)


def lines(text: str) -> str:
    """The same for a text of several lines: its ends of lines and tabs stay."""
    return _SHOWN_IN_LINES.sub(_code, text)


def in_json(encoded: str) -> str:
    """JSON that means the same, every such character within its texts as an escape of JSON."""
    return _SHOWN_IN_LINES.sub(lambda found: json.dumps(found[0])[1:-1], encoded)


def _code(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


def orders(found: re.Match[str]) -> str:
    """What is wrong with the character that ``OBEYED`` found, and where it stands in its text."""
    return f"has U+{ord(found[0]):04X} as character {found.start() + 1}, which gives orders to a terminal: remove it"


def count_of(number: int, one: str, many: str = "") -> str:
    """``1 contact``, ``2 contacts``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
