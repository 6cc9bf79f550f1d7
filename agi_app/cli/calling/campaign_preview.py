"""What ``campaign preview`` prints: as text, and as one JSON object."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from agi_app.campaigns.preview import Preview, Sample
from agi_app.cli.common import say, table
from agi_app.printable import count_of


def preview_record(seen: Preview, note: str | None, limit: int) -> dict[str, Any]:
    """The look ahead for scripts; ``limit`` contacts are named for each reason."""
    projection = seen.projection
    return {
        "campaign": seen.campaign,
        "now": seen.now.isoformat(timespec="seconds"),
        "note": note,
        "waiting": seen.contacts,
        "allowed": seen.callable_now,
        "refused": seen.contacts - seen.callable_now,
        "later_today": seen.later_today,
        "later": seen.later,
        "never": seen.never,
        "misspelt_columns": list(seen.misspelt_columns),
        "machine_detection": seen.machines,
        "by_rule": dict(seen.by_rule.most_common()),
        "samples": {rule: [_plain(s) for s in found[:limit]] for rule, found in seen.samples.items()},
        "projection": None if projection is None else dataclasses.asdict(projection),
    }


def show_preview(seen: Preview, note: str | None, limit: int) -> None:
    """The look ahead for people."""
    refused = seen.contacts - seen.callable_now
    if note:
        say(note)
    say(f"{count_of(seen.callable_now, 'contact')} would be called now, {refused} not")
    table("Refused by rule", ("rule", "contacts"), seen.by_rule.most_common())
    if refused and limit:
        named = {s.external_id: s for found in seen.samples.values() for s in found[:limit]}
        table(f"Refused contacts, at most {limit} of each rule", ("contact", "why", "earliest call (UTC)"),
              ((s.external_id, s.why, _minute(s.again_at)) for s in named.values()))  # fmt: skip
    for told in seen.misspelt_columns:
        say(f"{told} Then mend the flow, not the rows")
    if refused:
        say(
            f"Of the {refused} not called now: {seen.later_today} can be called later today, {seen.later} on a later"
            f" day, {seen.never} never unless somebody mends the reason"
        )
    if seen.machines is not None:
        say(f"Machines that answer: {seen.machines} (`agi-app simulate --machine {seen.campaign}`)")
    _show_end(seen)


def _show_end(seen: Preview) -> None:
    projection = seen.projection
    if projection is None or seen.never == seen.contacts:
        say("Nobody is to be called")
        return
    end = "not within a year" if projection.end is None else f"about {_minute(projection.end)} UTC"
    say(f"Projected end: {end}, with about {projection.calls} calls, if")
    for assumption in projection.assumptions:
        say(f"- {assumption}")


def _plain(sample: Sample) -> dict[str, str | None]:
    again = sample.again_at
    return {"external_id": sample.external_id, "why": sample.why, "again": None if again is None else again.isoformat()}


def _minute(at: dt.datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
