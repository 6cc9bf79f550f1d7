"""The judge: what agi-app says of each call against what the carrier saw, and against what the documents promise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from witness.book import Record, stamp
from witness.cases.model import Case, Expect, Seen
from witness.project import CALLER_ID
from witness.wire import Sighting

DURATION_SLACK_S = 1.0  # of a machine that is busy; on an idle one it is some hundredths
MARK_SLACK_S = 3.0
RINGING_CADENCE_S = 4.6  # the pause of a ringing tone (ITU-T E.180 knows up to 4 s of it)
SOON_S = 12 * 3600
CROSSED_ANSWER_S = 0.3
CROSSING_S = 0.06  # a key that begins so shortly before a BYE of Asterisk may cross it


@dataclass(slots=True)
class Verdict:
    """Everything that is told at the end."""

    cases: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    documented: dict[str, list[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    intruders: list[str] = field(default_factory=list)
    stops_given: int = 0
    stops_lost: list[str] = field(default_factory=list)
    dead_air: list[str] = field(default_factory=list)
    reconciled: int = 0
    mismatches: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "wrong": len(self.wrong),
            "documented": sorted({f"{name}: {text[0]}" for name, text in self.documented.items()}),
            "invites_without_permit": len(self.intruders),
            "stops": {"given": self.stops_given, "lost": len(self.stops_lost)},
            "dead_air_over_2s": len(self.dead_air),
            "reconciled_calls": self.reconciled,
            "mismatches": len(self.mismatches),
        }

    def is_good(self, *, whole: bool) -> bool:
        """``whole``: a run of all cases must also be as large as was promised."""
        clean = not (self.wrong or self.intruders or self.stops_lost or self.dead_air or self.mismatches)
        return clean and (not whole or (self.cases >= 150 and self.stops_given >= 500 and self.reconciled >= 2000))


def instant(text: str | None) -> float:
    """Seconds since 1970 of an ISO time, 0.0 for none."""
    if not text:
        return 0.0
    found = dt.datetime.fromisoformat(text.replace(" UTC", "+00:00").replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


# ---------------------------------------------------------------------- one person


def given(seen: Seen) -> bool:
    """Was a stop really given? A key that begins after Asterisk had ended the call is none."""
    if not seen.case.expect.stop:
        return False
    if seen.case.orders:
        return seen.met
    for record in seen.records:
        for at, digit in record.keys:
            crossed = 0.0 if record.ended_by == "us" else CROSSING_S
            if digit == "9" and (not record.ended or at < record.ended - crossed):
                return True
    return False


def problems_of(seen: Seen, rules_now: float) -> list[str]:
    expect = seen.case.expect
    found: list[str] = []
    if not seen.met:
        return found
    if expect.invites >= 0 and len(seen.records) != expect.invites:
        found.append(f"{len(seen.records)} INVITEs, {expect.invites} expected")
    if expect.stop and not given(seen):
        return found  # the call was over before the key: nothing to judge but the call itself
    attempt = seen.attempts[-1] if seen.attempts else None
    if attempt is None:
        if seen.records:
            found.append("agi-app reports no attempt")
    else:
        found += _attempt_problems(expect, attempt)
    if seen.contact and (seen.records or expect.invites > 0):
        found += _contact_problems(expect, seen.contact, rules_now)
    found += _record_problems(expect, seen.records)
    if expect.stop and seen.stopped is False:
        found.append("the stop is lost: another campaign would call this person")
    if seen.case.check is not None:
        found += seen.case.check(seen)
    return found


def _attempt_problems(expect: Expect, attempt: dict[str, Any]) -> list[str]:
    found = []
    outcome, disposition = attempt.get("outcome"), attempt.get("disposition")
    if expect.outcome is not None and outcome not in expect.outcome:
        found.append(
            f"outcome {outcome} (cause {attempt.get('cause')}/{attempt.get('tech_cause')}), "
            f"expected {' or '.join(expect.outcome)}"
        )
    if expect.disposition is not None:
        wanted = [one for one in expect.disposition if not one.startswith("!")]
        banned = [one[1:] for one in expect.disposition if one.startswith("!")]
        if (wanted and disposition not in wanted) or disposition in banned:
            found.append(f"disposition {disposition}, expected {' or '.join(expect.disposition)}")
    if expect.counts is not None and attempt.get("counts") is not expect.counts:
        found.append(
            f"it {'counts' if attempt.get('counts') else 'does not count'} against the cap, "
            f"and should{'' if expect.counts else ' not'}"
        )
    if (
        expect.answers is not None
        and {key: (attempt.get("answers") or {}).get(key) for key in expect.answers} != expect.answers
    ):
        found.append(f"answers {attempt.get('answers')}, expected {expect.answers}")
    return found


def _contact_problems(expect: Expect, contact: dict[str, Any], rules_now: float) -> list[str]:
    found = []
    state, refused = contact.get("state"), str(contact.get("refused_by") or "")
    due = instant(contact.get("due_at"))
    soon = state == "pending" and not refused and due < rules_now + SOON_S
    what = f"state {state}, due {contact.get('due_at') or '-'}, refused by {refused or '-'}"
    wrong = {
        "never": state != "done" and not refused,
        "later": state != "pending" or soon,
        "soon": not soon,
        "not soon": soon,
        "not never": state == "done",
    }.get(expect.again or "", False)
    if wrong:
        found.append(f"called again: {what}, expected {expect.again}")
    if expect.reason and expect.reason not in refused:
        found.append(f"no reason yet: {what}, expected {expect.reason}")
    return found


def _record_problems(expect: Expect, records: Sequence[Record]) -> list[str]:
    found = []
    for record in records:
        length = record.ended - record.acked if record.acked and record.ended else 0.0
        if expect.max_s and length > expect.max_s:
            found.append(f"the call lasted {length:.1f} s, at most {expect.max_s:.0f} s expected")
        if expect.min_s and length < expect.min_s:
            found.append(f"the call lasted {length:.1f} s, at least {expect.min_s:.0f} s expected")
        if expect.ended_by and record.ended_by not in expect.ended_by:
            found.append(f"ended by {record.ended_by or 'nobody'}, expected {' or '.join(expect.ended_by)}")
        if not record.ended or record.ended_by == "end of the run":
            found.append("the call was never ended")
        if "the script of the far end failed" in " ".join(record.notes):
            found.append("the script of the far end failed: a fault of the witness")
    return found


# ---------------------------------------------------------------------- both logs


def reconcile(seen: Seen, verdict: Verdict) -> None:
    """Each INVITE that the carrier saw is one attempt of the report, with the same times; and the other way round."""
    attempts = sorted(seen.attempts, key=lambda one: str(one.get("marked_at")))
    records = sorted(seen.records, key=lambda one: one.invited)
    silent = [one for one in attempts if one.get("outcome") in {"cancelled", "failed"} and not one.get("ringing_at")]
    if len(records) != len(attempts) and len(attempts) - len(silent) != len(records):
        verdict.mismatches.append(f"{seen.external_id} {seen.number}: {len(records)} INVITEs, {len(attempts)} attempts")
        return
    if len(records) != len(attempts):
        attempts = [one for one in attempts if one not in silent]
    for record, attempt in zip(records, attempts, strict=True):
        verdict.reconciled += 1
        if not seen.is_asterisks_fault:
            verdict.mismatches += [
                f"{seen.external_id} {seen.number} {record.call_id}: {text}" for text in _differences(record, attempt)
            ]


def _differences(record: Record, attempt: dict[str, Any]) -> list[str]:
    found = []
    lag = record.invited - instant(attempt.get("marked_at"))
    if not -0.05 <= lag <= MARK_SLACK_S:
        found.append(f"the INVITE came {lag:.2f} s after the mark")
    answered, ended = instant(attempt.get("answered_at")), instant(attempt.get("ended_at"))
    # An answer that crosses the CANCEL gets its ACK and BYE from Asterisk, which tells nobody of it (RFC 3261, 15).
    crossed = bool(record.acked) and (bool(record.cancelled) or record.ended - record.acked < CROSSED_ANSWER_S)
    if bool(answered) != bool(record.acked) and not crossed:
        found.append(
            f"the carrier saw {'an' if record.acked else 'no'} answer, the report {'has' if answered else 'has not'}"
        )
    elif answered and record.ended and ended:
        apart = (ended - answered) - (record.ended - record.acked)
        if abs(apart) > DURATION_SLACK_S:
            found.append(f"the durations differ by {apart:.2f} s")
    if attempt.get("caller_id") != CALLER_ID:
        found.append(f"the report's caller ID is {attempt.get('caller_id')}")
    if attempt.get("state") != "ended":
        found.append(f"the attempt is {attempt.get('state')}")
    return found


def intruders(
    records: Iterable[Record],
    sightings: Iterable[Sighting],
    people: dict[str, Seen],
    trunk_of: dict[str, str],
    desks: set[str],
    own: set[int],
) -> list[str]:
    """Every INVITE that leaves Asterisk and that no permit explains, or that does not show the proved number."""
    found = []
    logged: set[str] = set()
    talks = [
        (record.acked, record.ended)
        for seen in people.values()
        for record in seen.records
        if record.acked and "desk" in seen.case.columns
    ]
    for record in records:
        if record.direction != "out of Asterisk":
            continue
        logged.add(record.call_id)
        who = f"{record.number or '(nobody)'} on {record.port}, From {record.from_user}, {record.call_id}"
        where = f"INVITE at {stamp(record.invited)} to {who}"
        seen = people.get(record.number)
        if record.port == "desks":
            if record.number not in desks or not any(
                start - 1 <= record.invited <= end + 1 for start, end in talks if end
            ):
                found.append(f"{where}: no transfer was on")
        elif seen is None or record.port != trunk_of[seen.case.campaign]:
            found.append(f"{where}: no contact of a campaign on this trunk")
        elif len(seen.attempts) < len(seen.records):
            found.append(f"{where}: {len(seen.records)} INVITEs by {len(seen.attempts)} attempts")
        if record.from_user.lstrip("+") != CALLER_ID.lstrip("+") or "anonymous" in record.from_display.lower():
            found.append(f"{where}: the number shown is not the proved one")
    for sighting in sightings:
        if sighting.port not in own:
            found.append(
                f"INVITE at {stamp(sighting.at)} to {sighting.uri} at {sighting.to}:{sighting.port}, "
                f"From {sighting.caller}: an address of nobody"
            )
    return found


def dead_air(record: Record, ringing: Sequence[tuple[float, float]]) -> list[str]:
    """Silences over two seconds in an answered call, but for the pauses of a ringing tone while a desk rings."""
    found = []
    for began, length in record.silences:
        rings = any(start - 0.5 <= began and began + length <= end + 1.0 for start, end in ringing)
        if not (rings and length <= RINGING_CADENCE_S):
            found.append(
                f"{record.number} {record.call_id}: {length:.1f} s of silence from {stamp(began)}, "
                f"call ended by {record.ended_by}"
            )
    return found


def case_verdict(case: Case, people: Sequence[Seen], rules_now: float, verdict: Verdict) -> None:
    verdict.cases += 1
    verdict.why[case.name] = case.expect.why
    found = []
    for seen in people:
        problems = problems_of(seen, rules_now)
        if problems:
            calls = ", ".join(record.call_id for record in seen.records) or "no INVITE"
            notes = "; ".join(note for record in seen.records for note in record.notes)
            found.append(
                f"{seen.external_id} {seen.number} [{calls}]: {'; '.join(problems)}{f' ({notes})' if notes else ''}"
            )
    if people and not any(seen.met for seen in people):
        found.append("the command met nobody in time: the run says nothing about it")
    if not found:
        return
    if all(seen.is_asterisks_fault for seen in people):
        verdict.documented[case.name] = [case.documented, *found]
    else:
        verdict.wrong[case.name] = found
