"""The settings of Asterisk: where its REST interface (ARI) is, and how many calls it may make."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

from agi_app.config.trunks import Name
from agi_app.messages import t, template


class AsteriskSettings(BaseModel, extra="forbid", frozen=True):
    """The one Asterisk that this worker drives."""

    url: str = Field(
        "http://127.0.0.1:8088/ari", description=template("ARI address; loopback unless you have a reason")
    )
    username: str = Field("agi-app", description=template("ARI user of ari.conf"))
    password: str = Field("", description=template("ARI password; better: password_file"), repr=False)
    password_file: Path | None = Field(None, description=template("file that holds the ARI password and nothing else"))
    app: Name = Field("agi-app", description=template("name of the Stasis application"))
    entityid: str = Field(
        "", description=template("this Asterisk's own id; default: the entityid that it reports (asterisk.conf)")
    )
    prompts_path: str = Field(
        "/var/lib/agi-app/prompts", description=template("the folder prompts/ of this project as Asterisk sees it")
    )
    request_timeout: float = Field(2.0, gt=0, le=30, description=template("seconds to wait for an answer of ARI"))
    calls_per_second: float | None = Field(
        None, gt=0, le=1000, description=template("the most new calls a second on this Asterisk; default: no limit")
    )
    calls_end_within: float = Field(
        30.0,
        ge=0,
        le=600,
        description=template(
            "seconds that calls in progress may go on when the worker is told to end; then they are hung up; 600, the"
            " longest `max_call`, cuts nobody off"
        ),
    )
    concurrent: int | None = Field(
        None,
        ge=1,
        le=10000,
        description=template("the most calls of campaigns at once on this Asterisk; default: no limit"),
    )

    @field_validator("url")
    @classmethod
    def _url_has_host(cls, value: str) -> str:
        if "@" in value or "＠" in value:
            raise ValueError(t("must not contain a password: use username and password_file"))
        try:
            parts, port = (found := urlsplit(value)), found.port
        except ValueError:  # its own words repeat the address
            parts, port = None, None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ValueError(t("must look like http://127.0.0.1:8088/ari"))
        return value.rstrip("/")
