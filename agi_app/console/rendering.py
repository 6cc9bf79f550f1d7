"""Pages as HTML: Jinja2 with autoescape, in the language and the zone of who reads."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from markupsafe import Markup, escape

from agi_app.console import charts
from agi_app.console.charts import Bar
from agi_app.console.navigation import NavSection
from agi_app.console.passkey_site import NO_PASSKEYS, PasskeyOffer
from agi_app.console.words import word
from agi_app.messages import current, spoken, t
from agi_app.model.actors import Actor, Scope

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: signed in or not (None), in which zone, at which path."""

    actor: Actor | None
    zone: str
    path: str
    banner: str = ""
    asks_proof: bool = False  # the page's form wants the password again
    nav: tuple[NavSection, ...] = ()
    passkeys: PasskeyOffer = NO_PASSKEYS
    asks_passkey: bool = False  # a passkey is as good as the password that is asked for
    provider: str = ""  # of single sign-on, as people know it; empty: there is none

    def may(self, scope: str) -> bool:
        """Whether they may do this; the page offers nothing else."""
        return self.actor is not None and self.actor.may(Scope(scope))


@functools.cache
def environment() -> Environment:
    """The templates; read, with what reads them, when the first page is rendered."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        t=t, spoken=spoken, language=current, static=static_path, word=word, bars=bars, over_time=over_time
    )
    made.filters.update(number=number, percent=percent, moment=moment, clock=clock, marked=marked)
    return made


def page(template: str, reader: Reader, query: Mapping[str, str] | None = None, **values: Any) -> str:
    """A whole page; ``query``: what follows its path's question mark."""
    given = query or {}

    def with_query(**changed: str | None) -> str:
        wanted = {**given, **changed}
        wanted.pop("said", None)
        text = urlencode({name: value for name, value in wanted.items() if value})
        return f"{reader.path}?{text}" if text else reader.path

    values |= {"query": given, "with_query": with_query}
    return environment().get_template(template).render(reader=reader, zone=reader.zone, **values)


def part(template: str, zone: str, data: Any) -> str:
    """A part of a page that is sent again while somebody looks: the same for all who may see it."""
    return environment().get_template(template).render(zone=zone, data=data)


@functools.cache
def static_files() -> Mapping[str, tuple[bytes, str]]:
    """Everything that a page loads, by the name under which it is served: its hash is in it, so it is kept for good."""
    found = {}
    for file in sorted(STATIC.iterdir()):
        if file.suffix in TYPES:
            content = file.read_bytes()
            found[f"{file.stem}.{hashlib.sha256(content).hexdigest()[:12]}{file.suffix}"] = content, TYPES[file.suffix]
    return found


@functools.cache
def static_path(name: str) -> str:
    """Where a page loads a file of ours from."""
    stem, _, suffix = name.rpartition(".")
    return next(
        f"/static/{served}"
        for served in static_files()
        if served.startswith(f"{stem}.") and served.endswith(f".{suffix}")
    )


def number(value: float) -> str:
    """A whole number with commas between thousands, as Chinese and English write it."""
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share of 1 in percent."""
    return f"{100 * value:.0f}%" if value in (0, 1) or value >= 0.1 else f"{100 * value:.1f}%"


def moment(value: dt.datetime | None, zone: str) -> Markup:
    """A time in the reader's zone, with the exact one for programs."""
    if value is None:
        return Markup("–")
    local = value.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M}"
    )


def clock(value: dt.datetime, zone: str) -> str:
    """The time of day in the reader's zone."""
    return f"{value.astimezone(ZoneInfo(zone)):%H:%M}"


def bars(title: str, kind: str, counts: Sequence[tuple[str, int]]) -> Markup:
    """How many of each code of a kind, as bars."""
    return charts.bars(title, [Bar(word(kind, code), many, number(many)) for code, many in counts])


def over_time(title: str, steps: Sequence[Any], zone: str) -> Markup:
    """The ``calls`` of each step ``at`` a time, as columns."""
    return charts.columns(title, [Bar(clock(one.at, zone), one.calls, number(one.calls)) for one in steps])


def marked(text: str) -> Markup:
    """A text with what is in backticks as code."""
    parts = [
        escape(part) if n % 2 == 0 else Markup("<code>{}</code>").format(part) for n, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def known_zone(name: str) -> str:
    """The zone of this name; UTC for one that there is not."""
    return name if name in available_timezones() else "UTC"
