"""doctor: what is wrong here, and how to fix it."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from agi_app import log
from agi_app.authoring import renames
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say_json, say_lines
from agi_app.doctor import examine
from agi_app.model.finding import Finding


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Look for what is wrong here and say how to fix it. Exit 2 when something is wrong."""
    log.configure()
    findings: list[Finding] = asyncio.run(examine(project))
    if as_json:
        say_json([_record(f) for f in findings])
    else:
        for f in findings:
            say_lines(f"{'ok  ' if f.well else 'BAD '} {f.check}: {f.text}" + (f"\n     fix: {f.fix}" if f.fix else ""))
    raise typer.Exit(0 if all(f.well for f in findings) else 2)


def _record(found: Finding) -> dict[str, Any]:
    return renames.in_json("doctor", {"check": found.check, "ok": found.well, "text": found.text, "fix": found.fix})
