"""The witness itself: what it reads, and that its judge can say no."""

from __future__ import annotations

import time

from witness import audio, judge, sip, srtp
from witness.book import Record
from witness.cases.model import Case, Expect, Seen, stopped
from witness.leg import Leg
from witness.project import CALLER_ID
from witness.wire import Sighting

NUMBER = "+999861380007341"
NOW = 1_772_500_000.0


async def _nothing(leg: Leg) -> None:
    return None


def _seen(expect: Expect, record: Record, **attempt: object) -> Seen:
    case = Case("a case", "a group", "quiz", _nothing, expect)
    facts = {
        "outcome": "answered",
        "disposition": "opted_out",
        "counts": True,
        "state": "ended",
        "caller_id": CALLER_ID,
        "marked_at": "2026-11-27T04:00:00+00:00",
        "answered_at": "2026-11-27T04:00:01+00:00",
        "ended_at": "2026-11-27T04:00:05+00:00",
    }
    contact = {"state": "done", "due_at": "", "refused_by": ""}
    return Seen(case, NUMBER, "a-case-0", [record], [{**facts, **attempt}], contact, stopped=True)


def _record(**changes: object) -> Record:
    start = judge.instant("2026-11-27T04:00:00+00:00")
    record = Record(
        NUMBER, "call-1", "main", from_user=CALLER_ID, invited=start + 0.1, acked=start + 1, ended=start + 5
    )
    record.answered, record.ended_by = record.acked, "asterisk"
    record.keys = [(start + 2, "9")]
    for name, value in changes.items():
        setattr(record, name, value)
    return record


def test_a_right_call_has_no_problem() -> None:
    seen = _seen(stopped("why"), _record())
    verdict = judge.Verdict()
    judge.case_verdict(seen.case, [seen], NOW, verdict)
    judge.reconcile(seen, verdict)
    assert not verdict.wrong
    assert not verdict.mismatches
    assert verdict.reconciled == 1


def test_a_lost_stop_is_told() -> None:
    seen = _seen(stopped("why"), _record(), disposition="hung_up")
    seen.stopped = False
    told = " ".join(judge.problems_of(seen, NOW))
    assert "the stop is lost" in told
    assert "disposition hung_up" in told


def test_a_key_after_the_end_is_no_stop() -> None:
    record = _record()
    record.keys = [(record.ended + 0.1, "9")]
    assert not judge.given(_seen(stopped("why"), record))


def test_a_call_more_than_the_report_has_is_a_mismatch() -> None:
    seen = _seen(Expect(), _record())
    seen.records.append(_record(call_id="call-2"))
    verdict = judge.Verdict()
    judge.reconcile(seen, verdict)
    assert verdict.mismatches


def test_durations_that_differ_are_a_mismatch() -> None:
    seen = _seen(Expect(), _record(ended=_record().ended + 30))
    verdict = judge.Verdict()
    judge.reconcile(seen, verdict)
    assert "durations differ" in verdict.mismatches[0]


def test_an_invite_to_a_stranger_or_by_another_number_is_told() -> None:
    seen = _seen(Expect(), _record())
    stray = _record(number="+999861381112223", from_user="anonymous", from_display="Anonymous")
    sighting = Sighting(time.time(), "127.0.0.9", 5099, "sip:x@y", "<sip:a@b>", "call-9")
    found = judge.intruders(
        [*seen.records, stray], [sighting], {NUMBER: seen}, {"quiz": "main"}, {"desk-stays"}, {5060}
    )
    assert any("no contact of a campaign" in text for text in found)
    assert any("not the proved one" in text for text in found)
    assert any("an address of nobody" in text for text in found)
    assert not judge.intruders(seen.records, [], {NUMBER: seen}, {"quiz": "main"}, set(), {5060})


def test_silence_is_dead_air_but_not_the_pause_of_a_ringing_tone() -> None:
    record = _record(silences=[(100.0, 3.0)])
    assert judge.dead_air(record, [])
    assert not judge.dead_air(record, [(99.0, 105.0)])
    assert judge.dead_air(_record(silences=[(100.0, 30.0)]), [(99.0, 140.0)])


def test_only_a_whole_clean_run_is_good() -> None:
    verdict = judge.Verdict(cases=200, stops_given=600, reconciled=2100)
    assert verdict.is_good(whole=True)
    verdict.stops_given = 499
    assert not verdict.is_good(whole=True)
    assert verdict.is_good(whole=False)
    verdict.intruders = ["one"]
    assert not verdict.is_good(whole=False)


def test_sip_is_read_with_compact_names_and_folded_lines() -> None:
    message = sip.read(b'INVITE sip:+1@x SIP/2.0\r\ni: abc\r\nf: "A\r\n B" <sip:7@y>;tag=1\r\nCSeq: 3 INVITE\r\n\r\n')
    assert message is not None
    assert (message.call_id, message.cseq, message.method) == ("abc", 3, "INVITE")
    assert sip.user(sip.address(message.get("from"))) == "7"
    assert sip.display_name(message.get("from")) == "A B"


def test_an_sdp_that_is_written_is_read_back() -> None:
    found = sip.Sdp.read(sip.sdp("127.0.0.1", 4000, (8, 0), event=96, direction="sendonly"))
    assert (found.host, found.port, found.payloads) == ("127.0.0.1", 4000, [8, 0, 96])
    assert (found.telephone_event, found.direction) == (96, "sendonly")


def test_both_laws_keep_what_they_are_given() -> None:
    for codec in (audio.PCMU, audio.PCMA):
        assert not audio.is_audible(audio.silence(codec), codec)
        assert not audio.is_audible(audio.noise(codec), codec)
        assert audio.is_audible(audio.talker(codec), codec)
        assert audio.is_talker(audio.talker(codec))
        assert all(audio.is_audible(frame, codec) for frame in audio.key_tones("9", 100, codec))
    assert audio.ulaw_decode(0x00) == -32124
    assert audio.alaw_decode(0xD5) == 8


def test_srtp_derives_the_keys_of_rfc_3711() -> None:
    """Appendix B.3."""
    import base64

    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139" + "0EC675AD498AFEEBB6960B3AABE6")
    way = srtp._Way(base64.b64encode(master).decode())
    assert way.key.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert f"{way.salt:028X}" == "30CBBC08863D8C85D49DB34A9AE1"
    assert way.auth.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"
