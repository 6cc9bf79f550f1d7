"""Reads the YAML that people write and remembers where each value stood.

Why not ``yaml.safe_load``: it turns the words on, off, yes and no into booleans (fatal
for ``on: {yes: …}``), silently keeps the last of two equal keys, and forgets the lines.
Here a file follows the YAML 1.2 core schema, all keys are text, and every fault becomes
a ``Problem`` with file, line and column, so that one run shows an author all of them.

What is refused, because a reviewer cannot see what it does: anchors and aliases
(``&x``, ``*x``), tags (``!x``), several documents in a file, nesting over 40 levels.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import yaml
import yaml.reader

from agi_app.authoring import full_width
from agi_app.authoring.yaml_slips import LARGEST, dash_slip, line_slip, slip_of
from agi_app.errors import AuthorError, Problem
from agi_app.file_kinds import kind_of, not_utf8
from agi_app.messages import current, spoken, t, template
from agi_app.printable import one_line

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 100_000  # keys and values; the longest flow that anybody wrote has some thousand
MAX_DIGITS = 30
MOST_PROBLEMS = 200  # of one kind that are told: nobody mends more at once, and each costs a search for what was meant
_LONGEST_MESSAGE = 2000  # characters: a key may be a megabyte long

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]

_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_LINE_END = re.compile(r"\r\n|\n|\r")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_HINTS = (
    ("'\\t'", template("there is a tab here; indent with spaces")),
    ("a tab character", "there is a tab here; indent with spaces"),
    ("found unexpected ':'", template("a colon needs a space after it; put text that contains a colon in quotes")),
    (
        "mapping values are not allowed",
        template("a colon is not allowed here; put text that contains a colon in quotes"),
    ),
    ("could not find expected ':'", template('a line without a colon; write "key: value", or put long text in quotes')),
    *(
        (sign, template("this does not fit here: wrong indentation, or a quote or bracket out of place"))
        for sign in ("expected key", "expected '-' indicator", "expected <document start>")
    ),
    ("expected node content", template("there is nothing between two commas or brackets here; remove one of them")),
    (
        "scanning an alias",
        template("* has a special meaning in YAML: begin a step with -, and put text that contains * in quotes"),
    ),
    ("expected ',' or", template("a bracket or brace is not closed, or a comma is missing")),
    ("exceeded maximum nesting depth", template("nested deeper than {max_depth} levels")),
    (
        "expected a single document",
        template("a file holds only one document: move the line --- and all below it to another file"),
    ),
    ("while scanning a quoted scalar", template("a quote is not closed")),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain values (mappings with text keys, lists, scalars) and their positions."""

    file: str
    value: Any
    positions: Mapping[Path, tuple[int, int]] = field(repr=False)
    source: str = field(default="", repr=False)

    def at(self, path: Path) -> tuple[int, int]:
        """Line and column (both from 1) of the key or item at ``path``, else of its nearest parent."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))

    def problem(self, path: Path, rule: str, message: str, severity: Severity = "error") -> Problem:
        """A ``Problem`` that points at ``path``."""
        line, column = self.at(path)
        return Problem(self.file, line, column, rule, printable(message), severity)


def load(text: str | bytes, file: str) -> Document:
    """Parse one YAML document; raises ``AuthorError`` with the place and how to fix it."""
    source = _decode(text, file)
    if not source.strip():
        _refuse(file, 1, 1, "yaml/empty", t("the file is empty; fill it, or delete it"))
    bad = _UNPRINTABLE.search(source)
    if (bad or source.startswith(("{\\rtf", "<"))) and (kind := kind_of(source[:64].encode("utf-8", "replace"))):
        _refuse(
            file, 1, 1, "yaml/syntax", t("this is {kind}, despite its name; save it as plain text", kind=spoken(kind))
        )
    if bad:
        message = t("the character U+{code:04X} is not allowed in YAML; remove it", code=ord(bad[0]))
        _refuse(file, *line_column(source, bad.start()), "yaml/syntax", message)
    builder = _Builder(source)
    try:
        value = builder.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark else 0
        if found := full_width.culprits(source, index, _fails_at):
            told = ((line_column(source, at), full_width.naming_at(source, at)) for at in found)
            raise AuthorError(*(Problem(file, *where, "yaml/syntax", text) for where, text in told)) from None
        tried = error.note is None and len(source) <= LARGEST
        slip = slip_of(source, index, _fails_at) if tried else None
        if slip is None and source[index : index + 1] == "=":
            slip = index, t("put a colon and a space between a key and its value, not =")
        if slip is None and tried and "single document" not in str(error.problem):
            slip = dash_slip(source, index, _fails_at) or line_slip(source, index, _fails_at)
        if slip is None:
            slip = index, _plain(error, source[index : index + 1])
        _refuse(file, *line_column(source, slip[0]), error.note or "yaml/syntax", slip[1])
    if builder.empty:
        _refuse(file, 1, 1, "yaml/empty", t("the file has only comments"))
    if faults := builder.problems[:MOST_PROBLEMS]:
        raise AuthorError(*(Problem(file, *where, rule, printable(text)) for where, rule, text in faults))
    return Document(file, value, builder.positions, source)


def _fails_at(source: str) -> int | None:
    """Where the parser stops; None: it does not."""
    try:
        for _ in yaml.parse(source, yaml.CBaseLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return int(mark.index) if mark else 0
    return None


class _Builder:
    """Turns the events of libyaml's parser into values, keeping positions and every duplicate key.

    No nodes in between, and an end at the first thing too many: a megabyte of brackets takes a second, not a minute.
    """

    def __init__(self, source: str) -> None:
        self._parser: Any = yaml.CBaseLoader(source)
        self._source = source
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(source))]
        self._values = 0
        self.empty = False
        self.positions: dict[Path, tuple[int, int]] = {}
        self.problems: list[tuple[tuple[int, int], str, str]] = []

    def read(self) -> Any:
        """The one document; raises MarkedYAMLError."""
        self._parser.get_event()  # the stream
        if isinstance(self._parser.get_event(), yaml.StreamEndEvent):
            self.empty = True
            return None
        value = self._build(self._parser.get_event(), (), 1)
        self._parser.get_event()  # the document's end
        event = self._parser.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop(event, "expected a single document in the stream", None)
        return value

    def _build(self, event: Any, path: Path, depth: int) -> Any:
        self._values += 1
        self._check(event, depth)
        self.positions.setdefault(path, self._at(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := self._parser.get_event(), yaml.SequenceEndEvent):
                items.append(self._build(event, (*path, len(items)), depth + 1))
            return items
        return self._scalar(event)

    def _check(self, event: Any, depth: int) -> None:
        """Stop at what a reviewer cannot follow, and at what only a machine writes."""
        anchor, tag = event.anchor, getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            self._stop(
                event,
                t('*{anchor} is a YAML alias, which is not supported; for the text write "*{anchor}"', anchor=anchor),
            )
        if anchor:
            self._stop(
                event, t("&{anchor} is a YAML anchor, which is not supported; write the value in full", anchor=anchor)
            )
        if tag:
            self._stop(
                event, t("{tag} is a YAML tag, which is not supported; put text that begins with ! in quotes", tag=tag)
            )
        if depth > MAX_DEPTH:
            self._stop(event, t("nested deeper than {max_depth} levels", max_depth=MAX_DEPTH))
        if self._values > MAX_VALUES:
            self._stop(
                event, t("the file has more than {max_values} keys and values", max_values=MAX_VALUES), "yaml/too-large"
            )

    @staticmethod
    def _stop(event: Any, message: str, rule: str | None = "yaml/not-supported") -> NoReturn:
        raise yaml.MarkedYAMLError(None, None, message, event.start_mark, note=rule)

    def _at(self, event: Any) -> tuple[int, int]:
        """Line and column as an editor counts them: the parser takes more characters for the end of a line."""
        return self._place(int(event.start_mark.index))

    def _place(self, index: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := self._parser.get_event(), yaml.MappingEndEvent):
            where = self._at(event)
            if not isinstance(event, yaml.ScalarEvent) or not event.value:
                self._skip(event, depth)
                self.problems.append((where, "yaml/key", t("a key must be a word or a quoted text")))
                continue
            self._values += 1
            self._check(event, depth + 1)
            key = str(event.value)
            self._no_comment(event)
            if key in result:
                self._skip(None, depth)
                first = self.positions[(*path, key)][0]
                mend = _one_of_two(key, path, result)
                self.problems.append(
                    (
                        where,
                        "yaml/duplicate-key",
                        t('"{key}" is here twice, first in line {first}; {mend}', key=key, first=first, mend=mend),
                    )
                )
                continue
            self.positions[(*path, key)] = where
            result[key] = self._build(self._parser.get_event(), (*path, key), depth + 1)
        return result

    def _skip(self, key: Any, depth: int) -> None:
        """Read what is not a key (unless None) and its value; only what forbids the whole file is said of them."""
        said = len(self.problems)
        if key is not None:
            self._build(key, (), depth + 1)
        self._build(self._parser.get_event(), (), depth + 1)
        del self.problems[said:]

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text = str(event.value)
        if event.style:  # quoted or block text stays text
            return text
        self._no_comment(event)
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            if len(text) > MAX_DIGITS:
                self.problems.append(
                    (
                        self._at(event),
                        "yaml/number",
                        t("a number of more than {max_digits} digits; put it in quotes", max_digits=MAX_DIGITS),
                    )
                )
                return 0
            return int(text)
        if _BASED_INT.fullmatch(text) and len(text) <= MAX_DIGITS:
            return int(text, 0)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _no_comment(self, event: Any) -> None:
        """Report a full-width ＃ that was meant to begin a comment, and is text here."""
        if event.style or not full_width.COMMENT.search(str(event.value)):
            return
        index = self._source.index("＃", event.start_mark.index)
        told = t(
            "{naming_at}; put text that contains it in quotes", naming_at=full_width.naming_at(self._source, index)
        )
        self.problems.append((self._place(index), "yaml/syntax", told))


def _one_of_two(key: str, path: Path, before: Mapping[str, Any]) -> str:
    """What to do with a key that is here twice, behind the keys ``before``."""
    nodes = path[:1] == ("nodes",)
    if nodes and len(path) == 2:  # steps without dashes
        return t("each step begins with a dash: write - {key}: …", key=key)
    if nodes and len(path) == 3 and key == next(iter(before)):  # the verb of a step
        return t("one step has one verb: write - {key}: … as its own step", key=key)
    if path[:1] == ("window",) and key in ("from", "to"):
        one = "{days: […], from: …, to: …}"
        return t("two windows are two items, each with its days: write window: [{one}, {one}]", one=one)
    return t("keep one")


def index_of(source: str, line: int, column: int) -> int:
    """Where a line and column (both from 1) stand, in characters from the beginning."""
    starts = [0, *(found.end() for found in _LINE_END.finditer(source))]
    return starts[min(line, len(starts)) - 1] + column - 1


def _decode(text: str | bytes, file: str) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        _refuse(
            file,
            1,
            1,
            "yaml/too-large",
            t("the file has {size} bytes; at most {max_bytes} are read", size=size, max_bytes=MAX_BYTES),
        )
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8")
        line, column = line_column(before, len(before))
        _refuse(file, line, column, "yaml/encoding", not_utf8(text))


def line_column(text: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1, of a place in a text."""
    starts = [0, *(found.end() for found in _LINE_END.finditer(text, 0, position))]
    return len(starts), position - starts[-1] + 1


def _plain(error: yaml.MarkedYAMLError, character: str) -> str:
    said = f"{error.context or ''} {error.problem or ''}".strip()
    if hint := next((hint for sign, hint in _HINTS if sign in said), None):
        return t(hint, max_depth=MAX_DEPTH)
    if current() == "en":
        return said.replace("found character that cannot", f"found character {character!r} that cannot")
    if "found character that cannot" in said:
        return t("a text that begins with {character} needs quotes", character=character)
    return t("this cannot be read as YAML; compare indentation, quotes and brackets with the lines around")


def _refuse(file: str, line: int, column: int, rule: str, message: str) -> NoReturn:
    raise AuthorError(Problem(file, line, column, rule, printable(message)))


def printable(message: str) -> str:
    """What the file itself says, fit for a terminal: it may hold escape sequences."""
    return one_line(message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…")
