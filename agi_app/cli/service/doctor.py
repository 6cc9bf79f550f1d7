"""doctor: what is wrong here, and how to fix it."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from agi_app import log
from agi_app.authoring import renames
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say_json, say_lines
from agi_app.doctor import examine
from agi_app.messages import spoken, t, template
from agi_app.model.finding import Finding


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Look for what is wrong here and say how to fix it. Exit 2 when something is wrong."""
    log.configure()
    findings: list[Finding] = asyncio.run(examine(project))
    if as_json:
        say_json([_record(f) for f in findings])
    else:
        for f in findings:
            say_lines(
                f"{t('ok  ') if f.well else t('BAD ')} {_named(f.check)}: {f.text}"
                + (t("\n     fix: {fix}", fix=f.fix) if f.fix else "")
            )
    raise typer.Exit(0 if all(f.well for f in findings) else 2)


_NAMED = (  # findings about one thing, by its name
    template("call back {name}"),
    template("campaign {name}"),
    template("trunk {name}"),
    template("worker {name}"),
)


_PARTS = (  # keys in JSON
    template("caller ID"),
    template("calling rules"),
    template("clocks"),
    template("data folder"),
    template("database"),
    template("database objects"),
    template("figures"),
    template("lines"),
    template("project files"),
    template("redirects"),
    template("redirects of staff"),
    template("settings"),
    template("snoop channels"),
)


def _named(check: str) -> str:
    """What was looked at; its name is a key in JSON, and in English."""
    for one in _NAMED:
        before = one.partition("{")[0]
        if check.startswith(before):
            return t(one, name=check.removeprefix(before))
    return spoken(check)


def _record(found: Finding) -> dict[str, Any]:
    return renames.in_json("doctor", {"check": found.check, "ok": found.well, "text": found.text, "fix": found.fix})
