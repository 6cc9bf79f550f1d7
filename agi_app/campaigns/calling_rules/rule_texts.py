"""Calling rules in words, for reports and the reference: each value with its source, and the combined result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agi_app.campaigns.calling_rules.narrowing import minutes_of
from agi_app.campaigns.calling_rules.rule_files import RuleBook
from agi_app.campaigns.calling_rules.strictest import RuleFile
from agi_app.gate.rule_file import DEFAULT, OWN, RULE_KEYS, SPANS, RuleValues
from agi_app.gate.ruleset import Rules
from agi_app.messages import spoken, t, template
from agi_app.model.campaign import Window

SPAN_WORDS = {
    dt.timedelta(hours=24): template("24 hours"),
    dt.timedelta(days=7): template("7 days"),
    dt.timedelta(days=30): template("30 days"),
}

DAY_WORDS = (
    template("mon"), template("tue"), template("wed"), template("thu"),
    template("fri"), template("sat"), template("sun"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourcedLine:
    """One value of one file: where it holds, what it says, and why."""

    place: str  # US, US-FL
    rule: str
    value: str
    basis: str  # law | house
    source: str
    as_of: dt.date
    file: str


def lines_of(book: RuleBook, region: str) -> list[SourcedLine]:
    """Everything that was written for one country; the default only where nobody else says anything."""
    said: set[str] = set()
    found: list[SourcedLine] = []
    for rule_file in book.files[region]:
        general = rule_file.values.jurisdiction == DEFAULT
        lines = _lines(rule_file, rule_file.values, region)
        found += [line for line in lines if not (general and line.rule in said)]
        said |= {key for key in RULE_KEYS if getattr(rule_file.values, key) is not None}
        for name, part in rule_file.values.parts.items():
            found += _lines(rule_file, part, f"{region}-{name}")
    return found


def _lines(rule_file: RuleFile, values: RuleValues, place: str) -> Iterator[SourcedLine]:
    for key in ("time_zones", *RULE_KEYS):
        for value in getattr(values, key, None) or ():
            said, file = (value.basis, spoken(value.source), value.as_of), rule_file.document.file
            yield SourcedLine(place, key, TEXTS[key](value), *said, file)


def in_force(rules: Rules) -> dict[str, str]:
    """What holds when all of it is taken together: rule -> value."""
    lists = (
        t(
            "{name} at most {days} days old, for {purposes}",
            name=r.name,
            days=r.max_age.days,
            purposes=t(", ").join(sorted(r.purposes)),
        )
        for r in rules.lists
    )
    return {
        "calling_hours": hours_text(rules),
        "caps": t("; ").join(
            t("{calls} in {span}", calls=cap.calls, span=spoken(SPAN_WORDS[cap.per])) for cap in rules.caps
        ),
        "gap_after_declined": span_text(rules.gap_after_declined),
        "gap_after_abandoned": span_text(rules.gap_after_abandoned),
        "ring_time": t(
            "{ring_at_least} to {ring_at_most}",
            ring_at_least=span_text(rules.ring_at_least),
            ring_at_most=span_text(rules.ring_at_most),
        ),
        "abandoned_calls": t("at most {percent:g} %", percent=rules.abandoned_percent),
        "external_lists": t("; ").join(lists) or t("none"),
        "retention": t(
            "recordings {recordings} days, records {records} days",
            recordings=rules.keep_recordings_days,
            records=rules.keep_records_days,
        ),
        "artificial_voice": _disclosure(rules.says_artificial_voice),
        "opt_out": t("offered within {within}", within=span_text(rules.opt_out_within)),
        "complaints": _complaints(rules.answer_complaints_within),
    }


def hours_text(rules: Rules) -> str:
    """When calls may start, such as ``mon-sat 09:00–12:00, 14:00–20:00``."""
    return t(" and ").join(map(windows_text, _narrowest(rules.opening.hours)))


def _narrowest(hours: tuple[tuple[Window, ...], ...]) -> list[tuple[Window, ...]]:
    """Without the sets that another one lies inside of."""
    kept: dict[int, tuple[Window, ...]] = {minutes_of(windows): windows for windows in hours}
    return [w for bits, w in kept.items() if not any(other != bits and other & bits == other for other in kept)]


def windows_text(windows: tuple[Window, ...]) -> str:
    """``mon-sat 09:00–12:00, 14:00–20:00; sun 10:00–12:00``."""
    by_days: dict[frozenset[int], list[str]] = {}
    for window in windows:
        end = "24:00" if window.end == dt.time.max else f"{window.end:%H:%M}"
        by_days.setdefault(window.days, []).append(f"{window.start:%H:%M}–{end}")
    return t("; ").join(f"{_days_text(days)} {', '.join(spans)}" for days, spans in by_days.items())


def _days_text(days: frozenset[int]) -> str:
    first, last = min(days), max(days)
    if len(days) > 1 and len(days) == last - first + 1:
        return t("{first}-{last}", first=spoken(DAY_WORDS[first]), last=spoken(DAY_WORDS[last]))
    return " ".join(spoken(DAY_WORDS[day]) for day in sorted(days))


def span_text(span: dt.timedelta) -> str:
    """``7 days``, ``72 hours`` or ``15 s``."""
    seconds = span.total_seconds()
    if seconds and seconds % 86400 == 0:
        return t("{days:g} days", days=seconds / 86400)
    return t("{hours:g} hours", hours=seconds / 3600) if seconds >= 3600 else t("{seconds:g} s", seconds=seconds)


def _disclosure(needed: bool) -> str:
    return t("must be disclosed") if needed else t("need not be disclosed")


def _complaints(within: dt.timedelta) -> str:
    return (
        t("no time is set") if within == dt.timedelta.max else t("answered within {within}", within=span_text(within))
    )


def _closed(value: Any) -> str:
    parts = []
    if value.calendar is not None:
        of = t("the country") if value.calendar == OWN else " ".join([value.calendar, *value.subdivisions])
        parts.append(t("public holidays of {of}", of=of))
    parts += [t("weekend days beside them")] if value.whole_breaks else []
    parts += [str(day) for day in value.dates]
    return t(", ").join(parts) + (t("; decreed working weekend days are open") if value.working_days else "")


def _ring(value: Any) -> str:
    limits = ((template("at least"), value.at_least), (template("at most"), value.at_most))
    return t(", ").join(f"{spoken(word)} {span_text(limit)}" for word, limit in limits if limit is not None)


def _retention(value: Any) -> str:
    kinds = ((template("recordings"), value.recordings_days), (template("records"), value.records_days))
    return t(", ").join(
        t("{name} {days} days", name=spoken(name), days=days) for name, days in kinds if days is not None
    )


TEXTS: Mapping[str, Callable[[Any], str]] = {
    "time_zones": lambda v: t(", ").join(v.zones),
    "calling_hours": lambda v: windows_text(tuple(w.window() for w in v.windows)),
    "closed_days": _closed,
    "caps": lambda v: t("{calls} in {span}", calls=v.calls, span=spoken(SPAN_WORDS[SPANS[v.per]])),
    "gap_after_declined": lambda v: span_text(v.time),
    "gap_after_abandoned": lambda v: span_text(v.time),
    "ring_time": _ring,
    "abandoned_calls": lambda v: t("at most {percent:g} % in 30 days", percent=v.at_most_percent),
    "external_lists": lambda v: t(
        "{name} at most {days} days old, for {purposes}",
        name=v.name,
        days=v.max_age.days,
        purposes=t(", ").join(sorted(v.purposes)),
    ),
    "retention": _retention,
    "artificial_voice": lambda v: _disclosure(v.disclose),
    "opt_out": lambda v: t("offered within {within}", within=span_text(v.offered_within)),
    "complaints": lambda v: _complaints(v.answer_within),
}
