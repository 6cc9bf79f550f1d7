"""Every final answer of a carrier, against an oracle that is data of the RFCs: 300 to 699, each with every cause.

The oracle reads RFC 3261 (classes and statuses of chapter 21), RFC 3398 (the table of 7.2.4.1: what a gateway makes
of a cause) and three rules of ours on top. Asterisk comes in three kinds, by its source (chan_pjsip.c,
chan_pjsip_session_end; res_pjsip.c, ast_sip_hangup_sip2cause): it tells the cause alone, status and cause, or the
status and a cause that it makes of it.
"""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from agi_app.calls.attempt import (
    Answered,
    Attempt,
    ChannelDestroyed,
    Command,
    Event,
    FarEndRedirected,
    FarEndSpoke,
    Finish,
    Marked,
    NoCommonMedia,
    Progressed,
    Rang,
    step,
)
from agi_app.calls.sip_and_q850_outcomes import told
from agi_app.model.call import CallResult, Fault, Outcome
from agi_app.model.counted_calls import counts

START = dt.datetime(2026, 3, 4, 2, 0, tzinfo=dt.UTC)

# ---- RFC 3261, chapter 21: what a status says of the callee, the network, and us. "none" is nobody reached.
CHAPTER_21 = {
    "redirection": "failed",  # 21.3: the call could succeed elsewhere; nobody dials there
    "request failure": "ours?",  # 21.4: the request must be modified
    "server failure": "congestion",  # 21.5
    "global failure": "busy",  # 21.6.1, 600
}
CLASSES = {3: "redirection", 4: "request failure", 5: "server failure", 6: "global failure"}
STATUSES = {
    401: "ours", 402: "ours", 407: "ours",  # 21.4.2, 21.4.3, 21.4.8: authorization and payment
    403: "forbidden",  # 21.4.4
    404: "no number", 410: "no number", 484: "no number", 485: "no number",  # 21.4.5, 21.4.10, 21.4.22, 21.4.23
    604: "no number",  # 21.6.3
    408: "none", 480: "none", 487: "none",  # 21.4.9, 21.4.18, 21.4.25
    486: "busy", 600: "busy",  # 21.4.24, 21.6.1
    501: "ours?", 505: "ours?", 513: "ours?",  # 21.5.2, .6, .7: a request that the server does not support
    603: "declined", 606: "declined", 607: "declined", 608: "declined",  # 21.6.2, 21.6.4; RFC 8197; RFC 8688
}  # fmt: skip

# ---- RFC 3398, 7.2.4.1: cause to status.
GATEWAY = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502, 28: 484,
    29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488, 70: 488,
    79: 501, 87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip
OURS = {
    21: "declined",
    23: "failed",
}  # 3398: 603 where a user rejects (a note there); a redirection is one (RFC 5 above)
SAYS_NOTHING = {127}  # "interworking": the gateway does not know either

# A status that says it all: no cause is asked. Statuses of authorization are the next hop's, never a gateway's.
PLAIN = {404, 410, 484, 485, 486, 401, 402, 407}

# ---- What Asterisk makes of a status; read_of_it is what 20.16 and 22.6 leave us of it.
SIP2CAUSE = {
    401: 21, 403: 21, 404: 1, 405: 127, 407: 21, 408: 18, 409: 41, 410: 22, 411: 127, 413: 127, 414: 127, 415: 127,
    420: 3, 480: 19, 481: 127, 482: 127, 483: 19, 484: 28, 485: 1, 486: 17, 487: 127, 488: 58, 491: 127, 493: 127,
    500: 38, 501: 29, 502: 27, 503: 34, 504: 102, 505: 127, 600: 17, 603: 21, 604: 1, 606: 58,
}  # fmt: skip


def made(status: int) -> int:
    """As Asterisk."""
    return SIP2CAUSE.get(status, {3: 16, 4: 127, 5: 34, 6: 127}[status // 100])


def by_status(status: int) -> str:
    return STATUSES.get(status, CHAPTER_21[CLASSES[status // 100]])


def by_cause(cause: int) -> str:
    return OURS.get(cause, by_status(GATEWAY[cause]))


def oracle(status: int, reason: int) -> str:
    """By an Asterisk that tells both; ``reason`` is the cause that the far end named, 0 for none."""
    refined = status // 100 in (4, 5) and status not in PLAIN
    if refined and reason in GATEWAY and reason not in SAYS_NOTHING and reason != made(status):
        return by_cause(reason)
    return by_status(status)


def oracle_without_status(cause: int) -> str:
    """By one that tells a cause alone; several statuses come down to 21 and 127, and 16 is no answer at all."""
    special = {0: "none", 16: "none", 21: "forbidden", 127: "ours?"}
    return special.get(cause) or (by_cause(cause) if cause in GATEWAY else by_status(500))


def named(outcome: str, *, rang: bool) -> tuple[str, Fault | None] | None:
    """In agi-app's words: the outcome and whose fault it is."""
    if outcome == "none":
        return None
    if outcome == "forbidden":
        return ("rejected", None) if rang else ("failed", Fault.LIKELY_OURS)
    return {
        "ours": ("failed", Fault.OURS),
        "ours?": ("failed", Fault.LIKELY_OURS),
        "no number": ("invalid_number", None),
        "declined": ("rejected", None),
    }.get(outcome, (outcome, None))


@pytest.mark.parametrize("rang", [False, True])
def test_every_status_with_every_cause_is_what_the_rfcs_say(rang: bool) -> None:
    wrong = []
    for status, reason in itertools.product(range(300, 700), range(128)):
        want = named(oracle(status, reason), rang=rang)
        if (got := told(status, reason or made(status), rang=rang)) != want:
            wrong.append((status, reason, got, want))
    assert wrong == []


@pytest.mark.parametrize("rang", [False, True])
def test_from_22_9_on_the_cause_says_no_more_than_the_status(rang: bool) -> None:
    for status in range(300, 700):
        cause = 23 if status == 302 else made(status)
        assert told(status, cause, rang=rang) == named(by_status(status), rang=rang), status


@pytest.mark.parametrize("rang", [False, True])
def test_without_a_status_the_cause_says_what_it_can(rang: bool) -> None:
    for cause in range(128):
        assert told(None, cause, rang=rang) == named(oracle_without_status(cause), rang=rang), cause
    for status in range(400, 700):  # whatever was made of a status: never more than it, and nobody is burnt by us
        found = told(None, made(status), rang=False)
        if by_status(status) in ("ours", "ours?", "forbidden"):
            assert found is None or found.outcome not in (Outcome.REJECTED, Outcome.BUSY, Outcome.NO_ANSWER), status


def ended(*events: Event, seconds: float = 2.0) -> CallResult:
    attempt = Attempt()
    commands: tuple[Command, ...] = ()
    for number, event in enumerate([Marked(), *events]):
        attempt, commands = step(attempt, event, START + dt.timedelta(seconds=number * seconds))
    (finish,) = [c for c in commands if isinstance(c, Finish)]
    return finish.result


@pytest.mark.parametrize("status", [401, 402, 403, 407])
def test_a_carrier_that_refuses_us_uses_up_nobodys_cap_unless_the_phone_rang(status: int) -> None:
    refused = ended(FarEndSpoke(), ChannelDestroyed(21, status))
    assert (refused.outcome, counts(refused)) == (Outcome.FAILED, False)
    assert refused.fault is (Fault.LIKELY_OURS if status == 403 else Fault.OURS)
    for sign in (Rang(), Progressed()):
        assert counts(ended(sign, FarEndSpoke(), ChannelDestroyed(21, status)))


@pytest.mark.parametrize("status", range(300, 400))
def test_a_redirection_is_failed_and_nobodys_fault(status: int) -> None:
    for cause in (16, 23):
        result = ended(FarEndSpoke(), ChannelDestroyed(cause, status))
        assert (result.outcome, counts(result), result.fault) == (Outcome.FAILED, False, None)
    rang = ended(Rang(), FarEndSpoke(), ChannelDestroyed(23, status))
    assert (rang.outcome, counts(rang)) == (Outcome.FAILED, True)


def test_before_22_9_a_redirection_is_known_by_the_dial_event_alone() -> None:
    result = ended(FarEndRedirected(), FarEndSpoke(), ChannelDestroyed(127, 487))
    assert (result.outcome, counts(result), result.fault) == (Outcome.FAILED, False, None)
    assert ended(Rang(), FarEndSpoke(), ChannelDestroyed(127, 487)).outcome is Outcome.NO_ANSWER


def test_what_a_gateway_says_by_cause_is_heard_where_asterisk_hands_it_on() -> None:
    assert ended(FarEndSpoke(), ChannelDestroyed(17, 503)).outcome is Outcome.BUSY
    assert ended(FarEndSpoke(), ChannelDestroyed(1, 480)).outcome is Outcome.INVALID_NUMBER
    assert ended(FarEndSpoke(), ChannelDestroyed(34, 503)).outcome is Outcome.CONGESTION
    assert ended(FarEndSpoke(), ChannelDestroyed(19, 480)).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize("status", [600, 603, 604, 606, 607, 608, 609, 699])
def test_a_global_failure_is_never_tried_again_as_if_the_network_was_busy(status: int) -> None:
    """For each it counts, or no such number exists."""
    result = ended(FarEndSpoke(), ChannelDestroyed(127, status))
    assert result.outcome in (Outcome.BUSY, Outcome.REJECTED, Outcome.INVALID_NUMBER)
    assert counts(result) or result.outcome is Outcome.INVALID_NUMBER


def test_an_answer_without_media_is_one_outcome_however_it_lacks_it() -> None:
    """By Asterisk 22.10: `m=audio 0` and a codec not offered; no session description at all."""
    port_zero = ended(NoCommonMedia(), ChannelDestroyed(58, 488))
    no_description = ended(Answered(), FarEndSpoke(), ChannelDestroyed(127, 406), seconds=0.1)
    for result in (port_zero, no_description):
        assert (result.outcome, counts(result), result.answered_at is not None) == (Outcome.NO_MEDIA, True, True)
    assert ended(FarEndSpoke(), ChannelDestroyed(58, 488)).outcome is Outcome.FAILED, "a 488 is no answer"


@pytest.mark.parametrize("cause", range(128))
def test_an_answered_call_stays_answered_whatever_cause_ends_it(cause: int) -> None:
    assert ended(Answered(), FarEndSpoke(), ChannelDestroyed(cause, None)).outcome is Outcome.ANSWERED


def test_32_seconds_without_any_reply_are_a_dead_trunk_not_a_person() -> None:
    """Asterisk says 408 itself then (RFC 3261, timer B), as if the far end had."""
    assert ended(FarEndSpoke(), ChannelDestroyed(18, 408), seconds=16.0).outcome is Outcome.TRUNK_SILENT
    assert ended(FarEndSpoke(), ChannelDestroyed(18, 408), seconds=5.0).outcome is Outcome.NO_ANSWER
