"""Why words were not an answer, for the author of a flow: which were not understood, and what else was wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from agi_app.flow.answers import phrase_spotting
from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.spoken_values import values_in
from agi_app.flow.answers.tokens import Units, cut
from agi_app.flow.answers.understanding import NO_MATCH, understand
from agi_app.messages import spoken, t, template

_TODAY_UNKNOWN = template('the day is not known: give it (simulate --now "2026-03-02 18:30"; now: in expected calls)')

_KINDS = {"number": template("number"), "date": template("date")}


def why_not(wanted: Grammar, text: str, today: dt.date | None = None) -> str | None:
    """One line on why this was no answer; None: it is one, or a stop."""
    if understand(wanted, Heard(text, 1.0), today) is not NO_MATCH:
        return None
    if wanted.kind == "answers" and not wanted.answers:
        return t("not a stop, and no question takes speech now, so nothing else can be said here")
    if not cut(text).all:
        return t("no answer: there is no word in it")
    return t("no answer: {reasons}", reasons="; ".join(_reasons(wanted, text, today)))


def what_is_missing(wanted: str, said: Iterable[tuple[str, str]]) -> str:
    """Which words of a text are in none of what was said, by the (name, text) that has most of them; else nothing."""
    units = cut(wanted).all
    missing = {name: [unit for unit in units if unit not in cut(text).all] for name, text in said}
    name = min(missing, key=lambda one: len(missing[one]), default=None)
    if name is None or not missing[name] or len(missing[name]) > len(units) / 2:
        return ""
    return t("; {name} has all of it but ", name=name) + ", ".join(f"“{unit}”" for unit in dict.fromkeys(missing[name]))


def _reasons(wanted: Grammar, text: str, today: dt.date | None) -> list[str]:
    if wanted.kind == "date" and today is None:
        return [spoken(_TODAY_UNKNOWN)]
    units, values = values_in(wanted, text, today)
    if wanted.kind == "number" and len(values) == 1 and values[0][2] is not None and _outside(wanted, values[0][2]):
        return [t("{values} is not {bounds}", values=values[0][2], bounds=_bounds(wanted))]
    reading = phrase_spotting.read(wanted, units, [(begin, end) for begin, end, _ in values])
    owners = reading.owners()
    said = [
        *_named(template("puts it in doubt"), units, owners, phrase_spotting.DOUBT),
        *_named(template("turns it round"), units, owners, phrase_spotting.NEGATION),
        *_named(template("is an answer to something else"), units, owners, phrase_spotting.OTHER),
    ]
    if len(reading.answers()) > 1:
        said.append(t("it is more than one answer ({answers})", answers=", ".join(sorted(reading.answers()))))
    left = [unit for unit, owner in zip(units.all, owners, strict=True) if owner is None]
    if left:
        blank = "" if wanted.language.startswith("zh") else " "
        said.append(t("not understood: “{left}”", left=blank.join(left)))
    if not values and wanted.kind in ("number", "date"):
        said.append(t("there is no {kind} in it", kind=spoken(_KINDS[wanted.kind])))
    return said or [t("it is too little to be sure")]


def _named(what: str, units: Units, owners: Iterable[str | None], kind: str) -> list[str]:
    words = [unit for unit, owner in zip(units.all, owners, strict=True) if owner == kind]
    return [f"“{' '.join(words) if words[0].isascii() else ''.join(words)}” {spoken(what)}"] if words else []


def _outside(wanted: Grammar, value: str) -> bool:
    low, high = wanted.least, wanted.most
    return (low is not None and int(value) < low) or (high is not None and int(value) > high)


def _bounds(wanted: Grammar) -> str:
    low, high = wanted.least, wanted.most
    if low is None or high is None:
        return t("at most {high}", high=high) if low is None else t("at least {low}", low=low)
    return t("from {low} to {high}", low=low, high=high)
