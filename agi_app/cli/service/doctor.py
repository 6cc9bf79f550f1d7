"""doctor: what is wrong here, and how to fix it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import typer

from agi_app import log
from agi_app.authoring import renames
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say_json, say_lines
from agi_app.cli.owner import become_owner
from agi_app.doctor import examine
from agi_app.messages import spoken, t, template
from agi_app.model.finding import Finding


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Look for what is wrong here and say how to fix it. Exit 2 when something is wrong."""
    log.configure()
    findings: list[Finding] = asyncio.run(examine(become_owner(project)))
    if as_json:
        say_json([_record(f) for f in findings])
    else:
        show(findings)
    raise typer.Exit(0 if all(f.well for f in findings) else 2)


def show(findings: Iterable[Finding]) -> None:
    """Print what was found, for people."""
    for f in findings:
        say_lines(
            f"{t('ok  ') if f.well else t('BAD ')} {named(f.check)}: {f.text}"
            + (t("\n     fix: {fix}", fix=f.fix) if f.fix else "")
        )


_NAMED = (  # findings about one thing, by its name; what fits two is the first
    template("call back {name}"),
    template("campaign {name}"),
    template("destination {name}"),
    template("feed {name}"),
    template("members of queue {name}"),
    template("queue {name}"),
    template("trunk {name} can carry calls"),
    template("trunk {name}"),
)


_PARTS = (  # keys in JSON
    template("audit"),
    template("audit witness"),
    template("backup"),
    template("caller ID"),
    template("calling rules"),
    template("clocks"),
    template("data folder"),
    template("database"),
    template("database objects"),
    template("exchange"),
    template("figures"),
    template("journal"),
    template("keys"),
    template("lines"),
    template("machine detection"),
    template("private files"),
    template("project files"),
    template("prompts play"),
    template("redirects"),
    template("redirects of staff"),
    template("screening"),
    template("settings"),
    template("single sign-on"),
    template("snoop channels"),
    template("speech"),
)


def named(check: str) -> str:
    """What was looked at, for people; its name is a key in JSON, and in English."""
    for one in _NAMED:
        before, _, behind = one.partition("{name}")
        if check.startswith(before) and check.endswith(behind):
            return t(one, name=check.removeprefix(before).removesuffix(behind))
    return spoken(check)


def _record(found: Finding) -> dict[str, Any]:
    return renames.in_json("doctor", {"check": found.check, "ok": found.well, "text": found.text, "fix": found.fix})
