"""The hook ``report``: the person called says of the call that has just ended what it was.

Arguments: nuisance or fine, nothing, the call. Its id is random and known to the phone that rang only.
"""

from __future__ import annotations

from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.judge import Screening


class ReportHook:
    """Takes the word of the person called; ``fine`` is the appeal for a caller who was taken for a nuisance."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening

    async def __call__(self, session: AgiSession) -> None:
        """Thank for it only once it is stored."""
        _, word, _, call_id, *_ = (*session.request.arguments, "", "", "")
        if word in ("nuisance", "fine") and call_id and await self._screening.vote(call_id, word == "nuisance"):
            await session.set("AGI_APP_ACTION", "done")
