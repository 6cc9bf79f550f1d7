"""The rules about languages, variables and keys: everything that is said or asked for has a value, and one meaning."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import Path
from agi_app.errors import InputError, Problem
from agi_app.flow.language.asking_steps import (
    CallBackStep,
    CollectStep,
    Confirm,
    GatherStep,
    LanguageStep,
    StopNumberStep,
)
from agi_app.flow.language.call_step import REFERENCE, CallStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.say_step import COLUMN, Say, SayStep
from agi_app.flow.language.steps import AnyStep, BranchStep, SetStep, When
from agi_app.flow.saying.numbers_and_dates import pieces
from agi_app.flow.syntax.names_and_limits import CALL_BACK
from agi_app.messages import spoken, t, template


def unknown_variable(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unknown-variable``: a condition, a say or a call names variables that a save or set gives a value."""
    known = {"language", "disposition"} | given(source.flow)
    for path, step in source.flow.steps():
        for inner, name in names_read(step):
            if name not in known and not name.startswith(("contact.", "now.")):
                hint = suggest(name, known)
                column = t("; a column of the contacts is contact.{name}", name=name)
                quoted = t('; put the text "{name}" in quotes', name=name) if inner[-1] == "when" else ""
                text = "" if t("did you mean") in hint else f"{column}{quoted}"
                message = t(
                    '{key}: nothing gives "{name}" a value{hint}{text}', key=inner[-1], name=name, hint=hint, text=text
                )
                yield source.document.problem((*path, *inner), "flow/unknown-variable", message)


def given(flow: Flow) -> set[str]:
    """The variables that its caller or some step of a flow gives a value."""
    known = {*flow.parameters, *(name for _, step in flow.steps_of(CallStep) for name in step.call.take)}
    known |= {name for _, step in flow.steps_of(SetStep) for name in step.set}
    return known.union(_saves(step for _, step in flow.steps()))


def saved_names(flow: Flow) -> set[str]:
    """The names under which the steps of a flow, and of the flows that it calls, save answers."""
    times = (CALL_BACK for step in flow.all_steps() if isinstance(step, CallBackStep))
    return {*times, *_saves(flow.all_steps())}


def _saves(steps: Iterable[AnyStep]) -> Iterator[str]:
    saves = (getattr(value, "save", None) for step in steps for _, value in step)
    return (name for name in saves if isinstance(name, str))


def names_read(step: AnyStep) -> Iterator[tuple[Path, str]]:
    """The variables and contact columns a step reads, with the path of the word inside the step."""
    for word, value in step.call.with_.items() if isinstance(step, CallStep) else ():
        if isinstance(value, str) and (found := REFERENCE.fullmatch(value)):
            yield ("call", "with", word), found[1]
    if isinstance(step, SayStep) and step.say.value is not None:
        yield ("say", "value"), step.say.value
    for language, text in (step.say.text or {}).items() if isinstance(step, SayStep) else ():
        for column in COLUMN.findall(text):
            yield ("say", "text", language), f"contact.{column}"
    for number, case in enumerate(step.branch if isinstance(step, BranchStep) else ()):
        for name in sorted(case.when.names) if isinstance(case, When) else ():
            yield ("branch", number, "when"), name


def language_missing(source: FlowDocument) -> Iterator[Problem]:
    """``flow/language``: languages are listed once, and each has the business's name."""
    flow = source.flow
    for index, language in enumerate(flow.languages):
        if language in flow.languages[:index]:
            yield source.document.problem(
                ("languages", index), "flow/language", t('languages: "{language}" is here twice', language=language)
            )
        elif language not in flow.identify.business:
            message = t('business: the name in "{language}" is missing', language=language)
            yield source.document.problem(("identify", "business"), "flow/language", message)
    for part, given in (
        (("identify", "business"), flow.identify.business),
        (("opt_out", "phrases"), flow.opt_out.phrases),
    ):
        for key, message in not_spoken(part[1], given, flow.languages):
            yield source.document.problem((*part, *key), "flow/language", message)


def not_spoken(what: str, given: Iterable[str], languages: list[str]) -> Iterator[tuple[Path, str]]:
    """Of what is written by language: the languages that the flow does not speak, as keys, with the message."""
    for language in given:
        if language not in languages:
            yield (
                (language,),
                t(
                    '{what}: "{language}" is not in languages{suggest}',
                    what=what,
                    language=language,
                    suggest=suggest(language, languages),
                ),
            )


def not_as_spoken(what: str, kind: str, given: Collection[str], languages: list[str]) -> Iterator[tuple[Path, str]]:
    """As ``not_spoken``, and before it, without a key, each language in which ``kind`` (words, phrases) is missing."""
    for language in languages:
        if language not in given:
            yield (
                (),
                t('{what}: the {kind} in "{language}" are missing', what=what, kind=spoken(kind), language=language),
            )
    yield from not_spoken(what, given, languages)


def offered_languages(source: FlowDocument) -> Iterator[Problem]:
    """``flow/language``: who may choose a language is offered those that the flow speaks."""
    for path, step in source.flow.steps_of(LanguageStep):
        for key, language in step.language.keys.items():
            if language not in source.flow.languages:
                message = t(
                    'keys: "{language}" is not in languages{suggest}',
                    language=language,
                    suggest=suggest(language, source.flow.languages),
                )
                yield source.document.problem((*path, "language", "keys", key), "flow/language", message)


def say_language(source: FlowDocument) -> Iterator[Problem]:
    """``flow/say-language``: what is said has words in each language of the flow, and in no other."""
    languages = source.flow.languages
    for at, step in source.flow.steps():
        if isinstance(step, SayStep):
            for inner, message in _say_faults(step.say, languages):
                yield source.document.problem((*at, "say", *inner), "flow/say-language", message)
        verb, confirm = _confirm_of(step)
        for message in _without_values(languages) if confirm is not None else ():
            yield source.document.problem((*at, verb, "confirm"), "flow/say-language", f"confirm: {message}")


_OTHER_SIGNS = re.compile(r"[【〔［\[<＜〈]\s?(?:contact\.)?([^\W\d]\w{0,30})\s?[】〕］\]>＞〉]")


def say_placeholder(source: FlowDocument) -> Iterator[Problem]:
    """``flow/say``: what stands between brackets in a text looks like a column, and would be said as it stands."""
    for path, step in source.flow.steps_of(SayStep):
        for language, text in (step.say.text or {}).items():
            if found := _OTHER_SIGNS.search(text):
                column = f"{{contact.{found[1]}}}"
                message = t(
                    "text: {found} is said as it stands; if it is a column, write {column}",
                    found=found[0],
                    column=column,
                )
                yield source.document.problem((*path, "say", "text", language), "flow/say", message, "warning")


def _say_faults(say: Say, languages: list[str]) -> Iterator[tuple[Path, str]]:
    for part, given in (("text", say.text), ("unit", say.unit)):
        if given is not None:
            yield from (((part, *key), told) for key, told in not_as_spoken(part, template("words"), given, languages))
    if say.value is not None and say.as_ != "name":
        for message in _without_values(languages):
            yield ("value",), f"value: {message}"


def _without_values(languages: list[str]) -> Iterator[str]:
    for language in languages:
        try:
            pieces(language)
        except InputError as error:
            yield str(error)


def opt_out_key_used(source: FlowDocument) -> Iterator[Problem]:
    """``flow/opt-out-key-used``: no gather uses the opt-out key for something else."""
    key = source.flow.opt_out.key
    for path, step in source.flow.steps():
        for inner in _uses_of(key, step):
            message = t(
                '{key}: "{pressed}" is the opt-out key of this flow and always means stop; use another key',
                key=inner[-1],
                pressed=key,
            )
            yield source.document.problem((*path, *inner), "flow/opt-out-key-used", message)


def _uses_of(key: str, step: AnyStep) -> Iterator[Path]:
    match step:
        case GatherStep() if key in (step.gather.keys or {}):
            yield "gather", "keys", key
        case CallBackStep() if key in (step.call_back.question.keys or {}):
            yield "call_back", "offer", int(key) - 1
        case LanguageStep() if key in step.language.keys:
            yield "language", "keys", key
    verb, confirm = _confirm_of(step)
    for word, used in (("yes", confirm.yes), ("no", confirm.no)) if confirm is not None else ():
        if used == key:
            yield verb, "confirm", word


def _confirm_of(step: AnyStep) -> tuple[str, Confirm | None]:
    """How the step asks whether what it read back is right, and its verb."""
    match step:
        case CollectStep():
            return "collect", step.collect.confirm
        case StopNumberStep():
            return "stop_number", step.stop_number.confirm
        case _:
            return "", None
