"""The rule about questions that tell who a person is, and that a key pressed in the greeting would answer unheard."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.errors import Problem
from agi_app.flow.check.graph import is_last, targets
from agi_app.flow.engine.gather_keys import may_be_early
from agi_app.flow.language.asking_steps import AskStep, GatherStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, EndStep, PlayStep
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.messages import t

_Place = tuple[str, int]  # a node, and the step in it


def answered_unheard(source: FlowDocument) -> Iterator[Problem]:
    """``flow/answered-unheard``: a question that may lead to ``wrong_number`` takes no key from before it."""
    flow = source.flow
    early = _asked_next(flow, _where_keys_are_kept(flow))
    for path, step in flow.steps_of(GatherStep):
        place: _Place = (str(path[1]), int(path[2]))
        if place in early and may_be_early(step.gather) and not step.gather.digits:
            stranger = next((label for label in step.gather.labels if _is_wrong_number(flow, place, step, label)), None)
            if stranger is not None:
                message = t(
                    "gather: a key that is pressed before this question begins may answer it, so that nobody knows who "
                    'the person is ("{label}" leads to wrong_number); write early: false',
                    label=stranger,
                )
                yield source.document.problem((*path, "gather"), "flow/answered-unheard", message, "warning")


def _where_keys_are_kept(flow: Flow) -> Iterator[_Place]:
    """The places right behind what speaks and lets keys count; a called flow begins behind one of its caller."""
    if flow.is_called:
        yield flow.start, 0
    for path, step in flow.steps():
        speaks = step.play if isinstance(step, PlayStep) else step.say if isinstance(step, SayStep) else None
        if speaks is not None and speaks.barge_in:
            yield str(path[1]), int(path[2]) + 1


def _asked_next(flow: Flow, behind: Iterator[_Place]) -> set[_Place]:
    """The questions that come first behind these places: they get what was kept."""
    return {place for place, step in _until(flow, behind) if isinstance(step, AskStep)}


def _is_wrong_number(flow: Flow, place: _Place, step: GatherStep, label: str) -> bool:
    node = step.way(label)
    way = (place[0], place[1] + 1) if node is None else (node, 0)
    return any(isinstance(found, WrongNumberStep) for _, found in _until(flow, iter([way])))


def _until(flow: Flow, starts: Iterator[_Place]) -> Iterator[tuple[_Place, AnyStep]]:
    """The steps on each way from there, up to the first that asks, records or transfers: these forget all keys."""
    waiting, seen = list(starts), set[_Place]()
    while waiting:
        node, index = place = waiting.pop()
        steps = flow.nodes.get(node, [])
        if place in seen or index >= len(steps):
            continue
        seen.add(place)
        step = steps[index]
        yield place, step
        if not isinstance(step, AskStep | RecordStep | TransferStep | EndStep):
            waiting += [(node, index + 1)] if not is_last(step) else []
            waiting += [(target, 0) for _, target in targets(step)]
