"""Requests made from the OpenAPI document by schemathesis, right and wrong ones, as each role; all its checks."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis.errors import HypothesisException
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

from agi_app.api import rate_limits
from agi_app.api.all_routes import ROUTES
from agi_app.api.openapi import document
from agi_app.api.resources import jobs
from agi_app.model.actors import Role
from agi_app.store.calling.decision_texts import spec_of, version_of_spec
from tests.api import generated_seed
from tests.api.site import CAMPAIGN, CSV, FEED, FLOW, Site
from tests.store.world import campaign, number

ENDLESS = "/api/v1/events"  # a stream has no end: tests/api/test_live.py
# What exists: most right requests name it, so that more is reached than what is not there.
THERE: dict[str, dict[str, Any]] = {
    "path": {
        "agent": "desk",
        "campaign": CAMPAIGN,
        "feed": FEED,
        "flow": FLOW,
        "region": "CN",
        "kind": "flow",
        "webhook": 1,
        "target": "clinic",
        "ask": 1,
        "person": 1,
        "job": 1,
        "recording": 1,
        "id": version_of_spec(spec_of(campaign(CAMPAIGN))),
    },
    "query": {"external_id": "row-1", "campaign": CAMPAIGN, "language": "en"},
    "body": {
        "number": number(1),
        "on": number(1),
        "caller": "021 1234567",
        "numbers": [number(1), number(70)],
        "verb": "pause",
        "request": 1,
        "secret": "correct horse battery",
        "url": "https://hooks.example/calls",
        "types": ["campaign.*"],
        "time": "2026-01-05T09:00:00+08:00",
        "wording": "I agree to be called.",
        "method": "web form",
        "source": "reception desk",
    },
}
# Asks that are no campaign's, by a part of the path that shows one.
ASKS = {
    "/consents/": 2,
    "/approvals/asks/": 3,
    "/contacts/asks/": 4,
    "/previews/": 5,
    "/drafts/asks/": 6,
    "/versions/": 7,
    "/complaints/asks/": 10,
}
# Right bodies of these are files that the project can take: tests/api/test_drafts.py
NEED_FILES = {"drafts_save_flow", "drafts_save_campaign"}
PATIENCE_S = 40.0  # a table that is asked for with its rows may take 25 s
NO_ANSWER = 599  # counts as a fault of the server
NEED_SENDER = {"webhooks_test", "webhooks_redeliver"}  # `agi-app deliver` must run for them
# 422 is for what the document allows and a rule refuses; 412 for what somebody changed.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429"]
        },
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]
        },
    }
}


@dataclass
class Tried:
    """What was asked and answered."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)  # operation, status
    faults: list[str] = field(default_factory=list)
    right: int = 0  # how many were meant to be right

    @property
    def cases(self) -> int:
        """How many requests."""
        return self.statuses.total()

    @property
    def never_done(self) -> list[str]:
        """Operations that no request reached with success."""
        done = {name for (name, status) in self.statuses if 200 <= status < 300}
        return sorted({name for name, _ in self.statuses} - done - NEED_FILES)

    def share(self, low: int, high: int) -> float:
        """The share of cases whose status is in this range."""
        return sum(n for (_, status), n in self.statuses.items() if low <= status < high) / max(1, self.cases)


def explore(site: Site, cases: int, seed: int, told: Callable[[int], None] = lambda _: None) -> Tried:
    """About so many requests, spread over all operations and roles; ``told`` hears how many were made."""
    tried, before, patience = Tried(), rate_limits.WINDOW_S, jobs.PATIENCE_S
    jobs.PATIENCE_S = 0.0  # `agi-app report run-jobs` does not run
    named = generated_seed.seed(site)
    more = functools.partial(name_seeded, named, site.drafts)
    rate_limits.WINDOW_S = 0.06  # a thousand times as many: how they limit is tested elsewhere
    try:
        with requests.Session() as session:
            for operation, role, mode, most in plan(cases):
                headers = functools.partial(site.headers, role)
                attempt(operation, mode, most, seed, Asker(site.url, headers, session, f"{role}", tried, more=more))
                told(tried.cases)
    finally:
        rate_limits.WINDOW_S, jobs.PATIENCE_S = before, patience
    return tried


def plan(cases: int) -> Iterator[tuple[Any, Role, schemathesis.GenerationMode, int]]:
    """Which operation as whom, right or wrong, how often."""
    told = document(ROUTES)
    del told["security"]  # wrong tokens are the matrix's: here each request has a role's token
    del told["components"]["securitySchemes"]
    schema = schemathesis.openapi.from_dict(told, config=SchemathesisConfig.from_dict(CONFIG))
    found: list[Any] = list(schema.get_all_operations())  # each would be a fault of the document otherwise
    operations = [result.ok() for result in found]
    operations = [operation for operation in operations if operation.path != ENDLESS]
    most = max(1, round(cases / (len(operations) * len(Role) * 2)))
    for operation in operations:
        for role in Role:
            for mode in schemathesis.GenerationMode:
                yield operation, role, mode, most


def attempt(operation: Any, mode: Any, most: int, seed: int, ask: Callable[[Any, bool], None]) -> None:
    """At most so many requests of an operation; fewer when there are no more."""
    right = mode is schemathesis.GenerationMode.POSITIVE

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        ask(case, right)

    try:
        one()
    except HypothesisException as error:
        if right:
            raise
        del error  # nothing about it can be wrong


class Asker:
    """Sends a case as one role, holds the answer against the document, and remembers both.

    ``more``: what exists now, beside THERE; ``heard`` is told each case and its answer.
    """

    def __init__(
        self,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        session: requests.Session,
        role: str,
        tried: Tried,
        *,
        more: Callable[[Any], None] = lambda _: None,
        heard: Callable[[Any, requests.Response], None] = lambda _, __: None,
    ) -> None:
        self._url = url
        self._headers = headers
        self._session = session
        self._role = role
        self._tried = tried
        self._more = more
        self._heard = heard

    def __call__(self, case: Any, right: bool) -> None:
        self._tried.right += right
        if right and self._tried.right % 4:
            _name_what_exists(case)
            self._more(case)
        headers = dict(self._headers())
        try:
            answer = case.call(session=self._session, base_url=self._url, headers=headers, timeout=PATIENCE_S)
        except requests.RequestException as error:
            self._tried.statuses[name_of(case), NO_ANSWER] += 1
            asked = f"{self._role} {case.method} {case.formatted_path} {case.query} {case.body!r}"
            self._tried.faults.append(f"{asked} -> no answer: {error}"[:2000])
            return
        self._tried.statuses[name_of(case), answer.status_code] += 1
        self._heard(case, answer)
        try:
            case.validate_response(answer, headers=headers, transport_kwargs={"base_url": self._url})
        except FailureGroup as group:
            told = "; ".join(f"{type(one).__name__}: {one.message or one.title}"[:400] for one in group.exceptions)
            request = answer.request
            self._tried.faults.append(
                f"{self._role} {request.method} {request.url} {request.body!r} -> {answer.status_code}: {told}"
            )


def name_of(case: Any) -> str:
    """The id of its operation."""
    return name_of_operation(case.operation)


def name_of_operation(operation: Any) -> str:
    """Its id in the document."""
    return str(operation.definition.raw["operationId"])


def _name_what_exists(case: Any) -> None:
    path = case.operation.path
    for name in case.path_parameters or {}:
        there = THERE["path"].get(name, case.path_parameters[name])
        there = 2 if case.method == "DELETE" and there == 1 else there
        asks = (number for part, number in ASKS.items() if name == "ask" and part in path)
        case.path_parameters[name] = next(asks, there)
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    for name in case.query or {}:
        case.query[name] = THERE["query"].get(name, case.query[name])
    if case.operation.path.endswith("/consistency"):
        case.query["since"] = 1
    if case.query and "after" in case.query:
        del case.query["after"]
    if case.media_type == "text/csv":
        case.body = CSV
    if isinstance(case.body, dict):
        for name in case.body:
            case.body[name] = THERE["body"].get(name, case.body[name])


def name_seeded(named: Mapping[str, Any], drafts: Mapping[str, bytes], case: Any) -> None:
    """Let a right request be about what `generated_seed` made, and about the drafts that there are."""
    generated_seed.name(dict(named), case)
    _name_draft(drafts, case)


def _name_draft(drafts: Mapping[str, bytes], case: Any) -> None:
    draft = drafts["flow" if "{flow}" in case.operation.path else "campaign"]
    if isinstance(case.body, dict) and "sha256" in case.body:
        case.body["sha256"] = sha256(draft).hexdigest()
