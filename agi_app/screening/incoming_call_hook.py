"""The hook ``screen``: a call comes in, what happens to it?

Arguments: our number, and what STIR/SHAKEN found (``Verification passed/A``). It sets ``AGI_APP_ACTION`` last,
so that a channel which loses us half-way has no action and rings.

A challenge has two digits, said after one another, and two tries, each with its own digits: who keys the same digits
at every call is put through once in some dozens of calls.
"""

from __future__ import annotations

import secrets

from agi_app.guard.call import Stir
from agi_app.guard.case import Action
from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.call_follow_up import Follow
from agi_app.screening.judge import Question, Screening
from agi_app.screening.opening_words import Openings

TRIES = 2
# What is asked for: two digits, not the same and no neighbours, for such are what machines press blindly (11, 12, 21).
PAIRS = tuple(f"{a}{b}" for a in range(10) for b in range(10) if abs(a - b) > 1)
_ATTESTED = {"A": Stir.FULL, "B": Stir.PARTIAL, "C": Stir.GATEWAY}


class Screen:
    """Answers by the guard's decision."""

    def __init__(self, screening: Screening, follow: Follow, openings: Openings) -> None:
        self._screening, self._follow, self._openings = screening, follow, openings

    async def __call__(self, session: AgiSession) -> None:
        """Tell Asterisk what to do with the call, then follow it."""
        request = session.request
        _, called, stir, *_ = (*request.arguments, "", "")
        question = Question(request.caller, called or request.called, request.endpoint, parse_stir(stir))
        verdict = await self._screening.judge(question)
        settings = self._screening.settings
        match verdict.action:
            case Action.MARK:
                await session.set("AGI_APP_PREFIX", settings.mark)
            case Action.CHALLENGE:
                await session.set("AGI_APP_PREFIX", settings.mark)  # of who fails it where there is no mailbox
                await session.set("AGI_APP_DIGITS", "".join(secrets.SystemRandom().sample(PAIRS, TRIES)))
                await session.set("AGI_APP_FAILED", settings.failed)
        if verdict.kept:
            await session.set("__AGI_APP_CALL", verdict.call_id)  # also the phone that rings has it, to report the call
        await session.set("AGI_APP_ACTION", verdict.action.value)
        session.leave()
        if verdict.kept:
            self._follow.begin(request.unique_id, verdict.call_id, talks=verdict.action in (Action.ALLOW, Action.MARK))
            self._openings.begin(request.unique_id, verdict.call_id, verdict.action)


def parse_stir(text: str) -> Stir | None:
    """What the dialplan's STIR_SHAKEN said: result/attestation. Without a signature nothing."""
    result, _, attestation = text.partition("/")
    if result == "Verification passed":
        return _ATTESTED.get(attestation)
    return Stir.FAILED if result in ("Signature failed", "Verification mismatch") else None
