"""What went wrong, as RFC 9457 has it: a stable URN that says what, and words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agi_app import errors
from agi_app.messages import current, spoken, t

URN = "urn:agi-app:"
MEDIA_TYPE = "application/problem+json"


class RequestFault(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pointer: str = Field(description="JSON Pointer into the body, `?NAME` for a parameter, or FILE:LINE:COLUMN")
    rule: str
    text: str


class ProblemAnswer(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str = Field(pattern=f"^{URN}[a-z:_/-]+$", description="what went wrong; the same for all languages")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = ""
    errors: list[RequestFault] = Field(default_factory=list)
    command: str | None = Field(None, description="a command of the node that works although this did not")


TITLES: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "the request is not as the document says"),
    "no_token": (401, "there is no valid token"),
    "forbidden": (403, "this token may not do that"),
    "not_found": (404, "there is no such thing"),
    "method_not_allowed": (405, "this path has no such method"),
    "slow": (408, "the body does not come, or too slowly"),
    "in_progress": (409, "a request with this Idempotency-Key is being done"),
    "no_file": (409, "there is no file that can be sent"),
    "not_by_service": (409, "this is done on the node only"),
    "changed": (412, "it has changed since you saw it"),
    "too_large": (413, "the body is too large"),
    "media_type": (415, "the body has another media type than this route takes"),
    "host": (421, "this host name is not served here"),
    "refused": (422, "it is well-formed, but cannot be done"),
    "key_reused": (422, "this Idempotency-Key was used for another request"),
    "unseen": (428, "say with If-Match which version you saw"),
    "rate": (429, "too many requests"),
    "fault": (500, "something is wrong in agi-app"),
    "database_away": (503, "the database does not answer"),
    "not_ready": (503, "this cannot be done now"),
}


class RequestRefused(Exception):
    """A request that ends with a problem."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        faults: Sequence[RequestFault] = (),
        headers: Mapping[str, str] | None = None,
        command: str | None = None,
    ) -> None:
        self.status, title = TITLES[kind][0], spoken(TITLES[kind][1])
        self.headers = dict(headers or {})
        self.answer = ProblemAnswer(
            type=f"{URN}{kind}",
            title=title,
            status=self.status,
            detail=detail,
            errors=list(faults),
            command=command,
        )
        super().__init__(detail or title)


def of_error(error: errors.AgiAppError, command: str = "") -> RequestRefused:
    """The problem that one of our errors is."""
    if isinstance(error, errors.Forbidden):
        return RequestRefused("forbidden", str(error))
    if isinstance(error, errors.AuthorError):
        return RequestRefused("refused", faults=[of_file(problem) for problem in error.problems])
    if isinstance(error, errors.LimitReached):
        return RequestRefused("rate", str(error), headers={"Retry-After": "3600"})
    if isinstance(error, errors.InputError):
        return RequestRefused("refused", str(error))
    if isinstance(error, errors.StoreError):
        return RequestRefused("database_away", headers={"Retry-After": "5"}, command=command or None)
    return RequestRefused("not_ready", str(error))


def of_file(problem: errors.Problem) -> RequestFault:
    return RequestFault(
        pointer=f"{problem.file}:{problem.line}:{problem.column}", rule=problem.rule, text=problem.message
    )


_RULES = {  # pydantic's names -> our words, in which the value of its rule is put
    "missing": "must be there",
    "extra_forbidden": "is not known here",
    "string_pattern_mismatch": "has not the form {pattern}",
    "string_too_short": "must have {min_length} characters at least",
    "string_too_long": "may have {max_length} characters at most",
    "too_short": "must have {min_length} entries at least",
    "too_long": "may have {max_length} entries at most",
    "greater_than_equal": "must be {ge} at least",
    "less_than_equal": "may be {le} at most",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "json_invalid": "is no JSON that is read here",
    "timezone_aware": "must have an offset from UTC",
    "date_type": "is no date",
    "date_parsing": "is no date",
    "date_from_datetime_parsing": "is no date",
    "date_from_datetime_inexact": "is no date",
    "datetime_type": "is no date-time",
    "datetime_parsing": "is no date-time",
    "datetime_from_date_parsing": "is no date-time",
    "value_error": "{error}",
}


def _words(error: Any) -> str:
    """In the reader's language; of a rule without a template only that it does not hold, its name is beside it."""
    values = dict(error.get("ctx", {}))
    if "expected" in values:
        values["expected"] = values["expected"].replace(" or ", t(" or "))
    if error["type"] not in _RULES:
        return str(error["msg"]) if current() == "en" else t("is not as the document says")
    return t(_RULES[error["type"]], **values)


def of_model(error: ValidationError, before: str) -> RequestRefused:
    """The problem of a body (``before`` is "/") or parameters ("?") that are not as their model says."""
    found = error.errors(include_url=False, include_input=False)
    return RequestRefused(
        "bad_request",
        faults=[
            RequestFault(
                pointer=before + "/".join(str(part) for part in one["loc"]), rule=one["type"], text=_words(one)
            )
            for one in found
        ],
    )
