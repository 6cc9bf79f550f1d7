"""The hook ``dialled``: one of our people dials a number, so its calls are let through. Argument: the number."""

from __future__ import annotations

from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.judge import Screening


class Dialled:
    """Remembers numbers that were dialled."""

    def __init__(self, screening: Screening) -> None:
        self._screening = screening

    async def __call__(self, session: AgiSession) -> None:
        """The call must not wait for the database."""
        _, number, *_ = (*session.request.arguments, "")
        await session.set("AGI_APP_ACTION", "done")
        session.leave()
        await self._screening.dialled(number)
