"""Which step leads where: the flow as a graph, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from agi_app.authoring.yaml_lines import Path
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.spoken_seconds import seconds_to_say
from agi_app.flow.language.asking_steps import (
    CallBackStep,
    Collect,
    CollectStep,
    GatherStep,
    LanguageStep,
    StopNumberStep,
)
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.language.steps import AnyStep, BranchStep, Else, EndStep, GotoStep, PlayStep, When
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import OTHERWISE
from agi_app.messages import t


@dataclass(frozen=True, slots=True)
class PromptUse:
    """A place where a prompt is played."""

    prompt: str
    path: Path
    types_digits: bool  # a gather of several keys


def targets(step: AnyStep) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The nodes a step may go to, each with the path of the word inside the step."""
    match step:
        case GotoStep():
            yield ("goto",), step.goto
        case StepWithWays():
            yield from ((("on", answer), node) for answer, node in step.on.items())
        case BranchStep():
            for index, case in enumerate(step.branch):
                word, node = ("goto", case.goto) if isinstance(case, When) else ("else", case.otherwise)
                yield ("branch", index, word), node


def is_last(step: AnyStep) -> bool:
    """Whether no way leads from this step to the next one in its node."""
    match step:
        case CallStep():
            return OTHERWISE in step.on
        case BranchStep():
            return isinstance(step.branch[-1], Else)
        case StepWithWays() if not isinstance(step, SayStep):
            return all(step.way(outcome) is not None for outcome in step.outcomes)
        case _:
            return isinstance(step, GotoStep | ReturnStep | EndStep)


def live_steps(steps: Sequence[AnyStep]) -> list[AnyStep]:
    """The steps of a node that can be reached from its first one."""
    last = next((index for index, step in enumerate(steps) if is_last(step)), len(steps))
    return list(steps[: last + 1])


def node_targets(flow: Flow, node: str) -> set[str]:
    """The nodes that exist and can be gone to from ``node``."""
    return {target for step in live_steps(flow.nodes[node]) for _, target in targets(step) if target in flow.nodes}


def reachable(flow: Flow, start: str | None = None) -> set[str]:
    """The nodes that can be reached from this one, or from the first of the flow."""
    found: set[str] = set()
    first = start or flow.start
    waiting = [first] if first in flow.nodes else []
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node_targets(flow, node))
    return found


def with_exit(flow: Flow) -> set[str]:
    """The nodes from which a way leads to the end of the call; an unknown target counts as one."""
    found = {name for name, steps in flow.nodes.items() if _may_end_in(flow, live_steps(steps))}
    while more := {name for name in flow.nodes if name not in found and node_targets(flow, name) & found}:
        found |= more
    return found


def _may_end_in(flow: Flow, steps: Sequence[AnyStep]) -> bool:
    if not is_last(steps[-1]) or any(isinstance(step, EndStep | ReturnStep) for step in steps):
        return True
    return any(target not in flow.nodes for step in steps for _, target in targets(step))


def prompt_uses(flow: Flow) -> Iterator[PromptUse]:
    """Every place in the file that names a prompt, in file order."""
    if flow.opt_out.confirm:
        yield PromptUse(flow.opt_out.confirm, ("opt_out", "confirm"), False)
    if flow.abandoned:
        yield PromptUse(flow.abandoned, ("abandoned",), False)
    for path, step in flow.steps():
        yield from _uses(step, path)


def said_name(path: Path) -> str:
    """How the checks call a ``say``: it stands among the prompts, but no recording can have such a name."""
    return t("say in {path}, step {path2}", path=path[1], path2=int(path[2]) + 1)


def said_prompts(flow: Flow) -> dict[tuple[str, str], PromptFacts]:
    """What each ``say`` says as facts of a prompt, so that the rules about prompts read it, too."""
    says = ((path, tongue, step.say.text or {}) for path, step in flow.steps_of(SayStep) for tongue in flow.languages)
    texts = {(language, said_name(path)): text.get(language, "…") for path, language, text in says}
    return {key: PromptFacts(True, text, 8000, 1, 2, seconds_to_say(text)) for key, text in texts.items()}


def first_prompts(flow: Flow) -> list[PromptUse]:
    """The prompts that a called person may hear first: one on each way from ``start``.

    A flow that others call begins after their first prompt, so it has none.
    """
    if flow.is_called:
        return []
    heard = ((path, step) for path, step in steps_until(flow, _surely_heard) if not isinstance(step, TransferStep))
    return list({use.path: use for path, step in heard for use in _uses(step, path)[:1]}.values())


def calls_before_prompt(flow: Flow) -> list[Path]:
    """The places where another flow is called, or the person transferred, before anything was certainly said."""
    steps = () if flow.is_called else steps_until(flow, _surely_heard)
    return [path for path, step in steps if isinstance(step, CallStep | TransferStep)]


def steps_until(flow: Flow, ends: Callable[[Path, AnyStep, AnyStep | None], bool]) -> Iterator[tuple[Path, AnyStep]]:
    """The steps on each way from ``start``, up to the first where ``ends`` (path, step, the next of its node) holds."""
    seen: set[str] = set()
    waiting = [flow.start] if flow.start in flow.nodes else []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        steps = live_steps(flow.nodes[node])
        for index, (step, following) in enumerate(zip_longest(steps, steps[1:])):
            path: Path = ("nodes", node, index)
            yield path, step
            if ends(path, step, following):
                break
            waiting.extend(target for _, target in targets(step) if target in flow.nodes)


def _surely_heard(path: Path, step: AnyStep, _: AnyStep | None) -> bool:
    """Whether the person has heard something after this step, whatever the contact's row says."""
    if isinstance(step, TransferStep) or (isinstance(step, SayStep) and step.say.may_be_empty):
        return False
    return bool(_uses(step, path))


def _uses(step: AnyStep, path: Path) -> list[PromptUse]:
    """The prompts of a step, in the order they are heard."""
    match step:
        case PlayStep():
            return [PromptUse(step.play.prompt, (*path, "play"), False)]
        case SayStep():
            return [PromptUse(said_name(path), (*path, "say"), False)]
        case GatherStep():
            return [PromptUse(step.gather.prompt, (*path, "gather", "prompt"), step.gather.digits is not None)]
        case CollectStep():
            return _collect_uses(step.collect, (*path, "collect"), types_digits=True)
        case StopNumberStep():  # a person who keys a number in is at the stop already
            return _collect_uses(step.stop_number.collect, (*path, "stop_number"), types_digits=False)
        case LanguageStep():
            return [PromptUse(step.language.prompt, (*path, "language", "prompt"), False)]
        case TransferStep():
            whisper = step.transfer.whisper
            return [PromptUse(whisper, (*path, "transfer", "whisper"), False)] if whisper else []
        case RecordStep():
            return [PromptUse(step.record.prompt, (*path, "record", "prompt"), False)]
        case WrongNumberStep():
            prompt = step.wrong_number.prompt
            return [PromptUse(prompt, (*path, "wrong_number"), False)] if prompt else []
        case CallBackStep():
            return [PromptUse(step.call_back.prompt, (*path, "call_back", "prompt"), False)]
        case _:
            return []


def _collect_uses(collect: Collect, path: Path, *, types_digits: bool) -> list[PromptUse]:
    uses = [PromptUse(collect.prompt, (*path, "prompt"), types_digits)]
    if collect.confirm is not None:
        uses.append(PromptUse(collect.confirm.prompt, (*path, "confirm", "prompt"), False))
    return uses
