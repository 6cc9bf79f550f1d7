"""Rules about the source text which import-linter and ruff cannot express.

Each function takes source text and returns findings as words; `test_architecture` applies them
to the package, and to bad snippets, to see that they find something.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# POST on one of these creates, dials or originates a channel; reading and hanging up are harmless.
_CHANNEL_URI = re.compile(r"(\{\}|https?://[^/]*)?/?(ari/)?channels(/create|/\{\}(/dial)?)?/?(\?.*)?")
_AMI_ORIGINATE = re.compile(r"Action:\s*Originate|channel originate\b", re.IGNORECASE)
_CALL_FILES = re.compile(r"spool.*/outgoing|/outgoing\b")

_SQL = re.compile(
    r"""\s*(select\b.*\b(from|pg_\w+\s*\()|insert\s+into\b|update\s+\w+\s+set\b|delete\s+from\b|truncate\s
    |create\s+(or\s+replace\s+)?(unique\s+)?(table|index|view|schema|function|type)\b|alter\s+table\b
    |drop\s+(table|index|view|schema|function|type)\b|with\s+\w+\s+as\s*(not\s+)?(materialized\s+)?\()""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _docstrings(tree: ast.AST) -> set[int]:
    """The ids of string nodes that stand alone: docstrings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _template(node: ast.AST) -> str | None:
    """The text of a string node, with `{}` for every value put into it; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) or "{}" for part in node.values)
    return None


def _strings(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every string that is not a docstring, nor a piece of an f-string."""
    skip = _docstrings(tree)
    skip |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = _template(node)
        if text is not None and id(node) not in skip and isinstance(node, ast.expr):
            yield node, text


def _harmless(parent: ast.AST | None) -> bool:
    """Whether a channel URI stands with a method that only reads or hangs up, or is no request."""
    if isinstance(parent, ast.Subscript | ast.Compare):
        return True
    if not isinstance(parent, ast.Call | ast.Dict | ast.Tuple | ast.List):
        return False
    values = [child.value if isinstance(child, ast.keyword) else child for child in ast.iter_child_nodes(parent)]
    methods = {text for value in values if (text := _template(value)) is not None}
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
        methods.add(parent.func.attr.upper())
    return bool(methods & {"GET", "DELETE"}) and not methods & {"POST", "PUT"}


def _channel_requests(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Channel URIs which could be posted to: beside POST, or where the method cannot be seen."""
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node, text in _strings(tree):
        parent = parents.get(id(node))
        if isinstance(parent, ast.keyword):
            parent = parents.get(id(parent))
        if _CHANNEL_URI.fullmatch(text) and not _harmless(parent):
            yield node.lineno, text


def originations(source: str) -> list[str]:
    """Places that could make Asterisk call somebody: ARI create/originate, AMI Originate, call files."""
    tree = ast.parse(source)
    found = [f"line {line}: ARI originate or create: {text!r}" for line, text in _channel_requests(tree)]
    for node, text in _strings(tree):
        if text == "Originate" or _AMI_ORIGINATE.search(text):
            found.append(f"line {node.lineno}: AMI Originate: {text!r}")
        elif "channels/create" in text or text == "/dial":
            found.append(f"line {node.lineno}: ARI create or dial: {text!r}")
        elif _CALL_FILES.search(text):
            found.append(f"line {node.lineno}: call file: {text!r}")
    return found


def permits_made(source: str) -> list[str]:
    """Uses of the class Permit which make one: a call, `__new__`, or passing the class on."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found += [
                f"line {node.lineno}: Permit renamed to {alias.asname}"
                for alias in node.names
                if alias.name == "Permit" and alias.asname not in (None, "Permit")
            ]
        if isinstance(node, ast.Attribute) and _is_permit(node.value):
            found.append(f"line {node.lineno}: Permit.{node.attr}")
        if not isinstance(node, ast.Call):
            continue
        if _is_permit(node.func):
            found.append(f"line {node.lineno}: makes a Permit")
        elif any(map(_is_permit, node.args)) and getattr(node.func, "id", "") not in {"isinstance", "issubclass"}:
            found.append(f"line {node.lineno}: hands the class Permit to a function")
    return found


def _is_permit(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id == "Permit") or (
        isinstance(node, ast.Attribute) and node.attr == "Permit"
    )


def sql_strings(source: str) -> list[str]:
    """String literals that are SQL statements."""
    return [
        f"line {node.lineno}: SQL: {text.strip()[:50]!r}"
        for node, text in _strings(ast.parse(source))
        if _SQL.match(text) and not text.split()[0].istitle()  # "Select a file from …" is prose
    ]


def long_functions(source: str, limit: int) -> dict[str, int]:
    """Functions with more than `limit` lines, docstring not counted, by name."""
    long = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _FUNCTIONS):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        first = node.body[0]
        if isinstance(first, ast.Expr) and _template(first.value) is not None:
            length -= (first.end_lineno or first.lineno) - first.lineno + 1
        if length > limit:
            long[node.name] = length
    return long


def imports(source: str) -> set[str]:
    """Every module that a file imports, or takes names of; names of it too, since they may be modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def public_classes(source: str) -> list[str]:
    """Names of the classes that other modules may use, nested ones included."""
    classes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))
    return [node.name for node in classes if not node.name.startswith("_")]
