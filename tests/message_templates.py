"""The templates of messages that the code has, and texts for people that it prints without ``t``, by its source."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import jinja2
from jinja2.ext import extract_from_ast

ROOT = Path(__file__).resolve().parent.parent
RENDER = ("t", "spoken", "template")
PRINT = ("say", "say_now", "say_lines", "warn", "table", "_say", "print", "show")  # their texts are for people
RENDERED = 2  # the first arguments of ``table``, its title and its columns, which it renders itself
FAULT = ("Problem", "Fault", "_fault", "Finding")
NAMED_FIRST = ("RequestFailed", "_fault", "Finding")  # whose first argument is a name for programs
NO_TEXT = ("callees", "error", "warning", "settings", "reading", "playing")  # severities, a rule, states of a flow
LOGGED = ("info", "warning", "error", "exception", "critical")  # lines that people read; told again when printed
WORDS = re.compile(r"[A-Za-z]{2,}[ ,;:.]+[A-Za-z]{2,}|^[A-Za-z]{3,}$|^[a-z]{2,} | [a-z]{2,}$")


@dataclass
class Module:
    """What one file says."""

    path: Path
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)  # name -> module.name


def package_of(path: Path) -> str:
    """The name of the catalogue of a file: its package, or its own name beside them."""
    inner = path.relative_to(ROOT)
    if inner.parts[0] != "agi_app":
        return inner.parts[0]
    return inner.parts[1] if len(inner.parts) > 2 else "agi_app"


@cache
def module(path: Path) -> Module:
    """A file, read."""
    found = Module(path, ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(found.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agi_app"):
            for name in node.names:
                found.imported[name.asname or name.name] = f"{node.module}.{name.name}"
    for statement in found.tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found.constants[statement.targets[0].id] = statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            found.constants[statement.target.id] = statement.value
    return found


def modules(*folders: str) -> list[Module]:
    """All files of some folders."""
    return [module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(call: ast.AST) -> str:
    """The last part of what is called."""
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def renders(call: ast.Call, found: Module) -> bool:
    """Whether it is a function of agi_app.messages."""
    return name_of(call) in RENDER and found.imported.get(name_of(call), "").startswith("agi_app.messages.")


def logs(call: ast.Call) -> bool:
    """Whether it writes a line of the log."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LOGGED
        and getattr(function.value, "id", getattr(function.value, "attr", "")) in ("_log", "to")
    )


def templates(found: Module) -> Iterator[tuple[str, int]]:
    """Every template that a file renders or logs, with its line."""
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Call) and node.args:
            if renders(node, found):
                yield from ((text, node.lineno) for text in _texts(node.args[0], found))
            elif (
                name_of(node) == "table"
                and found.imported.get("table") == "agi_app.cli.common.table"
                and len(node.args) > 1
            ):
                yield from ((text, node.lineno) for text in _texts(node.args[0], found))
                columns = (text for text in _texts(node.args[1], found) if re.search("[a-z]", text))
                yield from ((f"[{text}]", node.lineno) for text in columns)
            elif name_of(node) == "count_of" and len(node.args) > 1:
                yield from (("{number} " + text, node.lineno) for text in _texts(node.args[1], found))
            elif logs(node):
                yield from ((text, node.lineno) for text in _texts(node.args[0], found))


def of_pages() -> Iterator[tuple[str, str]]:
    """Every template that a page of the console renders, with its place."""
    environment = jinja2.Environment(autoescape=True)
    for path in sorted((ROOT / "agi_app/console/templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for line, _, found in extract_from_ast(environment.parse(text), ("t",)):
            literal = found[0] if isinstance(found, tuple) else found
            assert literal is not None, f"{path.name}:{line}: t() of no literal"
            yield literal, f"{path.relative_to(ROOT)}:{line}"


def _texts(expression: ast.expr, found: Module) -> Iterable[str]:
    """The texts that an expression may be."""
    match expression:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp():
            return [*_texts(expression.body, found), *_texts(expression.orelse, found)]
        case ast.BoolOp() | ast.Dict():
            return [text for value in expression.values for text in _texts(value, found)]
        case ast.Tuple() | ast.List() | ast.Set():
            return [text for value in expression.elts for text in _texts(value, found)]
        case ast.Subscript() | ast.Starred():
            return _texts(expression.value, found)
        case ast.Name(id=name):
            if name in found.constants:
                return _texts(found.constants[name], found)
            return [*_assigned(name, found), *_imported(name, found)]
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in found.imported:
            return _of_module(found.imported[name], attribute)
        case ast.Call(func=ast.Attribute(value=value, attr="get")):
            return [*_texts(value, found), *(text for one in expression.args[1:] for text in _texts(one, found))]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys")):
            return _texts(expression.args[1], found)
        case _:
            return []


def _literals(expression: ast.expr, found: Module) -> Iterable[str]:
    if isinstance(expression, ast.Tuple):
        return [text for value in expression.elts for text in _literals(value, found)]
    if isinstance(expression, ast.IfExp):
        return [*_literals(expression.body, found), *_literals(expression.orelse, found)]
    if isinstance(expression, ast.Name) and expression.id in found.constants:
        return _literals(found.constants[expression.id], found)
    return [expression.value] if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else []


def _assigned(name: str, found: Module) -> Iterable[str]:
    """The literals that are assigned to a variable somewhere in the file."""
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Assign) and [getattr(one, "id", "") for one in node.targets] == [name]:
            yield from _literals(node.value, found)


def _imported(name: str, found: Module) -> Iterable[str]:
    home, _, original = found.imported.get(name, "").rpartition(".")
    return _of_module(home, original) if home else []


def _of_module(home: str, name: str) -> Iterable[str]:
    base = ROOT / home.replace(".", "/")
    path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
    if not path.exists():
        return []
    other = module(path)
    return _texts(other.constants[name], other) if name in other.constants else []


def placeholders(template: str) -> set[str]:
    """The names of the values of a template, also those within formats."""
    names = set()
    for _, name, form, _ in string.Formatter().parse(template):
        if name is not None:
            names |= {name} | placeholders(form or "")
    return names


def checks(found: Module) -> Iterator[str]:
    """What the findings of a file are about: keys of `doctor`, with the names in them as ``x``."""
    if not found.imported.get("Finding", "").startswith("agi_app.model.finding"):
        return
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Call) and name_of(node) == "Finding" and node.args:
            named = node.args[0]
            given = [named]
            if isinstance(named, ast.Name):
                given = [
                    one.value
                    for one in ast.walk(found.tree)
                    if isinstance(one, ast.Assign) and [getattr(t, "id", "") for t in one.targets] == [named.id]
                ]
            for one in given:
                parts = one.values if isinstance(one, ast.JoinedStr) else [one]
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts)


@cache
def error_classes() -> frozenset[str]:
    """The names of AgiAppError and of all that stand on it."""
    names, before = {"AgiAppError", "SandboxError"}, 0
    classes = [node for one in modules("agi_app") for node in ast.walk(one.tree) if isinstance(node, ast.ClassDef)]
    while len(names) != before:
        before = len(names)
        for node in classes:
            if any(getattr(base, "id", getattr(base, "attr", "")) in names for base in node.bases):
                names.add(node.name)
    return frozenset(names)


def untranslated(found: Module) -> Iterator[tuple[int, str]]:
    """Texts for people that do not go through ``t``, with their lines: of errors, problems and what is printed."""
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Call) and (name_of(node) in (*PRINT, *FAULT) or name_of(node) in error_classes()):
            arguments = [one for at, one in enumerate(node.args) if name_of(node) != "table" or at >= RENDERED]
            arguments = arguments[1:] if name_of(node) in NAMED_FIRST else arguments
            for argument in [*arguments, *(keyword.value for keyword in node.keywords)]:
                yield from _bare(argument)


def _bare(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Literals with words within an expression, outside of calls that render, and of what is no message."""
    if isinstance(node, ast.Call) and (name_of(node) in (*RENDER, "count_of") or name_of(node) in error_classes()):
        return  # an error within an error is found by itself
    if isinstance(node, ast.Subscript):
        return
    if isinstance(node, ast.Call):  # names of methods, separators: only what a function of ours may print
        children: list[ast.AST] = [*node.args] if name_of(node) in ("join", "lines", "one_line") else []
        children += [node.func.value] if isinstance(node.func, ast.Attribute) else []
    elif isinstance(node, ast.JoinedStr):
        children = [*node.values]
    elif isinstance(node, ast.Compare):
        return
    elif isinstance(node, ast.IfExp):
        children = [node.body, node.orelse]
    else:
        children = [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.Constant) and node.value in NO_TEXT:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORDS.search(_plain(node.value)):
        yield node.lineno, node.value
    for child in children:
        yield from _bare(child)


def _plain(text: str) -> str:
    """Without code and commands: ``a/rule-name``, file names, options."""
    return re.sub(r"^agi-app( [a-z-]+)*|`[^`]*`|\S*[/_.\\]\S+|--[\w-]+|\w+-\w+", "", text)
