"""The guard's decision: who always passes, who never does, and what it takes in between."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.guard.call import CallerKind, Endpoint, IncomingCall, Stir, read_caller
from agi_app.guard.case import Action, GuardCase, case_of
from agi_app.guard.decide import GuardDecision, decide, judge
from agi_app.guard.facts import CallerFacts, Recent, ScriptHit, Vote
from agi_app.guard.lists import ListEntry, ListOwner
from agi_app.guard.replay import Replay, pack, replay, unpack_case, unpack_decision
from agi_app.guard.subscriber_settings import Hours, Level, SubscriberSettings
from tests.unit.gate.before_0050 import SCREENED

NOW = dt.datetime(2026, 3, 10, 6, 0, tzinfo=dt.UTC)
CALLER = "+999861380000001"
LETTERS = pytest.mark.attack("row 22: letters that a caller shows are taken for a number")
CALL = IncomingCall(CALLER, CallerKind.PERSON, Endpoint.TRUNK)
STANDARD = SubscriberSettings(zone="Asia/Shanghai")
# A caller of whom nothing good is known, and everything bad.
WORST = CallerFacts(
    recent=Recent(calls_1h=60, lines_1m=6, lines_1h=40, run=9, decoy_lines_1d=5, aborted_1d=9, challenges_failed_1d=5),
    votes=tuple(Vote(f"v{n}", NOW, nuisance=True) for n in range(9)),
    script=ScriptHit("loan", NOW, 30, 0.97),
)


def action(facts: CallerFacts, settings: SubscriberSettings = STANDARD, call: IncomingCall = CALL) -> Action:
    return decide(call, facts, settings, NOW).action


def rules(decision: GuardDecision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


def entry(pattern: str, allow: bool = False, owner: ListOwner = ListOwner.OWN, **more: dt.datetime) -> ListEntry:
    return ListEntry(7, allow, pattern, owner, "cold calls", **more)


def own(*entries: ListEntry) -> SubscriberSettings:
    return replace(STANDARD, lists=entries)


def test_a_stranger_with_nothing_against_it_rings() -> None:
    decision = decide(CALL, CallerFacts(), STANDARD, NOW)
    assert decision.action is Action.ALLOW
    assert rules(decision) == ["first_contact"]


def test_the_worst_caller_is_rejected_and_told_why() -> None:
    decision = decide(CALL, WORST, STANDARD, NOW)
    assert decision.action is Action.REJECT
    assert {"run", "decoys", "votes", "script", "challenge_failed"} <= set(rules(decision))
    assert decision.score == sum(reason.weight for reason in decision.reasons)


@pytest.mark.parametrize(
    ("facts", "settings", "call"),
    [
        (replace(WORST, dialled_at=NOW - dt.timedelta(days=900)), STANDARD, CALL),
        (WORST, own(entry(CALLER, allow=True)), CALL),
        (replace(WORST, lists=(entry("+99986*", allow=True, owner=ListOwner.SITE),)), STANDARD, CALL),
        (WORST, STANDARD, replace(CALL, endpoint=Endpoint.INTERNAL)),
    ],
)
def test_dialled_allowed_and_internal_pass_whatever_speaks_against_them(
    facts: CallerFacts, settings: SubscriberSettings, call: IncomingCall
) -> None:
    for level in Level:
        blocked = (*settings.lists, entry(CALLER), entry("+999*", owner=ListOwner.SITE))
        decision = decide(call, facts, replace(settings, level=level, lists=blocked), NOW)
        assert decision.action is Action.ALLOW
        assert "block_overruled" in rules(decision)


def test_an_internal_caller_number_on_a_trunk_is_no_internal_call() -> None:
    assert action(WORST, call=replace(CALL, caller="8002")) is Action.REJECT


def test_ones_own_block_list_rejects_alone() -> None:
    for pattern in (CALLER, "+99986138*", "+999861380000000-+999861380000999"):
        decision = decide(CALL, CallerFacts(), own(entry(pattern)), NOW)
        assert (decision.action, rules(decision)) == (Action.REJECT, ["block_list"])
        assert "cold calls" in decision.text()
    assert action(CallerFacts(), own(entry("+99986139*"))) is Action.ALLOW
    assert action(CallerFacts(), own(entry(CALLER, expires_at=NOW))) is Action.ALLOW
    assert action(CallerFacts(talked=True), own(entry(CALLER))) is Action.REJECT


def test_a_shared_list_is_a_hint_only() -> None:
    hint = replace(CallerFacts(), lists=(entry(CALLER, owner=ListOwner.SHARED),))
    assert action(hint) is Action.CHALLENGE
    assert action(replace(WORST, lists=(entry(CALLER, allow=True, owner=ListOwner.SHARED),))) is Action.REJECT


def test_withheld_numbers_can_be_blocked() -> None:
    hidden = replace(CALL, caller=None, caller_kind=CallerKind.WITHHELD)
    assert action(CallerFacts(), own(entry("withheld")), hidden) is Action.REJECT
    assert action(CallerFacts(), STANDARD, hidden) is Action.ALLOW
    assert action(CallerFacts(), own(entry("withheld"))) is Action.ALLOW


@pytest.mark.parametrize(
    "recent",
    [
        Recent(run=50, lines_1m=50, lines_1h=50, lines_1d=400, calls_1h=400, at_once=50, sweep=50),
        Recent(decoy_lines_1d=50, decoys_1d=90),
        Recent(aborted_1d=90, quick_retries_1d=90),
        Recent(challenges_failed_1d=90),
    ],
)
def test_one_signal_alone_never_rejects_however_strong(recent: Recent) -> None:
    for level in Level:
        assert action(CallerFacts(recent=recent), replace(STANDARD, level=level)) is not Action.REJECT
    assert action(CallerFacts(recent=recent, block_10=9.0, block_100=99.0), replace(STANDARD, level=Level.STRICT)) in (
        Action.REJECT,
        Action.VOICEMAIL,
        Action.CHALLENGE,
    )


def test_weak_signals_do_not_add_up_to_a_rejection() -> None:
    for recent in (Recent(run=3, decoy_lines_1d=1), Recent(run=3, aborted_1d=3, challenges_failed_1d=2)):
        assert action(CallerFacts(recent=recent, block_10=1.0)) is Action.CHALLENGE


def test_what_others_do_is_no_second_signal() -> None:
    for others in (
        CallerFacts(recent=Recent(decoy_lines_1d=2, sweep=9)),
        CallerFacts(recent=Recent(run=9), block_10=9.0),
    ):
        assert action(others) is Action.VOICEMAIL


def test_neighbours_alone_challenge_at_most() -> None:
    for level in (Level.STANDARD, Level.STRICT):
        assert action(CallerFacts(block_10=9.0, block_100=99.0), replace(STANDARD, level=level)) is Action.CHALLENGE


def test_whoever_passed_a_challenge_is_marked_at_most_for_a_month() -> None:
    assert action(replace(WORST, passed_at=NOW - dt.timedelta(days=29))) is Action.MARK
    assert action(replace(WORST, passed_at=NOW - dt.timedelta(days=31))) is Action.REJECT
    assert action(replace(CallerFacts(), passed_at=NOW), own(entry(CALLER))) is Action.REJECT


def test_levels_act_the_sooner_the_stricter_they_are() -> None:
    for facts in (
        WORST,
        CallerFacts(),
        CallerFacts(recent=Recent(run=3)),
        CallerFacts(recent=Recent(decoy_lines_1d=1)),
    ):
        order = list(Action)
        found = [order.index(action(facts, replace(STANDARD, level=level))) for level in Level]
        assert found == sorted(found)
    assert action(WORST, replace(STANDARD, level=Level.NOTICE)) is Action.MARK
    assert action(CallerFacts(), replace(STANDARD, level=Level.STRICT)) is Action.CHALLENGE


def test_off_and_outside_its_hours_everything_rings() -> None:
    assert action(WORST, replace(own(entry(CALLER)), enabled=False)) is Action.ALLOW
    office = Hours(dt.time(9), dt.time(13))  # it is Tuesday 14:00 in Shanghai
    night = Hours(dt.time(22), dt.time(15), days=(0,))  # from Monday evening into Tuesday
    assert action(WORST, replace(STANDARD, hours=(office,))) is Action.ALLOW
    assert action(WORST, replace(STANDARD, hours=(office, night))) is Action.REJECT


def test_without_a_mailbox_the_caller_is_asked_instead() -> None:
    facts = CallerFacts(recent=Recent(run=9, lines_1m=5))
    assert action(facts) is Action.VOICEMAIL
    assert action(facts, replace(STANDARD, voicemail=False)) is Action.CHALLENGE


def test_a_signature_is_one_input_and_never_a_verdict() -> None:
    assert action(CallerFacts(), call=replace(CALL, stir=Stir.FAILED)) is Action.CHALLENGE
    assert action(WORST, call=replace(CALL, stir=Stir.FULL)) is Action.REJECT


def test_a_decision_is_made_again_to_the_byte_from_inputs_without_a_number() -> None:
    settings = own(entry("+99986139*"), entry("+99986138*", owner=ListOwner.SITE))
    for facts in (WORST, CallerFacts(), replace(WORST, dialled_at=NOW)):
        for chosen in (STANDARD, settings):
            case = case_of(CALL, facts, chosen, NOW.astimezone(dt.timezone(dt.timedelta(hours=8))))
            inputs, stored = pack(case), pack(judge(case))
            assert CALLER.encode() not in inputs + stored
            assert unpack_case(inputs) == case
            assert inputs == pack(case_of(CALL, facts, chosen, NOW))  # whatever zone the clock is in
            assert replay(inputs, stored) is Replay.SAME
            assert pack(unpack_decision(stored)) == stored


def test_a_changed_row_is_found() -> None:
    case = case_of(CALL, WORST, STANDARD, NOW)
    stored = pack(judge(case))
    milder: GuardCase = replace(case, recent=Recent())
    assert replay(pack(milder), stored) is Replay.DIFFERENT
    other = pack(replace(judge(case), version="0.0"))
    assert replay(pack(case), other) is Replay.OTHER_VERSION


@pytest.mark.parametrize(("inputs", "stored"), SCREENED)
def test_a_row_with_sentences_instead_of_values_is_told_and_made_again(inputs: str, stored: str) -> None:
    """Those of before migration 0050; a change of a sentence is seen."""
    found = unpack_decision(stored)
    again = judge(unpack_case(inputs))
    assert found.text() == again.text()
    assert found.text("zh") == again.text("zh")
    assert replay(inputs, stored) is Replay.SAME
    for change in ('"en":"', '"en":"not '), ('"zh":"', '"zh":"不'), ('"action":"reject"', '"action":"allow"'):
        assert replay(inputs, stored.replace(*change, 1)) is Replay.DIFFERENT, change


def test_a_decision_speaks_both_languages() -> None:
    decision = decide(CALL, WORST, STANDARD, NOW)
    assert decision.text("zh-CN").startswith("拒接：首次来电 (+10)；按顺序连续拨打了我方 9 个号码 (+60)")
    assert decision.text().startswith("reject: calls for the first time (+10); called 9 of our numbers in a row")


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(07700) 900-001", "GB", ("+447700900001", CallerKind.PERSON)),
        ("+999861380000001", None, (CALLER, CallerKind.PERSON)),
        ("95588", "CN", ("95588", CallerKind.SERVICE)),
        ("400 810 0000", "CN", ("+864008100000", CallerKind.SERVICE)),
        ("+12", None, ("12", CallerKind.INVALID)),
        ("00000000000", "CN", ("00000000000", CallerKind.INVALID)),
        ("anonymous", "CN", (None, CallerKind.WITHHELD)),
        ("", "CN", (None, CallerKind.WITHHELD)),
        (None, None, (None, CallerKind.WITHHELD)),
        ("sip:x9y", "CN", (None, CallerKind.INVALID)),
        pytest.param("1-800-FLOWERS", "US", (None, CallerKind.INVALID), marks=LETTERS),
        pytest.param("+1800FLOWERS", "US", (None, CallerKind.INVALID), marks=LETTERS),
        pytest.param("Clinic 2015550101", "US", (None, CallerKind.INVALID), marks=LETTERS),
        pytest.param("2015550101x5", "US", (None, CallerKind.INVALID), marks=LETTERS),
        pytest.param("Clinic", "US", (None, CallerKind.WITHHELD), marks=LETTERS),
    ],
)
def test_what_a_caller_number_is(text: str | None, region: str | None, expected: tuple[str | None, CallerKind]) -> None:
    assert read_caller(text, region) == expected
