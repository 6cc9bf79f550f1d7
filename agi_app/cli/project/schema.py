"""``agi-app schema``: what editors need to complete and check flows and campaigns."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agi_app.operations.project import projects
from agi_app.operations.project.projects import FileKind


def schema(
    kind: Annotated[FileKind, typer.Argument(help="The kind of file.")] = "flow",
) -> None:
    """Print the JSON Schema of flow or campaign files; an editor that knows it completes and explains their keys."""
    print(json.dumps(projects.schema(kind), ensure_ascii=False, indent=2))  # noqa: T201 - machine-read output
