"""Words that say nothing in a cell: ``-``, ``n/a``, 无, and those that point elsewhere, such as 同上. Pure."""

from __future__ import annotations

import re
import unicodedata

_NOTHING_TEXT = (
    "na nil none null nan nothing no not notapplicable notavailable notknown notgiven notprovided unknown tbd tba tbc"
    " todo missing empty blank undefined pending x xx xxx 无 没 没有 空 空白 空缺 缺 暂无 暂缺 未知 不知 不知道 不详"
    " 不明 待定 待补 待补充 待填 未填 未提供 不适用 略 省略 从略 無 沒 沒有 暫無 暫缺 不詳 待補 待補充 不適用 從略"
)
_POINTS_TEXT = "above below before previous prior preceding ditto idem ibid same attached attachment"
_BESIDE_TEXT = (
    "as the see like of to in per refer row line cell entry record column one last first text wording wordings words"
    " consent method source way is it this that use copy form file"
)
_NOTHING, _POINTS, _BESIDE = (frozenset(words.split()) for words in (_NOTHING_TEXT, _POINTS_TEXT, _BESIDE_TEXT))
_ELSEWHERE = re.compile(
    "(?!见面$|見面$)(?=.*[同如见見上左附])[同如见見详詳照参參与與和跟以上前下左右附面述文件条條行列款例第个個相样樣致的内內容"
    r"方式原一二三四五六七八九十\d]+"
)
_DITTO_SIGN = re.compile(r"[\"'″〃”“’,;:.\s]+")
_DITTO = frozenset('〃″”"')


def is_nothing(text: str) -> bool:
    """Whether the text stands for no words at all."""
    plain = _letters(text)
    return plain in _NOTHING or (not plain and not _is_ditto(text))


def points_elsewhere(text: str) -> bool:
    """Whether the text only says where the words stand: in the row above, in another file."""
    if _is_ditto(text) or _ELSEWHERE.fullmatch(_letters(text)):
        return True
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text).casefold())
    return not _POINTS.isdisjoint(words) and _POINTS.union(_BESIDE).issuperset(words)


def _is_ditto(text: str) -> bool:
    return not _DITTO.isdisjoint(text) and _DITTO_SIGN.fullmatch(text) is not None


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
