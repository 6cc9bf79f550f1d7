"""What was stored or logged in English, told again in the language of who reads: ``retold("no worker is running")``.

A worker speaks English inside, so that rows, journals and logs for programs are the same in each language. Its
sentences are those of the catalogue with values in them: the template that a text fits gives the values back, and they
are told again, too. A text that fits none (somebody's own words, an older version's) stays as it is.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Mapping
from typing import NamedTuple

from agi_app.messages import catalogue, current

_LEAST = {False: 4, True: 9}  # letters, by whether it begins with a value: one with fewer fits what is not its own
_VALUES_DEEP = 4  # values within values
_PLACE = re.compile(r"(\S+:\d+:\d+: [\w/-]+ (?:\(warning\) )?)(.+)", re.DOTALL)  # of a problem in a file
_COUNT = re.compile(r"(\d+) (\D+)")  # what count_of makes: in the catalogue is one of them, in the text may be many
_NUMBER = "{number} "
_OF_ONE = {"are": "is", "were": "was", "have": "has", "and": "or", "a": ""}
_also: dict[str, str] = {}


class _Form(NamedTuple):
    said: int  # characters of its own
    letters: int  # of them
    longest: str  # the longest part that stands in every text of it
    strict: str  # pattern whose first value, where the text begins with it, has no ": "
    loose: str  # pattern without that
    template: str  # of the other language, its values without a format: they are text already


def also(chinese: Mapping[str, str]) -> None:
    """More templates with their Chinese, which are kept elsewhere: reasons of the gate."""
    _also.update(chinese)
    _forms.cache_clear()
    _retold.cache_clear()


def retold(text: str) -> str:
    """An English text as ``t`` would have told it in the current language, line by line."""
    language = current()
    return text if language == "en" else "\n".join(_retold(language, line) for line in text.split("\n"))


@functools.lru_cache(4096)
def _retold(language: str, text: str, deep: int = _VALUES_DEEP) -> str:
    if (whole := catalogue(language).get(text, _also.get(text))) is not None:
        return whole
    if not deep or " " not in text:
        return text
    if (counted := _COUNT.fullmatch(text)) and (words := _counts(language).get(_bare(counted[2]))) is not None:
        return words.format(number=counted[1])
    if place := _PLACE.fullmatch(text):
        return place[1] + _retold(language, place[2], deep - 1)
    may = [form for form in _forms(language) if form.longest in text]
    for pattern, form in [(form.strict, form) for form in may] + [(form.loose, form) for form in may]:
        if found := _pattern(pattern).fullmatch(text):
            values = {name: _retold(language, value, deep - 1) for name, value in found.groupdict().items()}
            return form.template.format(**values)
    for between, theirs in (("; ", "；"), (": ", "：")):  # sentences in a row; a name and what is said of it
        first, found_it, rest = text.partition(between)
        if found_it and not first and (told := _retold(language, rest, deep - 1)) != rest:
            return theirs + told
        parts = (_retold(language, first, deep - 1), _retold(language, between + rest, deep)) if first else (text,)
        if found_it and parts != (first, between + rest):
            return "".join(parts)
    if text.endswith(")") and (at := text.rfind(" (")) > 0:  # a sentence and what is said behind it
        parts = (_retold(language, text[:at], deep - 1), _retold(language, text[at:], deep - 1))
        if parts != (text[:at], text[at:]):
            return "".join(parts)
    return text


def _bare(words: str) -> str:
    """The same for one and for many: ``contact waits`` and ``contacts wait``, ``1 entry is`` and ``2 entries are``."""
    return " ".join(filter(None, (_stem(_OF_ONE.get(word, word)) for word in words.split(" "))))


def _stem(word: str) -> str:
    for ending, one in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending):
            return word.removesuffix(ending) + one
    return word


@functools.cache
def _counts(language: str) -> Mapping[str, str]:
    """The templates that are a number and what is counted, by its bare words."""
    return {
        _bare(rest): other
        for english, other in catalogue(language).items()
        if english.startswith(_NUMBER) and "{" not in (rest := english.removeprefix(_NUMBER)) and "{number}" in other
    }


_pattern = functools.cache(functools.partial(re.compile, flags=re.DOTALL))


@functools.cache
def _forms(language: str) -> list[_Form]:
    """The templates that have values, those first of which most is said by the template itself."""
    every = {**catalogue(language), **_also}
    forms = (_form(english, other) for english, other in every.items() if "{" in english)
    return sorted((form for form in forms if form.letters >= _LEAST[form.strict[:1] == "("]), reverse=True)


def _form(english: str, other: str) -> _Form:
    pattern, literals, seen = "", [""], set[str]()
    for literal, name, _, _ in string.Formatter().parse(english):
        pattern += re.escape(literal)
        literals.append(literal)
        if name is not None:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
    letters = sum(character.isalpha() for literal in literals for character in literal)
    bare = "".join(
        literal.replace("{", "{{").replace("}", "}}") + ("" if name is None else f"{{{name}}}")
        for literal, name, _, _ in string.Formatter().parse(other)
    )
    strict = re.sub(r"^(\(\?P<\w+>)\.", r"\1(?:(?!: ).)", pattern)
    return _Form(sum(map(len, literals)), letters, max(literals, key=len), strict, pattern, bare)
