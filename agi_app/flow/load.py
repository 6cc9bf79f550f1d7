"""From the text of a flow file to a flow that can run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from agi_app.authoring import shape_hints
from agi_app.authoring.schema import validate
from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import MOST_PROBLEMS, Document, Path, load
from agi_app.errors import AuthorError, Problem
from agi_app.flow.check.flow_rules import check_structure
from agi_app.flow.check.sub_flows import check_calls, with_parts
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.messages import t


def parse_flow(text: str | bytes, file: str) -> FlowDocument:
    """The flow with its positions, as the checks want it; raises ``AuthorError`` if it does not fit the schema."""
    document = load(text, file)
    try:
        return FlowDocument(validate(Flow, document), document)
    except AuthorError as error:
        raise AuthorError(*error.problems, *unknown_targets(document, error.problems)) from None


def load_with_parts(text: str | bytes, file: str, sub_flows: Mapping[str, str]) -> Flow:
    """A flow with all that it calls (file -> text), safe to run; raises ``AuthorError`` with all faults of a file."""
    documents = [_right_structure(text, file), *(_right_structure(part, name) for name, part in sub_flows.items())]
    known = {document.flow.flow: document.flow for document in documents}
    for document in documents:
        if errors := check_calls(document, known):
            raise AuthorError(*errors)
    return with_parts(documents[0].flow, known)


def load_flow(text: str | bytes, file: str) -> Flow:
    """A flow that is safe to run: schema and structure are right; raises ``AuthorError`` with all faults.

    What it calls is not looked at: ``load_with_parts``.
    """
    return _right_structure(text, file).flow


def _right_structure(text: str | bytes, file: str) -> FlowDocument:
    parsed = parse_flow(text, file)
    if errors := [problem for problem in check_structure(parsed) if problem.severity == "error"]:
        raise AuthorError(*errors)
    return parsed


# What can be said of a flow file that does not fit the schema: whether its ways lead to nodes that exist.
#
# Without this, one misspelt verb would hide every misspelt node until it is fixed.


def unknown_targets(document: Document, others: Iterable[Problem]) -> list[Problem]:
    """``flow/unknown-target`` as far as the file can be read; where ``others`` stand, nothing more is said."""
    whole = document.value if isinstance(document.value, dict) else {}
    nodes = whole.get("nodes")
    if not isinstance(nodes, dict):
        return []
    named = {*nodes, *map(shape_hints.bare, nodes)}  # what is wrong with the name of a node is said there
    taken = {(problem.line, problem.column) for problem in others}
    faults = (
        document.problem(
            path,
            "flow/unknown-target",
            t(
                '{key}: there is no node "{target}"{suggest}',
                key=path[-1],
                target=target,
                suggest=suggest(target, nodes),
            ),
        )
        for path, target in _ways(whole, nodes)
        if isinstance(target, str) and target not in named and document.at(path) not in taken
    )
    return list(islice(faults, MOST_PROBLEMS))


def _ways(whole: dict[str, Any], nodes: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    if "start" in whole:
        yield ("start",), whole["start"]
    for node, steps in nodes.items():
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            for path, target in _ways_of(step if isinstance(step, dict) else {}):
                yield ("nodes", node, index, *path), target


def _ways_of(step: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    if "goto" in step:
        yield ("goto",), step["goto"]
    answers, cases = step.get("on"), step.get("branch")
    for answer, target in answers.items() if isinstance(answers, dict) else ():
        yield ("on", answer), target
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        for word in ("goto", "else") if isinstance(case, dict) else ():
            if word in case:
                yield ("branch", number, word), case[word]
