"""What editors need to complete and check the files of a project."""

from __future__ import annotations

from typing import Any, Literal

from agi_app.campaigns.campaign_file.schema import campaign_schema
from agi_app.flow.reference.json_schema import flow_schema

FileKind = Literal["flow", "campaign"]


def schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema of flow or campaign files."""
    return campaign_schema() if kind == "campaign" else flow_schema()
