"""What the sweep does with attempts whose worker is gone: asks the attempt machine, attempt by attempt."""

from __future__ import annotations

from collections.abc import Callable

from agi_app.calls import attempt as att
from agi_app.clock import Clock
from agi_app.model.call import CallResult


def sweep_rule(clock: Clock) -> Callable[[str], CallResult | None]:
    """For ``store.sweep``: the result that ends an orphan found in this state, or None to give it back."""

    def rule(state: str) -> CallResult | None:
        _, commands = att.step(att.Attempt(state=att.AttemptState(state)), att.Orphaned(), clock.real_now())
        return next((c.result for c in commands if isinstance(c, att.Finish)), None)

    return rule
