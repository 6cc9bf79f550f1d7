"""adopt: gives a project from before its identity one, once."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, say, settings_of
from agi_app.messages import t
from agi_app.operations.project import projects


def adopt(
    project: ProjectOption = HERE,
    new: Annotated[
        bool, typer.Option("--new", help="This project was never used: make its data folder and suppression key.")
    ] = False,
) -> None:
    """Write the project's id and its key's fingerprint into agi-app.toml and the database, once.

    For a project that an older agi-app made, or whose database was lost and starts empty; `init` does it for new ones.
    """
    found = asyncio.run(projects.adopt(settings_of(project), new=new))
    say(t("project {found}: agi-app.toml and the database know each other and the suppression key", found=found))
