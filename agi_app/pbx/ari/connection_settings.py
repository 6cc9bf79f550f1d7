"""Where Asterisk is, and the time limits of the connection to it: how much silence ends it, when it is tried again."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AriSettings:
    """Where Asterisk is and who we are there. Times are in seconds."""

    url: str  # http://127.0.0.1:8088/ari
    username: str
    password: str = field(repr=False)
    app: str = "agi-app"
    request_timeout: float = 2.0
    connect_timeout: float = 5.0
    heartbeat: float = 2.0  # a connection over which nothing comes for so long is dead; people wait in silence
    http_connections: int = 8
    first_retry: float = 0.1
    longest_retry: float = 0.25  # what waits for the next try is a person, too

    @property
    def authorization(self) -> dict[str, str]:
        """The header that proves who we are; the password never goes into a URL."""
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def address(self, uri: str) -> str:
        """The full address of an ARI resource."""
        return f"{self.url.rstrip('/')}/{uri}"
