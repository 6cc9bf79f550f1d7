"""The gate of rehearsals, and what a rehearsal tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from agi_app.dialer.requested_calls.rehearsal import Story, keep_nothing
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.engine import commands as cmd
from agi_app.flow.engine import events
from agi_app.gate.decide import Decision
from agi_app.gate.facts import ProofFact
from agi_app.gate.rehearsal import REHEARSALS_PER_DAY, RehearsalFacts, decide_rehearsal
from tests.unit.gate_cases import DAY, NOW, SECOND, YEAR, ruleset

PHONE, SHOWN = "+999861380005501", "+999862155500002"
PROOF = ProofFact(PHONE, "rehearsal", NOW + 90 * DAY)
FACTS = RehearsalFacts(
    person_id=7,
    number=PHONE,
    shown=None,
    shown_proof=None,
    trunk="phone",
    suppressed_at=None,
    recent_calls=(),
    phone_proof=PROOF,
)


def judge(now: dt.datetime = NOW, *, sandbox: bool = True, **changes: object) -> Decision:
    """The answer about a rehearsal that may be held, with ``changes`` to its facts."""
    return decide_rehearsal(replace(FACTS, **changes), sandbox, ruleset(), now)  # type: ignore[arg-type]


def test_a_proved_telephone_in_calling_hours() -> None:
    decision = judge()
    assert (decision.allowed, decision.caller_id, decision.contact_id) == (True, PHONE, 0)
    assert judge(phone_proof=msgspec.structs.replace(PROOF, kind="call")).allowed, (
        "a caller ID that a call proved is a telephone of ours"
    )


@pytest.mark.parametrize(
    ("proof", "rule"),
    [
        (None, "phone_unproved"),
        (msgspec.structs.replace(PROOF, kind="letter"), "phone_unproved"),  # says nothing of who answers there
        (msgspec.structs.replace(PROOF, number=SHOWN), "phone_unproved"),
        (msgspec.structs.replace(PROOF, expires_at=NOW), "phone_proof_expired"),
    ],
    ids=["none", "letter", "of another number", "expired"],
)
def test_a_telephone_that_nobody_proved_is_not_rung(proof: ProofFact | None, rule: str) -> None:
    assert judge(phone_proof=proof).rules == (rule,)


def test_window_suppression_and_trunk_bind_as_for_everybody() -> None:
    assert judge(NOW + dt.timedelta(hours=11)).rules == ("window_jurisdiction",)
    assert judge(suppressed_at=NOW - YEAR).rules == ("suppressed",)
    assert judge(sandbox=False).rules == ("number_reserved",)


@pytest.mark.parametrize(("kind", "allowed"), [("letter", True), ("call", True), ("rehearsal", False)])
def test_only_a_proved_caller_id_is_shown(kind: str, allowed: bool) -> None:
    decision = judge(shown=SHOWN, shown_proof=ProofFact(SHOWN, kind, NOW + YEAR))
    assert (decision.allowed, decision.caller_id) == (allowed, SHOWN)


def test_so_many_a_day_on_one_telephone() -> None:
    calls = tuple(NOW - DAY + (n + 1) * SECOND for n in range(REHEARSALS_PER_DAY))
    refused = judge(recent_calls=calls)
    assert refused.rules == ("rehearsals_per_day",)
    assert refused.try_again_at == NOW + SECOND
    assert judge(recent_calls=calls[1:]).allowed


def test_it_tells_the_call_in_the_words_of_simulate() -> None:
    story = Story({("en", "ask"): PromptFacts(True, "Press 1\nto confirm.")})
    for what in (
        cmd.PlayPrompt("p1", "ask", "en"),
        events.KeyPressed("1"),
        cmd.StopPlayback("p1"),
        cmd.SaveAnswer("answer", "yes"),
        cmd.StartTransfer("t1", "desk", 20.0, None, "en"),
        events.TransferEnded("t1", "busy"),
        cmd.Hangup("hangup"),
    ):
        story.watch(what)
    assert story.lines == [
        "plays ask (en): Press 1 to confirm.",
        "> 1",
        "the prompt stops",
        "saves answer = yes",
        "transfers to desk, at most 20 s of ringing",
        "the transfer is over: busy",
        "hangs up (hangup)",
    ]
    assert story.hung_up


@pytest.mark.parametrize(
    ("heard", "line"),
    [
        (Heard("yes please", 0.9), "> yes please"),
        (Heard("yes", 0.2, "unsure"), "> yes (heard badly)"),
        (Heard("", 0.0, "noise"), "nothing was understood: noise"),
        (Heard("", 0.0, "late"), "nothing was understood: late"),
    ],
)
def test_it_tells_what_was_heard(heard: Heard, line: str) -> None:
    story = Story({})
    story.watch(events.Listened("l1", heard))
    assert story.lines == [line]


def test_nothing_that_is_said_in_a_rehearsal_is_kept() -> None:
    """The flow goes on as if it were: a second of sound, and no file."""
    kept = keep_nothing("remark", "message", bytes(16000))
    assert (kept.name, kept.sha256, kept.seconds) == ("remark", "", 1.0)
