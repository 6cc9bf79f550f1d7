"""The verbs that ask: ``gather``, ``collect``, ``language``, ``stop_number`` and ``call_back`` with a prompt.

Each waits for an answer by keys or words, as often as it may be asked.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored
from agi_app.flow.language import value_bounds
from agi_app.flow.language.call_back_offer import Offer
from agi_app.flow.language.speech_step import Speech, SpokenValue
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.syntax.names_and_limits import (
    CHOSEN,
    CONFIRM_ATTEMPTS,
    DATE_DIGITS,
    ENTERED,
    FEWEST_NUMBER_DIGITS,
    MAX_ATTEMPTS,
    MAX_DIGITS,
    MAX_OFFERS,
    MOST_NUMBER_DIGITS,
    NO,
    NO_INPUT,
    NO_MATCH,
    OPTED_OUT,
    STOPPED,
    YES,
    FileName,
    Key,
    Label,
    Language,
    Variable,
    Wait,
    fault,
    judge_names,
    named,
    refuse,
)
from agi_app.messages import spoken, template


class Digits(Authored):
    """A gather of several keys, such as a member number."""

    min: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = 1
    max: Annotated[int, Field(strict=True, ge=1, le=MAX_DIGITS)] = MAX_DIGITS
    end_key: Literal["#"] | None = "#"

    @model_validator(mode="after")
    def _ordered(self) -> Digits:
        refuse("schema/value", (self.min > self.max, template("this is greater than max"), "min"))
        return self


class Asked(Authored):
    """What every question has: its prompt, how long an answer may take, and whether a key may end the prompt."""

    prompt: FileName
    timeout: Wait = dt.timedelta(seconds=5)
    barge_in: Annotated[bool, Field(strict=True)] = True


class Gather(Asked):
    """Ask, and take one key (``keys``) or several (``digits``), spoken words (``speech``), or keys beside words.

    ``on:`` beside it says where answers lead. ``timeout`` is the silence allowed after the prompt, and between two
    digits. ``early``: whether what comes before its prompt begins may answer it. ``save`` names the variable and the
    stored answer: the label, the digits, or the value that was said.
    """

    keys: dict[Key, Label] | None = None
    digits: Digits | None = None
    speech: Speech | None = None
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 2
    early: Annotated[bool, Field(strict=True)] = True
    save: Variable | None = None
    keep: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _judge(self) -> Gather:
        not_kept = self.keep and (self.speech is None or self.save is None)
        no_way = self.keys is None and self.digits is None and self.speech is None
        both = self.keys is not None and self.digits is not None
        refuse(
            "flow/gather",
            (not_kept, template("only a spoken answer (speech) with a name (save) can be kept"), "keep"),
            (no_way, template('write keys ("1": yes), digits (min, max) or speech (yes: yes)')),
            (both, template('write either keys ("1": yes) or digits (min, max)')),
            (self.keys == {}, template("there is no key to press"), "keys"),
        )
        for key, label in (self.keys or {}).items():
            if label in (NO_INPUT, NO_MATCH):
                raise fault(
                    "flow/gather",
                    template('"{label}" means that no key was right; use another label'),
                    "keys",
                    key,
                    label=label,
                )
        judge_names([self.save or ""], "save")
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
        refuse("flow/collect", (self.yes == self.no, template("yes and no are the same key"), "no"))
        return self


class Collect(Asked):
    """Ask for a number or a date by keys, read it back, and ask again until it is right.

    ``kind`` says what the digits are; a ``date`` is eight of them (year, month, day), an ``amount`` is whole
    units of its ``currency``. What is smaller than ``min`` or larger than ``max`` is asked for again. Without
    ``confirm`` nothing is read back.
    """

    kind: Literal["digits", "number", "date", "amount"] = "digits"
    digits: Digits | None = None
    min: value_bounds.Bound | None = None
    max: value_bounds.Bound | None = None
    currency: Annotated[str, named("[A-Z]{3}", template("write three capital letters, such as CNY"))] | None = None
    confirm: Confirm | None = None
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 3
    save: Variable

    @model_validator(mode="after")
    def _judge(self) -> Collect:
        has_digits, has_currency, kind = self.digits is not None, self.currency is not None, self.kind
        refuse(
            "flow/collect",
            (
                kind == "date" and has_digits,
                template("a date has eight digits, year, month and day; leave this out"),
                "digits",
            ),
            (
                kind == "amount" and not has_currency,
                template("an amount needs a currency, such as currency: CNY"),
                "kind",
            ),
            (kind != "amount" and has_currency, template("only an amount has a currency"), "currency"),
        )
        for word, message in value_bounds.faults(
            self.kind, self.min, self.max, self.digits.max if self.digits else None
        ):
            raise fault("flow/collect", spoken(message).replace("{", "{{").replace("}", "}}"), word)
        judge_names([self.save], "save")
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
        return Gather.model_construct(  # judged already
            prompt=prompt,
            keys=keys,
            digits=digits,
            timeout=self.timeout,
            attempts=attempts,
            barge_in=self.barge_in,
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
        return Gather.model_construct(  # judged already
            prompt=self.prompt,
            keys=dict(self.keys),
            timeout=self.timeout,
            attempts=self.attempts * len(self.order),
            barge_in=True,
        )


class StopNumber(Asked):
    """Ask for a telephone number by keys, read it back, and store a stop for it once it is said to be right.

    A number without 00 and a country code is read as one of the country of the line that is called.
    """

    confirm: Confirm
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 3

    @cached_property
    def collect(self) -> Collect:
        """How its digits are asked for, read back and confirmed."""
        return Collect.model_construct(  # judged already
            prompt=self.prompt,
            kind="digits",
            digits=Digits(min=FEWEST_NUMBER_DIGITS, max=MOST_NUMBER_DIGITS),
            confirm=self.confirm,
            save=OPTED_OUT,  # nothing is saved
            timeout=self.timeout,
            attempts=self.attempts,
            barge_in=self.barge_in,
        )


class CallBack(Asked):
    """Offer times for another call; the first is chosen with key 1, the second with 2, and so on."""

    offer: list[Offer] = Field(min_length=1, max_length=MAX_OFFERS)
    attempts: Annotated[int, Field(strict=True, ge=1, le=MAX_ATTEMPTS)] = 2

    @cached_property
    def question(self) -> Gather:
        """The question for a key."""
        keys = {str(number): str(number) for number in range(1, len(self.offer) + 1)}
        return Gather.model_construct(  # judged already
            prompt=self.prompt,
            keys=keys,
            timeout=self.timeout,
            attempts=self.attempts,
            barge_in=self.barge_in,
        )


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
        message = template("name the answer here, not its key; write {label}: {node}")
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


# A step that asks and waits for an answer by keys or words.
AskStep = GatherStep | CollectStep | CallBackStep | LanguageStep | StopNumberStep
