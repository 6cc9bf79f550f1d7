"""The settings of `agi-app exchange`: how it reaches the database."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field


class ExchangeSettings(BaseModel, extra="forbid", frozen=True):
    """The process that exchanges data with your office's systems (docs/how-to/run-the-exchange.md)."""

    folder: Path = Field(
        Path("exchange"), description="how it reaches the database, made by `agi-app exchange setup` for its own user"
    )
    database_url: str = Field(
        "",
        description="postgresql://… with the role agi_app_exchange; empty: the file database-url of that folder",
        repr=False,
    )
