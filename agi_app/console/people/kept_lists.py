"""Lists that were sent to be checked, kept in memory for a while, so that nobody has to send them twice.

They show whole numbers: they are on no disk, only who sent one imports it, and a quarter of an hour later it is gone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from agi_app.operations.people.contacts import SentFile

KEPT_S = 15 * 60.0
MOST_BYTES = 64 << 20  # of all together; the oldest go first


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list, whose account sent it, and whether it is a whole one: "" or a value of ``Whole``."""

    sent: SentFile
    account: str
    whole: str
    until: float  # of the monotonic clock


class KeptLists:
    """By the number of the ask that checked, or imported, them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, KeptList] = OrderedDict()

    def keep(self, ask: int, sent: SentFile, account: str, now: float, whole: str = "") -> None:
        """Keep it from ``now`` on."""
        self._forget_old(now)
        self._kept[ask] = KeptList(sent, account, whole, now + KEPT_S)
        while sum(len(one.sent.content) for one in self._kept.values()) > MOST_BYTES:
            self._kept.popitem(last=False)

    def of(self, ask: int, account: str, now: float) -> KeptList | None:
        """The list of this ask, for who sent it; None: it is gone, or of somebody else."""
        self._forget_old(now)
        found = self._kept.get(ask)
        return found if found is not None and found.account == account else None

    def _forget_old(self, now: float) -> None:
        for ask in [ask for ask, one in self._kept.items() if one.until <= now]:
            del self._kept[ask]
