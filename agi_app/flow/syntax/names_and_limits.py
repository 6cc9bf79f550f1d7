"""The words of a flow file: its limits, its reserved names, and what a good name looks like."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, InstanceOf, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from agi_app.authoring import shape_hints, times_meant
from agi_app.authoring.schema import duration_within
from agi_app.authoring.suggestions import quote
from agi_app.flow.syntax.expression_parser import MAX_LENGTH, ExpressionError, parse
from agi_app.flow.syntax.expressions import Expression
from agi_app.messages import spoken, t, template

MAX_NODES = 200
MAX_STEPS_PER_NODE = 100
MAX_STEPS_PER_CALL = 200  # a flow that loops ends here, with the disposition "flow_limit"
MAX_DEPTH = 5  # flows that call flows
MAX_CALL_SECONDS = 120.0  # when the campaign does not say otherwise
MAX_ATTEMPTS = 5
MAX_DIGITS = 32
MAX_DAYS_AWAY = 3660  # of a bound of a date
MAX_EARLY_KEYS = 10  # kept for the next question
CONFIRM_ATTEMPTS = 2  # how often a collect reads back and asks whether it is right
MAX_OFFERS = 8  # times of a call_back, one key each
MAX_CALLED_AGAIN = 3  # answered calls of one contact that may end in a call_back without asking
MIN_DELAY, MAX_DELAY = dt.timedelta(minutes=1), dt.timedelta(days=30)  # of a call_back
DATE_DIGITS = 8  # year, month, day
MAX_SAID = 1000  # characters of a say, columns filled in
MIN_WAIT, MAX_WAIT = dt.timedelta(seconds=1), dt.timedelta(seconds=60)

NO_INPUT, NO_MATCH, ENTERED = "no_input", "no_match", "entered"  # outcomes of a gather or a collect
DONE, FAILED, BUSY, NO_ANSWER = "done", "failed", "busy", "no_answer"  # outcomes of a transfer
ABANDONED = "abandoned"  # besides, when the call was made for agents and none was there in time
CHOSEN = "chosen"  # outcome of a call_back or a language
CALLER_COLUMN, SHOWN, WITHHELD = "caller", "shown", "withheld"  # of who calls a line: its call shows a number, or not
STOPPED = "stopped"  # outcome of a stop_number
MAX_STOPS_PER_CALL = 5  # keyed in, besides that of the caller: nobody stops the calls of a whole town in one call
FEWEST_NUMBER_DIGITS, MOST_NUMBER_DIGITS = 5, 20  # of a keyed telephone number, 00 and country code included
NOT_CALLED_BACK = "not_called_back"  # the disposition of a call-back without asking that is not made
CALL_BACK = "call_back"  # the disposition of a call that is to be called again, and the name of the stored time
YES, NO = "yes", "no"  # what is said to the value that a collect reads back
OTHERWISE = "else"  # in the ways of a call: every other result
EMPTY = "empty"  # outcome of a say: its value is missing or cannot be read as its kind; of a record: nothing was said
RECORDED = "recorded"  # outcome of a record, and the answer it stores
OPTED_OUT, FLOW_LIMIT = "opted_out", "flow_limit"  # dispositions that the engine sets
WRONG_NUMBER = "wrong_number"  # one more: the consents for the called number were ended
RESERVED_NAMES = frozenset(
    {"contact", "now", "language", "disposition", "and", "or", "not", "in", "true", "false", "null"}
)
VERBS = (
    "play",
    "say",
    "gather",
    "collect",
    "language",
    "stop_number",
    "record",
    "branch",
    "set",
    "call",
    "return",
    "call_back",
    "transfer",
    "opt_out",
    "wrong_number",
    "goto",
    "hangup",
)

# What the reference page tells: what is limited, and how much.
LIMITS: tuple[tuple[str, int | str], ...] = (
    (template("nodes of a flow"), MAX_NODES),
    (template("steps of a node"), MAX_STEPS_PER_NODE),
    (template("steps of a call, all flows together"), MAX_STEPS_PER_CALL),
    (template("flows deep, by `call`"), MAX_DEPTH),
    (template("seconds of a call, when the campaign has no `max_call` (15s to 600s)"), f"{MAX_CALL_SECONDS:g}"),
    (template("attempts of a question"), MAX_ATTEMPTS),
    (template("digits of an answer"), MAX_DIGITS),
    (template("times of a `call_back`"), MAX_OFFERS),
    (template("`times` of a `call_back` without asking"), MAX_CALLED_AGAIN),
    (template("numbers of a call stopped by `stop_number`"), MAX_STOPS_PER_CALL),
    (template("seconds to wait for an answer"), f"{MAX_WAIT.total_seconds():g}"),
    (template("seconds of a recorded message (`max`)"), 300),
    (template("characters of a `say`, columns filled in"), MAX_SAID),
    (template("characters of a condition"), MAX_LENGTH),
)

LABEL_PATTERN, LABEL_RULE = r"[\w-]{1,64}", template("use letters, digits, - and _ (at most 64)")


def fault(rule: str, message: str, *at: str | int, **words: str) -> PydanticCustomError:
    """An error of ``rule`` that points at the key ``at`` inside the validated value."""
    return PydanticCustomError(rule, spoken(message), {**words, "at": at})


def refuse(rule: str, *cases: tuple[bool, str, *tuple[str, ...]]) -> None:
    """Raise an error of ``rule`` for the first case that is so: whether it is, what to say, and the key it is about."""
    for is_so, message, *at in cases:
        if is_so:
            raise fault(rule, message, *at)


def judge_names(names: Iterable[str], *at: str) -> None:
    """Raise ``flow/reserved-name`` for the first name that a variable may not have."""
    for name in names:
        if name in RESERVED_NAMES:
            raise fault(
                "flow/reserved-name",
                template('"{name}" has a special meaning; use another name, such as my_{name}'),
                *at,
                name=name,
            )


class named:
    """The whole text fits a pattern; ``rule`` says in words what it may be, ``mend`` what to write for a text."""

    def __init__(self, pattern: str, rule: str, mend: Callable[[str], str] | None = None) -> None:
        self._pattern, self._rule, self._mend = pattern, rule, mend

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._judge, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pattern = self._pattern.replace(r"[^\W\d]", r"[\p{L}_]").replace(r"[\w-]", r"[\p{L}\p{N}_-]")
        words = pattern.replace(r"\w", r"[\p{L}\p{N}_]")  # a Chinese name is one, too; JSON Schema must be told
        return {**handler(schema), "pattern": f"^({words})$"}

    def _judge(self, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(self._pattern, value):
            bare = shape_hints.bare(value)
            if re.fullmatch(self._pattern, bare):
                mend = (
                    t("; write {bare}", bare=bare) if any(map(str.isalpha, bare)) else t('; write "{bare}"', bare=bare)
                )
            else:
                mend = self._mend(value) if self._mend is not None else ""
            context = {"found": quote(value), "rule": shape_hints.comment_meant(value) or f"{spoken(self._rule)}{mend}"}
            raise PydanticCustomError("schema/name", spoken("{found} does not fit; {rule}"), context)
        return value


def _clock(value: object) -> dt.time:
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return dt.time.fromisoformat(value)
    how = times_meant.write_clock(value, "18:00")
    raise fault("schema/value", spoken("{found} is not a time of day; {how}"), found=quote(value), how=how)


_BETWEEN_PHRASES = re.compile("[、，；]")


def _one_phrase(value: object) -> object:
    """Refuse phrases that signs of Chinese keyboards join: together they are one, which nobody says."""
    if not isinstance(value, str) or not _BETWEEN_PHRASES.search(value):
        return value
    parts = ", ".join(filter(None, map(str.strip, _BETWEEN_PHRASES.split(value))))
    message = spoken("{found} counts as one phrase; write [{parts}], or leave the sign out")
    raise fault("schema/value", message, found=quote(value), parts=parts or "…")


def _scalar(value: object) -> object:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise fault("schema/value", t("this must be a single text or number, or true or false"))


def _condition(value: object) -> Expression:
    if not isinstance(value, str):
        message = spoken("this must be a condition (contact.age > 17), not {found}")
        raise fault("flow/expression", message, found=quote(value))
    try:
        return parse(value)
    except ExpressionError as error:
        message = spoken("at character {column} of the condition: {why}")
        raise fault("flow/expression", message, column=str(error.column), why=str(error)) from None


FileName = Annotated[
    str,
    named(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        template("use Latin letters, digits, - and _ (at most 64)"),
        shape_hints.file_name,
    ),
]
DestinationName = Annotated[
    str,
    named(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        template(
            "write the name of a destination of agi-app.toml ([destinations.front-desk]: front-desk), which has "
            "its number or telephone"
        ),
        shape_hints.staff_number,
    ),
]
Label = Annotated[str, named(LABEL_PATTERN, LABEL_RULE, shape_hints.label)]
Variable = Annotated[
    str, named(r"[^\W\d]\w{0,63}", template("begin with a letter, then letters, digits and _"), shape_hints.variable)
]
Language = Annotated[
    str,
    named(
        r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", template("write a language tag such as zh-CN or en"), shape_hints.language
    ),
]
Key = Annotated[str, named(r"[0-9*#]", template("a key is one of 0-9, * and #, in quotes"), shape_hints.telephone_key)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Phrase = Annotated[Text, BeforeValidator(_one_phrase)]
Wait = Annotated[dt.timedelta, duration_within(MIN_WAIT, MAX_WAIT, template("must be 1s to 60s, not {found}"))]
Delay = Annotated[
    dt.timedelta, duration_within(MIN_DELAY, MAX_DELAY, template("a call-back must be 1m to 30d away, not {found}"))
]
ClockTime = Annotated[dt.time, BeforeValidator(_clock)]
Scalar = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Condition = Annotated[
    InstanceOf[Expression], BeforeValidator(_condition), WithJsonSchema({"type": "string", "maxLength": MAX_LENGTH})
]
