"""The words by which a first prompt says who calls, with what voice, and how to make it stop; read in transcripts.

A text check cannot judge meaning. It asks for a word like "press" close before the key, or
farther before it in a sentence that also speaks of stopping; for languages without a word
list the key itself must be there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import pairwise

from agi_app.flow.answers.grammar import family
from agi_app.flow.check.spoken_seconds import seconds_at

_PRESS: Mapping[str, str] = {
    "zh": "按|摁|拨|撥|输入|輸入",
    "en": r"\b(?:press(?:ing)?|push|hit|dial|key|enter|type)\b",
}
_STOP: Mapping[str, str] = {
    "zh": "停止|不再|不想|不要|不愿|不接|拒|退订|退訂|取消|别|勿",
    "en": r"\b(?:stop|remove|opt[ -]?out|unsubscribe|never|no more|not|don't|end)\b",
}
_ARTIFICIAL: Mapping[str, str] = {
    "zh": r"自动(?!取消|续|挂断|扣)|智能(?:语音|客服|助|外呼|来电|电话|机器)|人工智能|机器人"
    r"|合成(?:语音|声)|虚拟|电脑|录音电话|\bai\b",
    "en": r"\b(?:automat(?:ed|ic)|artificial|a\.?i\b|robot\w*|synthe\w+ voice|virtual|computer\w*|machine|bot)\b"
    r"|\b(?:pre-?)?recorded (?:\w+ ){0,2}?(?:message|call|voice|announcement|reminder|survey)\b",
}
_RECORDED: Mapping[str, str] = {
    "zh": "录音(?!电话)|录制|錄音(?!電話)|錄製|录下|錄下",
    "en": r"\b(?:(?:is|are|be|being|was|get)\s+(?:(?!an?\b)\w+\s+)?recorded"
    r"|record(?:s|ing)?\s+(?:your|this|the|what|you)|we\s+record|after\s+the\s+(?:tone|beep))\b",
}
_REACH: Mapping[str, str] = {
    "zh": "致电|回电|来电|回拨|拨打|拨|电话|短信|打(?!扰)",
    "en": r"\b(?:call(?:ing)?|ring|phone|dial|text|reply)\b[^.!?]{0,60}?(?:\d(?:\W*\d){4,}|\b(?:us|back|number)\b)",
}
_KEYS = "0123456789*#"
_WORDS_EN = "zero|one|two|three|four|five|six|seven|eight|nine"
_KEY_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": dict(zip(_KEYS, "零一二三四五六七八九星井", strict=True)),
    "en": dict(zip(_KEYS, [*_WORDS_EN.split("|"), "star|asterisk", "hash|pound"], strict=True)),
}
_SENTENCE = re.compile(r"[.!?。;]+")  # after NFKC, so the full-width ones are in
_CLAUSE = re.compile(r"[,、:]+")
_SEPARATOR = re.compile(r"[\W_]+")
_NEAR = 24  # characters between "press" and the key, no other digit among them
_FAR = 120  # the same in a sentence that also speaks of stopping


def says(transcript: str, phrase: str) -> bool:
    """Whether the transcript contains the phrase, whatever the case, width and spacing."""
    return _flat(phrase) in _flat(transcript)


def says_artificial(transcript: str, language: str) -> bool | None:
    """Whether the text says that its voice is no person's; None: no words are known for the language."""
    words = _ARTIFICIAL.get(family(language))
    return None if words is None else re.search(words, _plain(transcript), re.ASCII) is not None


def says_recorded(transcript: str, language: str) -> bool | None:
    """Whether the text tells people that they are recorded; None: no words are known for the language."""
    words = _RECORDED.get(family(language))
    return None if words is None else re.search(words, _plain(transcript)) is not None


def says_how_to_stop(transcript: str, language: str) -> bool:
    """Whether a sentence says how to stop the calls later, by a call or a text. Unknown languages are not judged."""
    tongue = family(language)
    return tongue not in _REACH or any(
        re.search(_STOP[tongue], said) and re.search(_REACH[tongue], said)
        for said in _SENTENCE.split(_plain(transcript))
    )


def offers_key(transcript: str, key: str, language: str, *, after_star: bool = False) -> bool:
    """Whether a sentence tells people to press ``key`` (``after_star``: star and the key)."""
    return offer_at(transcript, key, language, after_star=after_star) is not None


def offer_at(transcript: str, key: str, language: str, *, after_star: bool = False) -> int | None:
    """Where in ``_plain(transcript)`` the offer to press ``key`` begins; None: there is none."""
    text, tongue = _plain(transcript), family(language)
    wanted = f"(?P<key>{_key_pattern(key, tongue)})"
    if after_star:
        wanted = rf"(?:{_key_pattern('*', tongue)})\D{{0,{_NEAR}}}?{wanted}"
    if tongue not in _PRESS:
        found = re.search(wanted, text)
        return None if found is None else found.start()
    near = re.compile(rf"(?:{_PRESS[tongue]})\D{{0,{_NEAR}}}?{wanted}")
    listed = re.compile(rf"(?:{_PRESS[tongue]}).{{0,{_FAR}}}?{wanted}")  # press 1 to confirm or 9 to stop
    stop = re.compile(_STOP[tongue])
    for start, end in pairwise((0, *(mark.end() for mark in _SENTENCE.finditer(text)), len(text))):
        said = text[start:end]
        if found := near.search(said):
            reason = stop.search(said, 0, found.start())
            before = _CLAUSE.finditer(said, 0, found.start() if reason is None else reason.start())
            return start + max((mark.end() for mark in before), default=0)  # where its part between commas begins
        if (found := listed.search(said)) and stop.search(said):
            return start + found.start("key")
    return None


def seconds_after_name(transcript: str, name: str, key: str, language: str, seconds: float) -> float | None:
    """How long after the name of the business the offer to press ``key`` begins, by the recording's length.

    None: one of the two is not said. 0: the offer comes first.
    """
    text = _plain(transcript)
    offer, named = offer_at(transcript, key, language), _end_of(text, name)
    if offer is None or named is None:
        return None
    return max(0.0, seconds_at(text, offer, seconds) - seconds_at(text, named, seconds))


def _end_of(text: str, phrase: str) -> int | None:
    letters = [(index, c) for index, c in enumerate(text) if not _SEPARATOR.fullmatch(c)]
    wanted = _flat(phrase)
    begin = "".join(c for _, c in letters).find(wanted) if wanted else -1
    return None if begin < 0 else letters[begin + len(wanted) - 1][0] + 1


def _plain(transcript: str) -> str:
    """One line of compatible characters and small letters, as the patterns want it."""
    return " ".join(unicodedata.normalize("NFKC", transcript).casefold().replace("’", "'").split())


def _key_pattern(key: str, tongue: str) -> str:
    digit = rf"(?<!\d){re.escape(key)}(?!\d)" if key.isdigit() else re.escape(key)
    word = _KEY_WORDS.get(tongue, {}).get(key)
    if word is None:
        return digit
    return (
        rf"{digit}|\b(?:{word})\b"
        if tongue == "en"
        else rf"{digit}|(?<![零一二三四五六七八九十百]){word}(?![十百点月])"
    )


def _flat(text: str) -> str:
    return _SEPARATOR.sub("", _plain(text))
