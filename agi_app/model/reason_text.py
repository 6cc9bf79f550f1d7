"""A reason is a rule's id with values; its sentence, in English or Chinese, comes from the table ``reason_catalogue``.

Values are text, integers and lists, since they are sealed in the audit tree, whose form has no floats. A list is of
words, or of objects that are sentences of the same rule, each with its ``case``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

KEPT = "kept"  # the case of a reason of an old row whose sentence is no one's here: its values are {language: sentence}


class Sentence(NamedTuple):
    """What a rule says, with the names of its values in braces."""

    en: str
    zh: str


Sentences = Mapping[str, Sentence]  # by rule id; of a rule with several, the others by "rule/case"


def told(
    sentences: Sentences,
    rule: str,
    case: str,
    values: Mapping[str, Any],
    language: str = "en",
    zone: str | None = None,
) -> str:
    """The reason in words, in Chinese for ``zh…``, else in English; a moment in ``zone`` (IANA name), else in UTC."""
    chinese = language.startswith("zh")
    if case == KEPT:
        return str(values.get("zh" if chinese else "en") or values["en"])
    sentence = sentences.get(f"{rule}/{case}" if case else rule)
    if sentence is None:
        return rule
    shown = {name: _shown(sentences, rule, name, value, chinese) for name, value in values.items()}
    words = sentence.zh if chinese else sentence.en
    if zone is not None and (in_utc := "{at}（UTC）" if chinese else "{at} UTC") in words:
        at = dt.datetime.strptime(values["at"], "%Y-%m-%d %H:%M").replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
        there = f"{at:%Y-%m-%d %H:%M}（{zone}）" if chinese else f"{at:%Y-%m-%d %H:%M} ({zone})"
        words = words.replace(in_utc, there)
    return words.format(**shown)


def _shown(sentences: Sentences, rule: str, name: str, value: Any, chinese: bool) -> Any:
    if isinstance(value, dict):
        more = {key: part for key, part in value.items() if key != "case"}
        return told(sentences, rule, value["case"], more, "zh" if chinese else "en")
    if isinstance(value, list):
        between = ("；" if chinese else "; ") if value and isinstance(value[0], dict) else "、" if chinese else ", "
        return between.join(str(_shown(sentences, rule, name, part, chinese)) for part in value)
    return WORDS.get(name, {}).get(value, value) if chinese else value


_PURPOSES = {"transactional": "事务类", "survey": "调查类", "marketing": "营销类", "rehearsal": "试听"}
# Name of a value -> its words in Chinese; in English they are shown as they are.
WORDS: Mapping[str, Mapping[Any, str]] = {
    "state": {"draft": "未启动", "running": "正在运行", "paused": "已暂停", "stopped": "已停止"},
    "day": {"Mon": "周一", "Tue": "周二", "Wed": "周三", "Thu": "周四", "Fri": "周五", "Sat": "周六", "Sun": "周日"},
    "held": _PURPOSES,
    "asked": _PURPOSES,
    "owner": {"own": "本人", "site": "全局", "shared": "共享"},
    "shape": {"exact": "单个号码", "prefix": "号段前缀", "range": "号码区间", "withheld": "隐藏号码"},
}
