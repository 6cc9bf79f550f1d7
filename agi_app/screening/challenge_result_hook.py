"""The hook ``challenged``: a caller was asked for a digit. Arguments: passed or failed, nothing, the call."""

from __future__ import annotations

from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.judge import Screening
from agi_app.screening.opening_words import Openings


class Challenged:
    """Remembers who passed, for a month, and who did not."""

    def __init__(self, screening: Screening, openings: Openings) -> None:
        self._screening, self._openings = screening, openings

    async def __call__(self, session: AgiSession) -> None:
        """Let the call go on, then remember."""
        _, result, _, call_id, *_ = (*session.request.arguments, "", "", "")
        if result not in ("passed", "failed") or not call_id:
            return
        if result == "passed":
            self._openings.passed(call_id)
        await session.set("AGI_APP_ACTION", "done")
        session.leave()
        await self._screening.challenged(call_id, result == "passed")
