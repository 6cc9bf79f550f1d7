"""The signals: each looks at one thing in a case and says how many points it is worth, in words of both languages.

The points are few and round so that a person can add them up: 10 hardly anything, 40 enough to ask who is calling.
What the steps are worth was set on seeded call streams (``scripts/bench guard``) so that no legitimate caller is
rejected and few are challenged; docs/explanation/guard.md has the figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from agi_app.guard.call import CallerKind, Stir
from agi_app.guard.case import Family, GuardCase, GuardReason
from agi_app.guard.lists import ListOwner
from agi_app.guard.votes import tally

Steps = tuple[tuple[float, int], ...]  # (from this value on, points), the lowest first

FIRST_CONTACT = 10
NIGHT = 5
WITHHELD = 15
INVALID = 35
STIR_FAILED = 30
SHARED_LIST = 30
SCRIPT = 50
TALKED = -20
KNOWN_LONG = -15
STIR_FULL = -10
RUN: Steps = ((3, 40), (4, 50), (6, 60))
SWEEP: Steps = ((3, 40), (5, 50))
LINES_1M: Steps = ((3, 25), (5, 40))
LINES_1H: Steps = ((10, 15), (16, 30), (30, 45))
LINES_1D: Steps = ((25, 15), (45, 30))
AT_ONCE: Steps = ((2, 10), (3, 30), (5, 40))
CALLS_1H: Steps = ((20, 15), (40, 30))
DECOYS: Steps = ((1, 40), (2, 50), (3, 60))
ABORTED: Steps = ((3, 20), (6, 30))
RETRIES: Steps = ((3, 10), (6, 20))
CALLS_TO_LINE: Steps = ((8, 10), (15, 20))
FAILED: Steps = ((1, 10), (2, 25), (4, 45))
VOTES: Steps = ((0.8, 15), (1.6, 30), (3.0, 45))
BLOCK_10: Steps = ((0.5, 20), (1.5, 30), (3.0, 40))
BLOCK_100: Steps = ((3.0, 15), (6.0, 25), (12.0, 40))
PASS_HOLDS = dt.timedelta(days=30)
KNOWN_AFTER = dt.timedelta(days=7)
_NIGHT = range(7, 22)  # hours that are none


def signals(case: GuardCase) -> tuple[GuardReason, ...]:
    """All that speaks against a caller and for it, in the order of this file."""
    return tuple(reason for look in _ALL for reason in look(case))


def _points(steps: Steps, value: float) -> int:
    """What the highest step that the value reaches is worth."""
    return next((points for least, points in reversed(steps) if value >= least), 0)


def _novelty(case: GuardCase) -> Iterator[GuardReason]:
    if case.caller_kind is CallerKind.WITHHELD:
        yield GuardReason("withheld", Family.NUMBER, WITHHELD, "the caller withholds the number", "来电隐藏了号码")
        return
    if case.first_seen is not None:
        return
    yield GuardReason("first_contact", Family.NOVELTY, FIRST_CONTACT, "calls for the first time", "首次来电")
    hour = case.now.astimezone(ZoneInfo(case.zone)).hour
    if hour not in _NIGHT:
        yield GuardReason("night", Family.NOVELTY, NIGHT, f"a stranger at {hour} o'clock", f"陌生号码在 {hour} 点来电")


def _number(case: GuardCase) -> Iterator[GuardReason]:
    if case.caller_kind is CallerKind.INVALID:
        yield GuardReason(
            "number_invalid", Family.NUMBER, INVALID, "the caller shows no possible number", "来电号码不可能存在"
        )
    if case.stir is Stir.FAILED:
        yield GuardReason(
            "stir_failed", Family.NUMBER, STIR_FAILED, "the number's signature is false", "号码签名验证失败"
        )


def _dialling(case: GuardCase) -> Iterator[GuardReason]:
    r = case.recent
    if points := _points(RUN, r.run):
        text = f"called {r.run} of our numbers in a row, one after another"
        yield GuardReason("run", Family.DIALLING, points, text, f"按顺序连续拨打了我方 {r.run} 个号码")
    elif (points := _points(SWEEP, r.sweep)) and not case.talked:
        text = f"the last of {r.sweep} strangers who called our numbers in a row, one after another"
        yield GuardReason("sweep", Family.SWEEP, points, text, f"{r.sweep} 个陌生号码按顺序拨打我方相邻号码")
    for rule, steps, value, en, zh in (
        ("lines_1m", LINES_1M, r.lines_1m, "called {} of our numbers within a minute", "一分钟内拨打我方 {} 个号码"),
        ("lines_1h", LINES_1H, r.lines_1h, "called {} of our numbers within an hour", "一小时内拨打我方 {} 个号码"),
        ("lines_1d", LINES_1D, r.lines_1d, "called {} of our numbers within a day", "一天内拨打我方 {} 个号码"),
        ("calls_1h", CALLS_1H, r.calls_1h, "called {} times within an hour", "一小时内来电 {} 次"),
        ("at_once", AT_ONCE, r.at_once, "has {} calls at the same time", "同时有 {} 个来电"),
        ("calls_to_line", CALLS_TO_LINE, r.calls_to_line_1d, "called this line {} times today", "今天拨打本线路 {} 次"),
    ):
        if points := _points(steps, value):
            yield GuardReason(rule, Family.DIALLING, points, en.format(value), zh.format(value))


def _decoys(case: GuardCase) -> Iterator[GuardReason]:
    value = case.recent.decoy_lines_1d
    if points := _points(DECOYS, value):
        text = f"called {value} of our numbers that nobody has"
        yield GuardReason("decoys", Family.DECOY, points, text, f"拨打了我方 {value} 个空号")


def _ringing(case: GuardCase) -> Iterator[GuardReason]:
    r = case.recent
    if points := _points(ABORTED, r.aborted_1d):
        text = f"hung up {r.aborted_1d} times within 5 s of ringing"
        yield GuardReason("aborted", Family.RINGING, points, text, f"{r.aborted_1d} 次响铃不足 5 秒即挂断")
    if points := _points(RETRIES, r.quick_retries_1d):
        text = f"rang the same line again within a minute, {r.quick_retries_1d} times"
        yield GuardReason("retries", Family.RINGING, points, text, f"{r.quick_retries_1d} 次在一分钟内重拨同一线路")


def _answering(case: GuardCase) -> Iterator[GuardReason]:
    value = case.recent.challenges_failed_1d
    if points := _points(FAILED, value):
        text = f"was asked for a digit {value} times today and never pressed it"
        yield GuardReason("challenge_failed", Family.ANSWERING, points, text, f"今天 {value} 次未按提示按键")


def _block(case: GuardCase) -> Iterator[GuardReason]:
    points = max(_points(BLOCK_10, case.block_10), _points(BLOCK_100, case.block_100))
    if points:
        weights = f"{case.block_10:.1f} in its ten, {case.block_100:.1f} in its hundred"
        text = f"neighbours of the number are nuisance callers ({weights})"
        words = f"相邻号码为骚扰号码（同十号段 {case.block_10:.1f}，同百号段 {case.block_100:.1f}）"
        yield GuardReason("block", Family.BLOCK, points, text, words)


def _reports(case: GuardCase) -> Iterator[GuardReason]:
    seen = () if case.last_seen is None else (case.last_seen,)
    found = tally(case.votes, case.now, seen, case.passed_at)
    if points := _points(VOTES, found.weight):
        text = f"{found.voters} reported it as a nuisance (faded weight {found.weight:.1f})"
        yield GuardReason(
            "votes", Family.REPORTS, points, text, f"{found.voters} 人举报骚扰（衰减后权重 {found.weight:.1f}）"
        )
    for hit in case.hits:
        if hit.owner is ListOwner.SHARED and not hit.allow:
            text = f"on a shared list: {hit.reason or 'no reason given'}"
            yield GuardReason(
                "shared_list", Family.REPORTS, SHARED_LIST, text, f"在共享名单中：{hit.reason or '未注明原因'}"
            )
            return


def _speech(case: GuardCase) -> Iterator[GuardReason]:
    if (hit := case.script) is not None:
        text = f"spoke the known script {hit.script} before ({hit.share:.0%} of {hit.words} words)"
        yield GuardReason(
            "script",
            Family.SPEECH,
            SCRIPT,
            text,
            f"此前播放过已知话术 {hit.script}（{hit.words} 词中吻合 {hit.share:.0%}）",
        )


def _trust(case: GuardCase) -> Iterator[GuardReason]:
    if case.talked:
        yield GuardReason("talked", Family.TRUST, TALKED, "somebody here talked with it before", "此前有过通话")
    if case.first_seen is not None and case.now - case.first_seen >= KNOWN_AFTER and case.recent.answered_1d:
        yield GuardReason(
            "known_long", Family.TRUST, KNOWN_LONG, "known for a week, and answered today", "已知一周以上，今天接听过"
        )
    if case.stir is Stir.FULL:
        yield GuardReason(
            "stir_full", Family.TRUST, STIR_FULL, "the carrier vouches for the number", "运营商为号码背书"
        )


_ALL: tuple[Callable[[GuardCase], Iterator[GuardReason]], ...] = (
    _novelty, _number, _dialling, _decoys, _ringing, _answering, _block, _reports, _speech, _trust,
)  # fmt: skip
