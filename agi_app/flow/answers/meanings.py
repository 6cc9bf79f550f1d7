"""The table of meanings: which phrases mean yes, no, operator, stop, in each language.

The files of ``agi_app/meanings`` ship with the program; those of a project's ``meanings/`` folder add names and
phrases. They never take one away: a phrase that stops the calls works in every project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from agi_app.authoring.schema import Authored
from agi_app.flow.answers.grammar import Grammar, Kind, Words, family
from agi_app.flow.syntax.names_and_limits import FileName, Language, Phrase

# The other ways to say a weekday: an answer "Monday" is also "on Monday", and 周一 is 星期一.


_ENGLISH = re.compile(r"(?:on )?((?:mon|tues|wednes|thurs|fri|satur|sun)day)", re.IGNORECASE)
_CHINESE = re.compile(r"(?:周|週|星期|礼拜|禮拜)([一二三四五六日天])")
_WEEK = ("周", "星期", "礼拜")


def with_weekday_forms(phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases, each weekday among them followed by its other forms; nothing twice."""
    return tuple(dict.fromkeys(form for phrase in phrases for form in (phrase, *_forms(phrase.strip()))))


def _forms(phrase: str) -> Iterator[str]:
    if found := _ENGLISH.fullmatch(phrase):
        yield from (found[1], f"on {found[1]}")
    elif found := _CHINESE.fullmatch(phrase):
        days = "日天" if found[1] in "日天" else found[1]
        names = [week + day for week in _WEEK for day in days]
        yield from (*names, *(f"在{name}" for name in names))


MAX_PHRASES = 500
BESIDE = ("yes", "interest_high")  # where they are not asked for, they mean nothing: "yes, the morning"
DOUBTFUL = ("unsure", "repeat")  # where they are not asked for, they put every answer in doubt

Phrases = Annotated[dict[Language, Annotated[list[Phrase], Field(max_length=MAX_PHRASES)]], Field(max_length=20)]


class MeaningsFile(Authored):
    """``meanings/NAME.yaml`` of a project."""

    meanings: dict[FileName, Phrases] = Field(default_factory=dict, max_length=200)
    opt_out: Phrases = Field(default_factory=dict)
    fillers: Phrases = Field(default_factory=dict)


class ShippedFile(MeaningsFile):
    """A file of the program's own, which also says what turns an answer round."""

    not_stop: Phrases = Field(default_factory=dict)
    negations: Phrases = Field(default_factory=dict)
    doubts: Phrases = Field(default_factory=dict)
    number_words: Phrases = Field(default_factory=dict)
    date_words: Phrases = Field(default_factory=dict)


ByLanguage = Mapping[str, Sequence[str]]
_LISTS = ("opt_out", "fillers", "not_stop", "negations", "doubts", "number_words", "date_words")


@dataclass(frozen=True, slots=True)
class Meanings:
    """All meanings by name, and the lists around them; both by language."""

    meanings: Mapping[str, ByLanguage]
    lists: Mapping[str, ByLanguage] = field(default_factory=dict)

    def phrases(self, name: str, language: str) -> tuple[str, ...]:
        """What means ``name`` in the language and its relatives (en for en-GB); none: there is no such meaning."""
        return in_language(self.meanings.get(name, {}), language)

    def list_of(self, name: str, language: str) -> tuple[str, ...]:
        """One of the lists: ``opt_out``, ``fillers``, …"""
        return in_language(self.lists.get(name, {}), language)

    def wanted(
        self,
        language: str,
        answers: Mapping[str, str | ByLanguage] | None = None,
        *,
        kind: Kind = "answers",
        least: int | None = None,
        most: int | None = None,
        opt_out: ByLanguage | None = None,
    ) -> Grammar:
        """What a gather asks for: label -> the name of a meaning, or phrases; ``opt_out``: the flow's own phrases."""
        found = {label: self._phrases_of(value, language) for label, value in (answers or {}).items()}
        own_stops = in_language(opt_out or {}, language)
        return Grammar(
            language=language,
            kind=kind,
            answers=found,
            least=least,
            most=most,
            opt_out=tuple(dict.fromkeys((*own_stops, *self.list_of("opt_out", language)))),
            words=self._words(language, frozenset(v for v in (answers or {}).values() if isinstance(v, str)), kind),
        )

    def _phrases_of(self, value: str | ByLanguage, language: str) -> tuple[str, ...]:
        phrases = self.phrases(value, language) if isinstance(value, str) else in_language(value, language)
        return with_weekday_forms(phrases)

    def _words(self, language: str, wanted: frozenset[str], kind: Kind) -> Words:
        said = {name: self.phrases(name, language) for name in self.meanings if name not in wanted}
        own = {"number": "number_words", "date": "date_words"}.get(kind, "")
        beside = [phrase for name in BESIDE for phrase in said.get(name, ())]
        doubtful = [phrase for name in DOUBTFUL for phrase in said.get(name, ())]
        others = [phrase for name in said if name not in (*BESIDE, *DOUBTFUL) for phrase in said[name]]
        around = {*beside, *doubtful}
        return Words(
            fillers=(*self.list_of("fillers", language), *self.list_of(own, language)),
            negations=self.list_of("negations", language),
            doubts=self.list_of("doubts", language),
            not_stop=self.list_of("not_stop", language),
            beside=tuple(dict.fromkeys(beside)),
            doubtful=tuple(dict.fromkeys((*doubtful, *self.list_of("not_stop", language)))),
            others=tuple(p for p in dict.fromkeys(others) if p not in around),
        )


def joined(files: Iterable[MeaningsFile]) -> Meanings:
    """One table of all files, in their order: a meaning that two of them have gets the phrases of both."""
    meanings: dict[str, dict[str, list[str]]] = {}
    lists: dict[str, dict[str, list[str]]] = {}
    for file in files:
        for name, phrases in file.meanings.items():
            _add(meanings.setdefault(name, {}), phrases)
        for name in _LISTS:
            _add(lists.setdefault(name, {}), getattr(file, name, {}))
    return Meanings(meanings, lists)


def in_language(phrases: ByLanguage, language: str) -> tuple[str, ...]:
    """The phrases of this very language first, then those of its relatives."""
    exact = [p for tag, found in phrases.items() if tag.lower() == language.lower() for p in found]
    alike = [p for tag, found in phrases.items() if family(tag) == family(language) for p in found]
    return tuple(dict.fromkeys((*exact, *alike)))


def _add(into: dict[str, list[str]], phrases: ByLanguage) -> None:
    for language, found in phrases.items():
        into.setdefault(language, []).extend(found)
