"""support-bundle: one file for who helps, with nothing in it of a person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agi_app import log
from agi_app.cli.common import HERE, ProjectOption, say, warn
from agi_app.messages import t
from agi_app.printable import count_of
from agi_app.support.bundle import bundle_name, make


def support_bundle(
    project: ProjectOption = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write; default: a new one in this folder.")
    ] = None,
    log_file: Annotated[list[Path] | None, typer.Option("--log", help="A log to put in, too; may be repeated.")] = None,
) -> None:
    """Write doctor's findings, versions, settings and logs into one file, without numbers, names and secrets."""
    log.configure()
    made = asyncio.run(make(project, output or Path(bundle_name()), log_file or ()))
    for note in made.notes:
        warn(note)
    files = count_of(len(made.files), "file")
    say(t("{file}: {files}; look through it before you send it", file=made.file, files=files))
