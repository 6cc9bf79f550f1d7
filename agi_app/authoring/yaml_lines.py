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
import datetime as dt
import difflib
import heapq
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NoReturn, TypeVar, get_args, get_origin

import yaml
import yaml.reader
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from agi_app.authoring import full_width, shape_hints, synonyms, times_meant
from agi_app.authoring.yaml_repair import line_slip
from agi_app.authoring.yaml_slips import slip_of
from agi_app.errors import AuthorError, Problem
from agi_app.file_kinds import kind_of, not_utf8
from agi_app.printable import one_line

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 100_000  # keys and values; the longest flow that anybody wrote has some thousand
MAX_DIGITS = 30
MOST_PROBLEMS = 200  # of one kind that are told: nobody mends more at once, and each costs a search for what was meant
_LONGEST_MESSAGE = 2000  # characters: a key may be a megabyte long
_COMPARED = 300  # words that may be suggested, the first of the alphabet; comparing takes 20 µs each
_SHOWN = 20  # words of what is known
_LONGEST_WORD = 60  # characters; comparing long ones takes the square of their length

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]
ModelT = TypeVar("ModelT", bound=BaseModel)

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
    ("'\\t'", "a tab stands here; indent with spaces"),
    ("a tab character", "a tab stands here; indent with spaces"),
    ("found unexpected ':'", "a colon needs a space behind it; put text that has a colon in quotes"),
    ("mapping values are not allowed", "a colon where none may be; put text that has a colon in quotes"),
    ("could not find expected ':'", 'a line without a colon; write "key: value", or put long text in quotes'),
    *(
        (sign, "this does not fit here: wrong indentation, or a quote or bracket out of place")
        for sign in ("expected key", "expected '-' indicator", "expected <document start>")
    ),
    ("expected node content", "nothing stands between two commas or brackets here; take one of them out"),
    ("scanning an alias", "* has a meaning of its own in YAML: a step begins with -, and text with * stands in quotes"),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("exceeded maximum nesting depth", f"nested deeper than {MAX_DEPTH} levels"),
    ("expected a single document", "only one document a file; remove the line ---"),
    ("while scanning a quoted scalar", "a quote is not closed"),
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
        return Problem(self.file, line, column, rule, _printable(message), severity)


def load(text: str | bytes, file: str) -> Document:
    """Parse one YAML document; raises ``AuthorError`` with the place and how to mend it."""
    source = _decode(text, file)
    if not source.strip():
        _refuse(file, 1, 1, "yaml/empty", "the file is empty; fill it, or delete it")
    if bad := _UNPRINTABLE.search(source):
        if kind := kind_of(source[:64].encode("utf-8", "replace")):
            _refuse(file, 1, 1, "yaml/syntax", f"this is {kind}, whatever its name says; save it as plain text")
        message = f"the character U+{ord(bad[0]):04X} may not stand in YAML; remove it"
        _refuse(file, *_line_column(source, bad.start()), "yaml/syntax", message)
    if source.startswith(("{\\rtf", "<")) and (kind := kind_of(source[:64].encode("utf-8", "replace"))):
        _refuse(file, 1, 1, "yaml/syntax", f"this is {kind}, whatever its name says; save it as plain text")
    builder = _Builder(source)
    try:
        value = builder.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark else 0
        if found := full_width.culprits(source, index, _fails_at):
            told = ((_line_column(source, at), full_width.naming_at(source, at)) for at in found)
            raise AuthorError(*(Problem(file, *where, "yaml/syntax", text) for where, text in told)) from None
        if slip := slip_of(source, index, _fails_at):
            _refuse(file, *_line_column(source, slip.at), "yaml/syntax", slip.text)
        alone = "single document" not in str(error.problem)
        if source[index : index + 1] == "=":
            text = "a colon and a space stand between a key and its value, and no ="
            _refuse(file, *_line_column(source, index), "yaml/syntax", text)
        if error.note is None and alone and (told_slip := line_slip(source, index, _fails_at)):
            _refuse(file, *_line_column(source, told_slip[0]), "yaml/syntax", told_slip[1])
        where = _line_column(source, index)
        _refuse(file, *where, error.note or "yaml/syntax", _plain(error, source[index : index + 1]))
    if builder.empty:
        _refuse(file, 1, 1, "yaml/empty", "the file has only comments")
    if faults := builder.problems[:MOST_PROBLEMS]:
        raise AuthorError(*(Problem(file, *where, rule, _printable(text)) for where, rule, text in faults))
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
            self._stop(event, f'*{anchor} is a YAML alias, which is not supported; for the text write "*{anchor}"')
        if anchor:
            self._stop(event, f"&{anchor} is a YAML anchor, which is not supported; write the value out")
        if tag:
            self._stop(event, f"{tag} is a YAML tag, which is not supported; for text that begins with ! use quotes")
        if depth > MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels")
        if self._values > MAX_VALUES:
            self._stop(event, f"the file has more than {MAX_VALUES} keys and values", "yaml/too-large")

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
                self.problems.append((where, "yaml/key", "a key must be a word or a quoted text"))
                continue
            self._values += 1
            self._check(event, depth + 1)
            key = str(event.value)
            self._no_comment(event)
            if key in result:
                self._skip(None, depth)
                first = self.positions[(*path, key)][0]
                self.problems.append(
                    (where, "yaml/duplicate-key", f'"{key}" is here twice, first in line {first}; keep one')
                )
                continue
            self.positions[(*path, key)] = where
            result[key] = self._build(self._parser.get_event(), (*path, key), depth + 1)
        return result

    def _skip(self, key: Any, depth: int) -> None:
        """Read a key that is none (unless None) and its value; only what forbids the whole file is said of them."""
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
                    (self._at(event), "yaml/number", f"a number of more than {MAX_DIGITS} digits; put it in quotes")
                )
                return 0
            return int(text)
        if _BASED_INT.fullmatch(text) and len(text) <= MAX_DIGITS:
            return int(text, 0)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _no_comment(self, event: Any) -> None:
        """Tell of a full-width ＃ that was meant to begin a comment, and is text here."""
        if event.style or not full_width.COMMENT.search(str(event.value)):
            return
        index = self._source.index("＃", event.start_mark.index)
        told = f"{full_width.naming_at(self._source, index)}; text that has it stands in quotes"
        self.problems.append((self._place(index), "yaml/syntax", told))


class Authored(BaseModel):
    """Base of all models that are read from YAML: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ELSEWHERE: ClassVar[Mapping[str, str]] = {}  # keys that people expect here, and what there is instead

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict) and isinstance(info.context, dict):
            info.context.setdefault(id(value), cls)
        return value


def validate(model: type[ModelT], document: Document) -> ModelT:
    """Build ``model`` from a document; raises ``AuthorError`` with every fault at once.

    A validator may raise ``PydanticCustomError("rule/id", "…", {"at": (keys…)})``: the type
    becomes the rule, and ``at`` leads from the validated value to the faulty key.
    """
    keys_by_mapping: dict[int, Any] = {}
    try:
        return model.model_validate(document.value, context=keys_by_mapping)
    except ValidationError as error:
        faults = _without_misspelt(error.errors(include_url=False)[:MOST_PROBLEMS])
    raise AuthorError(*dict.fromkeys(_explain_signs(fault, document, keys_by_mapping) for fault in faults))


def _without_misspelt(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the missing keys that stand there misspelt, or too far in: that is told once, where it stands."""
    missing = {fault["loc"] for fault in faults if fault["type"] == "missing"}
    for fault in faults if missing else ():
        if fault["type"] == "extra_forbidden":
            *above, written = fault["loc"]
            lacking = [str(loc[-1]) for loc in missing if list(loc[:-1]) == above]
            found = _nearest(str(written), lacking)
            there = (written,) if found is None and (written,) in missing else (*above, found)
            missing.discard(there)
            faults = [f for f in faults if f["type"] != "missing" or f["loc"] != there]
    return faults


_NO_TEXT = frozenset(("dict_type", "model_type", "list_type", "tuple_type", "int_type", "float_type", "bool_type"))
_WORD_AND_COLON = re.compile(r"[A-Za-z0-9_-]+：")


def _explain_signs(fault: ErrorDetails, document: Document, keys_by_mapping: Mapping[int, Any]) -> Problem:
    """As ``_explain``; points at the full-width sign when that is what is wrong."""
    problem = _explain(fault, document, keys_by_mapping)
    path, _, value = _walk(document.value, (*fault["loc"], *fault.get("ctx", {}).get("at", ())))
    if fault["type"] == "extra_forbidden":
        value = str(fault["loc"][-1])
    elif fault["loc"] and fault["loc"][-1] == "[key]":
        value = str(fault["loc"][-2])
    if not isinstance(value, str) or (at := full_width.first(value)) is None:
        return problem
    if not (full_width.hint(value) or fault["type"] in _NO_TEXT or _WORD_AND_COLON.match(value)):
        return problem  # prose, where such signs are right
    start = _index_of(document.source, *document.at(path))
    index = document.source.find(value[at], start)
    line, column = _line_column(document.source, index) if index >= 0 else (problem.line, problem.column)
    told = full_width.naming(value[at])
    text = problem.message if told in problem.message else f"{problem.message}; {_printable(told)}"
    return Problem(problem.file, line, column, problem.rule, text, problem.severity)


def _index_of(source: str, line: int, column: int) -> int:
    starts = [0, *(found.end() for found in _LINE_END.finditer(source))]
    return starts[min(line, len(starts)) - 1] + column - 1


def _explain(fault: ErrorDetails, document: Document, keys_by_mapping: Mapping[int, Any]) -> Problem:
    loc = (*fault["loc"], *fault.get("ctx", {}).get("at", ()))
    path, parent, value = _walk(document.value, loc)
    kind, name = fault["type"], next((part for part in reversed(path) if isinstance(part, str)), "the file")
    if kind == "missing":
        model = keys_by_mapping.get(id(value))
        right = synonyms.example(str(loc[-1]), getattr(model, "__name__", ""))
        more = f"; write {right}" if right else ""
        return document.problem(path, "schema/missing-key", f'the key "{loc[-1]}" is missing here{more}')
    if kind == "extra_forbidden":
        hint = _unknown_key(str(loc[-1]), path, document, keys_by_mapping)
        return document.problem(path, "schema/unknown-key", f'unknown key "{loc[-1]}"{hint}')
    if "/" in kind:
        hint = _swapped(fault, value) if kind == "schema/name" else ""
        return document.problem(path, kind, f"{name}: {fault['msg']}{hint}")
    if kind in ("literal_error", "enum"):
        expected = re.findall(r"'([^']*)'", str(fault.get("ctx", {}).get("expected")))
        hint = _weekdays(value, expected) or suggest(str(value), expected)
        return document.problem(path, "schema/value", f"{name}: {quote(value)} does not fit{hint}")
    if kind == "string_type" and isinstance(value, bool | int | float):
        written = _written(document, path, value)
        return document.problem(path, "schema/type", f'{name}: this must be text; put it in quotes: "{written}"')
    message = _TYPE_MESSAGES.get(kind) or fault["msg"].replace("Input should", "this must").replace("should", "must")
    its = str(getattr(keys_by_mapping.get(id(parent)), "__name__", ""))
    hint = _pattern_words(fault, value) or shape_hints.instead(kind, str(name), value, its)
    return document.problem(path, "schema/value", f"{name}: {_plainly(message, kind)}{_found(value)}{hint}")


_LANGUAGE_TAG = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_BY_LANGUAGE = ("text", "business")  # keys whose values differ by language


def _unknown_key(key: str, path: Path, document: Document, models: Mapping[int, type[Authored]]) -> str:
    """Where an unknown key belongs, what it is called here, or what there is."""
    ancestors = list(_ancestors(document.value, path, models))
    model = ancestors[-1][1] if ancestors else None
    known = [] if model is None else _names(model)
    if (told := shape_hints.other_unit(key, _walk(document.value, path)[2], known)) is not None:
        return told
    if model is not None and key in model.ELSEWHERE:
        return f": {model.ELSEWHERE[key]}"
    if _nearest(key, known, 0.8) is not None:
        return suggest(key, known)
    if _LANGUAGE_TAG.fullmatch(key) and (home := next((name for name in _BY_LANGUAGE if name in known), None)):
        return f": languages stand below {home}; write {synonyms.example(home)}"
    for name, inner in _inner(model):
        if key in _names(inner):
            return f": it belongs to {name}, indented below it"
    for depth, outer in reversed(ancestors[:-1]):
        if key in _names(outer):
            far = "indent it as far as that" if depth else "it must begin at the first column, without spaces"
            return f": it stands beside {path[depth]}; {far}"
    other = synonyms.other_word(key, known)
    return suggest(key, known) if other is None else f'; did you mean "{other}"?'


def _ancestors(root: Any, path: Path, models: Mapping[int, type[Authored]]) -> Iterator[tuple[int, type[Authored]]]:
    """The models on the way to a key, each with how deep its keys stand."""
    value = root
    for depth, part in enumerate(path):
        if (model := models.get(id(value))) is not None:
            yield depth, model
        value = value[part]


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(model: type[BaseModel] | None) -> Iterator[tuple[str, type[BaseModel]]]:
    """The keys of a model that have keys of their own."""
    for name, info in model.model_fields.items() if model is not None else ():
        kinds: list[Any] = [info.annotation]
        for kind in kinds:  # grows while it is read
            kinds += get_args(kind) if get_origin(kind) is not dict else ()
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield info.alias or name, kind


def _swapped(fault: ErrorDetails, value: Any) -> str:
    """For a word where a key of a telephone belongs, and the key behind the colon."""
    if fault["loc"] and fault["loc"][-1] == "[key]" and re.fullmatch("[0-9*#]", str(value)):
        return f'; the key stands before the colon: {{"{value}": {fault["loc"][-2]}}}'
    return ""


def _weekdays(value: Any, expected: list[str]) -> str:
    days = times_meant.weekdays(value)
    return f"; write {', '.join(days)}" if days and set(days) <= {*expected} else ""


def _written(document: Document, path: Path, value: Any) -> str:
    """A number or a truth as it stands in the file: with its leading zeros."""
    start = _index_of(document.source, *document.at(path))
    line = document.source[start : start + 200].partition("\n")[0]
    found = re.search(r"(?:^|:\s?)\s?([-+]?[\w.]{1,40})\s?(?:[,}\]#\r]|$)", line)
    return found[1] if found else quote(value)


def _pattern_words(fault: ErrorDetails, value: Any) -> str:
    if fault["type"] == "string_pattern_mismatch":
        return shape_hints.pattern_words(str(fault.get("ctx", {}).get("pattern")), value)
    return f"; {times_meant.write_day(value)}" if fault["type"].startswith("date_") else ""


def _plainly(message: str, kind: str) -> str:
    if kind == "string_pattern_mismatch":
        return "this does not fit"
    if kind.startswith("date_"):
        return "this must be a day"
    more = re.fullmatch(r"\w+ must have at (most|least) (\d+) (\w+) after validation, not (\d+)", message)
    return f"at {more[1]} {more[2]} {more[3]} may stand here, not {more[4]}" if more else message


_TYPE_MESSAGES = {
    "string_type": "this must be text",
    "dict_type": 'this must be a mapping ("key: value" lines)',
    "model_type": 'this must be a mapping ("key: value" lines)',
    "list_type": "this must be a list",
    "tuple_type": "this must be a list",
    "int_type": "this must be a whole number",
    "bool_type": "this must be true or false",
    "float_type": "this must be a number",
    "too_short": "this must not be empty",
    "string_too_short": "this must not be empty",
}


def _walk(root: Any, loc: Iterable[Hashable]) -> tuple[Path, Any, Any]:
    """Follow an error's location through the real values; parts that are not in them (union tags) are skipped."""
    path: list[str | int] = []
    parent = value = root
    for part in loc:
        inside_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if (isinstance(value, dict) and part in value) or inside_list:
            parent, value = value, value[part]
            path.append(part)  # type: ignore[arg-type]  # a key of our own values is text or a number
    return tuple(path), parent, value


def suggest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean "x"?`` for the nearest known word, else the list of what is allowed.

    ``cutoff`` (0 to 1) is how much alike they must be. Full-width signs in ``word`` are named.
    """
    words = heapq.nsmallest(_COMPARED, (name for name in known if len(name) <= _LONGEST_WORD))
    signs = full_width.hint(word)
    if (
        near := _nearest(full_width.ascii_of(word).partition(":")[0].strip("\"' ") if signs else word, words, cutoff)
    ) is not None:
        return f'{signs}; did you mean "{near}"?'
    if (other := synonyms.other_word(word, words)) is not None:
        return f'{signs}; did you mean "{other}"?'
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"{signs}; known here: {', '.join(words[:_SHOWN])}{more}" if words else signs


def _nearest(word: str, words: list[str], cutoff: float = 0.6) -> str | None:
    if len(word) > _LONGEST_WORD:
        return None
    words = [name for name in words if _denies(name) == _denies(word)]  # "answered" never means no_answer
    if near := difflib.get_close_matches(word, words, n=1, cutoff=cutoff):
        return near[0]
    alike = {_typed(name): name for name in words}  # capitals and hyphens are no difference to whoever types
    return next((alike[name] for name in difflib.get_close_matches(_typed(word), alike, n=1, cutoff=cutoff)), None)


_DENIAL = re.compile(r"(no|not)(_|(?=answer|input|match|heard))")


def _denies(word: str) -> bool:
    return _DENIAL.match(_typed(word)) is not None


def _typed(word: str) -> str:
    return word.casefold().replace("-", "_")


def parse_duration(
    text: object, shortest: dt.timedelta | None = None, longest: dt.timedelta | None = None
) -> dt.timedelta:
    """Read ``500ms``, ``5s``, ``5m``, ``2h`` or ``1d``; raises a positioned error for anything else.

    ``shortest`` and ``longest`` are what makes sense here, for the advice.
    """
    found = re.fullmatch(r"([0-9]{1,6})(ms|s|m|h|d)", text) if isinstance(text, str) else None
    if found is None:
        raise PydanticCustomError(
            "schema/duration",
            "{found} is no duration; {how}",
            {"found": quote(text), "how": times_meant.write_length(text, shortest, longest)},
        )
    names = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return dt.timedelta(**{names[found[2]]: int(found[1])})


def quote(value: object) -> str:
    """A short form of a found value for messages."""
    if value is None:
        return "nothing"
    shown = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _found(value: object) -> str:
    return "" if isinstance(value, dict | list) else f", not {quote(value)}"


def _decode(text: str | bytes, file: str) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        _refuse(file, 1, 1, "yaml/too-large", f"the file has {size} bytes; at most {MAX_BYTES} are read")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8")
        line, column = _line_column(before, len(before))
        _refuse(file, line, column, "yaml/encoding", not_utf8(text))


def _line_column(text: str, position: int) -> tuple[int, int]:
    starts = [0, *(found.end() for found in _LINE_END.finditer(text, 0, position))]
    return len(starts), position - starts[-1] + 1


def _plain(error: yaml.MarkedYAMLError, character: str) -> str:
    said = f"{error.context or ''} {error.problem or ''}".strip()
    said = said.replace("found character that cannot", f"found character {character!r} that cannot")
    return next((hint for sign, hint in _HINTS if sign in said), said)


def _refuse(file: str, line: int, column: int, rule: str, message: str) -> NoReturn:
    raise AuthorError(Problem(file, line, column, rule, _printable(message)))


def _printable(message: str) -> str:
    """What the file itself says, fit for a terminal: it may hold escape sequences."""
    return one_line(message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…")
