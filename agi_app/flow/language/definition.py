"""The flow file as typed data: its head, and its nodes with their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field, PrivateAttr, model_validator

from agi_app.authoring.schema import Authored
from agi_app.authoring.yaml_lines import Document
from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.meanings import Meanings
from agi_app.flow.answers.understanding import bias
from agi_app.flow.language.asking_steps import GatherStep
from agi_app.flow.language.call_step import ReturnStep
from agi_app.flow.language.speech_step import Speech, SpokenValue
from agi_app.flow.language.steps import AnyStep, Step
from agi_app.flow.syntax.names_and_limits import (
    MAX_NODES,
    MAX_STEPS_PER_NODE,
    FileName,
    Key,
    Label,
    Language,
    Phrase,
    Text,
    Variable,
    judge_names,
)

Expected = tuple[Grammar, tuple[str, ...]]  # what may be said, and the phrases that a recogniser should expect
OneStep = TypeVar("OneStep", bound=AnyStep)
StepPath = tuple[str, str, int]  # ("nodes", its node, its number in it)
NodeSteps = Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS_PER_NODE)]


class Identify(Authored):
    """Who is calling; the first prompt must say it."""

    business: dict[Language, Text]


class OptOut(Authored):
    """How a person says stop: the key (``*`` and the key while typing digits), or spoken phrases."""

    key: Key = "9"
    phrases: dict[Language, list[Phrase]] = Field(default_factory=dict)
    confirm: FileName | None = None  # prompt played after the stop is stored
    without_number: Label | None = None  # of a line: where the stop leads a caller who shows no number


class Flow(Authored):
    """A whole flow file."""

    flow: FileName
    languages: list[Language] = Field(min_length=1, max_length=20)  # a contact without one hears the first
    identify: Identify
    opt_out: OptOut = OptOut()
    abandoned: FileName | None = None  # prompt for a person called for an agent who finds none free in time
    parameters: list[Variable] = Field(default_factory=list, max_length=20)  # of a flow that others call
    start: Label
    nodes: dict[Label, NodeSteps] = Field(min_length=1, max_length=MAX_NODES)
    _parts: dict[str, Flow] = PrivateAttr(default_factory=dict)
    _meanings: Meanings = PrivateAttr(default_factory=lambda: Meanings({}))
    _grammars: Mapping[tuple[str | None, str], Expected] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _good_parameters(self) -> Flow:
        judge_names(self.parameters, "parameters")
        return self

    @property
    def parts(self) -> Mapping[str, Flow]:
        """The flows that are called from here, directly or not, by name."""
        return self._parts

    @property
    def whole(self) -> tuple[Flow, ...]:
        """This flow and those that are called from here."""
        return (self, *self._parts.values())

    def steps(self) -> Iterator[tuple[StepPath, AnyStep]]:
        """Every step of this file, with its place in it."""
        return (
            (("nodes", node, index), step) for node, steps in self.nodes.items() for index, step in enumerate(steps)
        )

    def steps_of(self, kind: type[OneStep]) -> Iterator[tuple[StepPath, OneStep]]:
        """The steps of one kind, with their places."""
        return ((path, step) for path, step in self.steps() if isinstance(step, kind))

    def all_steps(self) -> Iterator[AnyStep]:
        """The steps of this flow and of those that are called from here."""
        return (step for flow in self.whole for _, step in flow.steps())

    @property
    def is_called(self) -> bool:
        """Whether it is made to be called by other flows, and not by a campaign."""
        return bool(self.parameters) or any(self.steps_of(ReturnStep))

    @property
    def is_line(self) -> bool:
        """Whether it is made for calls that come in: it knows what to do with a caller who shows no number."""
        return self.opt_out.without_number is not None

    @property
    def meanings(self) -> Meanings:
        """What the names of meanings stand for."""
        return self._meanings

    def expected(self, place: str | None, speech: Speech | None, language: str) -> Expected:
        """What may be said at a question that takes words (None: only a stop); ``understanding`` made it."""
        return self._grammars.get((None if speech is None else place, language)) or self._expect(speech, language)

    def _expect(self, speech: Speech | None, language: str) -> Expected:
        ask, stops = self._meanings.wanted, self.opt_out.phrases
        if isinstance(speech, SpokenValue):
            grammar = ask(language, kind=speech.kind, least=speech.min, most=speech.max, opt_out=stops)
        else:
            grammar = ask(language, speech or {}, opt_out=stops)
        return grammar, bias(grammar)

    @property
    def listens(self) -> bool:
        """Whether what the person says matters in it: an answer by voice, or a stop in the author's own words."""
        asked = (step for flow in self.whole for _, step in flow.steps_of(GatherStep))
        return bool(self.opt_out.phrases) or any(step.gather.speech for step in asked)

    def joined(self, parts: Mapping[str, Flow]) -> Flow:
        """This flow with all those that it calls."""
        copy = self.model_copy()
        copy._parts, copy._meanings, copy._grammars = dict(parts), self._meanings, {}
        return copy

    def understanding(self, meanings: Meanings) -> Flow:
        """This flow with what the names of meanings stand for."""
        copy = self.model_copy()
        copy._parts, copy._meanings = self._parts, meanings
        copy._grammars = {(p, n): copy._expect(s, n) for p, s in copy._spoken_places() for n in copy.languages}
        return copy

    def _spoken_places(self) -> Iterator[tuple[str | None, Speech | None]]:
        """Every question that takes words, by its place as a session names it, and first the stop."""
        if self.listens:
            yield None, None
        for flow in self.whole:
            for (_, node, index), step in flow.steps_of(GatherStep):
                if step.gather.speech is not None:
                    yield place_of("" if flow is self else flow.flow, node, index), step.gather.speech


def place_of(flow: str, node: str, step: int) -> str:
    """The name of a step's place; ``flow`` is that of a called flow, else empty."""
    return f"{flow}/{node}/{step}"


@dataclass(frozen=True, slots=True)
class FlowDocument:
    """A flow together with the file it came from, so that checks can point at lines."""

    flow: Flow
    document: Document
