"""The verbs: one class a verb, named like it. A step is one verb; a node is a list of steps.

Verbs that ask are in ``asking_steps``, some others in modules named like them; here is what a step may be.

Everything that can be judged inside one step is judged here; what needs the whole flow
or the prompts is in ``flow/check``.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from agi_app.authoring import full_width, shape_hints, synonyms
from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import suggest
from agi_app.flow.language.asking_steps import (
    AskStep,
    CallBackStep,
    CollectStep,
    Gather,
    GatherStep,
    LanguageStep,
    StopNumberStep,
)
from agi_app.flow.language.call_back_offer import CallAgainStep
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import (
    FLOW_LIMIT,
    LABEL_PATTERN,
    LABEL_RULE,
    OPTED_OUT,
    VERBS,
    WRONG_NUMBER,
    Condition,
    FileName,
    Label,
    Scalar,
    Variable,
    fault,
    judge_names,
)
from agi_app.messages import spoken, t, template

_ENGINES = {  # dispositions of the engine, and what to write instead
    OPTED_OUT: template("to take a stop write - opt_out"),
    FLOW_LIMIT: template("no step makes it"),
    WRONG_NUMBER: template("to end the consents for this number write - wrong_number"),
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


class PlayStep(Authored):
    """A step that plays."""

    play: Play


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
                raise fault(
                    "flow/branch", template("this word is else here: write - else: {way}"), index, word, way=way
                )
        for index, (case, after) in enumerate(pairwise(cases), start=1):
            above, below = (set(one) if isinstance(one, dict) else set() for one in (case, after))
            if "when" in above - below and "goto" in below - above:
                message = template("this belongs to the when above: remove its dash, and indent it as far as that when")
                raise fault("flow/branch", message, index, "goto")
        return value

    @model_validator(mode="after")
    def _else_is_last(self) -> BranchStep:
        for index, case in enumerate(self.branch[:-1]):
            if isinstance(case, Else):
                raise fault("flow/branch", template("this must be the last line"), "branch", index, "else")
        return self


class SetStep(Authored):
    """A step that sets variables; ``disposition`` is special: what the call meant, for the reports."""

    set: dict[Variable, Scalar] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _good_names(self) -> SetStep:
        for name, value in self.set.items():
            if name == "disposition":
                self._good_disposition(value)
            else:
                judge_names([name], "set", name)
        return self

    @staticmethod
    def _good_disposition(value: object) -> None:
        at = ("set", "disposition")
        if not isinstance(value, str) or not re.fullmatch(LABEL_PATTERN, value):
            mend = shape_hints.label(value) if isinstance(value, str) else ""
            raise fault(
                "schema/name", t("write a text; {label_rule}{mend}", label_rule=spoken(LABEL_RULE), mend=mend), *at
            )
        if value in _ENGINES:
            message = template('"{name}" is set by the engine alone; {instead}')
            raise fault("flow/reserved-name", message, *at, name=str(value), instead=spoken(_ENGINES[str(value)]))


def _nothing(value: object) -> object:
    if value is not None:
        raise fault("schema/value", template("this verb takes nothing after it"))
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
AnyStep = (
    PlayStep
    | SayStep
    | AskStep
    | RecordStep
    | RecordCallStep
    | BranchStep
    | SetStep
    | CallStep
    | ReturnStep
    | TransferStep
    | CallAgainStep
    | EndStep
    | GotoStep
)


def _one_verb(value: Any) -> Any:
    if value in BARE_VERBS:
        return {value: None}
    if isinstance(value, str):
        raise fault("flow/verb", template('"{word}" alone is not a step{hint}'), word=value, hint=_alone(value))
    if not isinstance(value, dict):
        raise fault("flow/verb", template("a step is a verb, such as - play: NAME"))
    verbs = [key for key in value if key in VERBS]
    if condition := next((key for key in value if key in _CONDITIONS and key not in VERBS), None):
        message = template("a condition goes into a branch: write - branch: [{lead}when: CONDITION, goto: NODE{end}]")
        raise fault("flow/verb", message, condition, lead="{", end="}")
    if not verbs:
        word = next((key for key in value if key != "on"), "on")
        hint = spoken(_NO_VERBS[word]) if word in _NO_VERBS else _verb_meant(word, value[word])
        raise fault("flow/verb", template('there is no verb "{word}"{hint}'), word, word=word, hint=hint)
    if len(verbs) > 1:
        raise fault(
            "flow/verb",
            template('a step has one verb: begin a new line with "- " for "{word}"'),
            verbs[1],
            word=verbs[1],
        )
    return value


_CONDITIONS = ("if", "when", "unless", "condition", "如果", "若", "条件")
_ALIKE = 0.72  # "answer" is no misspelt "transfer"
_NO_VERBS = {
    **dict.fromkeys(
        ("wait", "pause", "sleep", "delay"),
        template(": put a silence into a recording; the time to answer is the timeout of the gather"),
    ),
    **dict.fromkeys(
        (name for name in Gather.model_fields if name not in VERBS),
        template(
            ": it belongs to the gather above: remove its dash, and indent it as far as the other keys of that gather"
        ),
    ),
    "on": template(": it belongs to the step above: remove its dash, and indent it as far as that step's verb"),
    "else": template(
        ": it belongs to the branch above: indent it, with its dash, as far as the other lines of that branch"
    ),
}


def _verb_meant(word: str, value: Any) -> str:
    """The verb that another word is for, with the value that is there."""
    if word.partition(" ")[0] in VERBS:
        return _alone(word)
    verb = "set" if word in _DISPOSITION else synonyms.other_word(word, VERBS)
    if verb == "set" and isinstance(value, str) and re.fullmatch(LABEL_PATTERN, value):
        return t("; write - set: {{disposition: {value}}}", value=value)
    written = shape_hints.instead("model_type", verb or "", value) if isinstance(value, str) else ""
    return written.replace(t("write "), t("write - ")) if f": {value}}}" in written else suggest(word, VERBS, _ALIKE)


_DISPOSITION = ("disposition", "set_disposition", "outcome", "result", "status", "结果", "状态")


def _alone(text: str) -> str:
    """What to write for a step that is only a text."""
    before, colon, behind = full_width.ascii_of(text).partition(":")
    if before.strip() in VERBS and colon:
        missing = (
            t("; {naming} and a space", naming=full_width.naming("："))
            if "：" in text
            else t("; a space is missing after the colon")
        )
        return t("{missing}: write - {before}: {behind}", missing=missing, before=before.strip(), behind=behind.strip())
    verb, space, rest = text.partition(" ")
    if verb in VERBS and space:
        return t("; a colon is missing: write - {verb}: {rest}", verb=verb, rest=rest)
    if verb in VERBS:
        return t("; write its value after it: - {example}", example=synonyms.example(verb))
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
