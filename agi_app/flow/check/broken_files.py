"""What can be said of a flow file that does not fit the schema: whether its ways lead to nodes that exist.

Without this, one misspelt verb would hide every misspelt node until it is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import MOST_PROBLEMS, Document, Path
from agi_app.errors import Problem


def unknown_targets(document: Document, others: Iterable[Problem]) -> list[Problem]:
    """``flow/unknown-target`` as far as the file can be read; where ``others`` stand, nothing more is said."""
    whole = document.value if isinstance(document.value, dict) else {}
    nodes = whole.get("nodes")
    if not isinstance(nodes, dict):
        return []
    taken = {(problem.line, problem.column) for problem in others}
    found: list[Problem] = []
    for path, target in _ways(whole, nodes):
        if isinstance(target, str) and target not in nodes and document.at(path) not in taken:
            message = f'{path[-1]}: there is no node "{target}"{suggest(target, nodes)}'
            found.append(document.problem(path, "flow/unknown-target", message))
        if len(found) == MOST_PROBLEMS:
            break
    return found


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
