"""What the watchdog of the system tests looks at: all projects with their Asterisks, and one capture of all INVITEs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sandbox.agents import Agents
from sandbox.asterisk import Asterisk
from sandbox.watchdog import Invite, Ledger, invites, read_ledger, unexplained


@dataclass
class Watched:
    """Projects tell their Asterisk and database here; at the end of each module its INVITEs are judged."""

    ports: set[int] = field(default_factory=set)  # SIP ports of Asterisks
    phone_ports: set[int] = field(default_factory=set)
    databases: dict[str, Path] = field(default_factory=dict)  # URL -> data folder with the key
    site_dials: set[str] = field(default_factory=set)  # numbers that a test's own dialplan rings, as a PBX does
    judged_until: float = 0.0

    def add(self, asterisk: Asterisk, phones: list[Agents], database_url: str, data: Path) -> None:
        """From now on this Asterisk and this database are looked at."""
        self.ports.add(asterisk.sip_port)
        self.phone_ports |= {agents.port for agents in phones}
        self.databases[database_url] = data

    def judge(self, capture: Path) -> tuple[list[Invite], list[str]]:
        """All INVITEs since the last time, and those that nothing explains."""
        left = invites(capture, self.ports, self.judged_until)
        seen = [invite for invite in left if invite.request_user not in self.site_dials]
        if not seen:
            return [], []
        self.judged_until = max(invite.at for invite in seen)
        known = [(url, data) for url, data in self.databases.items() if (data / "suppression.key").exists()]
        ledger = sum((read_ledger(url, data) for url, data in known), Ledger())
        return seen, unexplained(seen, ledger, self.phone_ports)


WATCHED = Watched()
