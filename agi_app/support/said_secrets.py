"""What a text calls a password, a token or a key: where it begins and ends. Pure, and linear in the text."""

from __future__ import annotations

import re

HIDDEN = "…"

_WORDS = (
    r"pass(?:word|wd|wort|phrase|code)s?|kennwort|pwd|pw|pin|secrets?|token|api[_ -]?key"
    r"|authorization|cookie|credentials?"
)
_NAME = rf"(?<![^\W_])(?:{_WORDS}|密码|口令|密钥|令牌|暗号)"
_QUOTED = r""""(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?|“[^”\n]*+”?|‘[^’\n]*+’?|「[^」\n]*+」?"""
_IS = r"[\"'”’]?\s*+(?:[:=：＝]>?|\b(?:is|was|ist|war)\b|是|为)\s*+"
_OF_HTTP = r"(?:(?:bearer|basic)\s++)?+"
# What follows the name in sentences that tell no secret: ours and those of PostgreSQL and Asterisk.
_AFTER = "authentication|could|cannot|file|files|for|from|has|in|list|may|must|needs|of|required|supplied|that|would"
_OPTION = r"(?<![\w-])--?(?:\w+-)*(?:pass(?:word|wd|phrase)|secret|token|p)[\s=]++"

_ONE = re.compile(rf"({_NAME}{_IS}){_OF_HTTP}(?:{_QUOTED}|\S+)|({_NAME}\s++)(?:{_QUOTED})", re.IGNORECASE)
_REST = re.compile(
    rf"({_NAME}{_IS}){_OF_HTTP}(?:{_QUOTED}|[^\n]+)|({_NAME}\s++)(?:{_QUOTED})|({_OPTION})(?:{_QUOTED}|\S+)"
    rf"|({_NAME}\s++)(?!(?:{_AFTER})\b)\w[^\n]*+|((?:密码|口令|密钥|令牌|暗号))(?!文件|的)[\u3400-\u9fff][^\n]*+",
    re.IGNORECASE,
)
NAMED = re.compile(rf"(?:.*[_-])?(?:{_WORDS}|密码|口令|密钥|令牌)", re.IGNORECASE)  # a key whose value is one


def without_said(text: str, *, ours: bool) -> str:
    """The text without what it calls a secret: to the end of the line, unless it is quoted; ``ours``: to the blank."""
    return (_ONE if ours else _REST).sub(lambda found: found[found.lastindex or 1] + HIDDEN, text)
