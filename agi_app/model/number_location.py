"""What the digits of a number tell about where its person is; a decision keeps this instead of the number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

_clock = lru_cache(maxsize=None)(ZoneInfo)  # its own cache holds eight; a number may be in forty zones


@dataclass(frozen=True, slots=True)
class NumberLocation:
    """Region and zones of a valid number, and the parts of the country whose own rules bind besides."""

    region: str  # ISO 3166 alpha-2
    zones: tuple[str, ...]  # IANA names; it must be a calling hour in all of them
    parts: tuple[str, ...]  # such as FL
    reserved: bool  # of a test range

    @property
    def clocks(self) -> list[ZoneInfo]:
        """The zones, ready to tell the time."""
        return [_clock(zone) for zone in self.zones]
