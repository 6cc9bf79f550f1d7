"""The settings of a results target: where the results of calls are sent back to (docs/how-to/results-back.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from agi_app.config.database_url import fault_in
from agi_app.messages import t, template

# In the order of a file's columns; a statement names them as %(id)s. docs/how-to/results-back.md says what each is.
FIELDS = (
    *("key", "call", "version", "campaign", "id", "outcome", "disposition", "number", "number_kind"),
    *("started", "answered", "ended", "answers"),
)


class ResultsSettings(BaseModel, extra="forbid", frozen=True):
    """Where results of calls are sent back to: a folder, or a database of yours (docs/how-to/results-back.md)."""

    campaigns: tuple[str, ...] = Field(
        min_length=1, description=template("the campaigns whose calls' results are sent there")
    )
    folder: Path | None = Field(
        None, description=template("a folder that is there, into which a file a day is written; or a database instead")
    )
    format: Literal["csv", "jsonl"] = Field(
        "csv", description=template('of the files: "csv" with a line of titles, or "jsonl", a JSON object a line')
    )
    database_url: str = Field(
        "",
        description=template("postgresql://… of your database; with a password, use database_url_file"),
        repr=False,
    )
    database_url_file: Path | None = Field(
        None, description=template("a file that holds database_url and nothing else")
    )
    statement: str = Field(
        "", description=template("one INSERT or UPDATE that changes exactly one row, with places such as %(id)s")
    )
    statement_file: Path | None = Field(None, description=template("a file that holds the statement instead"))
    keep_days: int = Field(
        30, ge=1, le=365, description=template("how many days the log of what was sent, or given up, is kept")
    )

    @property
    def kind(self) -> Literal["folder", "database"]:
        """What it is sent to."""
        return "folder" if self.folder is not None else "database"

    @model_validator(mode="after")
    def _one_place(self) -> ResultsSettings:
        given = [name for name in ("folder", "database_url", "database_url_file") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(t("give exactly one of folder, database_url and database_url_file"))
        statements = [name for name in ("statement", "statement_file") if getattr(self, name)]
        if self.folder is not None and statements:
            raise ValueError(t("{name} is for a database; a folder gets files", name=statements[0]))
        if self.folder is None and len(statements) != 1:
            raise ValueError(t("a database needs exactly one of statement and statement_file"))
        if self.folder is None and "format" in self.model_fields_set:
            raise ValueError(t("format is for a folder; a database gets rows"))
        if self.database_url and (fault := fault_in(self.database_url)) is not None:
            raise ValueError(t("database_url {fault}", fault=fault))
        return self

    @model_validator(mode="after")
    def _each_campaign_once(self) -> ResultsSettings:
        if twice := sorted({name for name in self.campaigns if self.campaigns.count(name) > 1}):
            raise ValueError(t("campaigns: {name} is there twice", name=twice[0]))
        return self
