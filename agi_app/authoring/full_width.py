"""Signs of Chinese and other keyboards where a file wants ASCII: ``：`` for ``:``, ``“`` for ``"``. Pure.

They are right in what people hear and wrong where a format or a number is read, and most of them look alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agi_app.messages import spoken, t, template

_FULL_WIDTH = range(0xFF01, 0xFF5F)  # ASCII's signs, digits and letters, each as wide as a Chinese one
_OTHERS = {
    **dict.fromkeys("“”„‟「」『』«»", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("\u3000\u00a0\u202f", " "),
    **dict.fromkeys("【〔", "["),
    **dict.fromkeys("】〕", "]"),
    "、": ",",
    "。": ".",
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u00ad\ufeff", ""),  # nobody sees them
}
_KINDS = {
    '"': template("a typographic quote"),
    "'": template("a typographic quote"),
    "-": template("a dash of another kind"),
}  # of those
ASCII = {**{chr(code): chr(code - 0xFEE0) for code in _FULL_WIDTH}, **_OTHERS}
_SIGN = re.compile(f"[{re.escape(''.join(ASCII))}]")
_SPACES = re.compile("[\u3000\u00a0\u202f]+")
COMMENT = re.compile(r"(?:^|\s)＃(?=\s*\S)")  # as one that is meant to begin a comment
_CAUSE = re.compile(f"{_SPACES.pattern}|{_SIGN.pattern}")  # spaces at the begin of a line go together
_TABLE = str.maketrans(ASCII)
_CLOSED_BY = dict(zip("“‘「『«［｛【（＂", "”’」』»］｝】）＂", strict=True))
_NEAR = 400  # characters before a fault in which its cause is looked for
_MOST_TRIES, _MOST_FOUND, _LARGEST = 20, 10, 64 * 1024


def ascii_of(text: str) -> str:
    """The text with each such sign as the ASCII one."""
    return text.translate(_TABLE)


def first(text: str) -> int | None:
    """Where the first such sign stands."""
    found = _SIGN.search(text)
    return None if found is None else found.start()


def naming(sign: str) -> str:
    """What the sign is and what to type instead."""
    code, meant = f"U+{ord(sign):04X}", ASCII[sign]
    if not meant:
        return t("an invisible character ({code}) is here; delete it, or type the line again", code=code)
    if meant == " ":
        return t("this is not an ordinary space ({code}); type ordinary spaces", code=code)
    kind = _KINDS.get(meant, template("full-width")) if sign in _OTHERS else template("full-width")
    return t("{sign} ({code}) is {kind}; type the ASCII {meant}", sign=sign, code=code, kind=spoken(kind), meant=meant)


def naming_at(source: str, at: int) -> str:
    """As ``naming``, in a file where ＃ is a comment that was meant."""
    if source[at] != "＃":
        return naming(source[at])
    gap = "" if at == 0 or source[at - 1].isspace() else t(", with a space before it")
    return t("＃ (U+FF03) is full-width and does not begin a comment; type the ASCII #{gap}", gap=gap)


def hint(text: str) -> str:
    """``; …`` with the first such sign of a text that is all ASCII except these; empty for prose."""
    at = first(text)
    return "" if at is None or not ascii_of(text).isascii() else f"; {naming(text[at])}"


def culprits(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> list[int]:
    """Where signs stand without which a file could be read on, or further; ``wrong`` is where it fails now.

    ``fails_at`` tells it for a text, None: nowhere. Files over 64 KiB are not tried.
    """
    found: list[int] = []
    added: list[int] = []  # where a space was put behind a colon: positions behind it have moved
    tries = 0
    while len(source) <= _LARGEST and len(found) < _MOST_FOUND:
        begin = max(0, wrong - _NEAR)
        for at in reversed([begin + m.start() for m in _CAUSE.finditer(source[begin : wrong + 1])]):
            tries += 1
            if tries > _MOST_TRIES:
                return sorted(found)
            mended = _mended(source, at)
            now = fails_at(mended)
            if now is None or now > wrong + 1:
                found.append(at - sum(place <= at for place in added))
                added += [at + 1] * (len(mended) - len(source))
                break
        else:
            break
        if now is None:
            break
        source, wrong = mended, now
    return sorted(found)


def _mended(source: str, at: int) -> str:
    """The text with the sign at this place as ASCII, and the one that closes it on its line."""
    sign, end = source[at], source.find("\n", at)
    line_end = len(source) if end < 0 else end
    closing = source.find(_CLOSED_BY[sign], at + 1, line_end) if sign in _CLOSED_BY else -1
    if closing > 0:
        source = source[:closing] + ASCII[source[closing]] + source[closing + 1 :]
    if run := _SPACES.match(source, at):  # one is as wide as two
        return source[:at] + run[0].replace("\u3000", "  ").translate(_TABLE) + source[run.end() :]
    behind = source[at + 1 : at + 2]
    space = " " if sign in "：－＃" and behind not in ("", " ", "\n", "\r") else ""
    before = " " if sign == "＃" and at and source[at - 1] not in " \n" else ""
    return source[:at] + before + ASCII[sign] + space + source[at + 1 :]
