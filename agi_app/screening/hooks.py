"""What the dialplan asks us about calls: the hooks ``screen``, ``report`` and ``dialled``.

``screen`` says what happens to a call that comes in. Arguments: our number, and what STIR/SHAKEN found
(``Verification passed/A``). It sets ``AGI_APP_ACTION`` last: a channel which loses us half-way has no action and rings.
"""

from __future__ import annotations

from agi_app.guard.call import Stir
from agi_app.guard.case import Action
from agi_app.monitoring.measures import Measures
from agi_app.pbx.agi.server import AgiSession
from agi_app.screening.call_follow_up import Follow
from agi_app.screening.challenge import new_digits
from agi_app.screening.judge import Question, Screening
from agi_app.screening.opening_words import Openings

_ATTESTED = {"A": Stir.FULL, "B": Stir.PARTIAL, "C": Stir.GATEWAY}


async def screen(
    screening: Screening, follow: Follow, openings: Openings, measures: Measures, session: AgiSession
) -> None:
    """Tell Asterisk what the guard decides about the call, then follow it."""
    request = session.request
    _, called, stir, *_ = (*request.arguments, "", "")
    question = Question(request.caller, called or request.called, request.endpoint, parse_stir(stir))
    with measures.guard_s.time():
        verdict = await screening.judge(question)
    measures.guard.labels(verdict.action.value).inc()
    match verdict.action:
        case Action.MARK:
            await session.set("AGI_APP_PREFIX", screening.settings.mark)
        case Action.CHALLENGE:
            # the mark is for who fails it where there is no mailbox
            await session.set("AGI_APP_PREFIX", screening.settings.mark)
            await session.set("AGI_APP_DIGITS", new_digits())
            await session.set("AGI_APP_FAILED", screening.settings.failed)
    if verdict.kept:
        await session.set("__AGI_APP_CALL", verdict.call_id)  # also the phone that rings has it, to report the call
    await session.set("AGI_APP_ACTION", verdict.action.value)
    session.leave()
    if verdict.kept:
        follow.begin(request.unique_id, verdict.call_id, talks=verdict.action in (Action.ALLOW, Action.MARK))
        openings.begin(request.unique_id, verdict.call_id, verdict.action)


def parse_stir(text: str) -> Stir | None:
    """What the dialplan's STIR_SHAKEN said: result/attestation. Without a signature nothing."""
    result, _, attestation = text.partition("/")
    if result == "Verification passed":
        return _ATTESTED.get(attestation)
    return Stir.FAILED if result in ("Signature failed", "Verification mismatch") else None


async def report(screening: Screening, session: AgiSession) -> None:
    """The person called says of the call that has just ended what it was; thank for it only once it is stored.

    ``fine`` is the appeal for a caller who was taken for a nuisance. Arguments: nuisance or fine, nothing, the call.
    Its id is random and known to the phone that rang only.
    """
    _, word, _, call_id, *_ = (*session.request.arguments, "", "", "")
    if word in ("nuisance", "fine") and call_id and await screening.vote(call_id, word == "nuisance"):
        await session.set("AGI_APP_ACTION", "done")


async def dialled(screening: Screening, session: AgiSession) -> None:
    """One of our people dials a number (the argument), so its calls are let through. The call waits for no database."""
    _, number, *_ = (*session.request.arguments, "")
    await session.set("AGI_APP_ACTION", "done")
    session.leave()
    await screening.dialled(number)
