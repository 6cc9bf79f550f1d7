"""Reads transcripts for what a first prompt must say: who calls, and how to make it stop.

A text check cannot judge meaning. It asks for a word like "press" close before the key, or
farther before it in a sentence that also speaks of stopping; for languages without a word
list the key itself must be there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_PRESS: Mapping[str, str] = {
    "zh": "按|摁|拨|撥|输入|輸入",
    "en": r"\b(?:press(?:ing)?|push|hit|dial|key|enter|type)\b",
}
_STOP: Mapping[str, str] = {
    "zh": "停止|不再|不想|不要|不愿|不接|拒|退订|退訂|取消|别|勿",
    "en": r"\b(?:stop|remove|opt[ -]?out|unsubscribe|never|no more|not|don't|end)\b",
}
_KEYS = "0123456789*#"
_WORDS_EN = "zero|one|two|three|four|five|six|seven|eight|nine"
_KEY_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": dict(zip(_KEYS, "零一二三四五六七八九星井", strict=True)),
    "en": dict(zip(_KEYS, [*_WORDS_EN.split("|"), "star|asterisk", "hash|pound"], strict=True)),
}
_SENTENCE = re.compile(r"[.!?。;]+")  # after NFKC, so the full-width ones are in
_NEAR = 24  # characters between "press" and the key, no other digit among them
_FAR = 120  # the same in a sentence that also speaks of stopping


def says(transcript: str, phrase: str) -> bool:
    """Whether the transcript contains the phrase, whatever the case, width and spacing."""
    return _flat(phrase) in _flat(transcript)


def offers_key(transcript: str, key: str, language: str, *, after_star: bool = False) -> bool:
    """Whether a sentence tells people to press ``key`` (``after_star``: star and the key)."""
    text = " ".join(unicodedata.normalize("NFKC", transcript).lower().replace("’", "'").split())
    family = language.split("-", maxsplit=1)[0].lower()
    wanted = f"(?:{_key_pattern(key, family)})"
    if after_star:
        wanted = rf"(?:{_key_pattern('*', family)})\D{{0,{_NEAR}}}?{wanted}"
    if family not in _PRESS:
        return re.search(wanted, text) is not None
    near = re.compile(rf"(?:{_PRESS[family]})\D{{0,{_NEAR}}}?{wanted}")
    listed = re.compile(rf"(?:{_PRESS[family]}).{{0,{_FAR}}}?{wanted}")  # press 1 to confirm or 9 to stop
    stop = re.compile(_STOP[family])
    sentences = _SENTENCE.split(text)
    return any(near.search(said) or (listed.search(said) and stop.search(said)) for said in sentences)


def _key_pattern(key: str, family: str) -> str:
    digit = rf"(?<!\d){re.escape(key)}(?!\d)" if key.isdigit() else re.escape(key)
    word = _KEY_WORDS.get(family, {}).get(key)
    if word is None:
        return digit
    return (
        rf"{digit}|\b(?:{word})\b"
        if family == "en"
        else rf"{digit}|(?<![零一二三四五六七八九十百]){word}(?![十百点月])"
    )


def _flat(text: str) -> str:
    return re.sub(r"[\s\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
