"""The answer that tells all that is recorded about a person, with masked numbers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from agi_app.api.problems import RequestRefused
from agi_app.api.routes import ApiAnswer
from agi_app.messages import current
from agi_app.operations.people.person_looks import PersonStory


class ConsentToldAnswer(ApiAnswer):
    """A consent with the exact words, and the file that it came from; ``revoked_at``: when it ended."""

    consent_id: int
    purpose: str
    wording: str
    wording_label: str | None
    language: str | None
    seller: str | None
    method: str
    source: str
    given_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    wrong_number: bool = Field(description="it ended since it was not this person who agreed")
    evidence: str | None
    evidence_file: str | None
    evidence_sha256: str | None
    entered_by: str | None
    recorded_at: dt.datetime
    import_name: str | None = Field(description="the file that it was imported with")
    import_sha256: str | None
    import_account: str | None
    import_at: dt.datetime | None


class RefusalAnswer(ApiAnswer):
    """A refusal and what followed. ``purpose`` null: of every call. A last call that began before it is negative."""

    number: str
    purpose: str | None
    at: dt.datetime
    recorded_at: dt.datetime
    via: str
    reason: str
    method: str | None
    source: str | None
    evidence: str | None
    entered_by: str | None
    calls_after: int = Field(description="in all campaigns, to every number of the person")
    calls_after_recorded: int = Field(description="of these, dialled after it was entered here")
    seconds_to_last_invite: float | None
    seconds_to_hangup: float | None


class ListedAnswer(ApiAnswer):
    """Since when the number is never called again, and why."""

    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime


class OtherListAnswer(ApiAnswer):
    """A do-not-call list that others keep, with this number on it."""

    name: str
    region: str
    as_of: dt.date


class CallToldAnswer(ApiAnswer):
    """A call that was dialled. ``purpose`` rehearsal: to a telephone of ours, by no campaign."""

    attempt_id: str
    number: str
    campaign: str
    purpose: str
    caller_id: str
    rules_at: dt.datetime
    marked_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    outcome: str | None
    disposition: str | None
    state: str
    number_place: int | None = Field(description="of the contact's numbers, from 1; null: no contact was called")
    number_kind: str | None = Field(description="what the list calls that number, such as mobile")


class RowToldAnswer(ApiAnswer):
    """A row of a campaign, and why it was refused last."""

    campaign: str
    external_id: str
    state: str
    last_outcome: str | None
    disposition: str | None
    rules: list[str]
    reasons: list[str]


class RefusedLegsAnswer(ApiAnswer):
    """How often one of our people was not rung at a number of this person."""

    destination: str
    times: int
    last_at: dt.datetime
    reasons: list[str]


class OtherNumberAnswer(ApiAnswer):
    """Another number of the same person."""

    person_id: int
    number: str
    suppressed_at: dt.datetime | None


class CaseToldAnswer(ApiAnswer):
    """A complaint, without its words."""

    complaint_id: int
    kind: str
    received_at: dt.datetime
    due_at: dt.datetime | None
    source: str
    campaign: str | None
    state: str


class HistoryAnswer(ApiAnswer):
    """All that is recorded about a person. Numbers are masked; that of another row has its person's id behind it."""

    person_id: int
    number: str
    region: str | None
    zones: list[str]
    caller_id_seen: str | None
    consents: list[ConsentToldAnswer]
    refusals: list[RefusalAnswer]
    suppression: ListedAnswer | None
    lists: list[OtherListAnswer]
    calls: list[CallToldAnswer]
    contacts: list[RowToldAnswer]
    refused_legs: list[RefusedLegsAnswer]
    complaints: list[CaseToldAnswer]
    others: list[OtherNumberAnswer]
    told: list[str] = Field(description="the same in sentences, as `agi-app consent show` tells it")


def history_answer(story: PersonStory) -> HistoryAnswer:
    """The story as an answer; RequestRefused when nobody here has the number."""
    if (found := story.history) is None:
        raise RequestRefused("not_found", "\n".join(story.lines))
    plain = ("person_id", "number", "region", "zones", "caller_id_seen", "consents", "suppression", "lists", "calls")
    return HistoryAnswer.model_validate(
        {
            **{name: getattr(found, name) for name in (*plain, "complaints", "others")},
            "refusals": story.refusals,
            "contacts": [_with_reasons(row, RowToldAnswer) for row in found.contacts],
            "refused_legs": [_with_reasons(row, RefusedLegsAnswer) for row in found.refused_legs],
            "told": story.lines,
        }
    )


def _with_reasons(row: Any, kind: type[ApiAnswer]) -> ApiAnswer:
    """With the reasons in the reader's language."""
    reasons = [reason.told(current()) for reason in row.reasons]
    names = [name for name in kind.model_fields if name != "reasons"]
    return kind.model_validate({"reasons": reasons, **{name: getattr(row, name) for name in names}})
