"""Whether a project's own rule file loosens what the program ships: it may only narrow it. Pure."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, reduce
from typing import Any

from agi_app.authoring.yaml_lines import Document, Path
from agi_app.errors import Problem
from agi_app.gate.calling_hours import Calendar
from agi_app.gate.rule_file import SPANS, RuleValues, Sourced
from agi_app.gate.ruleset import Rules
from agi_app.messages import spoken, t, template
from agi_app.model.campaign import Window

_DAYS = (
    template("Mon"), template("Tue"), template("Wed"), template("Thu"),
    template("Fri"), template("Sat"), template("Sun"),
)  # fmt: skip
WEEK_MINUTES = 7 * 24 * 60
Fault = tuple[Path, str]
Check = Callable[[Sourced, Rules], Iterable[Fault]]


def loosened(
    values: RuleValues, base: Rules, calendars: Mapping[int, Calendar], where: Document, under: Path
) -> list[Problem]:
    """Every value that would allow what ``base`` refuses, at its line.

    ``calendars`` has the expanded calendar of each value of ``closed_days`` by its place in the list.
    """
    found = [
        ((key, index, *path), text)
        for key, check in CHECKS.items()
        for index, value in enumerate(getattr(values, key) or ())
        for path, text in check(value, base)
    ]
    shifted = frozenset(day for calendar in base.opening.calendars for day in calendar.working)
    found += [
        (("closed_days", index, "working_days"), t("opens weekend days that the shipped rules keep closed"))
        for index, calendar in calendars.items()
        if calendar.working - shifted
    ]
    return [
        where.problem(
            _written(where, under, path),
            "rules/loosens",
            t("{path}: {said}; your own rules may only narrow", path=path[0], said=text),
        )
        for path, text in found
    ]


def _written(where: Document, under: Path, path: Path) -> Path:
    """A single value may stand without its list: then its place in the list is no key of the file."""
    key, index, *rest = path
    return (*under, key, *([index] if (*under, key, index) in where.positions else []), *rest)


def _hours(value: Sourced, base: Rules) -> Iterator[Fault]:
    closed = ~open_minutes(base)
    for index, spec in enumerate(value.windows):  # type: ignore[attr-defined]
        extra = minutes_of([spec.window()]) & closed
        if extra:
            first = (extra & -extra).bit_length() - 1
            moment = f"{spoken(_DAYS[first // 1440])} {first % 1440 // 60:02}:{first % 60:02}"
            yield ("windows", index), t("opens {moment}, which the shipped rules keep closed", moment=moment)


def minutes_of(windows: Iterable[Window]) -> int:
    """The minutes of a week in which a call may start, one bit each, from Monday 00:00 on."""
    bits = 0
    for window in windows:
        start = window.start.hour * 60 + window.start.minute
        end = 1440 if window.end == dt.time.max else window.end.hour * 60 + window.end.minute
        span = ((1 << (end - start)) - 1) << start
        for day in window.days:
            bits |= span << (day * 1440)
    return bits


def open_minutes(rules: Rules) -> int:
    """The minutes of a week that are within the hours of these rules, whatever their calendars close."""
    return reduce(operator.and_, map(minutes_of, rules.opening.hours), (1 << WEEK_MINUTES) - 1)


def _caps(value: Sourced, base: Rules) -> Iterator[Fault]:
    calls, per = value.calls, value.per  # type: ignore[attr-defined]
    most = min((cap.calls for cap in base.caps if cap.per == SPANS[per]), default=None)
    if most is not None and calls > most:
        yield ("calls",), t("allows {calls} calls in {per}, the shipped rules {most}", calls=calls, per=per, most=most)


def _lists(value: Sourced, base: Rules) -> Iterator[Fault]:
    for rule in base.lists:
        if rule.name != value.name:  # type: ignore[attr-defined]
            continue
        if value.max_age > rule.max_age:  # type: ignore[attr-defined]
            yield ("max_age",), t("is over the {days} days of the shipped rules", days=rule.max_age.days)
        missing = rule.purposes - set(value.purposes)  # type: ignore[attr-defined]
        if missing:
            yield (
                ("purposes",),
                t(
                    "leaves out {missing}, which the list binds in the shipped rules",
                    missing=", ".join(sorted(missing)),
                ),
            )


def _limit(worse: Callable[[Any, Any], bool], words: str, field: str, name: str) -> Check:
    """The value of ``field`` may not be worse than that of the base."""

    def check(value: Sourced, base: Rules) -> Iterator[Fault]:
        own, limit = getattr(value, field), getattr(base, name)
        if own is not None and worse(own, limit):
            yield (field,), t("is {words} ({limit})", words=spoken(words), limit=_shown(limit))

    return check


_at_least = partial(_limit, operator.lt, template("below what the shipped rules ask for"))
_at_most = partial(_limit, operator.gt, template("above what the shipped rules allow"))


def _both(*checks: Check) -> Check:
    return lambda value, base: [fault for check in checks for fault in check(value, base)]


def _shown(limit: object) -> str:
    return f"{limit.total_seconds():g} s" if isinstance(limit, dt.timedelta) else f"{limit}"


CHECKS: Mapping[str, Check] = {
    "calling_hours": _hours,
    "caps": _caps,
    "gap_after_declined": _at_least("time", "gap_after_declined"),
    "gap_after_abandoned": _at_least("time", "gap_after_abandoned"),
    "ring_time": _both(_at_least("at_least", "ring_at_least"), _at_most("at_most", "ring_at_most")),
    "abandoned_calls": _at_most("at_most_percent", "abandoned_percent"),
    "external_lists": _lists,
    "retention": _both(
        _at_least("recordings_days", "keep_recordings_days"), _at_least("records_days", "keep_records_days")
    ),
    "artificial_voice": _at_least("disclose", "says_artificial_voice"),
    "opt_out": _at_most("offered_within", "opt_out_within"),
    "complaints": _at_most("answer_within", "answer_complaints_within"),
}
