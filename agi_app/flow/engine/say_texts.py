"""What a ``say`` says in one call: its text with the columns filled in, or its value in pieces. Pure.

Whatever needs text-to-speech depends on the contact alone, so that it can be rendered before the call.
What a person keys in is only ever said in pieces, which are prepared for the whole language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from agi_app.errors import InputError
from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.call_language import choose_language
from agi_app.flow.engine.commands import Command
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.say_step import COLUMN, Say, SayStep
from agi_app.flow.language.steps import PlayStep
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.flow.saying.spoken_parts import Part, Text
from agi_app.flow.syntax.expressions import Value, value_of
from agi_app.flow.syntax.names_and_limits import EMPTY, MAX_SAID
from agi_app.messages import t

Parts = tuple[Part, ...]


def speak(call: CallInFlow, step: PlayStep | SayStep) -> list[Command]:
    """Play the prompt or say the words; a ``say`` that cannot be said goes its way for that."""
    if isinstance(step, PlayStep):
        return call.play("playing", step.play.prompt)
    try:
        return call.say("playing", parts_of(step.say, call.language, call.contact, call.variables))
    except InputError:
        return call.leave(EMPTY)


def parts_of(say: Say, language: str, contact: Mapping[str, str], variables: Mapping[str, Value]) -> Parts:
    """What is said; raises InputError when a column or variable is empty, or is no value of its kind."""
    if say.text is not None:
        return (Text(_filled(say.text[language], contact)),)
    name = say.value or ""
    value = value_of(name, variables, contact)
    if value is None or not str(value).strip():
        raise InputError(t("{name} is empty", name=name))
    try:
        return spoken(str(say.as_), str(value), language, unit=say.currency or (say.unit or {}).get(language, ""))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def said_columns(flow: Flow) -> tuple[str, ...]:
    """The contact's columns without which a call cannot say what its flow says, in some language; by name."""
    return tuple(sorted({column for step in _must_say(flow) for column in _columns(step.say)}))


def columns_missing(flow: Flow, language: str | None, contact: Mapping[str, str]) -> tuple[str, ...]:
    """Those of them that a call to this contact cannot say: empty, or no value of their kind.

    Without ``language`` it is the contact's own.
    """
    return tuple(sorted(column_faults(flow, language, contact)))


def column_faults(flow: Flow, language: str | None, contact: Mapping[str, str]) -> dict[str, str]:
    """The same, each with what is wrong with it."""
    spoken_in, faults = choose_language(flow.languages, language, contact), dict[str, str]()
    for say, column in must_be_said(flow, spoken_in):
        if (fault := column_fault(say, column, spoken_in, contact.get(column, ""))) is not None:
            faults.setdefault(column, fault)
    return faults


def must_be_said(flow: Flow, language: str) -> tuple[tuple[Say, str], ...]:
    """What a call in this language cannot go on without saying, each with a column of it."""
    return tuple((step.say, column) for step in _must_say(flow) for column in sorted(_columns(step.say, language)))


def column_fault(say: Say, column: str, language: str, text: str) -> str | None:
    """Why this ``say`` cannot say the text of one of its columns, whatever the others have; None: it can."""
    try:
        _beforehand(say, language, _all_but(column, say, {column: text}))
    except InputError as error:
        return str(error)
    return None


def missing_columns(flow: Flow) -> Callable[[str | None, Mapping[str, str]], tuple[str, ...]]:
    """``columns_missing`` of one flow."""
    return partial(columns_missing, flow)


def unsaid_columns(flow: Flow, language: str, contact: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the columns that a call would say: no value of the kind that a step says them as, or empty."""
    for step in flow.all_steps():
        column = (step.say.value or "").removeprefix("contact.") if isinstance(step, SayStep) else ""
        if isinstance(step, SayStep) and step.say.value != column and contact.get(column, "").strip():
            try:
                parts_of(step.say, language, contact, {})
            except InputError as error:
                way = step.way(EMPTY)
                yield t(
                    "{error}; it is not said{more}",
                    error=error,
                    more=t(", and the call goes to {way} (empty)", way=way) if way else "",
                )
    for column in columns_missing(flow, language, contact):
        if not contact.get(column, "").strip():
            filled = sorted(name for name, value in contact.items() if value.strip())
            known = t(" (known are {filled})", filled=", ".join(filled)) if filled else ""
            has = t("is empty") if column in contact else t("has no value")
            yield (
                t(
                    "contact.{column} {has}{known}: it is not said here, and a campaign calls nobody without it; try "
                    "--field {column}=VALUE",
                    column=column,
                    has=has,
                    known=known,
                )
            )


def value_columns(flow: Flow) -> frozenset[str]:
    """Those whose value must be of a kind, such as a date; of the others it only counts that they are filled."""
    return frozenset(c for step in _must_say(flow) if step.say.value is not None for c in _columns(step.say))


def said_as(flow: Flow) -> dict[str, frozenset[str]]:
    """Each column whose value is said, with all the kinds that it is said as."""
    said = [step.say for step in flow.all_steps() if isinstance(step, SayStep) and step.say.value is not None]
    pairs = [(column, str(say.as_)) for say in said for column in _columns(say)]
    return {column: frozenset(kind for name, kind in pairs if name == column) for column, _ in pairs}


def _must_say(flow: Flow) -> Iterator[SayStep]:
    return (step for step in flow.all_steps() if isinstance(step, SayStep) and step.way(EMPTY) is None)


def _columns(say: Say, language: str | None = None) -> set[str]:
    """The columns that it says, in one language or in all."""
    if say.value is not None:
        return {say.value.removeprefix("contact.")} if say.value.startswith("contact.") else set()
    texts = [text for tongue, text in (say.text or {}).items() if language in (None, tongue)]
    return {column for text in texts for column in COLUMN.findall(text)}


def _all_but(column: str, say: Say, contact: Mapping[str, str]) -> Mapping[str, str]:
    """The contact with every other column of this step filled, so that a fault is this column's."""
    return dict.fromkeys(_columns(say), "-") | {column: contact.get(column, "")}


def said_beforehand(flow: Flow, language: str, contact: Mapping[str, str]) -> Iterator[Parts]:
    """All that a call to this contact may say and that is known before it.

    Raises InputError when a step cannot say its column and has no way for that.
    """
    for path, step in (placed for part in flow.whole for placed in part.steps_of(SayStep)):
        try:
            found = _beforehand(step.say, language, contact)
        except InputError as error:
            if step.way(EMPTY) is not None:
                continue
            raise InputError(
                t("node {path}, say: {error}; give the step on: {{empty: NODE}}", path=path[1], error=error)
            ) from None
        if found:
            yield found


def _beforehand(say: Say, language: str, contact: Mapping[str, str]) -> Parts:
    if say.value is None or say.value.startswith("contact."):
        return parts_of(say, language, contact, {})
    return tuple(Text(word) for tongue, word in (say.unit or {}).items() if tongue == language)


def _filled(template: str, contact: Mapping[str, str]) -> str:
    for name in COLUMN.findall(template):
        if not contact.get(name, "").strip():
            raise InputError(t("contact.{name} is empty", name=name))
    text = COLUMN.sub(lambda found: contact[found[1]].strip(), template)
    if len(text) > MAX_SAID:
        raise InputError(t("{count} characters to say; at most {max_said}", count=len(text), max_said=MAX_SAID))
    return text
