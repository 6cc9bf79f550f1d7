"""Takes out of a text all that could be a person, a number or a secret: what is not known to be harmless is hidden.

Harmless are the words of our own messages and of our own code, short numbers, and the time that a line of a log begins
with or has in a field of ours. All else becomes a stand-in such as ``w-3f2a``: the same for the same word in one
bundle, so that what belongs together is still seen, and another in the next bundle. Hidden even if they are our words:
a known secret, what is said to be one (``password=…``), and a word of somebody's data in any case. Pure.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agi_app.support.number_runs import number_runs
from agi_app.support.said_secrets import NAMED, without_said

HIDDEN, SET = "(secret)", "(set)"  # what is taken out; what of a setting says that it is there
LEAST_SECRET = 3  # characters; a shorter one is in every text
_MOST_DIGITS = 5  # of a number that is no telephone number
_LEAST_OF_PEOPLE = 4  # digits of a number of somebody's data that is hidden where it comes
_SHOWN = 4  # hex digits of a stand-in
_DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?(?:Z|(?: ?UTC)|[+-]\d\d:?\d\d)?(?![\d:])"
_STAMP = rf"{_DATE}[T ]{_TIME}"
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_FIELD = r"(?:timestamp|at|since|until|\w{1,40}_at)"  # of our log lines, whose value is a time
_BEGINS = re.compile(rf"\W{{0,2}}{_STAMP}(?: \[\d{{1,7}}\])?", re.ASCII)
_TIMES = re.compile(rf"(?<= ){_FIELD}={_STAMP}(?=\s|$)", re.ASCII)
_ONE_TIME, _OF_TIME = re.compile(_STAMP, re.ASCII), re.compile(_FIELD)
_HARMLESS = re.compile(rf"(?<![\d-]){_DATE}(?:[T ]{_TIME})?|(?<![\d:.]){_TIME}", re.ASCII)
_ADDRESS = re.compile(
    r"(?<![^\s@<>\"'()\[\],;:=/])[^\s@<>\"'()\[\],;:=/]++@[^\s@<>\"'()\[\],;/.]*+\.[^\s@<>\"'()\[\],;/]++"
)
_PASSWORD = re.compile(r"(?<=//)[^/\s]*@")  # of a URL, whatever is in it
_SIGN = r"[\u3400-\u9fff\uf900-\ufaff]"  # of Chinese
_WORD = re.compile(rf"{_SIGN}+|(?:(?!{_SIGN})[^\W_])+")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is harmless: ``words`` in small letters, and Chinese ``phrases``, of which each part of two signs is."""

    words: frozenset[str]
    phrases: str = ""
    sentences: frozenset[str] = frozenset()  # whole ones of ours, with no value in them


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Hides what is not harmless; ``salt`` is random, and of one bundle."""

    vocabulary: Vocabulary
    salt: bytes
    secrets: Sequence[str] = ()
    personal: frozenset[str] = frozenset()  # words of people's data, in any case
    _known_secrets: re.Pattern[str] | None = field(init=False, default=None)
    _personal: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        """The longest secret first: one may be a part of another."""
        known = sorted({one for one in self.secrets if len(one) >= LEAST_SECRET}, key=len, reverse=True)
        if known:
            object.__setattr__(self, "_known_secrets", re.compile("|".join(map(re.escape, known))))
        words = (word for one in self.personal for word in _WORD.findall(one))
        object.__setattr__(self, "_personal", frozenset(map(str.casefold, words)))

    def text(self, text: str, *, ours: bool = False) -> str:
        """The text without what is not harmless; ``ours``: no log, but what we wrote, where each date is one."""
        if text in self.vocabulary.sentences:
            return text
        parts = [text] if self._known_secrets is None else self._known_secrets.split(text)
        return HIDDEN.join(self._part(part, ours) for part in parts)

    def value(self, value: Any, *, figures: bool = False) -> Any:
        """The same of a value as JSON has it; ``figures``: it is ours, and numbers in it are no telephone numbers."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key), ours=figures): self._item(str(key), item, figures) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            if not figures and (whole := " ".join(map(str, value))) and next(number_runs(whole), None):
                return [self.text(str(value))]  # the digits of one number may each be an item
            return [self.value(item, figures=figures) for item in value]
        if value is None or isinstance(value, bool) or (figures and isinstance(value, int | float)):
            return value
        if isinstance(value, int | float):
            return value if len(re.sub(r"\D", "", str(value))) <= _MOST_DIGITS else self._stand_in("n", str(value))
        return self.text(str(value), ours=figures)

    def _item(self, key: str, item: Any, figures: bool) -> Any:
        if isinstance(item, str) and item != SET and NAMED.fullmatch(key):
            return HIDDEN
        if isinstance(item, str) and _OF_TIME.fullmatch(key) and _ONE_TIME.fullmatch(item):
            return item
        return self.value(item, figures=figures)

    def _part(self, text: str, ours: bool) -> str:
        found, end = [], 0
        for harmless in _HARMLESS.finditer(text) if ours else _times(text):
            found += [self._strange(text[end : harmless.start()], ours), harmless[0]]
            end = harmless.end()
        return "".join([*found, self._strange(text[end:], ours)])

    def _strange(self, text: str, ours: bool) -> str:
        text = without_said(_PASSWORD.sub("…@", text), ours=ours)
        found, end = "", 0
        for address in _ADDRESS.finditer(text):
            found += self._numbers(text[end : address.start()]) + self._stand_in("mail", address[0])
            end = address.end()
        return found + self._numbers(text[end:])

    def _numbers(self, text: str) -> str:
        """No run of digits is left, but a time of day."""
        found, end = [], 0
        for run in number_runs(text):
            if _CLOCK.fullmatch(text, run.start, run.end):
                continue
            before = self._words(text[end : run.start].rstrip("+＋"))
            found += [before, "~" * before[-1:].isalnum(), self._stand_in("n", run.digits)]
            end = run.end
            found.append("~" * text[end : end + 1].isalnum())
        return "".join([*found, self._words(text[end:])])

    def _words(self, text: str) -> str:
        return _WORD.sub(lambda m: self._word(m[0]), text)

    def _word(self, word: str) -> str:
        personal = word.casefold() in self._personal
        if word.isdigit():
            known = personal and len(word) >= _LEAST_OF_PEOPLE
            return self._stand_in("n", word) if known or len(word) > _MOST_DIGITS else word
        if re.match(_SIGN, word):
            return self._chinese(word)
        if personal or word.lower() not in self.vocabulary.words:
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
                if part[start:end] in self._personal:
                    yield part[start:end]

    def _stand_in(self, kind: str, hidden: str) -> str:
        digest = hmac.digest(self.salt, f"{kind} {hidden}".encode("utf-8", "replace"), "sha256").hex()
        return f"{kind}-{digest[:_SHOWN]}"


def _times(line: str) -> Iterator[re.Match[str]]:
    """The time that a line of a log begins with, and those of our own fields in it."""
    if begins := _BEGINS.match(line):
        yield begins
        yield from _TIMES.finditer(line, begins.end())
