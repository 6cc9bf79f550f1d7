"""Why somebody was not called, in Chinese: the gate's reasons are kept as English sentences with a rule id.

Each pattern is one sentence of ``gate`` with its values. A sentence of another version that fits none
is told by its rule alone, and one of a rule that is not known here as it was kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WEEKDAYS = dict(zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "一二三四五六日", strict=True))
_STATES = {"draft": "未启动", "running": "正在运行", "paused": "已暂停", "stopped": "已停止"}
_WORDS: dict[str, Mapping[str, str]] = {
    "day": {name: f"周{word}" for name, word in _WEEKDAYS.items()},
    "state": _STATES,
    "held": {"transactional": "事务类", "survey": "调查类", "marketing": "营销类", "rehearsal": "演练"},
}
_WORDS["asked"] = _WORDS["held"]

# Rule id -> what it says without values, and its sentences: a pattern of the English one, and the Chinese one.
RULES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "campaign_not_running": ("活动未在运行", ((r"the campaign is (?P<state>\w+)", "活动{state}"),)),
    "purpose_rehearsal": ("活动的用途不能是演练", ()),
    "number_invalid": ("号码无效", ()),
    "number_not_reserved": ("沙箱线路只能呼叫测试号段的号码", ()),
    "number_reserved": ("测试号段的号码不得经真实线路呼叫", ()),
    "jurisdiction_not_listed": (
        "号码所属国家不在活动的呼叫范围内",
        ((r"the number is of (?P<own>\S+), the campaign calls (?P<listed>.+)", "号码属于 {own}，活动只呼叫 {listed}"),),
    ),
    "jurisdiction_unknown": (
        "号码所属国家没有呼叫规则",
        ((r"there are no calling rules for (?P<own>\S+)", "没有 {own} 的呼叫规则"),),
    ),
    "consent_missing": (
        "没有同意记录",
        (
            (r"there is no recorded consent", "没有同意记录"),
            (r"the consent holds from (?P<at>.+) UTC on", "同意自 {at}（UTC）起才生效"),
        ),
    ),
    "consent_purpose": (
        "同意的用途与本次呼叫不符",
        ((r"the consent is for (?P<held>.+), the call is (?P<asked>\w+)", "同意的是{held}电话，本次呼叫为{asked}"),),
    ),
    "consent_revoked": (
        "同意已撤回",
        ((r"the consent was withdrawn on (?P<at>\S+)", "同意已于 {at} 撤回"),),
    ),
    "consent_expired": ("同意已过期", ((r"the consent expired on (?P<at>\S+)", "同意已于 {at} 到期"),)),
    "suppressed": ("此人已拒绝来电", ((r"the person said stop on (?P<at>\S+)", "此人已于 {at} 拒绝来电"),)),
    "column_missing": (
        "联系人缺少通话要念的列",
        (
            (
                r"the call could not say (?P<columns>.+): empty, or no value of its kind; .+",
                "通话念不出 {columns}：为空，或不是该类的值；请改正该行后重新导入",
            ),
        ),
    ),
    "external_list": (
        "号码在外部谢绝来电名单中",
        ((r"the number is on the list (?P<list>.+)", "号码在外部谢绝来电名单 {list} 中"),),
    ),
    "external_list_stale": (
        "须查询的外部名单缺失或已过时",
        (
            (r"the list (?P<list>\S+) was never imported: .+", "外部名单 {list} 从未导入"),
            (
                r"the list (?P<list>\S+) is of (?P<at>\S+), at most (?P<days>\d+) days are allowed: .+",
                "外部名单 {list} 的日期为 {at}，最多只能用 {days} 天",
            ),
        ),
    ),
    "caller_id_unproved": (
        "主叫号码没有归属证明",
        ((r"(?P<own>\+\d+) has no .*ownership proof.*", "主叫号码 {own} 没有归属证明"),),
    ),
    "caller_id_proof_expired": (
        "主叫号码的归属证明已过期",
        ((r"the proof of (?P<own>\S+) has expired", "主叫号码 {own} 的归属证明已过期"),),
    ),
    "caller_id_changed": ("此人以前看到的是我方另一个号码", ()),
    "ring_time": (
        "活动的振铃时长不符合规则",
        (
            (
                r"the campaign lets it ring for (?P<ring>\S+) s, there it must be (?P<least>\S+) to (?P<most>\S+) s",
                "活动振铃 {ring} 秒，当地要求 {least} 至 {most} 秒",
            ),
        ),
    ),
    "abandoned_ceiling": (
        "被放弃的通话过多",
        (
            (
                r"(?P<lost>\d+) of (?P<all>\d+) answered calls were abandoned, over (?P<limit>\S+) %",
                "已接听的 {all} 次通话中有 {lost} 次无人应对，超过 {limit}%",
            ),
        ),
    ),
    "zone_unknown": ("不知道对方所在时区", ()),
    "cap_per_day": (
        "24 小时内的呼叫次数已达上限",
        ((r"(?P<made>\d+) of (?P<cap>\d+) calls in 24 hours .*", "24 小时内已呼叫 {made} 次，上限 {cap} 次"),),
    ),
    "cap_per_week": (
        "7 天内的呼叫次数已达上限",
        ((r"(?P<made>\d+) of (?P<cap>\d+) calls in 7 days .*", "7 天内已呼叫 {made} 次，上限 {cap} 次"),),
    ),
    "cap_per_month": (
        "30 天内的呼叫次数已达上限",
        ((r"(?P<made>\d+) of (?P<cap>\d+) calls in 30 days .*", "30 天内已呼叫 {made} 次，上限 {cap} 次"),),
    ),
    "gap_after_declined": ("此人不久前拒接过来电", ()),
    "gap_after_abandoned": ("此人不久前接听后无人应对", ()),
    "closed_day": (
        "当地当天不可呼叫",
        ((r"(?P<day>\w{3}) (?P<date>\S+) is a closed day there", "{date}（{day}）在当地不可呼叫"),),
    ),
    "window_jurisdiction": (
        "不在当地允许呼叫的时间内",
        ((r".+\(there it is (?P<day>\w{3}) (?P<time>\S+)\)", "不在当地允许呼叫的时间内（当地时间{day} {time}）"),),
    ),
    "window_campaign": (
        "不在活动的呼叫时间内",
        ((r".+\(there it is (?P<day>\w{3}) (?P<time>\S+)\)", "不在活动的呼叫时间内（当地时间{day} {time}）"),),
    ),
}


def in_chinese(rule: str, text: str) -> str:
    """The reason ``text`` of the rule with this id, in Chinese."""
    known = RULES.get(rule)
    if known is None:
        return text
    said, sentences = known
    for pattern, sentence in sentences:
        if found := re.fullmatch(pattern, text):
            return sentence.format(**{name: _word(name, value) for name, value in found.groupdict().items()})
    return said


def _word(name: str, value: str) -> str:
    words = _WORDS.get(name, {})
    return "、".join(words.get(part, part) for part in value.split(", "))
