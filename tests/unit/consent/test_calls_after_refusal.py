"""A person's story in plain words: the seconds and calls after a refusal, in English and Chinese."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.person_record_text import story
from agi_app.consent.person_record_words import SENTENCES, Language
from agi_app.gate.case import Reason
from agi_app.gate.facts import ListState
from agi_app.store.people.history import (
    OtherNumber,
    PersonCall,
    PersonContact,
    PersonHistory,
    RefusedLegs,
    StoredConsent,
    StoredRevocation,
    StoredSuppression,
)

NUMBER, OTHER, OURS = "+999861380000001", "+999861380000002", "+99986210000001"
NOON = dt.datetime(2026, 3, 3, 4, 0, tzinfo=dt.UTC)  # in Shanghai
AHEAD = dt.timedelta(days=-200)  # real time minus rules time, as in a sandbox
WORDS = "我同意阳光口腔用自动语音电话提醒我。"

CONSENT = StoredConsent(
    consent_id=1,
    purpose="transactional",
    wording=WORDS,
    wording_id=4,
    wording_label="form/2",
    seller="Sunshine Dental",
    method="signed form",
    given_at=dt.datetime(2026, 2, 1, 1, 30, tzinfo=dt.UTC),
    source="reception desk",
    language="zh-CN",
    evidence="folder 12",
    evidence_file="form.pdf",
    evidence_sha256="ab" * 32,
    expires_at=None,
    entered_by="wang",
    recorded_by="wang",
    recorded_at=NOON + AHEAD,
    revoked_at=None,
)


def call(after_s: float, lasts_s: float = 30, purpose: str = "transactional", number: str = NUMBER) -> PersonCall:
    """A call that began so many seconds after noon."""
    at = NOON + dt.timedelta(seconds=after_s)
    return PersonCall(
        attempt_id=f"a{after_s}",
        number=number,
        campaign="march",
        purpose=purpose,
        caller_id=OURS,
        rules_at=at,
        marked_at=at + AHEAD,
        ringing_at=None,
        answered_at=at + AHEAD + dt.timedelta(seconds=5),
        ended_at=at + AHEAD + dt.timedelta(seconds=lasts_s),
        outcome="human",
        disposition="confirmed",
        state="ended",
    )


def refusal(
    after_s: float = 0, purpose: str | None = None, entered_after_s: float = 0, **said: Any
) -> StoredRevocation:
    """A refusal that was said so many seconds after noon."""
    at = NOON + dt.timedelta(seconds=after_s)
    base = StoredRevocation(
        number=NUMBER,
        purpose=purpose,
        at=at,
        reason="the opt-out key was pressed",
        via="key",
        method=None,
        source=None,
        evidence=None,
        evidence_file=None,
        evidence_sha256=None,
        entered_by=None,
        recorded_at=at + AHEAD + dt.timedelta(seconds=entered_after_s),
    )
    return dataclasses.replace(base, **said)


def history(**parts: Any) -> PersonHistory:
    """What is recorded of a person; nothing but what the test says."""
    empty = PersonHistory(NUMBER, 1, None, "CN", ("Asia/Shanghai",), None, (), (), None, (), (), (), ())
    return dataclasses.replace(empty, **parts)


def text(found: PersonHistory, language: Language = "en") -> str:
    """The story on the day after."""
    return "\n".join(story(found, language, NOON + dt.timedelta(days=1)))


def test_seconds_and_calls_after_a_refusal_in_a_call() -> None:
    """The call that they refused in goes on for some seconds; none begins afterwards."""
    (found,) = refusals(history(calls=(call(-3600), call(-20, lasts_s=20.8)), revocations=(refusal(),)))
    assert (found.calls_after, found.seconds_to_last_invite, found.seconds_to_hangup) == (0, -20.0, 0.8)


@pytest.mark.attack("row 4: what the story of a stopped destination tells")
def test_what_rang_a_telephone_of_ours_is_told_and_what_did_not() -> None:
    """A leg of a transfer counts as a call after the stop; a refused one says why nobody was rung."""
    leg = dataclasses.replace(call(60, purpose="rehearsal"), campaign="destination front-desk", outcome="no_answer")
    reasons = [Reason("suppressed", {"at": "2026-03-01"})]
    found = history(calls=(leg,), revocations=(refusal(),), refused_legs=(RefusedLegs("mobile", 3, NOON, reasons),))
    assert refusals(found)[0].calls_after == 1
    told = text(found)
    assert f"destination front-desk, as our own telephone; our number {OURS}: no answer" in told
    assert "not rung as destination mobile (3 times in all): the person said stop on 2026-03-01" in told
    assert "未作为转接目标 mobile 呼叫" in text(found, "zh")
    never = history(revocations=(refusal(),), refused_legs=(RefusedLegs("mobile", 3, NOON, reasons),))
    assert "they were never called" in text(never)


def test_a_call_after_the_refusal_is_not_hidden() -> None:
    """Also when it was said before anybody entered it; both are told apart."""
    late = history(calls=(call(-60), call(100), call(7200)), revocations=(refusal(entered_after_s=3600),))
    (found,) = refusals(late)
    assert (found.calls_after, found.calls_after_recorded, found.seconds_to_last_invite) == (2, 1, 7200.0)
    assert "calls after it: 2" in text(late)
    assert "of these, dialled after it was entered here: 1" in text(late)
    assert "the last call began 7200 s AFTER it" in text(late)


def test_a_withdrawal_counts_the_calls_of_its_purpose_only() -> None:
    calls = (call(-60, purpose="survey"), call(100), call(200, purpose="marketing"))
    (found,) = refusals(history(calls=calls, revocations=(refusal(purpose="survey"),)))
    assert (found.calls_after, found.seconds_to_last_invite) == (0, -60.0)
    (found,) = refusals(history(calls=calls, revocations=(refusal(purpose="marketing"),)))
    assert found.calls_after == 1


def test_a_person_called_about_other_things_was_not_never_called() -> None:
    about_surveys = history(calls=(call(-60),), revocations=(refusal(purpose="survey"),))
    assert "they were never called about this (survey)" in text(about_surveys)
    assert "从未为此用途（调查类）呼叫过此人" in text(about_surveys, "zh")
    assert "        they were never called" in text(history(revocations=(refusal(),))).splitlines()


def test_a_stop_at_another_number_is_not_passed_over() -> None:
    stopped = history(others=(OtherNumber(2, OTHER, NOON),))
    assert "the stop at another number of the person holds for it, too" in text(stopped)
    assert "  not on the suppression list" not in text(stopped).splitlines()


def test_a_stop_list_is_a_refusal_unless_a_refusal_put_the_number_there() -> None:
    listed = StoredSuppression(NOON, "on an imported stop list", "stop list", NOON + AHEAD)
    (found,) = refusals(history(suppression=listed))
    assert (found.via, found.at, found.seconds_to_last_invite) == ("stop list", NOON, None)
    assert len(refusals(history(suppression=listed, revocations=(refusal(),)))) == 1
    only_a_purpose = history(suppression=listed, revocations=(refusal(purpose="survey"),))
    assert [r.purpose for r in refusals(only_a_purpose)] == ["survey", None]


WHOLE = history(
    consents=(CONSENT,),
    calls=(call(-3600), call(-20, lasts_s=20.8), call(-7200, number=OTHER)),
    revocations=(refusal(entered_by="li", method="letter", evidence="file 7"),),
    suppression=StoredSuppression(NOON, "the opt-out key was pressed", "key", NOON + AHEAD),
    lists=(ListState("tps", "GB", dt.date(2026, 3, 1)),),
    contacts=(
        PersonContact(
            "march",
            "P1",
            "pending",
            None,
            None,
            NOON,
            ["suppressed"],
            [Reason("suppressed", {"at": "2026-03-03"})],
        ),
    ),
    others=(OtherNumber(2, OTHER, None),),
    caller_id_seen=OURS,
)


def test_the_whole_story_in_english() -> None:
    assert text(WHOLE).splitlines() == [
        NUMBER,
        "(times: Asia/Shanghai)",
        "",
        "WHAT THEY AGREED TO",
        "  2026-02-01 09:30  agreed to transactional calls of Sunshine Dental; how: signed form; from: reception desk;"
        " entered by wang",
        f"        in these words (form/2 zh-CN): “{WORDS}”",
        f"        evidence: folder 12; file form.pdf, SHA-256 {'ab' * 32}",
        "        holds until it is withdrawn",
        "",
        "CALLS",
        f"  2026-03-03 11:00:00  campaign march (transactional), our number {OURS}: a person answered, “confirmed”,"
        " 25 s long",
        f"  2026-03-03 11:59:40  campaign march (transactional), our number {OURS}: a person answered, “confirmed”,"
        " 16 s long",
        f"  2026-03-03 10:00:00  {OTHER}: campaign march (transactional), our number {OURS}: a person answered,"
        " “confirmed”, 25 s long",
        "",
        "WHEN THEY REFUSED",
        "  2026-03-03 12:00:00  refused every call, permanently: the opt-out key was pressed (letter); entered by li",
        "        evidence: file 7",
        "        the call going on at that moment ended 0.8 s after it",
        "        calls after it: 0",
        "        the last call began 20.0 s before it",
        "",
        "NOW",
        "  on the suppression list since 2026-03-03 12:00: never called again, in no campaign",
        "  on the do-not-call list tps (GB, as of 2026-03-01)",
        "  campaign march, contact P1: waiting; not called because: the person said stop on 2026-03-03",
        f"  another number of the same person: {OTHER}",
        f"  sees the number {OURS} when we call",
    ]


def test_the_whole_story_in_chinese() -> None:
    told = text(WHOLE, "zh")
    for said in (
        "2026-02-01 09:30  同意接听事务类电话（主体：Sunshine Dental）；方式：signed form",
        f"原文（form/2 zh-CN）：“{WORDS}”",
        "拒绝一切来电，永久有效：按了停呼键",
        "当时正在进行的通话在拒绝后 0.8 秒结束",
        "此后的呼叫次数：0",
        "最后一次呼叫发起于拒绝前 20.0 秒",
        "自 2026-03-03 12:00 起在禁呼名单中",
        "（时区：Asia/Shanghai）",
        "联系人 P1：等待；未呼叫的原因：此人已于 2026-03-03 拒绝来电",
        "真人接听，结果“confirmed”，时长 25 秒",
    ):
        assert said in told


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_erased_number_has_no_story_but_its_stop(language: Language) -> None:
    gone = history(person_id=None, zones=(), suppression=StoredSuppression(NOON, "x", "erasure", NOON))
    told = text(gone, language)
    assert SENTENCES[language]["hash_only"] in told
    assert SENTENCES[language]["agreed"] not in told
    assert SENTENCES[language]["calls"] not in told.splitlines()


def test_what_was_erased_at_another_number_is_told_as_erased() -> None:
    erased = dataclasses.replace(refusal(), number="erased:7", reason="")
    told = text(history(calls=(call(-60, number="erased:7"),), revocations=(erased,)))
    assert (
        "12:00:00  another number, which was erased: refused every call, permanently: what was said is erased" in told
    )
    assert "erased:7" not in told


def test_what_has_ended_is_told_as_such() -> None:
    expired = dataclasses.replace(CONSENT, expires_at=NOON)
    assert "expired on 2026-03-03 12:00" in text(history(consents=(expired,)))
    assert "holds until 2026-03-06" in text(
        history(consents=(dataclasses.replace(CONSENT, expires_at=NOON + dt.timedelta(days=3)),))
    )
    withdrawn = dataclasses.replace(CONSENT, revoked_at=NOON)
    assert "withdrawn on 2026-03-03 12:00" in text(history(consents=(withdrawn,)))
    wrong_number = history(consents=(dataclasses.replace(withdrawn, wrong_number=True),))
    assert "ended on 2026-03-03 12:00: wrong number" in text(wrong_number)
    assert "已于 2026-03-03 12:00 终止：号码有误" in text(wrong_number, "zh")


def test_both_languages_have_every_sentence_with_the_same_blanks() -> None:
    import string

    def blanks(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    assert SENTENCES["en"].keys() == SENTENCES["zh"].keys()
    for key, sentence in SENTENCES["en"].items():
        assert blanks(sentence) == blanks(SENTENCES["zh"][key]), key
