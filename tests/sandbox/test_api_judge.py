"""The judge of INVITEs of `scripts/fuzz api`: by consents, refusals and stops alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sandbox.sip import CarrierCall
from tests.fuzz.api_judge import Judged, Papers, judge

NUMBER, AT = "+999861380000101", 1_800_000_000.0
LONG_AGO = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def consent(**changes: Any) -> dict[str, Any]:
    return {"purpose": "survey", "given_at": LONG_AGO, "expires_at": None, "at": AT - 60} | changes


def refusal(**changes: Any) -> dict[str, Any]:
    return {"purpose": None, "said_at": LONG_AGO + dt.timedelta(days=1), "at": AT - 30} | changes


def judged(papers: Papers, purpose: str | None = "survey", answered: float | None = None) -> Judged:
    call = CarrierCall("id", "+999862155500001", NUMBER, AT, AT, AT, 1)
    papers.calls[papers.hash_of(NUMBER)].append({"campaign": "summer", "at": AT - 0.1})
    purposes = {} if purpose is None else {"summer": purpose}
    return judge([call], papers, purposes, {} if answered is None else {NUMBER: answered}, dt.timedelta(0))


def papers(*consents: dict[str, Any], refusals: tuple[dict[str, Any], ...] = (), stop: float | None = None) -> Papers:
    made = Papers(b"key")
    digest = made.hash_of(NUMBER)
    made.consents[digest] += consents
    made.refusals[digest] += refusals
    if stop is not None:
        made.stops[digest] = stop
    return made


def test_a_call_to_who_agreed_is_well() -> None:
    after = refusal(said_at=LONG_AGO - dt.timedelta(days=1))
    for good in (
        papers(consent()),
        papers(consent(), refusals=(refusal(purpose="marketing"),)),
        papers(consent(), refusals=(after,)),  # they agreed once more
        papers(consent(), refusals=(refusal(at=AT - 0.5),), stop=AT - 0.5),  # within the second that it may take
    ):
        assert judged(good) == Judged((), ())


@pytest.mark.parametrize(
    "bad",
    [
        papers(),
        papers(consent(purpose="marketing")),
        papers(consent(at=AT + 1)),
        papers(consent(given_at=dt.datetime.fromtimestamp(AT, dt.UTC) + dt.timedelta(days=1))),
        papers(consent(expires_at=dt.datetime.fromtimestamp(AT, dt.UTC))),
        papers(consent(), refusals=(refusal(),)),
        papers(consent(), refusals=(refusal(purpose="survey"),)),
    ],
)
def test_a_call_without_a_consent_that_holds_is_found(bad: Papers) -> None:
    assert len(judged(bad).without_consent) == 1


def test_a_call_of_no_campaign_of_ours_is_one_without_a_consent() -> None:
    assert len(judged(papers(consent()), purpose=None).without_consent) == 1
    call = CarrierCall("id", "+999862155500001", NUMBER, AT, AT, AT, 1)
    assert len(judge([call], papers(consent()), {"summer": "survey"}, {}, dt.timedelta(0)).without_consent) == 1


def test_a_call_after_a_stop_is_found_by_the_list_as_by_the_answer_of_the_api() -> None:
    assert len(judged(papers(consent(), stop=AT - 2)).after_stop) == 1
    assert len(judged(papers(consent()), answered=AT - 2).after_stop) == 1
    assert judged(papers(consent()), answered=AT + 2).after_stop == ()
