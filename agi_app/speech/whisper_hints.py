"""What Whisper is told to expect: the phrases of the flow, as if they had been said before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 160  # characters; a long list makes it slow, and inventive
_INTRODUCTION = {
    "zh": ("普通话电话录音，简短回答：", "。"),
    "en": ("Short phone answers: ", ", "),
}


def prompt(language: str, phrases: Sequence[str]) -> str:
    """One line of text; as many phrases as fit, the most important first."""
    start, between = _INTRODUCTION.get(language, ("", ", "))
    taken: list[str] = []
    left = LONGEST
    for phrase in dict.fromkeys(p.strip() for p in phrases if p.strip()):
        left -= len(phrase) + len(between)
        if left < 0:
            break
        taken.append(phrase)
    return f"{start}{between.join(taken)}{'。' if language == 'zh' else '.'}" if taken else ""
