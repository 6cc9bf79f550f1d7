"""The columns of the table of calls, and a call or a refused decision as its cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.gate.stored_reasons import reasons_of
from agi_app.model.number_places import NOWHERE, NumberPlace, place_of
from agi_app.model.phone import mask
from agi_app.store.reporting.calls import CallOrRefusal, ConsentWords

COLUMNS = (
    *("local_time", "utc_time", "what", "campaign", "contact", "number", "number_place", "number_kind"),
    *("country", "place", "place_zh"),
    *("trunk", "number_shown", "outcome", "disposition", "seconds"),
    *("consent", "consent_given", "consent_method", "consent_source", "consent_words"),
    *("decision", "rules", "reasons", "rule_set", "call"),
)
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class CallCells:
    """How rows are told: times in ``zone``, numbers whole or masked, reasons in a language."""

    zone: dt.tzinfo
    whole_numbers: bool = False
    language: str = "en"

    def at(self, time: dt.datetime) -> str:
        """A time in the zone, with its offset."""
        return time.astimezone(self.zone).isoformat(" ", "seconds")

    def cells(self, row: CallOrRefusal, consent: ConsentWords | None, place: NumberPlace) -> Sequence[str]:
        """A row of the table; ``consent`` is what a call stood on."""
        number = row.number
        shown = ERASED if number is None else number if self.whole_numbers else mask(number)
        rules, reasons = self._refused(row)
        return (
            *(self.at(row.at), f"{row.at.astimezone(dt.UTC).isoformat(' ', 'seconds')[:19]}Z"),
            *("call" if row.attempt_id else "refused", row.campaign, row.external_id or "", shown),
            *("" if row.number_place is None else str(row.number_place), row.number_kind or "", row.region or ""),
            *(place.en, place.zh, row.trunk or "", row.caller_id or "", row.outcome or "", row.disposition or ""),
            _seconds(row),
            *self._consent(consent),
            *(str(row.decision_id), rules, reasons, row.ruleset_version or "", row.attempt_id or ""),
        )

    def _consent(self, consent: ConsentWords | None) -> Sequence[str]:
        if consent is None:
            return ("",) * 5
        if consent.erased:
            return (str(consent.consent_id), "", "", "", ERASED)
        given = self.at(consent.given_at)
        return (str(consent.consent_id), given, consent.method or "", consent.source or "", consent.wording)

    def _refused(self, row: CallOrRefusal) -> tuple[str, str]:
        """The rules that refused and what they said; a call was allowed by all of them."""
        if row.reasons is None:
            return "allowed", ""
        reasons = reasons_of(row.reasons)
        return " ".join(r.rule for r in reasons), "; ".join(r.told(self.language) for r in reasons)


def place_of_row(row: CallOrRefusal) -> NumberPlace:
    """Where the digits say that the callee is."""
    return NOWHERE if row.number is None else place_of(row.number)


def _seconds(row: CallOrRefusal) -> str:
    """How long an answered call went on."""
    if row.answered_at is None or row.ended_at is None:
        return ""
    return str(round((row.ended_at - row.answered_at).total_seconds()))
