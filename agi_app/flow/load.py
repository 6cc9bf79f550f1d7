"""From the text of a flow file to a flow that can run."""

from __future__ import annotations

from agi_app.errors import AuthorError
from agi_app.flow.check import check_structure
from agi_app.flow.definition import Flow, FlowDocument
from agi_app.yaml_lines import load, validate


def parse_flow(text: str | bytes, file: str) -> FlowDocument:
    """The flow with its positions, as the checks want it; raises ``AuthorError`` if it does not fit the schema."""
    document = load(text, file)
    return FlowDocument(validate(Flow, document), document)


def load_flow(text: str | bytes, file: str) -> Flow:
    """A flow that is safe to run: schema and structure are right; raises ``AuthorError`` with all faults."""
    parsed = parse_flow(text, file)
    errors = [problem for problem in check_structure(parsed) if problem.severity == "error"]
    if errors:
        raise AuthorError(*errors)
    return parsed.flow
