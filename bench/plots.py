"""``scripts/bench plots``: the pictures of docs/explanation/performance.md, drawn from bench/results/*.jsonl.

The last line of each file is drawn; a file that is not there leaves its pictures as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.output import say

RESULTS = Path(__file__).resolve().parent / "results"
TARGET = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "plots"
WIDTH, NAME_WIDTH, ROW, TOP, PLOT_HEIGHT = 720, 210, 26, 44, 200
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0")
NAMES = {"native": "dialplan alone", "bare_ari": "bare ARI loop", "asyncari": "loop on asyncari", "agi_app": "agi-app"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its parts lie behind each other."""

    name: str
    parts: Sequence[float]


def bars(title: str, unit: str, rows: Sequence[Bar], legend: Sequence[str] = ()) -> str:
    """Rows of bars with their sums behind them."""
    most = max((sum(row.parts) for row in rows), default=0.0) or 1.0
    scale = (WIDTH - NAME_WIDTH - 130) / most
    body = []
    for place, row in enumerate(rows):
        y, x = TOP + place * ROW, float(NAME_WIDTH)
        body.append(_text(NAME_WIDTH - 8, y + 14, row.name, "end"))
        for part, colour in zip(row.parts, COLOURS, strict=False):
            body.append(f'<rect x="{x:.1f}" y="{y}" width="{part * scale:.1f}" height="18" fill="{colour}"/>')
            x += part * scale
        body.append(_text(x + 6, y + 14, f"{_number(sum(row.parts))} {unit}"))
    return _svg(title, TOP + len(rows) * ROW + (30 if legend else 8), [*body, *_legend(legend, TOP + len(rows) * ROW)])


def course(title: str, unit: str, across: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines over what is ``across``; both axes begin at 0."""
    points = [point for line in lines.values() for point in line]
    right, high = max(x for x, _ in points) or 1.0, max(y for _, y in points) * 1.1 or 1.0
    wide, foot = WIDTH - 110, TOP + PLOT_HEIGHT
    body = [
        f'<path d="M70 {TOP}V{foot}H{70 + wide}" fill="none" stroke="#888"/>',
        _text(64, TOP + 10, f"{_number(high)} {unit}", "end"),
        _text(64, foot, "0", "end"),
        _text(70 + wide, foot + 18, f"{_number(right)} {across}", "end"),
    ]
    for line, colour in zip(lines.values(), COLOURS, strict=False):
        path = " ".join(f"{70 + x / right * wide:.1f},{foot - y / high * PLOT_HEIGHT:.1f}" for x, y in line)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return _svg(title, foot + 52, [*body, *_legend(list(lines), foot + 22)])


def drawn(records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The pictures by name, of the results that there are."""
    found = {}
    if (calls := records.get("calls")) is not None:
        rates = [Bar(name, [float(calls[f"{key}_cps"])]) for key, name in NAMES.items()]
        found["rates"] = bars("Calls a second with 99.5 % success", "/s", rates)
        half = calls["half_load"]
        sides = [("bare ARI loop", half["bare_ari"]["cpu_ms"]), ("agi-app", half["agi_app"]["cpu_ms"])]
        parts = ("asterisk", "driver", "postgresql")
        cpu = [Bar(name, [float(used.get(part, 0.0)) for part in parts]) for name, used in sides]
        waits = [
            Bar(f"{name}, {what}", [float(half["waits"][side][key].get("p99", 0.0))])
            for side, name in (("bare_ari", "bare loop"), ("agi_app", "agi-app"))
            for key, what in (("first_audio_ms", "answer to sound"), ("key_to_audio_ms", "key to sound"))
        ]
        found["waits"] = bars(f"What a person waits for at {half['rate']:g} a second, p99", "ms", waits)
        found["cpu"] = bars(f"CPU a call at {half['rate']:g} a second", "ms", cpu, ("Asterisk", "Python", "PostgreSQL"))
    if (growth := records.get("growth")) is not None:
        for key, name, title in (
            ("by_contacts", "contacts", "CPU to decide about a contact, by contacts in the database"),
            ("by_campaigns", "campaigns", "CPU to decide about a contact, by campaigns that share them"),
        ):
            rows = [Bar(f"{one[name]:,}", [one["python_us"], one["postgresql_us"]]) for one in growth[key]]
            found[f"growth-{name}"] = bars(title, "µs", rows, ("Python", "PostgreSQL"))
    if (day := records.get("day")) is not None:
        step = day["minutes"] / max(1, len(day["worker_mib"]) - 1)
        memory = [(place * step, float(mib)) for place, mib in enumerate(day["worker_mib"])]
        found["day"] = course(f"Memory of the worker, {day['placed']:,} calls", "MiB", "minutes", {"worker": memory})
    return found


def _legend(names: Sequence[str], y: float) -> Iterable[str]:
    for place, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
        x = NAME_WIDTH + place * 130
        yield f'<rect x="{x}" y="{y + 8}" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, y + 18, name)


def _svg(title: str, height: float, body: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    )
    style = 'role="img" font-family="sans-serif" font-size="13" fill="#333"'
    ground = f'<rect width="{WIDTH}" height="{height:g}" fill="#fff"/>'
    parts = [f"{head} {style}>", f"<title>{escape(title)}</title>", ground, _text(12, 24, title, weight="bold"), *body]
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    where = f'x="{x:.1f}" y="{y:g}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {where}>{escape(text)}</text>"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """Draw what there are results of."""
    records = {}
    for name in ("calls", "growth", "day"):
        file = RESULTS / f"{name}.jsonl"
        if file.is_file():
            records[name] = json.loads(file.read_text("utf-8").splitlines()[-1])
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn(records).items():
        (TARGET / f"{name}.svg").write_text(picture, "utf-8")
        say(f"{TARGET / name}.svg: written")


if __name__ == "__main__":
    main()
