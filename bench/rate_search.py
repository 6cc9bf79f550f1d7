"""The highest rate that succeeds, found by trying: up in steps until one fails, then between the two. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

START, STEP, LEAST, MOST = 60, 1.5, 10, 300  # calls a second
CLOSE = 1.07  # so near to the lowest rate that failed is near enough


@dataclass(slots=True)
class RateSearch:
    """What to try next. A rate has failed when it did so twice: once may be something else on the machine."""

    passed: int = 0  # the highest rate that succeeded
    failed: float = math.inf  # the lowest that did not
    _missed: set[int] = field(default_factory=set)

    def next(self) -> int | None:
        """The rate to try; None when the search is over."""
        if self.failed == math.inf:
            rate = min(MOST, round(self.passed * STEP)) if self.passed else START
        else:
            rate = round(math.sqrt(self.passed * self.failed)) if self.passed else round(self.failed / STEP)
        again = {missed for missed in self._missed if self.passed < missed < self.failed}
        rate = min(again, default=rate)
        close = self.passed > 0 and self.failed <= self.passed * CLOSE
        return None if close or rate < LEAST or not self.passed < rate < self.failed else rate

    def told(self, rate: int, *, good: bool) -> None:
        """What came of a try."""
        if good:
            self.passed = max(self.passed, rate)
        elif rate in self._missed:
            self.failed = min(self.failed, rate)
        else:
            self._missed.add(rate)
