"""Pictures of figures as SVG, made here: each has its figures in words for who cannot see it, and its table beside it.

Colours come from the page's own style sheet, so that they fit both themes; no picture says by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, ROW = 420, 28  # of the drawing's own units: on a telephone they are still read
_LABEL, _VALUE = 160, 60  # what labels and values take of the width
_HEIGHT, _FOOT = 160, 20  # of a chart over time
_MOST_LABELS = 4  # under a chart over time
_LONGEST = 21  # characters of a label that are drawn; the table has all


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart, or one step of a chart over time; ``shown`` is its value in words."""

    label: str
    value: float
    shown: str


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """A bar for each row, the longest over the whole width; nothing without rows."""
    if not rows:
        return Markup("")
    most = max(0.0, *(row.value for row in rows)) or 1.0
    room = WIDTH - _LABEL - _VALUE
    drawn = []
    for place, row in enumerate(rows):
        top, long = place * ROW, room * max(row.value, 0.0) / most
        drawn.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text><rect x="{}" y="{}" width="{:.1f}" height="{}"/>'
                '<text x="{:.1f}" y="{}">{}</text>'
            ).format(
                *(_LABEL - 8, top + 19, _cut(row.label)),
                *(_LABEL, top + 4, long, ROW - 8),
                *(_LABEL + long + 6, top + 19, row.shown),
            )
        )
    return _svg(title, rows, len(rows) * ROW, Markup("").join(drawn))


def columns(title: str, steps: Sequence[Bar]) -> Markup:
    """A column for each step of time, the highest over the whole height; nothing without steps."""
    if not steps:
        return Markup("")
    most = max(0.0, *(step.value for step in steps)) or 1.0
    wide, room = WIDTH / len(steps), _HEIGHT - _FOOT - 18
    every = -(-len(steps) // _MOST_LABELS)
    highest = max(steps, key=lambda step: step.value)
    drawn = [Markup('<text x="0" y="12">{}</text>').format(highest.shown)]
    for place, step in enumerate(steps):
        high = room * max(step.value, 0.0) / most
        drawn.append(
            Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                place * wide + wide * 0.1, 18 + room - high, wide * 0.8, high
            )
        )
        if place % every == 0:
            drawn.append(
                Markup('<text x="{:.1f}" y="{}">{}</text>').format(place * wide, _HEIGHT - 4, _cut(step.label))
            )
    return _svg(title, steps, _HEIGHT, Markup("").join(drawn))


def _svg(title: str, rows: Sequence[Bar], height: int, drawn: Markup) -> Markup:
    told = "; ".join(f"{row.label}: {row.shown}" for row in rows)
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, f"{title}. {told}", drawn
    )


def _cut(label: str) -> Markup:
    return escape(label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…")
