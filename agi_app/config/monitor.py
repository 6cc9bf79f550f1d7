"""The settings of what a worker tells those who watch it: health and figures."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, Field


class MonitorSettings(BaseModel, extra="forbid", frozen=True):
    """Health and figures of `agi-app run`, without a token (docs/how-to/monitor.md)."""

    host: str = Field("127.0.0.1", min_length=1, description="address on which a worker serves /health and /metrics")
    port: int = Field(8712, ge=0, le=65535, description="its TCP port; 0: the worker serves neither")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
