"""Which recorded pieces a flow needs, and the rule about them: what it says and reads back can be said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from agi_app.errors import InputError, Problem
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.engine.ask_and_retry import SPOKEN_AS
from agi_app.flow.language.asking_steps import Collect, CollectStep, StopNumberStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.flow.saying.spoken_parts import PAUSE, Piece
from agi_app.messages import t

_SHOWN = 3


def check_pieces(source: FlowDocument, prompts: Prompts, *, engine: bool) -> Iterator[Problem]:
    """``flow/piece-missing``. With an ``engine`` only what is keyed in a call counts: that is known too late for it."""
    flow = source.flow
    for language in flow.languages:
        try:
            needed = needed_pieces(flow, language, keyed_only=engine)
        except InputError:  # such values are not said in this language: another rule
            continue
        facts = {name: prompts.get((language, name)) for name in needed}
        missing = [name for name, fact in facts.items() if fact is None or not (fact.has_audio or fact.by_engine)]
        if missing:
            names = ", ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
            which = f"agi-app prompts pieces --language {language} --missing --flow {flow.flow}"
            message = t(
                'it says or reads back pieces that have no recording in "{language}": {count} ({names}); a call that '
                "needs one fails; `{which}` lists them",
                language=language,
                count=len(missing),
                names=names,
                which=which,
            )
            yield source.document.problem(("flow",), "flow/piece-missing", message, "warning")


# Which recorded pieces a flow needs for the values that it says and reads back. Pure.
#
# Values of every shape are spoken, and the pieces of all of them are what must be recorded.


_EVERY = 10_000  # numbers between bounds so near are all spoken
_WHOLE = (*range(1000), *(10**power + rest for power in range(3, 12) for rest in (0, 1, 10, 200)))
_SAID = (*range(130), *range(200, 1000, 100), *_WHOLE[1000:])  # all words that those have, in the same order
_SIGNED = (*map(str, _SAID), "-1", "0.5")
_DAYS = [str(dt.date(2000, 1, 1) + dt.timedelta(days=n)) for n in range(366)]
_YEARS = [f"{year}-01-01" for year in range(1900, 2200)]
_TIMES = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
_VALUES: dict[str, Iterable[str]] = {
    "digits": ["0123456789 0"],
    "number": _SIGNED,
    "ordinal": [str(n) for n in _SAID if n],
    "count": [str(n) for n in _SAID],
    "money": [*_SIGNED[:-1], *(f"{whole}.{cents:02}" for whole in (0, 1, 2) for cents in range(100))],
    "date": [*_DAYS, *_YEARS],
    "day": _DAYS,
    "time": _TIMES,
    "time24": _TIMES,
    "telephone": ["+8613800138000", "+442079460000", "+12125550100", "0123456789"],
    "name": [],
}


def needed_pieces(flow: Flow, language: str, *, keyed_only: bool = False) -> dict[str, str]:
    """Name and words of each piece, in the order in which the values need them; those of called flows, too.

    ``keyed_only``: of what people key in, and not of their columns. InputError: the language has no such words.
    """
    said = ((kind, value, unit) for kind, values, unit in _said(flow, language, keyed_only) for value in values)
    parts = (part for kind, value, unit in said for part in spoken(kind, value, language, unit=unit))
    return {part.name: part.text for part in parts if isinstance(part, Piece) and part != PAUSE}


def _said(flow: Flow, language: str, keyed_only: bool) -> Iterator[tuple[str, Iterable[str], str]]:
    for step in flow.all_steps():
        if isinstance(step, SayStep) and step.say.as_ is not None and not keyed_only:
            yield step.say.as_, _VALUES[step.say.as_], step.say.currency or (step.say.unit or {}).get(language, "")
        elif (collect := _read_back(step)) is not None:
            yield SPOKEN_AS[collect.kind], _collected(collect), collect.currency or ""


def _read_back(step: AnyStep) -> Collect | None:
    """How a step asks for what it reads back; None: it reads nothing back."""
    if isinstance(step, StopNumberStep):
        return step.stop_number.collect
    return step.collect if isinstance(step, CollectStep) and step.collect.confirm is not None else None


def _collected(collect: Collect) -> Iterable[str]:
    """What people can key in: no signs and no fractions, and nothing beyond the bounds."""
    if collect.kind not in ("number", "amount"):
        return _VALUES[SPOKEN_AS[collect.kind]]
    least = collect.min if isinstance(collect.min, int) else 0
    most = collect.max if isinstance(collect.max, int) else max(_WHOLE)
    return map(str, range(least, most + 1) if most - least < _EVERY else [n for n in _WHOLE if least <= n <= most])
