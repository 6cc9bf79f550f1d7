"""Whose turn it is when several campaigns want more than a trunk or a node can carry. Pure.

Start-time fair queuing (Goyal, Vin, Cheng 1996): a campaign's account grows by calls divided by its priority, and
the one with the smallest account is next. Who wanted nothing for a while comes back with the account of those
who were served meanwhile: nobody saves turns up.
"""

from __future__ import annotations

from collections.abc import Mapping


class Turns:
    """The turns at one thing that is shared: a trunk by campaigns, a node by trunks."""

    def __init__(self) -> None:
        self._accounts: dict[str, float] = {}
        self._served = 0.0  # what the account of the one served last was before

    def next(self, waiting: Mapping[str, float]) -> str:
        """Who is next of those that could start a call now: name -> priority, at least one."""
        name = min(waiting, key=lambda n: (self._account(n), -waiting[n], n))
        self._served = self._account(name)
        return name

    def charge(self, name: str, calls: int, priority: float) -> None:
        """``name`` started so many calls on its turn."""
        self._accounts[name] = self._account(name) + calls / priority

    def _account(self, name: str) -> float:
        return max(self._accounts.get(name, 0.0), self._served)


class DialTurns:
    """First of the trunks, each worth the priorities of its campaigns, then of the campaigns of that trunk."""

    def __init__(self) -> None:
        self._trunks = Turns()
        self._campaigns: dict[str, Turns] = {}
        self._now: tuple[str, float, str, float] | None = None  # trunk, its worth, campaign, its priority

    def next(self, waiting: Mapping[str, tuple[str, float]]) -> str:
        """The campaign whose turn it is, of these: name -> the trunk that it wants, and its priority; at least one."""
        by_trunk: dict[str, dict[str, float]] = {}
        for name, (trunk, priority) in waiting.items():
            by_trunk.setdefault(trunk, {})[name] = priority
        worth = {trunk: sum(campaigns.values()) for trunk, campaigns in by_trunk.items()}
        trunk = self._trunks.next(worth)
        name = self._campaigns.setdefault(trunk, Turns()).next(by_trunk[trunk])
        self._now = trunk, worth[trunk], name, by_trunk[trunk][name]
        return name

    def charge(self, calls: int) -> None:
        """The campaign whose turn it is started so many calls."""
        if self._now is not None:
            trunk, worth, name, priority = self._now
            self._trunks.charge(trunk, calls, worth)
            self._campaigns[trunk].charge(name, calls, priority)
