"""Where Asterisk is, and the time limits of the connection to it: how much silence ends it, when it is tried again."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AriSettings:
    """Where Asterisk is and who we are there. Times are in seconds."""

    url: str  # http://127.0.0.1:8088/ari
    username: str
    password: str = field(repr=False)  # as it was when the settings were read
    app: str = "agi-app"
    request_timeout: float = 2.0
    connect_timeout: float = 5.0
    heartbeat: float = 2.0  # a connection over which nothing comes for so long is dead; people wait in silence
    http_connections: int = 8
    first_retry: float = 0.1
    longest_retry: float = 0.25  # what waits for the next try is a person, too
    password_file: Path | None = field(
        default=None, repr=False
    )  # read again when Asterisk refuses the password: it may have been changed

    @property
    def authorization(self) -> dict[str, str]:
        """The header that proves who we are; the password never goes into a URL."""
        return self.authorization_by(self.password)

    def authorization_by(self, password: str) -> dict[str, str]:
        """The same with another password."""
        token = base64.b64encode(f"{self.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def password_now(self) -> str:
        """The password as its file has it; without one, or if it cannot be read, as it was. Blocks."""
        try:
            return (self.password_file and self.password_file.read_text("utf-8").strip()) or self.password
        except (OSError, UnicodeDecodeError):
            return self.password

    def address(self, uri: str) -> str:
        """The full address of an ARI resource."""
        return f"{self.url.rstrip('/')}/{uri}"
