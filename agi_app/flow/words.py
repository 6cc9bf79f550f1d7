"""The words of a flow file: its limits, its reserved names, and what a good name looks like."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, InstanceOf
from pydantic_core import PydanticCustomError

from agi_app.flow.expression_parser import ExpressionError, parse
from agi_app.flow.expressions import Expression
from agi_app.yaml_lines import parse_duration, quote

MAX_NODES = 200
MAX_STEPS_PER_NODE = 100
MAX_STEPS_PER_CALL = 200  # a flow that loops ends here, with the disposition "flow_limit"
MAX_CALL_SECONDS = 120.0  # when the campaign does not say otherwise
MAX_ATTEMPTS = 5
MAX_DIGITS = 32
MAX_SAID = 1000  # characters of a say, columns filled in
MIN_WAIT, MAX_WAIT = dt.timedelta(seconds=1), dt.timedelta(seconds=60)

NO_INPUT, NO_MATCH, ENTERED = "no_input", "no_match", "entered"  # outcomes of a gather
EMPTY = "empty"  # outcome of a say: its value is missing or none of its kind
OPTED_OUT, FLOW_LIMIT = "opted_out", "flow_limit"  # dispositions that the engine sets
RESERVED_NAMES = frozenset(
    {"contact", "now", "language", "disposition", "and", "or", "not", "in", "true", "false", "null"}
)
VERBS = ("play", "say", "gather", "branch", "set", "opt_out", "goto", "hangup")

LABEL_PATTERN, LABEL_RULE = r"[\w-]{1,64}", "use letters, digits, - and _ (at most 64)"


def fault(rule: str, message: str, *at: str | int, **words: str) -> PydanticCustomError:
    """An error of ``rule`` that points at the key ``at`` inside the validated value."""
    return PydanticCustomError(rule, message, {**words, "at": at})


def named(pattern: str, rule: str) -> BeforeValidator:
    def judge(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            context = {"found": quote(value), "rule": rule}
            raise PydanticCustomError("schema/name", "{found} does not fit; {rule}", context)
        return value

    return BeforeValidator(judge)


def _wait(value: object) -> dt.timedelta:
    duration = parse_duration(value)
    if not MIN_WAIT <= duration <= MAX_WAIT:
        raise PydanticCustomError(
            "schema/duration", "a caller is given 1s to 60s, not {found}", {"found": quote(value)}
        )
    return duration


def _scalar(value: object) -> object:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise PydanticCustomError("schema/value", "this must be one text, number, true or false")


def _condition(value: object) -> Expression:
    if not isinstance(value, str):
        context = {"found": quote(value)}
        raise PydanticCustomError(
            "flow/expression", "this must be a condition (contact.age > 17), not {found}", context
        )
    try:
        return parse(value)
    except ExpressionError as error:
        context = {"column": str(error.column), "why": str(error)}
        raise PydanticCustomError("flow/expression", "at character {column} of the condition: {why}", context) from None


FileName = Annotated[str, named(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "use Latin letters, digits, - and _ (at most 64)")]
Label = Annotated[str, named(LABEL_PATTERN, LABEL_RULE)]
Variable = Annotated[str, named(r"[^\W\d]\w{0,63}", "begin with a letter, then letters, digits and _")]
Language = Annotated[str, named(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "write a language tag such as zh-CN or en")]
Key = Annotated[str, named(r"[0-9*#]", "a key is one of 0-9, * and #, in quotes")]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Wait = Annotated[dt.timedelta, BeforeValidator(_wait)]
Scalar = Annotated[Any, BeforeValidator(_scalar)]
Condition = Annotated[InstanceOf[Expression], BeforeValidator(_condition)]
