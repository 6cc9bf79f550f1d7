"""What happened to a call that nobody answered: one table of the SIP status and the Q.850 cause. Pure.

The status decides (RFC 3261); one that is not known counts as the x00 of its class (8.1.3.2). Statuses into which
gateways translate many causes (RFC 3398, 7.2.4.1) are refined by the cause, where Asterisk hands on the far end's:
up to 22.8 and 20.18 it does, later it makes one of the status, which says nothing new. 20.16 and 22.6 tell no status.
"""

from __future__ import annotations

from typing import NamedTuple

from agi_app.model.call import Fault, Outcome


class Told(NamedTuple):
    """An outcome, and whether a fault of ours is behind it."""

    outcome: Outcome
    fault: Fault | None = None


BUSY = Told(Outcome.BUSY)
DECLINED = Told(Outcome.REJECTED)
NO_SUCH_NUMBER = Told(Outcome.INVALID_NUMBER)
CONGESTED = Told(Outcome.CONGESTION)
REDIRECTED = Told(Outcome.FAILED)  # nobody dials where it leads to
ODD = Told(Outcome.FAILED, Fault.LIKELY_OURS)  # the far end finds fault with what we ask for
WE_ARE_REFUSED = Told(Outcome.FAILED, Fault.OURS)
FORBIDDEN = Told(Outcome.FAILED, Fault.LIKELY_OURS)  # or, when it rang before, DECLINED
NOBODY = None  # not reached, and no more is said

_BY_CLASS = {3: REDIRECTED, 4: ODD, 5: CONGESTED, 6: BUSY}  # what 300, 400, 500 and 600 mean
_BY_STATUS: dict[int, Told | None] = {
    401: WE_ARE_REFUSED,
    402: WE_ARE_REFUSED,
    407: WE_ARE_REFUSED,
    403: FORBIDDEN,
    404: NO_SUCH_NUMBER,
    410: NO_SUCH_NUMBER,
    484: NO_SUCH_NUMBER,
    485: NO_SUCH_NUMBER,
    604: NO_SUCH_NUMBER,
    408: NOBODY,
    480: NOBODY,
    487: NOBODY,
    486: BUSY,
    501: ODD,
    505: ODD,
    513: ODD,
    603: DECLINED,
    606: DECLINED,
    607: DECLINED,
    608: DECLINED,
}
# What a cause of the far end's own means; one that is not here says nothing.
_BY_CAUSE: dict[int, Told | None] = {
    **dict.fromkeys((1, 2, 3, 22, 26, 28), NO_SUCH_NUMBER),
    17: BUSY,
    **dict.fromkeys((18, 19, 20, 31), NOBODY),
    21: DECLINED,
    23: REDIRECTED,
    **dict.fromkeys((27, 34, 38, 41, 42, 47, 58, 88, 102, 111), CONGESTED),
    **dict.fromkeys((29, 65, 70, 79), ODD),
    **dict.fromkeys((55, 57, 87), FORBIDDEN),
}
_WITHOUT_STATUS: dict[int, Told | None] = {  # where it can be what Asterisk made of several
    21: FORBIDDEN,  # 401, 403, 407, 603
    127: ODD,  # most of 4xx, 606 and on
    0: NOBODY,
    16: NOBODY,  # also what is left of a call that we cancelled
}
_TOLD_OF_THE_CALLEE = {404, 410, 484, 485, 486}  # a gateway makes each of one meaning: a cause cannot tell more

# Asterisk 22.10.1, res_pjsip.c, ast_sip_hangup_sip2cause: what it makes of a status.
_MADE = {
    401: 21, 403: 21, 404: 1, 405: 127, 407: 21, 408: 18, 409: 41, 410: 22, 411: 127, 413: 127, 414: 127, 415: 127,
    420: 3, 480: 19, 481: 127, 482: 127, 483: 19, 484: 28, 485: 1, 486: 17, 487: 127, 488: 58, 491: 127, 493: 127,
    500: 38, 501: 29, 502: 27, 503: 34, 504: 102, 505: 127,
}  # fmt: skip
_MADE_BY_CLASS = {4: 127, 5: 34}


def told(status: int | None, cause: int, *, rang: bool) -> Told | None:
    """What a final answer means; None: the person was not reached, and it says no more.

    ``status`` is SIP's, None when Asterisk does not tell it; ``cause`` is Q.850's, 0 for none; ``rang``: 180 or 183.
    """
    if status is None:
        found = _WITHOUT_STATUS[cause] if cause in _WITHOUT_STATUS else _BY_CAUSE.get(cause, CONGESTED)
    elif _says_more(status, cause):
        found = _BY_CAUSE[cause]
    else:
        found = _BY_STATUS[status] if status in _BY_STATUS else _BY_CLASS.get(status // 100)
    return DECLINED if found is FORBIDDEN and rang else found


def _says_more(status: int, cause: int) -> bool:
    """Whether the cause is the far end's own and means more than the status, which a gateway may have made of it."""
    if status // 100 not in (4, 5) or status in _TOLD_OF_THE_CALLEE or _BY_STATUS.get(status) is WE_ARE_REFUSED:
        return False
    return cause in _BY_CAUSE and cause != _MADE.get(status, _MADE_BY_CLASS[status // 100])
