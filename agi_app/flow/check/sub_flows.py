"""Flows that call flows: which belong together, and what is wrong between their files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from agi_app.authoring import shape_hints
from agi_app.authoring.suggestions import suggest, suggest_or
from agi_app.authoring.yaml_lines import Path
from agi_app.errors import Problem
from agi_app.flow.check.names_and_keys import given
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.syntax.names_and_limits import MAX_DEPTH, OTHERWISE
from agi_app.messages import t


def with_parts(flow: Flow, flows: Mapping[str, Flow]) -> Flow:
    """The flow together with all that it calls, directly or not; unknown ones are left out."""
    found: dict[str, Flow] = {}
    waiting = [step.call.flow for _, step in flow.steps_of(CallStep)]
    while waiting:
        name = waiting.pop()
        if name not in found and name in flows:
            found[name] = flows[name]
            waiting += [step.call.flow for _, step in flows[name].steps_of(CallStep)]
    return flow.joined(found)


def check_calls(source: FlowDocument, flows: Mapping[str, Flow], unread: Collection[str] = ()) -> list[Problem]:
    """Every fault between this flow and those it calls; ``flows`` are all by name, but those of ``unread`` files."""
    found: list[Problem] = []
    for path, step in source.flow.steps_of(CallStep):
        called = flows.get(step.call.flow)
        if called is None:
            message = f"flow: {no_such_flow(step.call.flow, flows, unread)}"
            found.append(source.document.problem((*path, "call", "flow"), "flow/unknown-flow", message))
        else:
            faults = _call_faults(source.flow, step, called)
            found += [source.document.problem((*path, *inner), rule, message) for inner, rule, message in faults]
    if (chain := _endless(source.flow, flows)) is not None:
        path = next(path for path, step in source.flow.steps_of(CallStep) if step.call.flow == chain[1])
        found.append(source.document.problem((*path, "call", "flow"), "flow/recursion", _told(source.flow, chain)))
    return sorted(found)


def check_destinations(source: FlowDocument, known: Collection[str]) -> Iterator[Problem]:
    """Every transfer to somebody whom the settings do not name."""
    for path, step in source.flow.steps_of(TransferStep):
        if (to := step.transfer.to) not in known:
            hint = shape_hints.staff_number(to) or suggest_or(
                to, known, t("add [destinations.{to}] with its endpoint to agi-app.toml", to=to)
            )
            message = t('to: the settings have no destination "{to}"{hint}', to=to, hint=hint)
            yield source.document.problem((*path, "transfer", "to"), "flow/unknown-destination", message)


def _call_faults(caller: Flow, step: CallStep, called: Flow) -> Iterator[tuple[Path, str, str]]:
    name, arguments = step.call.flow, step.call.with_
    for parameter in called.parameters:
        if parameter not in arguments:
            yield (
                ("call", "with"),
                "flow/parameters",
                t('with: "{name}" needs a value for "{parameter}"', name=name, parameter=parameter),
            )
    for word in arguments:
        if word not in called.parameters:
            hint = suggest(word, called.parameters)
            yield (
                ("call", "with", word),
                "flow/parameters",
                t('{word}: "{name}" has no such parameter{hint}', word=word, name=name, hint=hint),
            )
    known = given(called)
    for name_taken in step.call.take:
        if name_taken not in known:
            message = t(
                'take: nothing in "{name}" gives "{name_taken}" a value{suggest}',
                name=name,
                name_taken=name_taken,
                suggest=suggest(name_taken, known),
            )
            yield ("call", "take"), "flow/unknown-variable", message
    known = {step.return_ for _, step in called.steps_of(ReturnStep)}
    for result in step.on.keys() - known - {OTHERWISE}:
        message = t(
            '{result}: "{name}" never returns "{result}"{suggest}',
            result=result,
            name=name,
            suggest=suggest(result, known),
        )
        yield ("on", result), "flow/unknown-answer", message
    yield from _unlike(caller, called)


def _unlike(caller: Flow, called: Flow) -> Iterator[tuple[Path, str, str]]:
    """Languages and the opt-out key: a person hears both flows as one."""
    name = called.flow
    for language in caller.languages:
        if language not in called.languages:
            yield (
                ("call", "flow"),
                "flow/sub-flow",
                t('flow: "{name}" does not speak "{language}"', name=name, language=language),
            )
    if called.opt_out.key != caller.opt_out.key:
        message = t(
            'flow: the opt-out key of "{name}" is {key}, here it is {here}; give both flows the same key',
            name=name,
            key=called.opt_out.key,
            here=caller.opt_out.key,
        )
        yield ("call", "flow"), "flow/sub-flow", message


def _endless(flow: Flow, flows: Mapping[str, Flow]) -> list[str] | None:
    """Flows from this one on, each called by the one before, that come back to it or go too deep; None: none do."""
    chains = [[flow.flow]]
    while chains:
        chain = chains.pop()
        here = flow if len(chain) == 1 else flows.get(chain[-1])
        for name in sorted({step.call.flow for _, step in here.steps_of(CallStep)} if here is not None else ()):
            longer = [*chain, name]
            if name == flow.flow or (name not in chain and len(longer) > MAX_DEPTH + 1):
                return longer
            if name not in chain:  # else that flow has its own fault
                chains.append(longer)
    return None


def _told(flow: Flow, chain: list[str]) -> str:
    shown = " → ".join(chain)
    if chain[-1] != flow.flow:
        return t("more than {max_depth} flows deep: {shown}", max_depth=MAX_DEPTH, shown=shown)
    if len(chain) > 2:
        return t("the flow calls itself: {shown}", shown=shown)
    return t("the flow calls itself: {shown}; to begin again write goto: {start}", shown=shown, start=flow.start)
