"""Writes the holidays that the shipped rules mean to agi_app/rules/calendars.json; ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from agi_app.campaigns.calling_rules.rule_files import CALENDARS, read_ruleset, shipped_files

FILE = Path(__file__).resolve().parents[2] / "agi_app" / "rules" / CALENDARS


def wanted() -> bytes:
    """What the file must hold: the dates of the library, one calendar a line."""
    files = {name: text for name, text in shipped_files().items() if name != CALENDARS}
    return (read_ruleset(files).files[CALENDARS].replace("},", "},\n") + "\n").encode()


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(
            0 if FILE.read_bytes() == wanted() else f"{FILE} is not what the library holidays says; run scripts/docs"
        )
    FILE.write_bytes(wanted())
