"""Expected calls: what people say a flow must do, as a file that the simulator runs.

A case is one call: who is called, what the person does, and its expected result. After the last input the
person listens to all that is left and says nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from agi_app.authoring import full_width, times_meant
from agi_app.authoring.schema import Authored, validate
from agi_app.authoring.suggestions import quote, suggest
from agi_app.authoring.yaml_lines import MOST_PROBLEMS, Document, Path, load
from agi_app.errors import Problem
from agi_app.flow.answers.why_not_understood import what_is_missing
from agi_app.flow.check.disclosure_words import says
from agi_app.flow.check.graph import prompt_uses, said_prompts
from agi_app.flow.check.impossible_values import columns_read, misspelt_columns
from agi_app.flow.check.names_and_keys import saved_names
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.engine.call_in_flow import Walked
from agi_app.flow.language.asking_steps import CollectStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.simulation.inputs import KEYS, WORDS, is_said, takes_words
from agi_app.flow.simulation.inputs import meant as meant_input
from agi_app.flow.simulation.shown_lines import NO_TIME
from agi_app.flow.simulation.simulator import PlayedPrompt, Simulation
from agi_app.flow.syntax.names_and_limits import FileName, Label, Language, Text, Variable, fault
from agi_app.messages import spoken, t

MOST_CASES = 500
MOST_INPUTS = 200
NOW_FORMAT = "%Y-%m-%d %H:%M"


def _input(value: object) -> object:
    if isinstance(value, str) and value not in WORDS and (word := meant_input(value)) is not None:
        message = spoken("{found} is not an input; write {word}, or {said} if the person says it aloud")
        raise fault("simulation/input", message, found=quote(value), word=word, said=f"'\"{value}\"'")
    keys = full_width.ascii_of(value) if isinstance(value, str) else ""
    keys = keys if keys != value and re.fullmatch(KEYS, keys) else ""
    if isinstance(value, str) and not keys and (value in WORDS or re.fullmatch(KEYS, value) or is_said(value)):
        return value
    can = (
        t('write "{keys}"', keys=keys)
        if keys
        else t('put keys in quotes: "{value}"', value=value)
        if isinstance(value, int)
        else t('write keys ("1"), {words}, or \'"words"\'', words=", ".join(WORDS))
    )
    raise fault("simulation/input", spoken("{found} is not an input; {hint}"), found=quote(value), hint=can)


def _now(value: object) -> object:
    try:
        return dt.datetime.strptime(str(value), NOW_FORMAT)  # noqa: DTZ007 - local time of nobody in particular
    except ValueError:
        message = spoken("{found} is not a date and time; {how}")
        raise fault("simulation/now", message, found=quote(value), how=write_now(value)) from None


def write_now(value: object) -> str:
    """What to write for the time of a call."""
    found = [f'"{moment[:16]}"'.replace("T", " ") for moment in times_meant.moments(value)]
    clock = times_meant.clock(value)
    more = t(', with the day before it: "2026-03-02 {clock}"', clock=clock) if clock else t(' it as "2026-03-02 18:30"')
    return (
        t("write {found}, in quotes", found=t(" or ").join(found)) if found else t("write{more}, in quotes", more=more)
    )


class Expected(Authored):
    """The expected result of a call; what is left out may be anything."""

    disposition: Label | None = None  # null: the flow sets none
    answers: dict[Variable, Text | None] = Field(default={})  # null: not answered
    heard: list[Text] = Field(default=[])  # names of prompts, or words of one; in this order, others between or not
    not_heard: list[Text] = Field(default=[])
    opted_out: Annotated[bool, Field(strict=True)] | None = None


class Case(Authored):
    """One call."""

    name: Text
    language: Language | None = None
    contact: dict[str, str] = Field(default={})
    row: Annotated[str, Field(pattern=r"^.+:[0-9]{1,7}$")] | None = None  # FILE:LINE of a contacts file
    now: Annotated[dt.datetime, BeforeValidator(_now)] | None = None  # where the person is, for conditions
    input: list[Annotated[str, BeforeValidator(_input)]] = Field(max_length=MOST_INPUTS)
    expect: Expected

    @model_validator(mode="after")
    def _judge(self) -> Case:
        if self.row is not None and self.contact:
            raise fault("simulation/contact", t("write either contact or row"), "row")
        if not self.expect.model_fields_set:
            message = t("this case expects nothing: write disposition, answers, heard, not_heard or opted_out")
            raise fault("simulation/nothing-expected", message, "expect")
        return self


class CasesFile(Authored):
    """A file of expected calls of one flow."""

    flow: FileName
    cases: list[Case] = Field(min_length=1, max_length=MOST_CASES)

    @model_validator(mode="after")
    def _named_once(self) -> CasesFile:
        names = [case.name for case in self.cases]
        for index, name in enumerate(names):
            if name in names[:index]:
                at = ("cases", index, "name")
                raise fault("simulation/duplicate-name", spoken("{found} is here twice"), *at, found=quote(name))
        return self


@dataclass(frozen=True, slots=True)
class Cases:
    """A file of expected calls together with its positions."""

    file: CasesFile
    document: Document


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise, where the file says how it should be."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case that was run: it is fine without ``differences``; ``call`` is the call as the person has it.

    ``walked``: the steps that it left, one after another.
    """

    name: str
    line: int
    differences: tuple[Difference, ...]
    call: tuple[str, ...]
    walked: tuple[Walked, ...]


def parse_cases(text: str | bytes, file: str) -> Cases:
    """Read a file of expected calls; raises ``AuthorError`` with every fault."""
    document = load(text, file)
    return Cases(validate(CasesFile, document), document)


def check_cases(
    source: Cases, flows: Mapping[str, FlowDocument], prompts: Prompts, unread: Collection[str] = ()
) -> list[Problem]:
    """Whether the flow, languages, answers and texts of the cases exist; ``unread`` flow files cannot be read."""
    name = source.file.flow
    if name not in flows:
        message = f"flow: {no_such_flow(name, flows, unread)}"
        return [source.document.problem(("flow",), "simulation/unknown-flow", message)]
    return sorted(set(islice(_unknown(source, flows[name].flow, prompts), MOST_PROBLEMS)))


def _unknown(source: Cases, flow: Flow, prompts: Prompts) -> Iterator[Problem]:
    name, known_answers = flow.flow, saved_names(flow)
    names = _prompt_names(flow)
    texts = _texts(flow, prompts, names)
    for index, case in enumerate(source.file.cases):
        at: Path = ("cases", index)
        if (written := case.language) is not None and written not in flow.languages:
            hint = suggest(written, flow.languages)
            message = t(
                'language: flow {flow} does not speak "{language}"{hint}', flow=name, language=written, hint=hint
            )
            yield source.document.problem((*at, "language"), "simulation/language", message)
        for column, message in misspelt_columns(columns_read(flow), case.contact):
            near = next((key for key in case.contact if f'"{key}"' in message), column)
            yield source.document.problem(
                (*at, "contact", near), "simulation/contact", f"contact: {message}", "warning"
            )
        for place, line in enumerate(case.input if not takes_words(flow) else ()):
            if is_said(line):
                message = t("input: flow {flow} does not listen to words, it takes only keys", flow=name)
                yield source.document.problem((*at, "input", place), "simulation/input", message)
        for answer in case.expect.answers.keys() - known_answers:
            hint = suggest(answer, known_answers)
            message = t('answers: no save of the flow gives "{answer}"{hint}', answer=answer, hint=hint)
            yield source.document.problem((*at, "expect", "answers", answer), "simulation/unknown-answer", message)
        for key in ("heard", "not_heard"):
            for place, wanted in enumerate(getattr(case.expect, key)):
                if texts and wanted not in names and not any(says(text, wanted) for text in texts):
                    hint = suggest(wanted, names)
                    message = t(
                        "{key}: {wanted} is neither a prompt of the flow nor said in one{hint}",
                        key=key,
                        wanted=quote(wanted),
                        hint=hint,
                    )
                    yield source.document.problem((*at, "expect", key, place), "simulation/unknown-text", message)


def _prompt_names(flow: Flow) -> set[str]:
    return {use.prompt for part in flow.whole for use in prompt_uses(part)}


def _texts(flow: Flow, prompts: Prompts, names: set[str]) -> list[str]:
    """Everything that the flow may say; nothing when it says values, which nobody can list."""
    said = [step.say for step in flow.all_steps() if isinstance(step, SayStep)]
    if any(say.value is not None or "{" in "".join((say.text or {}).values()) for say in said):
        return []
    known = {**prompts, **{key: facts for part in flow.whole for key, facts in said_prompts(part).items()}}
    return [facts.transcript or "" for (_, name), facts in known.items() if name in names]


def run_case(
    source: Cases, index: int, flow: Flow, prompts: Prompts, contact: Mapping[str, str], region: str | None = None
) -> CaseResult:
    """Simulate one case; ``contact`` has the columns of the contact that the case names, ``region`` is of the line."""
    case, document, at = source.file.cases[index], source.document, ("cases", index)
    simulation = Simulation(flow, prompts, contact, case.language, case.now, region)
    names = _prompt_names(flow)
    call = simulation.start()
    found: list[Difference] = []
    for place, line in enumerate(case.input):
        if simulation.finished:
            message = t('input: the call was over before "{line}"', line=line)
            found.append(Difference(*document.at((*at, "input", place)), message))
            break
        call += [f"> {line}", *simulation.feed(line)]
    while not simulation.finished:
        call += simulation.feed("silence")
    found += [
        Difference(*document.at((*at, "expect", *path)), text)
        for path, text in _compare(case, simulation, names, _read_back(flow))
    ]
    return CaseResult(
        case.name, document.at((*at, "name"))[0], tuple(found), tuple(call), tuple(simulation.session.walked)
    )


def _read_back(flow: Flow) -> set[str]:
    """The answers that people key in and confirm."""
    return {step.collect.save for step in flow.all_steps() if isinstance(step, CollectStep) and step.collect.confirm}


def _how_to_key(name: str) -> str:
    return t(
        "; {name} is asked for by collect and counts only once it is confirmed: end the digits with # or "
        'with silence (not needed if they are as many as max has), hear them read back, then confirm: "7#", '
        'listen, "1"',
        name=name,
    )


def _compare(case: Case, simulation: Simulation, names: set[str], keyed: set[str]) -> Iterator[tuple[Path, str]]:
    expect, session = case.expect, simulation.session
    was = session.disposition if expect.disposition is None else simulation.disposition
    if "disposition" in expect.model_fields_set and expect.disposition != was:
        why = t("; {told}", told=spoken(NO_TIME)) if simulation.no_time else ""
        yield ("disposition",), f"disposition: {_both(expect.disposition, was)}{why}"
    for name, value in expect.answers.items():
        if session.answers.get(name) != value:
            why = _how_to_key(name) if name in keyed and session.answers.get(name) is None else ""
            yield (
                ("answers", name),
                f"answers: {name}: {_both(value, session.answers.get(name))}{why}",
            )
    if expect.opted_out is not None and expect.opted_out != session.opted_out:
        yield ("opted_out",), f"opted_out: {_both(expect.opted_out, session.opted_out)}"
    for place, wanted in enumerate(expect.not_heard):
        if any(_is(wanted, heard, names) for heard in simulation.heard):
            yield ("not_heard", place), t("not_heard: {wanted} was heard", wanted=quote(wanted))
    yield from _not_in_order(expect.heard, simulation.heard, names)


def _not_in_order(wanted: list[str], heard: list[PlayedPrompt], names: set[str]) -> Iterator[tuple[Path, str]]:
    """A text may be said by the prompt found before it; a name stands for one more playing."""
    here = after = 0
    for place, text in enumerate(wanted):
        begin = after if text in names else here
        found = next((index for index in range(begin, len(heard)) if _is(text, heard[index], names)), None)
        if found is None:
            before = (
                t(" after {wanted}", wanted=quote(wanted[place - 1]))
                if place and any(_is(text, one, names) for one in heard)
                else ""
            )
            played = ", ".join(one.prompt for one in heard) or t("nothing")
            near = "" if before or text in names else what_is_missing(text, ((one.prompt, one.text) for one in heard))
            yield (
                ("heard", place),
                t(
                    "heard: {text} was not heard{before}{near}; heard were {played}",
                    text=quote(text),
                    before=before,
                    near=near,
                    played=played,
                ),
            )
            return
        here, after = found, found + 1 if text in names else max(after, found)


def _is(wanted: str, heard: PlayedPrompt, names: set[str]) -> bool:
    """The name of a prompt means that prompt, everything else words."""
    return wanted == heard.prompt if wanted in names else says(heard.text, wanted)


def _both(expected: object, was: object) -> str:
    return t("expected {expected}, the call gave {was}", expected=quote(expected), was=quote(was))
