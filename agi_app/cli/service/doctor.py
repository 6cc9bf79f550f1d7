"""doctor: what is wrong here, and how to fix it."""

from __future__ import annotations

import asyncio

import typer

from agi_app import log
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say_json, say_lines
from agi_app.doctor import examine
from agi_app.model.finding import Finding


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Look for what is wrong here and say how to fix it. Exit 2 when something is wrong."""
    log.configure()
    findings: list[Finding] = asyncio.run(examine(project))
    if as_json:
        say_json([{"check": f.check, "well": f.well, "text": f.text, "mend": f.mend} for f in findings])
    else:
        for f in findings:
            say_lines(
                f"{'ok  ' if f.well else 'BAD '} {f.check}: {f.text}" + (f"\n     fix: {f.mend}" if f.mend else "")
            )
    raise typer.Exit(0 if all(f.well for f in findings) else 2)
