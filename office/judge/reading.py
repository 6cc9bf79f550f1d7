"""Reads the scenario and what was seen: JSON to the model. KeyError, ValueError for what does not fit."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from office.judge.hours import WEEKDAYS, Hours, clock_on
from office.judge.model import Call, Clock, Json, Limits, Result, Row, Run
from office.judge.spans import DAY, HOUR, INF, join, length, seconds


def day_or_time(text: str | None, end: bool) -> float | None:
    """A time of the list; a day alone means its beginning, or its end."""
    if not text:
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return clock_on(date.fromisoformat(text), "00:00") + (DAY if end else 0.0)
    return seconds(text)


def row_of(row: Json | None) -> Row | None:
    """The row as it is to be called; None when it is missing or cancelled."""
    if row is None or row.get("status") == "cancelled":
        return None
    when = seconds(row["appointment"])
    not_after = day_or_time(row.get("not_after"), True)
    not_before = day_or_time(row.get("not_before"), False)
    return Row(when, -INF if not_before is None else not_before, when if not_after is None else not_after,
               row.get("preferred_hours") or "")  # fmt: skip


def limits_of(s: Json) -> Limits:
    """The rules and the campaign of a scenario."""
    campaign, rules = s["campaign"], s["rules"]
    later = campaign.get("later") or {"means": "settled"}
    pace = float(campaign["pace"]["calls_per_second"])
    starts = day_or_time(campaign.get("starts"), False)
    return Limits(
        at=tuple(sorted((length(x) for x in campaign["due"]["at"]), reverse=True)),
        retry={k: tuple(length(x) for x in v) for k, v in (campaign.get("retry") or {}).items()},
        caps=tuple((int(c["calls"]), float(c["hours"]) * HOUR) for c in rules["caps"]),
        gap_declined=float(rules["gap_after_declined_hours"]) * HOUR,
        shared=int(rules["shared_by_more_than"]),
        tries=int(rules["tries"]),
        per_second=pace,
        concurrent=float(campaign["pace"]["concurrent"]),
        max_age=length(s["feed"]["max_age"]),
        every=length(s["feed"]["every"]),
        starts=-INF if starts is None else starts,
        call_back=float(later["in_hours"]) * HOUR if later["means"] == "call_back" else None,
        spread=len(s["appointments"]) / pace,
        last=float(rules.get("last_moved_s") or 0),
    )


def hours_of(s: Json) -> Hours:
    """The hours of a scenario, from ten days before it to thirty days after it."""
    rules, campaign = s["rules"], s["campaign"]
    windows = campaign.get("window") or []
    first = datetime.fromisoformat(s["start"]).date() - timedelta(days=10)
    return Hours(
        law=tuple((a, b) for a, b in rules["hours"]),
        law_days=frozenset(rules["days"]),
        closed=frozenset(date.fromisoformat(d) for d in rules["closed_days"]),
        open_weekend=frozenset(date.fromisoformat(d) for d in rules["open_weekend_days"]),
        windows=tuple(
            (frozenset(w.get("days") or WEEKDAYS), w["from"], w["to"])
            for w in (windows if isinstance(windows, list) else [windows])
        ),
        first=first,
        last=datetime.fromisoformat(s["end"]).date() + timedelta(days=30),
    )


def clock_of(run: Json, s: Json) -> Clock:
    """How the clock went in a run, as `run.json` says."""
    ratio: Any = run.get("ratio", 1)
    listed = ratio if isinstance(ratio, list) else []
    return Clock(
        ratios=tuple((seconds(r["from"]), seconds(r["to"]), float(r["ratio"])) for r in listed),
        default=float(run.get("default_ratio", 1)) if listed else float(ratio),
        skipped=tuple(join((seconds(a), seconds(b)) for a, b in run.get("skipped", []))),
        until=seconds(str(run.get("until") or s["end"])),
        allowed=float(run.get("allowed_real_seconds", 1.0)),
        doubt=float(run.get("doubtful_real_seconds", 1.25)),
    )


def calls_of(rows: list[Json], s: Json) -> list[Call]:
    """The calls in their order, each with what the scenario lets that number do at that ring."""
    rung: dict[str, int] = {}
    out: list[Call] = []
    answered: str | None
    for n, r in enumerate(sorted(rows, key=lambda r: seconds(r["at"])), 1):
        number = r["number"]
        rings = s["numbers"].get(number, {}).get("rings") or [""]
        k = rung[number] = rung.get(number, 0) + 1
        at = seconds(r["at"])
        answered = r.get("answered_at")
        out.append(
            Call(
                n,
                at,
                seconds(r["ended"]) if r.get("ended") else at,
                number,
                r["how"],
                seconds(answered) if answered else None,
                r.get("rang"),
                r.get("behaviour") or rings[min(k, len(rings)) - 1],
            )
        )
    return out


def runs_of(rows: list[Json]) -> list[Run]:
    """The feed runs that were committed, in the order in which they were."""
    return sorted(
        (Run(seconds(r["as_of"]), seconds(r["committed"]), bool(r["good"]), int(r.get("cancelled") or 0),
             int(r.get("added") or 0)) for r in rows if r.get("committed")),
        key=lambda r: (r.committed, r.as_of),
    )  # fmt: skip


def results_of(rows: list[Json]) -> list[Result]:
    """The results in the order of the file."""
    return [
        Result(n, str(r["id"]), int(r["number_place"]), str(r["outcome"]), seconds(r["started"]), str(r["key"]),
               r.get("disposition"))
        for n, r in enumerate(rows, 1)
    ]  # fmt: skip
