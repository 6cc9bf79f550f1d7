"""A person's full record in plain words, as lines for people; the words are in ``person_record_words``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from agi_app.consent.calls_after_refusal import RefusalStory, refusals
from agi_app.consent.person_record_words import SENTENCES, TERMS, Language
from agi_app.gate.case import Reason
from agi_app.model.campaign import Purpose
from agi_app.model.person import WRONG_NUMBER
from agi_app.store.people.history import PersonCall, PersonCase, PersonHistory, RefusedLegs, StoredConsent

_INDENT = "      "


def story(found: PersonHistory, language: Language, now: dt.datetime) -> list[str]:
    """The story as lines; ``now`` (rules time) tells what has expired. Times are in the person's zone if known."""
    return list(_Teller(found, language, now).lines())


class _Teller:
    def __init__(self, found: PersonHistory, language: Language, now: dt.datetime) -> None:
        self._found = found
        self._now = now
        self._language = language
        self._say = SENTENCES[language]
        self._terms = TERMS[language]
        self._zone = found.zones[0] if len(found.zones) == 1 else "UTC"

    def lines(self) -> Iterator[str]:
        found, say = self._found, self._say
        yield found.number
        yield say["times"].format(zone=self._zone)
        if found.person_id is not None:
            yield from self._part("agreed", [line for c in found.consents for line in self._consent(c)])
            not_rung = map(self._refused_legs, found.refused_legs)
            yield from self._part("calls", [*map(self._call, found.calls), *not_rung])
        yield from self._part("refused", [line for r in refusals(found) for line in self._refusal(r)])
        if found.complaints:
            yield from self._part("complained", [self._case(c) for c in found.complaints])
        yield from self._part("now", list(self._present()))

    def _part(self, title: str, lines: list[str]) -> Iterator[str]:
        yield ""
        yield self._say[title]
        yield from (f"  {line}" for line in lines or [self._say["none"]])

    def _consent(self, given: StoredConsent) -> Iterator[str]:
        say = self._say
        yield say["consent"].format(
            at=self._at(given.given_at),
            purpose=self._term(given.purpose),
            seller=say["seller"].format(seller=given.seller) if given.seller else "",
            method=given.method,
            source=given.source,
            by=self._by(given.entered_by),
        )
        label = " ".join(part for part in (given.wording_label, given.language) if part)
        label = say["label"].format(label=label) if label else ""
        yield _INDENT + say["words"].format(label=label, text=given.wording)
        yield from self._evidence(given.evidence, given.evidence_file, given.evidence_sha256)
        if given.import_at is not None:
            user = given.import_os_user or "-"
            told = {"file": given.import_name, "sha256": given.import_sha256, "account": given.import_account}
            yield _INDENT + say["imported"].format(at=self._at(given.import_at, seconds=True), user=user, **told)
        yield _INDENT + self._validity(given)

    def _validity(self, given: StoredConsent) -> str:
        if given.revoked_at is not None:
            return self._say["no_longer" if given.wrong_number else "withdrawn"].format(at=self._at(given.revoked_at))
        if given.expires_at is None:
            return self._say["holds"]
        return self._say["expired" if given.expires_at <= self._now else "expires"].format(
            at=self._at(given.expires_at)
        )

    def _evidence(self, reference: str | None, file: str | None, sha256: str | None) -> Iterator[str]:
        parts = [reference] if reference else []
        if sha256:
            parts.append(self._say["file"].format(file=file or "", sha256=sha256))
        if parts:
            yield _INDENT + self._say["evidence"].format(evidence=self._say["between"].join(parts))

    def _call(self, call: PersonCall) -> str:
        say = self._say
        lasted = call.ended_at - call.answered_at if call.ended_at and call.answered_at else None
        return say["own_call" if call.purpose == Purpose.REHEARSAL else "call"].format(
            at=self._at(call.rules_at, seconds=True),
            number=self._which(call.number),
            place=self._place(call),
            campaign=call.campaign,
            what=self._term(call.campaign),
            purpose=self._term(call.purpose),
            caller_id=call.caller_id,
            outcome=self._term(call.outcome or call.state),
            meaning=say["meaning"].format(disposition=call.disposition) if call.disposition else "",
            length=say["length"].format(seconds=f"{lasted.total_seconds():.0f}") if lasted else "",
        )

    def _place(self, call: PersonCall) -> str:
        """Which of the contact's numbers it was, where that says something."""
        say = self._say
        further = say["place"].format(place=call.number_place) if (call.number_place or 1) > 1 else ""
        return further + (say["kind"].format(kind=call.number_kind) if call.number_kind else "")

    def _refused_legs(self, legs: RefusedLegs) -> str:
        return self._say["refused_legs"].format(
            at=self._at(legs.last_at, seconds=True),
            destination=legs.destination,
            times=legs.times,
            reasons=self._reasons(legs.reasons),
        )

    def _refusal(self, said: RefusalStory) -> Iterator[str]:
        say = self._say
        kind = "wrong_number" if said.via == WRONG_NUMBER else "stop" if said.purpose is None else "withdrawal"
        yield say[kind].format(
            at=self._at(said.at, seconds=True),
            number=self._which(said.number),
            purpose=self._term(said.purpose or ""),
            reason=self._term(said.reason) if said.reason else say["reason_erased"],
            how=said.method or self._term(said.via),
            by=self._by(said.entered_by),
        )
        yield from self._evidence(said.evidence, said.evidence_file, said.evidence_sha256)
        if self._found.person_id is None:  # we know no calls of theirs (any more)
            return
        if said.seconds_to_hangup is not None:
            yield _INDENT + say["hangup"].format(seconds=_seconds(said.seconds_to_hangup))
        yield _INDENT + say["calls_after"].format(calls=said.calls_after)
        if said.calls_after:
            yield _INDENT + say["late_entry"].format(calls=said.calls_after_recorded)
        yield _INDENT + self._last_invite(said)

    def _last_invite(self, said: RefusalStory) -> str:
        if (seconds := said.seconds_to_last_invite) is None:
            key = "no_call" if said.purpose is None else "no_such_call"
            return self._say[key].format(purpose=self._term(said.purpose or ""))
        return self._say["last_after" if seconds > 0 else "last_before"].format(seconds=_seconds(abs(seconds)))

    def _case(self, case: PersonCase) -> str:
        return self._say["case" if case.kind == "ours" else "received_case"].format(
            at=self._at(case.received_at),
            number=self._which(case.number),
            case=case.complaint_id,
            source=case.source,
            campaign=self._say["about"].format(campaign=case.campaign) if case.campaign else "",
            state=self._term(case.state),
        )

    def _present(self) -> Iterator[str]:
        found, say = self._found, self._say
        if found.person_id is None:
            yield say["hash_only"]
        if found.suppression:
            yield say["suppressed"].format(at=self._at(found.suppression.at))
        else:
            yield say["may_not" if any(other.suppressed_at for other in found.others) else "may"]
        yield from (say["list"].format(name=e.name, region=e.region, as_of=e.as_of) for e in found.lists)
        for contact in found.contacts:
            told = self._reasons(contact.reasons) if contact.state == "pending" else ""
            yield say["contact"].format(
                campaign=contact.campaign,
                external_id=contact.external_id,
                state=self._term(contact.state),
                reasons=say["reasons"].format(reasons=told) if told else "",
            )
        for other in found.others:
            stop = say["other_stop"].format(at=self._at(other.suppressed_at)) if other.suppressed_at else ""
            yield say["other"].format(number=other.number, stop=stop)
        if found.caller_id_seen:
            yield say["seen"].format(number=found.caller_id_seen)

    def _reasons(self, reasons: Sequence[Reason]) -> str:
        return self._say["between"].join(reason.told(self._language) for reason in reasons)

    def _at(self, at: dt.datetime, *, seconds: bool = False) -> str:
        return f"{at.astimezone(ZoneInfo(self._zone)):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"

    def _which(self, number: str) -> str:
        if number == self._found.number:
            return ""
        return self._say["which"].format(number=number if number.startswith("+") else self._say["number_erased"])

    def _by(self, name: str | None) -> str:
        return self._say["by"].format(by=name) if name else ""

    def _term(self, word: str) -> str:
        return self._terms.get(word, word)


def _seconds(seconds: float) -> str:
    """Seconds with a tenth while that tells something."""
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"
