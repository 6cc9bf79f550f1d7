"""Takes out of a text all that could be a person, a number or a secret: what is not known to be harmless is hidden.

Harmless are the words of our own messages and of our own code, short numbers, dates and times. All else becomes a
stand-in such as ``w-3f2a``: the same for the same word in one bundle, so that what belongs together is still seen, and
another in the next bundle. Hidden even if they are our words: a known secret, what is said to be one (``password=…``),
and a word of somebody's data. Pure.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HIDDEN, SET = "(secret)", "(set)"  # what is taken out; what of a setting says that it is there
LEAST_SECRET = 3  # characters; a shorter one is in every text
_MOST_DIGITS = 5  # of a number that is no telephone number
_SHOWN = 4  # hex digits of a stand-in
_DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?(?:Z|(?: ?UTC)|[+-]\d\d:?\d\d)?(?![\d:])"
_HARMLESS = re.compile(rf"(?<![\d-]){_DATE}(?:[T ]{_TIME})?|(?<![\d:.]){_TIME}", re.ASCII)
_ADDRESS = re.compile(
    r"(?<![^\s@<>\"'()\[\],;:=/])[^\s@<>\"'()\[\],;:=/]++@[^\s@<>\"'()\[\],;/.]*+\.[^\s@<>\"'()\[\],;/]++"
)
_NAMES = r"(?:pass(?:word|wd|phrase)|secret|token|api[_ -]?key|authorization|cookie)"
_SAID = re.compile(rf"({_NAMES}[\"']?\s*[:=]\s*)(?:(?:bearer|basic)\s+)?\S+", re.IGNORECASE)
_NAMED = re.compile(rf"(?:.*_)?{_NAMES}", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=//)[^/\s]*@")  # of a URL, whatever is in it
_NUMBER = re.compile(r"[+＋]?[(（]?\d(?:[\s()（）.,:;_·\-–—/]{0,3}\d){5,}")
_STAND_IN = re.compile(rf"(?<![\w-])((?:n|mail)-[0-9a-f]{{{_SHOWN}}})(?![\w-])")
_SIGN = r"[\u3400-\u9fff\uf900-\ufaff]"  # of Chinese
_WORD = re.compile(rf"{_SIGN}+|(?:(?!{_SIGN})[^\W_])+")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is harmless: ``words`` in small letters, and Chinese ``phrases``, of which each part of two signs is."""

    words: frozenset[str]
    phrases: str = ""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Hides what is not harmless; ``salt`` is random, and of one bundle."""

    vocabulary: Vocabulary
    salt: bytes
    secrets: Sequence[str] = ()
    personal: frozenset[str] = frozenset()  # words of people's data, as they are written there
    _known_secrets: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """The longest secret first: one may be a part of another."""
        known = sorted({one for one in self.secrets if len(one) >= LEAST_SECRET}, key=len, reverse=True)
        if known:
            object.__setattr__(self, "_known_secrets", re.compile("|".join(map(re.escape, known))))

    def text(self, text: str) -> str:
        """The text without what is not harmless."""
        parts = [text] if self._known_secrets is None else self._known_secrets.split(text)
        return HIDDEN.join(map(self._part, parts))

    def value(self, value: Any, *, figures: bool = False) -> Any:
        """The same of a value as JSON has it; ``figures``: numbers in it are no telephone numbers."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): HIDDEN
                if isinstance(item, str) and item != SET and _NAMED.fullmatch(str(key))
                else self.value(item, figures=figures)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item, figures=figures) for item in value]
        if value is None or isinstance(value, bool) or (figures and isinstance(value, int | float)):
            return value
        if isinstance(value, int | float):
            return value if len(re.sub(r"\D", "", str(int(value)))) <= _MOST_DIGITS else self._stand_in("n", str(value))
        return self.text(str(value))

    def _part(self, text: str) -> str:
        found, end = [], 0
        for harmless in _HARMLESS.finditer(text):
            found += [self._strange(text[end : harmless.start()]), harmless[0]]
            end = harmless.end()
        return "".join([*found, self._strange(text[end:])])

    def _strange(self, text: str) -> str:
        text = _SAID.sub(lambda m: m[1] + "…", _PASSWORD.sub("…@", text))
        text = _ADDRESS.sub(lambda m: self._stand_in("mail", m[0]), text)
        text = _NUMBER.sub(lambda m: self._stand_in("n", re.sub(r"\D", "", m[0])), text)
        parts = _STAND_IN.split(text)  # every second one is a stand-in that was just made
        return "".join(
            part if place % 2 else _WORD.sub(lambda m: self._word(m[0]), part) for place, part in enumerate(parts)
        )

    def _word(self, word: str) -> str:
        if word.isdigit():
            return word if len(word) <= _MOST_DIGITS else self._stand_in("n", word)
        if re.match(_SIGN, word):
            return self._chinese(word)
        if word in self.personal or word.lower() not in self.vocabulary.words:
            return self._stand_in("w", word)
        return word

    def _chinese(self, run: str) -> str:
        """The parts of at least two signs that our messages have, and that are not somebody's; all else is hidden."""
        found, at = "", 0
        while at < len(run):
            length = self._known(run, at)
            found += run[at : at + length] if length else "…"
            at += max(1, length)
        return re.sub("…+", "…", found)

    def _known(self, run: str, at: int) -> int:
        for length in range(min(len(run) - at, 12), 1, -1):
            part = run[at : at + length]
            if part in self.vocabulary.phrases and not any(name in part for name in self._names(part)):
                return length
        return 0

    def _names(self, part: str) -> Iterable[str]:
        """The parts of it that are words of somebody's data."""
        for start in range(len(part)):
            for end in range(start + 2, len(part) + 1):
                if part[start:end] in self.personal:
                    yield part[start:end]

    def _stand_in(self, kind: str, hidden: str) -> str:
        digest = hmac.digest(self.salt, f"{kind} {hidden}".encode("utf-8", "replace"), "sha256").hex()
        return f"{kind}-{digest[:_SHOWN]}"
