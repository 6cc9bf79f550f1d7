"""Parses the conditions of ``branch``; the language is described in ``flow/syntax/expressions.py``.

Recursive descent, one method a level of precedence: or, and, not, comparison, operand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from agi_app.flow.syntax.expressions import COMPARE, Compare, Expression, In, Literal, Logic, Name, Not, Term

MAX_LENGTH = 500
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?[0-9]+(?:\.[0-9]+)?)(?![\w.])
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*))""",
    re.VERBOSE,
)
# name -> (what a text compared with it must look like, how to say that)
NOW_FORMATS = {
    "now.time": (r"([01][0-9]|2[0-3]):[0-5][0-9]", 'a time such as "09:30"'),
    "now.weekday": (r"mon|tue|wed|thu|fri|sat|sun", 'one of "mon", "tue", "wed", "thu", "fri", "sat", "sun"'),
    "now.date": (r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", 'a date such as "2026-03-31"'),
}
# fmt: off
_WORDS = {
    "且": "and", "并且": "and", "和": "and", "或": "or", "或者": "or", "非": "not", "AND": "and", "OR": "or",
    "大于": ">", "小于": "<", "等于": "==", "不等于": "!=", "大于等于": ">=", "小于等于": "<=",
    "is": "==", "equals": "==",
}
_SIGN_HINTS = {
    '"': "the quote is not closed", "'": "the quote is not closed", "“": 'use straight quotes "', "&": 'write "and"',
    "|": 'write "or"', "!": 'write "not" or "!="', "（": 'write "("', "）": 'write ")"', "，": 'write ","',
}
# fmt: on
_SIGNS = re.compile(r"[=<>!＝＜＞！≥≤≠≧≦]+(?:\s+[=<>＝＜＞]+)*")  # as people compare, some in two pieces
_MEANT = {
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "=!": "!=",
    "=": "==",
    "===": "==",
    "!==": "!=",
    ">==": ">=",
    "<==": "<=",
    "≥": ">=",
    "≧": ">=",
    "≤": "<=",
    "≦": "<=",
    "≠": "!=",
    "≥=": ">=",
    "≤=": "<=",
    "><": "!=",
}
_KEYWORDS = ("and", "or", "not", "in", "true", "false")


class ExpressionError(ValueError):
    """The condition cannot be read; ``column`` counts characters of its text from 1."""

    def __init__(self, message: str, column: int) -> None:
        self.column = column
        super().__init__(message)


def parse(source: str) -> Expression:
    """Read a condition; raises ``ExpressionError`` with the column of the first fault."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            f"a condition has at most {MAX_LENGTH} characters; split it over several nodes", MAX_LENGTH
        )
    parser = _Parser(source)
    root = parser.logic("or")
    parser.expect_end()
    return Expression(source, root, frozenset(parser.names))


class _Parser:
    """The tokens of one condition, and how far they are read."""

    def __init__(self, source: str) -> None:
        self.tokens = _tokens(source)
        self.position = 0
        self.depth = 0
        self.names: set[str] = set()

    def logic(self, word: str) -> Term:
        terms = [self._below(word)]
        while self._take(word):
            terms.append(self._below(word))
        return terms[0] if len(terms) == 1 else Logic(word, tuple(terms))

    def _below(self, word: str) -> Term:
        return self.logic("and") if word == "or" else self._negation()

    def _negation(self) -> Term:
        if not self._take("not"):
            return self._comparison()
        with self._deeper():
            return Not(self._negation())

    def _comparison(self) -> Term:
        if self._take("("):
            with self._deeper():
                term = self.logic("or")
            self._expect(")")
            return term
        begins = self._peek()[2]
        left = self._operand()
        if self._take("in"):
            return In(left, self._options(left))
        sign = self._peek()[1]
        if sign not in COMPARE:
            return left
        self.position += 1
        column = self._peek()[2]
        right = self._operand()
        if self._peek()[1] in COMPARE:
            raise ExpressionError('compare two values at a time and join them with "and"', self._peek()[2])
        judge_now(left, right, column)
        judge_now(right, left, begins)
        return Compare(sign, left, right)

    def _options(self, left: Literal | Name) -> tuple[Literal | Name, ...]:
        self._expect("[")
        options = [self._option(left)]
        while self._take(","):
            options.append(self._option(left))
        self._expect("]")
        return tuple(options)

    def _option(self, left: Literal | Name) -> Literal | Name:
        column = self._peek()[2]
        option = self._operand()
        judge_now(left, option, column)
        return option

    def _operand(self) -> Literal | Name:
        kind, text, column = self._peek()
        self.position += 1
        match kind:
            case "text":
                return Literal(text[1:-1])
            case "number":
                return Literal(float(text) if "." in text else int(text))
            case "name" if text in ("true", "false"):
                return Literal(text == "true")
            case "name" if text not in _KEYWORDS:
                return self._name(text, column)
        found = f'"{text}"' if text else "the end"
        raise ExpressionError(f"a name, a number or a text in quotes is needed here, not {found}", column)

    def _name(self, text: str, column: int) -> Name:
        if text in ("null", "None", "nothing"):
            raise ExpressionError('to ask whether a value is empty write "not NAME"', column)
        if text.startswith("now.") and text not in NOW_FORMATS:
            raise ExpressionError(f'"{text}": there is {", ".join(NOW_FORMATS)}', column)
        if "." in text and not text.startswith("now.") and (not text.startswith("contact.") or text.count(".") > 1):
            raise ExpressionError(f'"{text}": only contact.COLUMN may have a dot, and {", ".join(NOW_FORMATS)}', column)
        self.names.add(text)
        return Name(text)

    def expect_end(self) -> None:
        kind, text, column = self._peek()
        if kind:
            more = f'; write "{_WORDS[text]}"' if text in _WORDS else ""
            raise ExpressionError(f'"{text}" is not expected here{more}', column)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self._peek()[2])
        yield
        self.depth -= 1

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.position]

    def _take(self, word: str) -> bool:
        kind, text, _ = self._peek()
        if kind == "text" or text != word:
            return False
        self.position += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f'"{sign}" is missing here', self._peek()[2])


def judge_now(name: Literal | Name, other: Literal | Name, column: int) -> None:
    """A misspelt time or weekday would make a condition false always; ``column`` is where ``other`` is."""
    if not isinstance(name, Name) or name.name not in NOW_FORMATS or not isinstance(other, Literal):
        return
    pattern, wanted = NOW_FORMATS[name.name]
    if not isinstance(other.value, str) or not re.fullmatch(pattern, other.value):
        raise ExpressionError(f"{name.name} is compared with {wanted}", column)


def _tokens(source: str) -> list[tuple[str, str, int]]:
    """Split into (kind, text, column); the last token has no kind and stands for the end."""
    tokens: list[tuple[str, str, int]] = []
    position, end = 0, len(source.rstrip())
    while position < end:
        _judge_sign(source, position)
        found = _TOKEN.match(source, position)
        if found is None:
            raise ExpressionError(*_unreadable(source, position))
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind], found.start(kind) + 1))
        position = found.end()
    tokens.extend([("", "", end + 1)] * 2)
    return tokens


def _judge_sign(source: str, position: int) -> None:
    """Tell what to write for a sign of comparison as people write it elsewhere, or with a space in it."""
    begin = position + len(source[position:]) - len(source[position:].lstrip())
    if (found := _SIGNS.match(source, begin)) is None or found[0] in COMPARE:
        return
    plain = "".join(unicodedata.normalize("NFKC", found[0]).split())
    if right := plain if plain in COMPARE else _MEANT.get(plain):
        raise ExpressionError(f'write "{right}"{" to compare" if found[0] == "=" else ""}', begin + 1)


def _unreadable(source: str, position: int) -> tuple[str, int]:
    rest = source[position:].lstrip()
    column = len(source) - len(rest) + 1
    return _SIGN_HINTS.get(rest[0], f'"{rest[0]}" is not allowed here'), column
