"""The word that somebody may have meant, and a value as messages show it. Pure."""

from __future__ import annotations

import difflib
import functools
import heapq
import re
from collections.abc import Iterable

from agi_app.authoring import full_width, synonyms
from agi_app.errors import InputError
from agi_app.messages import spoken, t, template

_COMPARED = 300  # words that may be suggested, the first of the alphabet; comparing takes 20 µs each
_SHOWN = 20  # words of what is known
_NAMED = (template("campaign"), template("line"), template("script"))  # kinds, for ``no_such``
_LONGEST_WORD = 60  # characters; comparing long ones takes the square of their length


def suggest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean "x"?`` for the nearest known word, else the list of what is allowed.

    ``cutoff`` (0 to 1) is how much alike they must be. Full-width signs in ``word`` are named.
    """
    words = heapq.nsmallest(_COMPARED, (name for name in known if len(name) <= _LONGEST_WORD))
    signs = full_width.hint(word)
    if (
        near := nearest(full_width.ascii_of(word).partition(":")[0].strip("\"' ") if signs else word, words, cutoff)
    ) is not None:
        return t('{signs}; did you mean "{near}"?', signs=signs, near=near)
    if both := synonyms.either(word, words):
        return signs + both
    if (other := synonyms.other_word(word, words)) is not None:
        return t('{signs}; did you mean "{near}"?', signs=signs, near=other)
    more = t(" and {count} more", count=len(words) - _SHOWN) if len(words) > _SHOWN else ""
    return (
        t("{signs}; known here: {words}{more}", signs=signs, words=", ".join(words[:_SHOWN]), more=more)
        if words
        else signs
    )


def no_such(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that none of them has; says the nearest one, or what there is."""
    return InputError(
        t(
            "there is no {kind} {name!r}{hint}",
            kind=spoken(kind),
            name=name,
            hint=suggest(name, known) or t("; this project has none"),
        )
    )


def suggest_or(word: str, known: Iterable[str], other: str) -> str:
    """As ``suggest``, with another way to fix it when no known word is alike."""
    hint = suggest(word, known)
    return hint if t("did you mean") in hint else t("{hint}; or {other}", hint=hint, other=other)


def nearest(word: str, words: list[str], cutoff: float = 0.6) -> str | None:
    """The word that is most alike; None: none is alike enough."""
    if len(word) > _LONGEST_WORD:
        return None
    words = [name for name in words if _denies(name) == _denies(word)]  # "answered" never means no_answer
    if near := difflib.get_close_matches(word, words, n=1, cutoff=cutoff):
        return near[0]
    alike = {_typed(name): name for name in words}  # capitals and hyphens make no difference to a person who types
    return next((alike[name] for name in difflib.get_close_matches(_typed(word), alike, n=1, cutoff=cutoff)), None)


_DENIAL = re.compile(r"(no|not)(_|(?=answer|input|match|heard))")


@functools.lru_cache
def _denies(word: str) -> bool:
    return _DENIAL.match(_typed(word)) is not None


@functools.lru_cache
def _typed(word: str) -> str:
    return word.casefold().replace("-", "_")


def quote(value: object) -> str:
    """A short form of a found value for messages."""
    if value is None:
        return t("nothing")
    if isinstance(value, list):
        value = f"[{', '.join(map(str, value[:20]))}]"
        return value if len(value) <= 60 else f"{value[:57]}…"
    shown = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
