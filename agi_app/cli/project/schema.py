"""``agi-app schema``: what editors need to complete and check flows and campaigns."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from agi_app.campaigns.campaign_file.schema import campaign_schema
from agi_app.flow.reference.json_schema import flow_schema

Kind = Literal["flow", "campaign"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("schema")(schema)


def schema(
    kind: Annotated[Kind, typer.Argument(help="Of which kind of file.")] = "flow",
) -> None:
    """Print the JSON Schema of flow or campaign files; an editor that knows it completes and explains their keys."""
    made = campaign_schema() if kind == "campaign" else flow_schema()
    print(json.dumps(made, ensure_ascii=False, indent=2))  # noqa: T201 - machine-read output
