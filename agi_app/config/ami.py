"""The settings of the manager interface (AMI), over which we only look and listen: keys, registrations, queues."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from agi_app.messages import template


class AmiSettings(BaseModel, extra="forbid", frozen=True):
    """Asterisk's manager interface: a worker hears there that a key goes down, and calls nobody while it cannot."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description=template("address of the manager interface; the password is sent to it unencrypted"),
    )
    port: int = Field(5038, ge=1, le=65535, description=template("TCP port, as in manager.conf"))
    username: str = Field(
        "", description=template("user of manager.conf, with read = dtmf,system,reporting; empty: nobody is called")
    )
    password: str = Field("", description=template("secret of that user; better: password_file"), repr=False)
    password_file: Path | None = Field(None, description=template("file that holds the secret and nothing else"))
    timeout: float = Field(3.0, gt=0, le=30, description=template("seconds to wait for a whole answer"))
    every: float = Field(5.0, ge=1, le=300, description=template("seconds between two checks"))
    queues: tuple[str, ...] = Field((), description=template("queues of queues.conf that doctor looks at"))
