"""The verbs: one class a verb, named like it. A step is one verb; a node is a list of steps.

Everything that can be judged inside one step is judged here; what needs the whole flow
or the prompts is in ``flow/check``.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring import shape_hints, synonyms
from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import suggest
from agi_app.flow.language import value_bounds
from agi_app.flow.language.call_back_offer import CallAgainStep, Offer
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.speech_step import Speech, SpokenValue
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import (
    CHOSEN,
    CONFIRM_ATTEMPTS,
    DATE_DIGITS,
    ENTERED,
    FEWEST_NUMBER_DIGITS,
    FLOW_LIMIT,
    LABEL_PATTERN,
    LABEL_RULE,
    MAX_ATTEMPTS,
    MAX_DIGITS,
    MAX_OFFERS,
    MOST_NUMBER_DIGITS,
    NO,
    NO_INPUT,
    NO_MATCH,
    OPTED_OUT,
    RESERVED_NAMES,
    STOPPED,
    VERBS,
    WRONG_NUMBER,
    YES,
    Condition,
    FileName,
    Key,
    Label,
    Language,
    Scalar,
    Variable,
    Wait,
    fault,
    named,
)

_RESERVED = '"{name}" has a special meaning; use another name, such as my_{name}'
_ENGINES = {  # dispositions of the engine, and what to write instead
    OPTED_OUT: "to take a stop write - opt_out",
    FLOW_LIMIT: "no step makes it",
    WRONG_NUMBER: "to end the consents for this number write - wrong_number",
}


class Play(Authored):
    """``play: NAME`` or ``play: {prompt: NAME, barge_in: false}``: play a prompt to its end.

    A key pressed meanwhile is dropped, but for the opt-out key, and for a key that
    answers a gather which is the very next step, if both allow barge-in.
    """

    prompt: FileName
    barge_in: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"prompt": value} if isinstance(value, str) else value


class Digits(Authored):
    """A gather of several keys, such as a member number."""

    min: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = 1
    max: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = MAX_DIGITS
    end_key: Literal["#"] | None = "#"

    @model_validator(mode="after")
    def _ordered(self) -> Digits:
        if self.min > self.max:
            raise fault("schema/value", "this is greater than max", "min")
        return self


class Gather(Authored):
    """Ask, and take one key (``keys``) or several (``digits``), spoken words (``speech``), or keys beside words.

    ``on:`` beside it says where answers lead. ``timeout`` is the silence allowed after the prompt, and between two
    digits. ``save`` names the variable and the stored answer: the label, the digits, or the value that was said.
    """

    prompt: FileName
    keys: dict[Key, Label] | None = None
    digits: Digits | None = None
    speech: Speech | None = None
    timeout: Wait = dt.timedelta(seconds=5)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 2
    barge_in: Annotated[bool, Field(strict=True)] = True
    save: Variable | None = None
    keep: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _judge(self) -> Gather:
        if self.keep and (self.speech is None or self.save is None):
            raise fault("flow/gather", "only a spoken answer (speech) with a name (save) can be kept", "keep")
        if self.keys is None and self.digits is None and self.speech is None:
            raise fault("flow/gather", 'write keys ("1": yes), digits (min, max) or speech (yes: yes)')
        if self.keys is not None and self.digits is not None:
            raise fault("flow/gather", 'write either keys ("1": yes) or digits (min, max)')
        if self.keys is not None and not self.keys:
            raise fault("flow/gather", "there is no key to press", "keys")
        for key, label in (self.keys or {}).items():
            if label in (NO_INPUT, NO_MATCH):
                raise fault(
                    "flow/gather", '"{label}" means that no key was right; use another label', "keys", key, label=label
                )
        if self.save in RESERVED_NAMES:
            raise fault("flow/reserved-name", _RESERVED, "save", name=self.save)
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The good answers, each once: those of ``keys`` and ``speech``, and ``entered`` for digits or a value."""
        spoken = self.speech if isinstance(self.speech, dict) else {}
        value = self.digits is not None or isinstance(self.speech, SpokenValue)
        return tuple(dict.fromkeys([*(self.keys or {}).values(), *spoken, *([ENTERED] if value else [])]))


class Confirm(Authored):
    """How a collect asks whether what it read back is right; its prompt follows the value."""

    prompt: FileName
    yes: Key = "1"
    no: Key = "2"

    @model_validator(mode="after")
    def _different(self) -> Confirm:
        if self.yes == self.no:
            raise fault("flow/collect", "yes and no are the same key", "no")
        return self


class Collect(Authored):
    """Ask for a number or a date by keys, read it back, and ask again until it is right.

    ``kind`` says what the digits are; a ``date`` is eight of them (year, month, day), an ``amount`` is whole
    units of its ``currency``. What is smaller than ``min`` or larger than ``max`` is asked for again. Without
    ``confirm`` nothing is read back.
    """

    prompt: FileName
    kind: Literal["digits", "number", "date", "amount"] = "digits"
    digits: Digits | None = None
    min: value_bounds.Bound | None = None
    max: value_bounds.Bound | None = None
    currency: Annotated[str, named("[A-Z]{3}", "write three capital letters, such as CNY")] | None = None
    confirm: Confirm | None = None
    timeout: Wait = dt.timedelta(seconds=5)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 3
    barge_in: Annotated[bool, Field(strict=True)] = True
    save: Variable

    @model_validator(mode="after")
    def _judge(self) -> Collect:
        if self.kind == "date" and self.digits is not None:
            raise fault("flow/collect", "a date has eight digits, year, month and day; leave this out", "digits")
        if self.kind == "amount" and self.currency is None:
            raise fault("flow/collect", "an amount needs a currency, such as currency: CNY", "kind")
        if self.kind != "amount" and self.currency is not None:
            raise fault("flow/collect", "only an amount has a currency", "currency")
        for word, message in value_bounds.faults(
            self.kind, self.min, self.max, self.digits.max if self.digits else None
        ):
            raise fault("flow/collect", message.replace("{", "{{").replace("}", "}}"), word)
        if self.save in RESERVED_NAMES:
            raise fault("flow/reserved-name", _RESERVED, "save", name=self.save)
        return self

    @cached_property
    def entry(self) -> Gather:
        """The question for the digits."""
        date = Digits(min=DATE_DIGITS, max=DATE_DIGITS)
        number = Digits(max=len(str(self.max))) if isinstance(self.max, int) else Digits()
        digits = date if self.kind == "date" else self.digits or number
        return self._question(self.prompt, self.attempts, None, digits)

    @cached_property
    def confirmation(self) -> Gather:
        """The question whether they are right; only with ``confirm``."""
        confirm = self.confirm or Confirm(prompt=self.prompt)
        return self._question(confirm.prompt, CONFIRM_ATTEMPTS, {confirm.yes: YES, confirm.no: NO}, None)

    def _question(self, prompt: str, attempts: int, keys: dict[str, str] | None, digits: Digits | None) -> Gather:
        timeout, barge_in = self.timeout, self.barge_in  # judged already
        return Gather.model_construct(
            prompt=prompt, keys=keys, digits=digits, timeout=timeout, attempts=attempts, barge_in=barge_in
        )


class ChooseLanguage(Authored):
    """Play one prompt in each of several languages, one after another, until a key chooses its language."""

    prompt: FileName
    keys: dict[Key, Language] = Field(min_length=1)
    timeout: Wait = dt.timedelta(seconds=2)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 2

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The languages in the order in which they are heard, each once."""
        return tuple(dict.fromkeys(self.keys.values()))

    @cached_property
    def question(self) -> Gather:
        """The question for a key; each of its attempts is in another language."""
        keys, timeout, attempts = dict(self.keys), self.timeout, self.attempts * len(self.order)  # judged already
        return Gather.model_construct(prompt=self.prompt, keys=keys, timeout=timeout, attempts=attempts, barge_in=True)


class StopNumber(Authored):
    """Ask for a telephone number by keys, read it back, and store a stop for it once it is said to be right.

    A number without 00 and a country code is read as one of the country of the line that is called.
    """

    prompt: FileName
    confirm: Confirm
    timeout: Wait = dt.timedelta(seconds=5)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 3
    barge_in: Annotated[bool, Field(strict=True)] = True

    @cached_property
    def collect(self) -> Collect:
        """How its digits are asked for, read back and confirmed."""
        digits = Digits(min=FEWEST_NUMBER_DIGITS, max=MOST_NUMBER_DIGITS)
        timeout, attempts, barge_in = self.timeout, self.attempts, self.barge_in  # judged already
        return Collect.model_construct(
            prompt=self.prompt,
            kind="digits",
            digits=digits,
            confirm=self.confirm,
            save=OPTED_OUT,  # nothing is saved
            timeout=timeout,
            attempts=attempts,
            barge_in=barge_in,
        )


class CallBack(Authored):
    """Offer times for another call; the first is chosen with key 1, the second with 2, and so on."""

    prompt: FileName
    offer: list[Offer] = Field(min_length=1, max_length=MAX_OFFERS)
    timeout: Wait = dt.timedelta(seconds=5)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 2
    barge_in: Annotated[bool, Field(strict=True)] = True

    @cached_property
    def question(self) -> Gather:
        """The question for a key."""
        keys = {str(number): str(number) for number in range(1, len(self.offer) + 1)}
        timeout, barge_in = self.timeout, self.barge_in  # judged already
        return Gather.model_construct(
            prompt=self.prompt, keys=keys, timeout=timeout, attempts=self.attempts, barge_in=barge_in
        )


class PlayStep(Authored):
    """A step that plays."""

    play: Play


class GatherStep(StepWithWays):
    """A step that gathers; an answer without a way in ``on`` goes on with the next step."""

    gather: Gather

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Its answers, and what there is without one."""
        return (*self.gather.labels, NO_INPUT, NO_MATCH)

    def unknown_outcome(self, name: str) -> PydanticCustomError:
        """What to write; the key of an answer is no name of it."""
        label = (self.gather.keys or {}).get(name)
        if label is None:
            return super().unknown_outcome(name)
        message = "name the answer here, not its key; write {label}: {node}"
        return fault("flow/unknown-answer", message, "on", name, label=label, node=self.on[name])


class CollectStep(StepWithWays):
    """A step that collects; an outcome without a way in ``on`` goes on with the next step."""

    OUTCOMES = (ENTERED, NO_INPUT, NO_MATCH)
    collect: Collect


class CallBackStep(StepWithWays):
    """A step that offers to call again; an outcome without a way in ``on`` goes on with the next step."""

    OUTCOMES = (CHOSEN, NO_INPUT, NO_MATCH)
    call_back: CallBack


class LanguageStep(StepWithWays):
    """A step that lets the person choose a language; an outcome without a way in ``on`` goes on with the next step."""

    OUTCOMES = (CHOSEN, NO_INPUT)
    language: ChooseLanguage


class StopNumberStep(StepWithWays):
    """A step that takes a stop for a keyed number; an outcome without a way goes on with the next step."""

    OUTCOMES = (STOPPED, NO_INPUT, NO_MATCH)
    stop_number: StopNumber


class When(Authored):
    """``when: CONDITION`` with ``goto: NODE``."""

    when: Condition
    goto: Label


class Else(Authored):
    """``else: NODE``, the last line of a branch."""

    otherwise: Label = Field(alias="else")


class BranchStep(Authored):
    """A step that goes the way of the first true condition; without one, the next step follows."""

    branch: list[
        Annotated[
            Annotated[When, Tag("<when>")] | Annotated[Else, Tag("<else>")],
            Discriminator(lambda value: "<else>" if isinstance(value, dict) and "else" in value else "<when>"),
        ]
    ] = Field(min_length=1, max_length=50)

    @field_validator("branch", mode="before")
    @classmethod
    def _goto_beside_when(cls, value: Any) -> Any:
        """A dash before ``goto`` is meant for the condition above; a condition of its own would mean something else."""
        cases = value if isinstance(value, list) else []
        for index, case in enumerate(cases):
            word, way = next(iter(case.items())) if isinstance(case, dict) and len(case) == 1 else ("else", None)
            if word not in ("else", "when", "goto") and synonyms.other_word(word, ("else",)):
                way = way if isinstance(way, str) else "NODE"
                raise fault("flow/branch", "this word is else here: write - else: {way}", index, word, way=way)
        for index, (case, after) in enumerate(pairwise(cases), start=1):
            above, below = (set(one) if isinstance(one, dict) else set() for one in (case, after))
            if "when" in above - below and "goto" in below - above:
                message = "this belongs to the when above: remove its dash, and indent it as far as that when"
                raise fault("flow/branch", message, index, "goto")
        return value

    @model_validator(mode="after")
    def _else_is_last(self) -> BranchStep:
        for index, case in enumerate(self.branch[:-1]):
            if isinstance(case, Else):
                raise fault("flow/branch", "this must be the last line", "branch", index, "else")
        return self


class SetStep(Authored):
    """A step that sets variables; ``disposition`` is special: what the call meant, for the reports."""

    set: dict[Variable, Scalar] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _good_names(self) -> SetStep:
        for name, value in self.set.items():
            if name == "disposition":
                self._good_disposition(value)
            elif name in RESERVED_NAMES:
                raise fault("flow/reserved-name", _RESERVED, "set", name, name=name)
        return self

    @staticmethod
    def _good_disposition(value: object) -> None:
        at = ("set", "disposition")
        if not isinstance(value, str) or not re.fullmatch(LABEL_PATTERN, value):
            mend = shape_hints.label(value) if isinstance(value, str) else ""
            raise fault("schema/name", f"write a text; {LABEL_RULE}{mend}", *at)
        if value in _ENGINES:
            message = '"{name}" is set by the engine alone; {instead}'
            raise fault("flow/reserved-name", message, *at, name=str(value), instead=_ENGINES[str(value)])


def _nothing(value: object) -> object:
    if value is not None:
        raise fault("schema/value", "this verb takes nothing after it")
    return value


Nothing = Annotated[None, BeforeValidator(_nothing)]


class OptOutStep(Authored):
    """A step that does what the opt-out key does: store the stop, confirm, hang up."""

    opt_out: Nothing = None


class GotoStep(Authored):
    """A step that goes on in another node."""

    goto: Label


class HangupStep(Authored):
    """A step that ends the call."""

    hangup: Nothing = None


BARE_VERBS = ("hangup", "opt_out", "wrong_number")  # may stand alone, without anything behind them
# A step that ends the call.
EndStep = HangupStep | OptOutStep | WrongNumberStep
# A step that asks and waits for an answer by keys or words.
AskStep = GatherStep | CollectStep | CallBackStep | LanguageStep | StopNumberStep
AnyStep = (
    PlayStep
    | SayStep
    | GatherStep
    | CollectStep
    | LanguageStep
    | StopNumberStep
    | RecordStep
    | RecordCallStep
    | BranchStep
    | SetStep
    | CallStep
    | ReturnStep
    | CallBackStep
    | TransferStep
    | CallAgainStep
    | OptOutStep
    | WrongNumberStep
    | GotoStep
    | HangupStep
)


def _one_verb(value: Any) -> Any:
    if value in BARE_VERBS:
        return {value: None}
    if isinstance(value, str):
        raise fault("flow/verb", '"{word}" alone is not a step{hint}', word=value, hint=_alone(value))
    if not isinstance(value, dict):
        raise fault("flow/verb", "a step is a verb, such as - play: NAME")
    verbs = [key for key in value if key in VERBS]
    if condition := next((key for key in value if key in _CONDITIONS and key not in VERBS), None):
        message = "a condition goes into a branch: write - branch: [{lead}when: CONDITION, goto: NODE{end}]"
        raise fault("flow/verb", message, condition, lead="{", end="}")
    if not verbs:
        word = next((key for key in value if key != "on"), "on")
        hint = _NO_VERBS.get(word) or (_alone(word) if word.partition(" ")[0] in VERBS else suggest(word, VERBS))
        raise fault("flow/verb", 'there is no verb "{word}"{hint}', word, word=word, hint=hint)
    if len(verbs) > 1:
        raise fault(
            "flow/verb", 'a step has one verb: begin a new line with "- " for "{word}"', verbs[1], word=verbs[1]
        )
    return value


_CONDITIONS = ("if", "when", "unless", "condition", "如果", "若", "条件")
_NO_VERBS = dict.fromkeys(
    ("wait", "pause", "sleep", "delay"),
    ": put a silence into a recording; the time to answer is the timeout of the gather",
)


def _alone(text: str) -> str:
    """What to write for a step that is only a text."""
    verb, space, rest = text.partition(" ")
    if verb in VERBS and space:
        return f"; a colon is missing: write - {verb}: {rest}"
    before, colon, behind = text.partition(":")
    if before in VERBS and colon:
        return f"; a space is missing after the colon: write - {before}: {behind.strip()}"
    if verb in VERBS:
        return f"; write its value after it: - {synonyms.example(verb)}"
    return suggest(text, VERBS)


def _verb_tag(value: Any) -> str:
    verb = next((verb for verb in VERBS if verb in value), "")
    inner = value[verb] if verb and isinstance(value[verb], dict) else {}
    if verb == "record" and "call" in inner:
        return "<record call>"
    if verb == "call_back" and not {"prompt", "offer"} & set(inner) and inner:
        return "<call_back again>"
    return f"<{verb}>"


Step = Annotated[
    Annotated[
        Annotated[PlayStep, Tag("<play>")]
        | Annotated[SayStep, Tag("<say>")]
        | Annotated[GatherStep, Tag("<gather>")]
        | Annotated[CollectStep, Tag("<collect>")]
        | Annotated[LanguageStep, Tag("<language>")]
        | Annotated[StopNumberStep, Tag("<stop_number>")]
        | Annotated[RecordStep, Tag("<record>")]
        | Annotated[RecordCallStep, Tag("<record call>")]
        | Annotated[BranchStep, Tag("<branch>")]
        | Annotated[SetStep, Tag("<set>")]
        | Annotated[CallStep, Tag("<call>")]
        | Annotated[ReturnStep, Tag("<return>")]
        | Annotated[CallBackStep, Tag("<call_back>")]
        | Annotated[CallAgainStep, Tag("<call_back again>")]
        | Annotated[TransferStep, Tag("<transfer>")]
        | Annotated[OptOutStep, Tag("<opt_out>")]
        | Annotated[WrongNumberStep, Tag("<wrong_number>")]
        | Annotated[GotoStep, Tag("<goto>")]
        | Annotated[HangupStep, Tag("<hangup>")],
        Discriminator(_verb_tag),
    ],
    BeforeValidator(_one_verb),
]
