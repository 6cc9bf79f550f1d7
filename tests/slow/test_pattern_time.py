"""No pattern of ours takes more than linear time, whatever text it is given.

Every compiled pattern of the package is collected, with every pattern that is written into a call of ``re``. Each gets
strings that are made to hurt it: something that it begins to match, one of its repetitions 10,000 times over, and an
end that it cannot match. Linear ones need milliseconds, quadratic ones seconds, exponential ones more than a life.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined, unused-ignore]
from types import FrameType, ModuleType
from typing import Any

import pytest

import agi_app

pytestmark = pytest.mark.slow

TIMES = 10_000
SECONDS = 0.025  # of the processor: a linear pattern needs a thirtieth of that, a quadratic one twice as much
ENDS = ("", "\0", "!", "\n", '"', "x")
_SEARCHES = ("search", "sub", "subn", "split", "findall", "finditer")
_CLASSES = {
    _constants.CATEGORY_DIGIT: "1",
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_WORD: "a1_",
    _constants.CATEGORY_NOT_DIGIT: "a ",
    _constants.CATEGORY_NOT_SPACE: "a",
    _constants.CATEGORY_NOT_WORD: " -",
}


class Slow(Exception):
    """A pattern took too long."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(agi_app.__path__, "agi_app."):
        try:
            yield importlib.import_module(found.name)
        except ModuleNotFoundError as error:  # an extra that is not installed here
            if error.name is None or error.name.startswith("agi_app"):
                raise


def patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Those of a module's value: itself, or within what it holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 3 and isinstance(value, dict):
        for item in value.values():
            yield from patterns_in(item, depth + 1)
    elif depth < 3 and isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from patterns_in(item, depth + 1)


def written_into_calls(module: ModuleType) -> Iterator[tuple[re.Pattern[Any], bool]]:
    """``re.sub("…", …)`` and the like, and whether it looks for its pattern anywhere in the text."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.args
        ):
            try:
                text = eval(compile(ast.Expression(node.args[0]), "pattern", "eval"), vars(module))  # noqa: S307
                found = re.compile(text)
            except (NameError, TypeError, re.error):  # made when it runs, of a function's own values
                continue
            yield found, node.func.attr in _SEARCHES


def all_patterns() -> dict[tuple[str, bool], tuple[str, re.Pattern[Any]]]:
    """(pattern, whether it is searched for) -> where it was found, and itself."""
    found: dict[tuple[str, bool], tuple[str, re.Pattern[Any]]] = {}
    for module in modules():
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for name, value in vars(module).items():
            for pattern in patterns_in(value):
                anywhere = re.search(rf"\b{name}(\[\w+\])?\.({'|'.join(_SEARCHES)})\(", source) is not None
                found.setdefault((str(pattern.pattern), anywhere), (f"{module.__name__}.{name}", pattern))
        for pattern, anywhere in written_into_calls(module):
            found.setdefault((str(pattern.pattern), anywhere), (module.__name__, pattern))
    return found


def examples(parsed: Any, pumped: int | None, count: list[int]) -> list[str]:
    """Texts that a parsed pattern matches about; its repetition number ``pumped`` is done very often."""
    made = [""]
    for operator, what in parsed:
        made = [before + part for before in made[:6] for part in _parts(operator, what, pumped, count)][:12]
    return made


def _parts(operator: Any, what: Any, pumped: int | None, count: list[int]) -> list[str]:
    if operator is _constants.LITERAL:
        return [chr(what)]
    if operator is _constants.NOT_LITERAL:
        return [character for character in 'a1 "' if ord(character) != what][:2]
    if operator is _constants.ANY:
        return ["a", "1"]
    if operator is _constants.IN:
        return _one_of(what)
    if operator in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        least, most, inner = what
        count[0] += 1
        mine = count[0] == pumped and most is _constants.MAXREPEAT
        bodies = examples(inner, pumped, count)
        return [body * (TIMES if mine else max(least, 1)) for body in bodies]
    if operator is _constants.SUBPATTERN:
        return examples(what[-1], pumped, count)
    if operator is _constants.BRANCH:
        return [text for branch in what[1] for text in examples(branch, pumped, count)[:2]][:8]
    if operator is _constants.ATOMIC_GROUP:
        return examples(what, pumped, count)
    return [""]  # looks ahead or back, begins, ends, groups again


def _one_of(choices: Any) -> list[str]:
    if choices[0][0] is _constants.NEGATE:
        forbidden = re.compile(f"[{re.escape(''.join(_one_of(choices[1:])))}]") if choices[1:] else None
        return [c for c in ('a"', "a", " ", "1", '""') if not forbidden or not forbidden.search(c)][:3] or ["\u4e00"]
    found: list[str] = []
    for operator, what in choices:
        if operator is _constants.LITERAL:
            found.append(chr(what))
        elif operator is _constants.RANGE:
            found.append(chr(what[0]))
        elif operator is _constants.CATEGORY:
            found.extend(_CLASSES.get(what, "a"))
    return list(dict.fromkeys(found))[:4]


def attacks(pattern: re.Pattern[Any]) -> Iterator[str]:
    parsed = _parser.parse(pattern.pattern, pattern.flags & re.VERBOSE)
    count = [0]
    examples(parsed, None, count)
    texts: dict[str, None] = {}
    for number in range(1, count[0] + 1):
        texts.update(dict.fromkeys(examples(parsed, number, [0])))
    for text in texts:
        if len(text) < TIMES:
            continue
        for end in ENDS:
            yield text + end
            yield text[: -(len(text) // 50) or None] + end


@contextmanager
def in_time() -> Iterator[None]:
    """``Slow`` after ``SECONDS`` of this process's own time: how busy the machine is does not matter."""

    def ring(_: int, __: FrameType | None) -> None:
        raise Slow

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def is_slow(pattern: re.Pattern[Any], anywhere: bool) -> str | None:
    """The first text that the pattern takes too long for."""
    for text in attacks(pattern):
        given: Any = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        try:
            with in_time():
                pattern.match(given)
                pattern.fullmatch(given)
                if anywhere:
                    sum(1 for _ in pattern.finditer(given))
        except Slow:
            return text
    return None


@pytest.mark.attack("row 9: patterns that never end")
def test_no_pattern_of_ours_takes_more_than_linear_time() -> None:
    found = all_patterns()
    assert len(found) > 80, "where have the patterns gone?"
    slow = {
        where: f"{pattern.pattern!r} ({'anywhere' if anywhere else 'at the start'}) by {text[:40]!r} … {text[-5:]!r}"
        for (_, anywhere), (where, pattern) in found.items()
        if (text := is_slow(pattern, anywhere)) is not None
    }
    assert not slow, "\n".join(f"{where}: {how}" for where, how in slow.items())


@pytest.mark.parametrize("pattern", [r'"(?:[^"]+|"")*"', r"(a+)+b", r"\s*\d+x|(\w+\s?)*!"])
def test_the_strings_hurt_a_pattern_that_goes_back(pattern: str) -> None:
    assert is_slow(re.compile(pattern), anywhere=True) is not None


def test_the_strings_hurt_a_pattern_that_is_quadratic_where_it_is_searched_for() -> None:
    assert is_slow(re.compile(r"\s+$"), anywhere=True) is not None
    assert is_slow(re.compile(r"[a-z]+;"), anywhere=True) is not None
    assert is_slow(re.compile(r"[a-z]+;"), anywhere=False) is None
