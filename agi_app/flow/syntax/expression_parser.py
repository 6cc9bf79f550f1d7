"""Parses the conditions of ``branch``; the language is described in ``flow/syntax/expressions.py``.

Recursive descent, one method a level of precedence: or, and, not, comparison, operand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from agi_app.flow.syntax.expressions import COMPARE, Compare, Expression, In, Literal, Logic, Name, Not, Term
from agi_app.messages import spoken, t, template

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
    "now.time": (r"([01][0-9]|2[0-3]):[0-5][0-9]", template('a time such as "09:30"')),
    "now.weekday": (r"mon|tue|wed|thu|fri|sat|sun", template('one of "mon", "tue", "wed", "thu", "fri", "sat", "sun"')),
    "now.date": (r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", template('a date such as "2026-03-31"')),
}
# fmt: off
_WORDS = {
    "且": "and", "并且": "and", "和": "and", "或": "or", "或者": "or", "非": "not", "AND": "and", "OR": "or",
    "大于": ">", "小于": "<", "等于": "==", "不等于": "!=", "大于等于": ">=", "小于等于": "<=",
    "is": "==", "equals": "==",
}
# fmt: on
_SIGN_HINTS = {
    '"': template("the quote is not closed"),
    "'": template("the quote is not closed"),
    "“": template('use straight quotes "'),
    "&": template('write "and"'),
    "|": template('write "or"'),
    "!": template('write "not" or "!="'),
    "（": template('write "("'),
    "）": template('write ")"'),
    "，": template('write ","'),
}
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


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a condition may have that is not one of a flow: these, and those behind a word and a dot."""

    plain: tuple[str, ...]
    dotted: Mapping[str, str]  # word -> what the name behind the dot is, for messages

    @property
    def shown(self) -> list[str]:
        """All of them, as people write them."""
        return [*self.plain, *(f"{word}.{what}" for word, what in self.dotted.items())]

    def knows(self, name: str) -> bool:
        """Whether it is one of them."""
        word, dot, rest = name.partition(".")
        return word in self.dotted and "." not in rest if dot else name in self.plain


def parse(source: str, known: KnownNames | None = None) -> Expression:
    """Read a condition; raises ``ExpressionError`` with the column of the first fault.

    ``known`` are the only names that it may have; without them it is a flow's, whose variables the linter knows.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            t("a condition has at most {max_length} characters; split it over several nodes", max_length=MAX_LENGTH),
            MAX_LENGTH,
        )
    parser = _Parser(source, known)
    root = parser.logic("or")
    parser.expect_end()
    return Expression(source, root, frozenset(parser.names))


class _Parser:
    """The tokens of one condition, and how far they are read."""

    def __init__(self, source: str, known: KnownNames | None) -> None:
        self.tokens = _tokens(source)
        self.known = known
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
            raise ExpressionError(t('compare two values at a time and join them with "and"'), self._peek()[2])
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
        found = f'"{text}"' if text else t("the end")
        raise ExpressionError(
            t("a name, a number or a text in quotes is needed here, not {found}", found=found), column
        )

    def _name(self, text: str, column: int) -> Name:
        if text in ("null", "None", "nothing"):
            raise ExpressionError(t('to ask whether a value is empty write "not NAME"'), column)
        if self.known is not None:
            if not self.known.knows(text):
                there = ", ".join(self.known.shown)
                raise ExpressionError(t('"{text}" is no name here; there is {there}', text=text, there=there), column)
            self.names.add(text)
            return Name(text)
        if text.startswith("now.") and text not in NOW_FORMATS:
            raise ExpressionError(t('"{text}": there is {there}', text=text, there=", ".join(NOW_FORMATS)), column)
        if "." in text and not text.startswith("now.") and (not text.startswith("contact.") or text.count(".") > 1):
            raise ExpressionError(
                t('"{text}": only contact.COLUMN may have a dot, and {there}', text=text, there=", ".join(NOW_FORMATS)),
                column,
            )
        self.names.add(text)
        return Name(text)

    def expect_end(self) -> None:
        kind, text, column = self._peek()
        if kind:
            more = t('; write "{word}"', word=_WORDS[text]) if text in _WORDS else ""
            raise ExpressionError(t('"{text}" is not expected here{more}', text=text, more=more), column)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(t("nested deeper than {max_depth} levels", max_depth=MAX_DEPTH), self._peek()[2])
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
            raise ExpressionError(t('"{sign}" is missing here', sign=sign), self._peek()[2])


def judge_now(name: Literal | Name, other: Literal | Name, column: int) -> None:
    """A misspelt time or weekday would make a condition false always; ``column`` is where ``other`` is."""
    if not isinstance(name, Name) or name.name not in NOW_FORMATS or not isinstance(other, Literal):
        return
    pattern, wanted = NOW_FORMATS[name.name]
    if not isinstance(other.value, str) or not re.fullmatch(pattern, other.value):
        raise ExpressionError(t("{name} is compared with {wanted}", name=name.name, wanted=spoken(wanted)), column)


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
        raise ExpressionError(
            t('write "{right}"{more}', right=right, more=t(" to compare") if found[0] == "=" else ""), begin + 1
        )


def _unreadable(source: str, position: int) -> tuple[str, int]:
    rest = source[position:].lstrip()
    column = len(source) - len(rest) + 1
    hint = _SIGN_HINTS.get(rest[0])
    return spoken(hint) if hint else t('"{sign}" is not allowed here', sign=rest[0]), column
