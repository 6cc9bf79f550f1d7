"""The rule sets that cases are judged by: the shipped one, one with files of a project's own, and a wide one.

The wide one is for tests alone: with the shipped caps and hours Florida's own could never be the ones that refuse,
and no window lies where clocks are changed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SHIPPED = "agi_app/rules/"
SOURCED = {"basis": "house", "as_of": "2026-11-24", "source": "a test"}
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def shipped(folder: Path = ROOT / SHIPPED) -> dict[str, bytes]:
    """The files as they ship, with the holidays as dates."""
    files = {SHIPPED + path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    return {**files, "calendars.json": (folder / "calendars.json").read_bytes()}


def rulebooks() -> dict[str, dict[str, bytes]]:
    """Name of a rule set -> its files."""
    base = shipped()
    own = {
        f"rules/{text['jurisdiction'].lower()}.yaml": _plain(text)
        for text in (_france(), _brazil(), _china(), _britain())
    }
    usa, britain = SHIPPED + "us.yaml", SHIPPED + "gb.yaml"
    wide = {usa: _usa(base[usa]), britain: _night(base[britain])}
    return {"shipped": base, "own": base | own, "wide": base | wide}


def _france() -> dict[str, Any]:
    """A country that has no shipped rules: what is left out comes from the default."""
    return {
        "jurisdiction": "FR",
        "calling_hours": _hours((EVERY_DAY[:5], "10:00", "13:00"), (EVERY_DAY[:5], "14:00", "20:00")),
        "time_zones": {"zones": ["Europe/Paris"], **SOURCED},
        "caps": [{"calls": 4, "per": "30d", **SOURCED}, {"calls": 1, "per": "24h", **SOURCED}],
        "external_lists": {"name": "bloctel", "max_age": "7d", "purposes": ["marketing"], **SOURCED},
    }


def _brazil() -> dict[str, Any]:
    """A country of which nothing is said but that we call there; not even its zones."""
    return {"jurisdiction": "BR", "caps": {"calls": 2, "per": "24h", **SOURCED}}


def _china() -> dict[str, Any]:
    """A file that narrows: fewer hours, a closed day of our own, a longer gap."""
    return {
        "jurisdiction": "CN",
        "calling_hours": _hours((EVERY_DAY[:5], "10:00", "12:00"), (EVERY_DAY[:6], "15:00", "19:30")),
        "closed_days": {"dates": [dt.date(2026, 3, 5), dt.date(2027, 2, 28), dt.date(2028, 2, 29)], **SOURCED},
        "gap_after_abandoned": {"time": "10d", **SOURCED},
        "caps": {"calls": 1, "per": "7d", **SOURCED},
        "ring_time": {"at_least": "20s", "at_most": "30s", **SOURCED},
    }


def _britain() -> dict[str, Any]:
    """A file that binds lists: a new one, and the shipped one for one more purpose."""
    lists = [("gb-ctps", "3d", ["survey", "marketing"]), ("gb-tps", "5d", ["survey", "marketing"])]
    return {
        "jurisdiction": "GB",
        "external_lists": [{"name": n, "max_age": age, "purposes": p, **SOURCED} for n, age, p in lists],
        "abandoned_calls": {"at_most_percent": 0.5, **SOURCED},
    }


def _usa(text: bytes) -> bytes:
    """The law's evening and caps, Florida's own, and a part that lies across it."""
    usa = yaml.safe_load(text)
    usa["calling_hours"] = _hours((EVERY_DAY, "08:00", "21:00"), (EVERY_DAY, "01:30", "03:15"))
    usa["caps"] = [{"calls": 9, "per": "30d", **SOURCED}]
    usa["gap_after_declined"] = {"time": "24h", **SOURCED}
    usa["parts"]["FL"]["calling_hours"] = _hours((EVERY_DAY, "08:00", "20:00"))
    usa["parts"]["KEYS"] = {"numbers": ["+1305", "+1270"], "caps": {"calls": 4, "per": "7d", **SOURCED}}
    return _plain(usa)


def _night(text: bytes) -> bytes:
    """Hours in the night when British clocks are changed, and until midnight."""
    britain = yaml.safe_load(text)
    britain["calling_hours"] = _hours((EVERY_DAY, "00:30", "01:30"), (EVERY_DAY[:6], "09:00", "24:00"))
    return _plain(britain)


def _hours(*windows: tuple[list[str], str, str]) -> dict[str, Any]:
    return {"windows": [{"days": [*days], "from": start, "to": end} for days, start, end in windows], **SOURCED}


def _plain(text: dict[str, Any]) -> bytes:
    return yaml.safe_dump(text, default_flow_style=None, default_style=None).encode()
