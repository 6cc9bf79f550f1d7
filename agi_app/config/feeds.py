"""The settings of a feed: contacts or consents that come from a system of the office (docs/how-to/feeds.md)."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from agi_app.config.database_url import fault_in
from agi_app.messages import t, template

_SPAN = re.compile(r"(\d{1,6}) ?(s|min|m|h|d)")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
SHORTEST_S, LONGEST_S = 10, 7 * 86400
CONSENT_COLUMNS = ("number", "method", "time", "source", "language", "evidence", "expires")
_NOT_OF_CONSENTS = ("campaign", "mode", "ids_query_file", "overlap", "max_age", "most_a_day")


def seconds_of(text: str) -> int:
    """Seconds of ``90s``, ``5min``, ``1h``, ``2d``. Raises ValueError."""
    if (found := _SPAN.fullmatch(text.strip())) is None:
        raise ValueError(t("write a whole number and its unit: 90s, 5min, 1h or 2d"))
    seconds = int(found[1]) * _SECONDS[found[2]]
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(t("write a time from 10s to 7d"))
    return seconds


def _span(text: str) -> str:
    seconds_of(text)
    return text


def _as_written(folder: Path) -> Path:
    """The same folder in one way of writing it, without ``.``, ``..`` and slashes that say nothing."""
    text = posixpath.normpath(folder.as_posix())
    if text in (".", "..") or text.startswith("../"):
        raise ValueError(t("name a folder of its own below the project, or the whole path of one elsewhere, from / on"))
    return Path(f"/{text.lstrip('/')}" if text.startswith("/") else text)


def linked_part(project: Path, folder: Path) -> Path | None:
    """The symbolic link by which a feed's ``folder`` would be another one than is written; None: there is none. Blocks.

    Links outside the project on the way to a folder are of who set up the machine.
    """
    whole, roots = Path(os.path.abspath(project / folder)), {Path(os.path.abspath(project)), project.resolve()}
    inside = [part for part in whole.parents if any(part != root and part.is_relative_to(root) for root in roots)]
    return next((part for part in (whole, *inside) if os.path.islink(part)), None)


Span = Annotated[str, AfterValidator(_span)]


class FeedSettings(BaseModel, extra="forbid", frozen=True):
    """Where a feed reads, what it brings, and how much of it (docs/how-to/feeds.md)."""

    kind: Literal["contacts", "consents"] = Field("contacts", description=template("what it brings"))
    campaign: str = Field("", description=template("the campaign whose contacts it brings; none for consents"))
    mode: Literal["whole", "changes"] = Field(
        "whole",
        description=template(
            'what a run brings: "whole" is everybody who is to be called, and who is missing is cancelled; "changes" is'
            " what has changed since the last run, with a column status"
        ),
    )
    folder: Annotated[Path, AfterValidator(_as_written)] | None = Field(
        None, description=template("a folder into which the other system puts CSV or XLSX files")
    )
    database_url: str = Field(
        "",
        description=template("postgresql://… of the other system's database; with a password, use database_url_file"),
        repr=False,
    )
    database_url_file: Path | None = Field(
        None, description=template("a file that holds database_url and nothing else")
    )
    query_file: Path | None = Field(
        None, description=template("a file with one SELECT; %(since)s in it is the time from which changes are wanted")
    )
    ids_query_file: Path | None = Field(
        None,
        description=template(
            "for changes: a file with one SELECT of the ids of all coming appointments, compared once an hour"
        ),
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description=template("our column = theirs; only these are taken. Without it all are, under their own names"),
    )
    every: Span = Field("5min", description=template("how often the database is read: 30s, 5min, 1h"))
    max_age: Span = Field(
        "1h",
        description=template("how old the last good run may be; after that the campaign calls nobody until the next"),
    )
    overlap: Span = Field(
        "10min", description=template("for changes: how much of what was read before is read again each time")
    )
    most_a_day: int = Field(
        200,
        ge=1,
        le=100_000,
        description=template("new contacts of a day that its approval covers; more wait for a second person"),
    )
    purpose: Literal["transactional", "survey"] | None = Field(
        None, description=template("of consents: what they are for; marketing never comes by a feed")
    )
    wording: str = Field(
        "", description=template("of consents: the registered text that people agreed to, NAME/VERSION")
    )

    keep_days: int = Field(
        30, ge=1, le=365, description=template("of a folder: how many days files are kept that were done with")
    )

    @property
    def every_s(self) -> int:
        """Seconds between two reads."""
        return seconds_of(self.every)

    @model_validator(mode="after")
    def _one_source(self) -> FeedSettings:
        given = [name for name in ("folder", "database_url", "database_url_file") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(t("give exactly one of folder, database_url and database_url_file"))
        if self.folder is not None and self.query_file is not None:
            raise ValueError(t("query_file is for a database; a folder has files"))
        if self.folder is None and self.query_file is None:
            raise ValueError(t("query_file is missing: a file with the SELECT that brings the rows"))
        if self.database_url and (fault := fault_in(self.database_url)) is not None:
            raise ValueError(t("database_url {fault}", fault=fault))
        return self

    @model_validator(mode="after")
    def _what_belongs_to_its_kind(self) -> FeedSettings:
        given = self.model_fields_set
        if self.kind == "consents":
            if wrong := [name for name in _NOT_OF_CONSENTS if name in given]:
                raise ValueError(t("{name} is not for a feed of consents: remove it", name=wrong[0]))
            if self.columns and (wrong := [name for name in self.columns if name not in CONSENT_COLUMNS]):
                told = "columns: a feed of consents has no {name}; it has: {columns}"
                raise ValueError(t(told, name=wrong[0], columns=", ".join(CONSENT_COLUMNS)))
            if not self.purpose or not self.wording:
                raise ValueError(t("a feed of consents needs purpose and wording"))
            return self
        if wrong := [name for name in ("purpose", "wording") if name in given]:
            raise ValueError(
                t("{name} is for a feed of consents; one of contacts never brings consents", name=wrong[0])
            )
        if not self.campaign:
            raise ValueError(t("campaign is missing: the one whose contacts this feed brings"))
        return self

    @model_validator(mode="after")
    def _changes_need_a_database(self) -> FeedSettings:
        if self.mode == "changes" and self.folder is not None:
            raise ValueError(t('mode = "changes" is for a database; a folder brings whole lists'))
        if self.mode == "changes" and self.ids_query_file is None:
            raise ValueError(
                t('mode = "changes" needs ids_query_file: once an hour all ids are compared, so that none is forgotten')
            )
        given = self.model_fields_set
        if self.mode == "whole" and (wrong := [name for name in ("ids_query_file", "overlap") if name in given]):
            raise ValueError(t('{name} is for mode = "changes": remove it', name=wrong[0]))
        if self.columns and self.kind == "contacts" and self.mode == "changes" and "status" not in self.columns:
            raise ValueError(t('mode = "changes" needs a column status in columns: who is cancelled must be told'))
        return self

    @model_validator(mode="after")
    def _each_column_once_and_in_time(self) -> FeedSettings:
        twice = sorted({theirs for theirs in self.columns.values() if [*self.columns.values()].count(theirs) > 1})
        if twice:
            raise ValueError(t("columns: {theirs} is taken twice; name it once", theirs=twice[0]))
        if self.kind == "contacts" and seconds_of(self.every) > seconds_of(self.max_age):
            raise ValueError(t("every is longer than max_age: the campaign would wait for each run"))
        return self


def one_feed_a_campaign(feeds: dict[str, FeedSettings]) -> dict[str, FeedSettings]:
    """Raises ValueError when two feeds bring contacts of one campaign."""
    campaigns = [feed.campaign for feed in feeds.values() if feed.campaign]
    if twice := sorted({name for name in campaigns if campaigns.count(name) > 1}):
        raise ValueError(t("two feeds bring contacts of {campaign}; a campaign has one", campaign=twice[0]))
    return feeds
