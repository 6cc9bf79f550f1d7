"""What a gather may be answered with by voice: labels with their phrases, or a value of a kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from agi_app.authoring.schema import Authored
from agi_app.authoring.shape_hints import by_language
from agi_app.flow.syntax.names_and_limits import NO_INPUT, NO_MATCH, FileName, Label, Language, Phrase, fault
from agi_app.messages import template

ANSWERS = "answers"
MOST_LABELS, MOST_PHRASES = 20, 50
Phrases = dict[Language, Annotated[list[Phrase], Field(min_length=1, max_length=MOST_PHRASES)]]


def _own_words(value: Any) -> Any:
    """Refuse words where the name of a meaning, or words by language, are wanted."""
    words = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    if words and (isinstance(value, list) or not words[0].isascii() or " " in words[0].strip()):
        message = template("give your own words for each language: write {form}, or the name of a meaning, such as yes")
        raise fault("schema/value", message, form=by_language(words))
    return value


Meaning = Annotated[
    Annotated[FileName, Tag("<meaning>")] | Annotated[Phrases, Tag("<phrases>")],
    Discriminator(lambda value: "<phrases>" if isinstance(value, dict) else "<meaning>"),
    BeforeValidator(_own_words),
]


class SpokenValue(Authored):
    """``{kind: number, min: 0, max: 10}``, ``{kind: date}`` or ``{kind: text}``: said in the person's own words."""

    kind: Literal["number", "date", "text"]
    min: Annotated[int, Field(strict=True, ge=0)] | None = None
    max: Annotated[int, Field(strict=True, ge=0)] | None = None

    @model_validator(mode="after")
    def _judge(self) -> SpokenValue:
        for word in ("min", "max") if self.kind != "number" else ():
            if getattr(self, word) is not None:
                raise fault("flow/speech", template("only a number has a min and a max"), word)
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fault("flow/speech", template("this is greater than max"), "min")
        return self


def _answers(value: Any) -> Any:
    """Labels alone; ``kind: answers`` may stand among them, but means nothing more."""
    labels = {k: v for k, v in value.items() if k != "kind"} if isinstance(value, dict) else value
    if isinstance(labels, dict):
        if not labels:
            raise fault(
                "flow/speech", template("there is no answer to say; write a label and its meaning, such as yes: yes")
            )
        for label in labels:
            if label in (NO_INPUT, NO_MATCH):
                raise fault(
                    "flow/speech",
                    template('"{label}" means that nothing was understood; use another label'),
                    label,
                    label=label,
                )
    return labels


Answers = Annotated[dict[Label, Meaning], Field(max_length=MOST_LABELS), BeforeValidator(_answers)]


def _tag(value: Any) -> str:
    return "<value>" if isinstance(value, dict) and value.get("kind", ANSWERS) != ANSWERS else "<answers>"


Speech = Annotated[
    Annotated[SpokenValue, Tag("<value>")] | Annotated[Answers, Tag("<answers>")],
    Discriminator(_tag),
]
