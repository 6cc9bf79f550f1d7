"""The rules about values that cannot be: an answer that no key gives, a column that contacts lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import Path
from agi_app.errors import Problem
from agi_app.flow.check.names_and_keys import names_read
from agi_app.flow.language.asking_steps import CollectStep, GatherStep
from agi_app.flow.language.call_step import CallStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.speech_step import SpokenValue
from agi_app.flow.language.steps import BranchStep, SetStep, When
from agi_app.flow.syntax.expressions import Compare, In, Literal, Logic, Name, Not, Term
from agi_app.messages import t

_ALIKE = 0.75
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")


def never_answered(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unknown-answer``: a condition compares an answer with one that its question cannot give."""
    possible = _possible(source.flow)
    for path, condition in _conditions(source.flow):
        for name, text in _pairs(condition, ("==", "!=")):
            if name in possible and text not in possible[name]:
                message = t(
                    'when: "{name}" is never "{text}"{suggest}',
                    name=name,
                    text=text,
                    suggest=suggest(text, possible[name]),
                )
                yield source.document.problem(path, "flow/unknown-answer", message, "warning")


def number_in_quotes(source: FlowDocument) -> Iterator[Problem]:
    """``flow/number-in-quotes``: which of two numbers is greater is asked of numbers, not of texts."""
    for path, condition in _conditions(source.flow):
        for _, text in _pairs(condition, ("<", "<=", ">", ">=")):
            if _NUMBER.fullmatch(text):
                message = t(
                    'when: "{text}" in quotes is compared as text, and "100" comes before "60"; write {text}', text=text
                )
                yield source.document.problem(path, "flow/number-in-quotes", message, "warning")


def never_read(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unknown-variable``: what a ``set`` gives a value is no misspelt name of something that is read."""
    read = {"disposition", "language"} | {name for _, step in source.flow.steps() for _, name in names_read(step)}
    for path, step in source.flow.steps_of(SetStep):
        for name in step.set:
            hint = suggest(name, read, _ALIKE)
            if name not in read and t("did you mean") in hint:
                message = t('set: nothing reads "{name}"{hint}', name=name, hint=hint)
                yield source.document.problem((*path, "set", name), "flow/unknown-variable", message, "warning")


def _conditions(flow: Flow) -> Iterator[tuple[Path, Term]]:
    """Every condition of a branch, with its place."""
    return (
        ((*path, "branch", number, "when"), case.when.root)
        for path, step in flow.steps_of(BranchStep)
        for number, case in enumerate(step.branch)
        if isinstance(case, When)
    )


def _possible(flow: Flow) -> dict[str, set[str]]:
    """All values of the variables to which only questions with fixed answers, and texts, give one."""
    gathers = [step.gather for _, step in flow.steps_of(GatherStep) if step.gather.save is not None]
    sets = [pair for _, step in flow.steps_of(SetStep) for pair in step.set.items()]
    others = {
        "disposition",
        *flow.parameters,
        *(asks.save for asks in gathers if asks.digits is not None or isinstance(asks.speech, SpokenValue)),
        *(name for name, value in sets if not isinstance(value, str)),
        *(name for _, step in flow.steps_of(CallStep) for name in step.call.take),
        *(step.collect.save for _, step in flow.steps_of(CollectStep)),
        *(step.record.save for _, step in flow.steps_of(RecordStep)),
    }
    given = [(str(asks.save), label) for asks in gathers for label in asks.labels]
    given += [(name, str(value)) for name, value in sets]
    return {name: {text for other, text in given if other == name} for name, _ in given if name not in others}


def _pairs(term: Term, signs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The names and the texts that they are compared with by these signs; a list compares by ``==``."""
    match term:
        case Logic():
            yield from (pair for part in term.terms for pair in _pairs(part, signs))
        case Not():
            yield from _pairs(term.term, signs)
        case Compare() if term.sign in signs:
            yield from (*_pair(term.left, term.right), *_pair(term.right, term.left))
        case In() if "==" in signs:
            yield from (pair for option in term.options for pair in _pair(term.left, option))


def _pair(name: object, text: object) -> Iterator[tuple[str, str]]:
    if isinstance(name, Name) and isinstance(text, Literal) and isinstance(text.value, str):
        yield name.name, text.value


def columns_read(flow: Flow) -> set[str]:
    """The columns of contacts that a flow, and those that it calls, read."""
    read = {name for step in flow.all_steps() for _, name in names_read(step)}
    return {name.removeprefix("contact.") for name in read if name.startswith("contact.")}


def keyed_columns(flow: Flow) -> dict[str, tuple[int, int]]:
    """The columns that a flow compares by == with digits that are keyed, and how many may be keyed."""
    asked = {
        str(step.gather.save): step.gather.digits
        for step in flow.all_steps()
        if isinstance(step, GatherStep) and step.gather.save is not None and step.gather.digits is not None
    }
    found: dict[str, tuple[int, int]] = {}
    for step in flow.all_steps():
        for case in step.branch if isinstance(step, BranchStep) else ():
            for one, other in _compared(case.when.root) if isinstance(case, When) else ():
                if one in asked and other.startswith("contact."):
                    found[other.removeprefix("contact.")] = (asked[one].min, asked[one].max)
    return found


def _compared(term: Term) -> Iterator[tuple[str, str]]:
    """Two names that are compared by ==, in both orders."""
    match term:
        case Logic():
            yield from (pair for part in term.terms for pair in _compared(part))
        case Not():
            yield from _compared(term.term)
        case Compare(sign="==", left=Name() as left, right=Name() as right):
            yield from ((left.name, right.name), (right.name, left.name))


def misspelt_columns(read: Iterable[str], there: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Columns that a flow reads and a file lacks, each with words that name the one that may be meant."""
    wanted, known = set(read), set(there)
    for column in sorted(wanted - known):
        hint = suggest(column, known - wanted, _ALIKE)
        if t("did you mean") in hint:
            yield column, t("the flow reads contact.{column}, which is not here{hint}", column=column, hint=hint)
