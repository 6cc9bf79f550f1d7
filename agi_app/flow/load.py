"""From the text of a flow file to a flow that can run."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.authoring.schema import validate
from agi_app.authoring.yaml_lines import load
from agi_app.errors import AuthorError
from agi_app.flow.check.broken_files import unknown_targets
from agi_app.flow.check.flow_rules import check_structure
from agi_app.flow.check.sub_flows import check_calls, with_parts
from agi_app.flow.language.definition import Flow, FlowDocument


def parse_flow(text: str | bytes, file: str) -> FlowDocument:
    """The flow with its positions, as the checks want it; raises ``AuthorError`` if it does not fit the schema."""
    document = load(text, file)
    try:
        return FlowDocument(validate(Flow, document), document)
    except AuthorError as error:
        raise AuthorError(*error.problems, *unknown_targets(document, error.problems)) from None


def load_with_parts(text: str | bytes, file: str, sub_flows: Mapping[str, str]) -> Flow:
    """A flow with all that it calls (file -> text), safe to run; raises ``AuthorError`` with all faults of a file."""
    flow = load_flow(text, file)
    parts = [load_flow(part, name) for name, part in sub_flows.items()]
    known = {part.flow: part for part in (flow, *parts)}
    for document in (parse_flow(text, file), *(parse_flow(part, name) for name, part in sub_flows.items())):
        errors = check_calls(document, known)
        if errors:
            raise AuthorError(*errors)
    return with_parts(flow, known)


def load_flow(text: str | bytes, file: str) -> Flow:
    """A flow that is safe to run: schema and structure are right; raises ``AuthorError`` with all faults.

    What it calls is not looked at: ``load_with_parts``.
    """
    parsed = parse_flow(text, file)
    errors = [problem for problem in check_structure(parsed) if problem.severity == "error"]
    if errors:
        raise AuthorError(*errors)
    return parsed.flow
