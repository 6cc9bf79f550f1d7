"""Checks what a YAML file says against a model, and reports each fault: where it is, and what to write. Pure."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, LiteralString, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from agi_app.authoring import full_width, shape_hints, synonyms, times_meant
from agi_app.authoring.misplaced_files import misplaced
from agi_app.authoring.pydantic_words import plain_words
from agi_app.authoring.suggestions import nearest, quote, suggest
from agi_app.authoring.yaml_lines import MOST_PROBLEMS, Document, Path, index_of, line_column, printable
from agi_app.errors import AuthorError, Problem
from agi_app.messages import spoken, t, template

ModelT = TypeVar("ModelT", bound=BaseModel)


class Authored(BaseModel, extra="forbid", frozen=True):
    """Base of all models that are read from YAML: immutable, and unknown keys are errors."""

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
        if elsewhere := misplaced(document):
            raise AuthorError(elsewhere) from None
        faults = _without_misspelt(error.errors(include_url=False)[:MOST_PROBLEMS])
        faults = _without_items(faults, document)
    raise AuthorError(*dict.fromkeys(_explain_signs(fault, document, keys_by_mapping) for fault in faults))


def _without_misspelt(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the missing keys that are there misspelt, or too far in: that is reported once where it occurs."""
    missing = {fault["loc"] for fault in faults if fault["type"] == "missing"}
    for fault in faults if missing else ():
        if fault["type"] == "extra_forbidden":
            *above, written = fault["loc"]
            lacking = [str(loc[-1]) for loc in missing if list(loc[:-1]) == above]
            found = _key_meant(str(written), lacking)
            there = (written,) if found is None and (written,) in missing else (*above, found)
            missing.discard(there)
            faults = [f for f in faults if f["type"] != "missing" or f["loc"] != there]
    return faults


def _key_meant(written: str, known: list[str]) -> str | None:
    """The known key that is meant by a misspelt one, or by another word for it."""
    return nearest(written, known, 0.8) or synonyms.other_word(written, known) or nearest(written, known)


_LISTS = ("list_type", "tuple_type")


def _items_behind(parent: Any, key: object) -> list[str]:
    """The keys without a value behind a key: the other items of its list, for lack of brackets."""
    keys = list(parent) if isinstance(parent, dict) and isinstance(parent.get(key), str) else []
    behind = keys[keys.index(key) + 1 :] if keys else []
    return [str(one) for one in itertools.takewhile(lambda one: parent[one] is None, behind)]


def _with_comma(path: Path, parent: Any) -> str | None:
    """The key before whose number a comma parted from its decimals, as in ``rate: 0,5``; None: there is none."""
    keys = list(parent) if isinstance(parent, dict) else []
    before = keys[keys.index(path[-1]) - 1] if path and path[-1] in keys[1:] else None
    decimals = before is not None and str(path[-1]).isdecimal() and parent[path[-1]] is None
    return before if decimals and type(parent[before]) is int else None


def _without_items(faults: list[ErrorDetails], document: Document) -> list[ErrorDetails]:
    """Without what is said of items that are written as keys: the whole list is reported instead."""
    told: set[tuple[int | str, ...]] = set()
    wrong_keys = {fault["loc"][:-1] for fault in faults if fault["loc"][-1:] == ("[key]",)}
    faults = [fault for fault in faults if fault["type"] not in _LISTS or fault["loc"] not in wrong_keys]
    for fault in faults:
        if fault["type"] == "extra_forbidden" and (whole := _with_comma(*_walk(document.value, fault["loc"])[:2])):
            told.add((*fault["loc"][:-1], whole))
        if fault["type"] in _LISTS:
            path, parent, _ = _walk(document.value, fault["loc"])
            told |= {(*path[:-1], item) for item in _items_behind(parent, path[-1] if path else None)}
    return [f for f in faults if not any(f["loc"][: len(item)] == item for item in told)] if told else faults


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
    index = document.source.find(value[at], index_of(document.source, *document.at(path)))
    line, column = line_column(document.source, index) if index >= 0 else (problem.line, problem.column)
    told = full_width.naming(value[at])
    replaced = t("; write ") in problem.message and full_width.ascii_of(value) not in problem.message
    text = problem.message if replaced or told in problem.message else f"{problem.message}; {printable(told)}"
    return Problem(problem.file, line, column, problem.rule, text, problem.severity)


def _explain(fault: ErrorDetails, document: Document, keys_by_mapping: Mapping[int, Any]) -> Problem:
    loc = (*fault["loc"], *fault.get("ctx", {}).get("at", ()))
    path, parent, value = _walk(document.value, loc)
    problem = partial(document.problem, path)
    kind, name = fault["type"], next((part for part in reversed(path) if isinstance(part, str)), t("the file"))
    if kind == "missing":
        model = keys_by_mapping.get(id(value))
        right = synonyms.example(str(loc[-1]), getattr(model, "__name__", ""))
        more = t("; write {right}", right=right) if right else ""
        return problem("schema/missing-key", t('the key "{loc}" is missing here{more}', loc=loc[-1], more=more))
    if kind == "extra_forbidden":
        hint = _unknown_key(str(loc[-1]), path, document, keys_by_mapping)
        return problem("schema/unknown-key", t('unknown key "{loc}"{hint}', loc=loc[-1], hint=hint))
    if "/" in kind:
        hint = _swapped(fault, value) if kind == "schema/name" else ""
        return problem(kind, t("{name}: {said}{hint}", name=name, said=fault["msg"], hint=hint))
    if kind in ("literal_error", "enum"):
        expected = re.findall(r"'([^']*)'", str(fault.get("ctx", {}).get("expected")))
        hint = _weekdays(value, expected) or suggest(str(value), expected)
        return problem(
            "schema/value", t("{name}: {value} does not fit{hint}", name=name, value=quote(value), hint=hint)
        )
    if kind == "string_type" and isinstance(value, bool | int | float):
        written = _written(document, path, value)
        return problem(
            "schema/type",
            t('{name}: this must be text; put it in quotes: "{written}"', name=name, written=written),
        )
    message = spoken(_TYPE_MESSAGES[kind]) if kind in _TYPE_MESSAGES else _of_pydantic(fault)
    whole = str(getattr(keys_by_mapping.get(id(document.value)), "__name__", ""))
    its = whole if whole == "MeaningsFile" else str(getattr(keys_by_mapping.get(id(parent)), "__name__", ""))
    items = _items_behind(parent, path[-1]) if kind in _LISTS and path else []
    whole_list = ", ".join([value, *items]) if items else value
    hint = _pattern_words(fault, value) or shape_hints.instead(kind, str(name), whole_list, its)
    found = "" if isinstance(value, dict | list) else t(", not {value}", value=quote(value))
    return problem(
        "schema/value",
        t("{name}: {said}{found}{hint}", name=name, said=_plainly(message, kind), found=found, hint=hint),
    )


_LANGUAGE_TAG = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_BY_LANGUAGE = ("text", "business")  # keys whose values differ by language


def _unknown_key(key: str, path: Path, document: Document, models: Mapping[int, type[Authored]]) -> str:
    """Where an unknown key belongs, what it is called here, or what there is."""
    ancestors = list(_ancestors(document.value, path, models))
    model = ancestors[-1][1] if ancestors else None
    known = [] if model is None else _names(model)
    if whole := _with_comma(path, beside := _walk(document.value, path)[1]):
        return t(": a decimal has a point: write {whole}: {beside}.{key}", whole=whole, beside=beside[whole], key=key)
    if (told := shape_hints.other_unit(key, _walk(document.value, path)[2], known)) is not None:
        return told
    if model is not None and key in model.ELSEWHERE:
        return t(": {there}", there=spoken(model.ELSEWHERE[key]))
    if nearest(key, known, 0.8) is not None:
        return suggest(key, known)
    if _LANGUAGE_TAG.fullmatch(key) and (home := next((name for name in _BY_LANGUAGE if name in known), None)):
        return t(": languages belong below {home}; write {example}", home=home, example=synonyms.example(home))
    if below := next((name for name, inner in _inner(model) if key in _names(inner)), None):
        return t(": it belongs to {below}, indented below it", below=below)
    for depth, outer in reversed(ancestors[:-1]):
        if key in _names(outer):
            far = t("indent it as far as that") if depth else t("it must begin at the first column, without spaces")
            return t(": it belongs beside {path}; {far}", path=path[depth], far=far)
    other = synonyms.other_word(key, known)
    return suggest(key, known) if other is None else t('; did you mean "{other}"?', other=other)


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
    """The keys of a model that have their own keys."""
    for name, info in model.model_fields.items() if model is not None else ():
        kinds: list[Any] = [info.annotation]
        for kind in kinds:  # grows while it is read
            kinds += get_args(kind) if get_origin(kind) is not dict else ()
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield info.alias or name, kind


def _swapped(fault: ErrorDetails, value: Any) -> str:
    """For a word where a key of a telephone belongs, and the key behind the colon."""
    if fault["loc"] and fault["loc"][-1] == "[key]" and re.fullmatch("[0-9*#]", str(value)):
        return t('; write the key before the colon: {{"{value}": {loc}}}', value=value, loc=fault["loc"][-2])
    return ""


def _weekdays(value: Any, expected: list[str]) -> str:
    days = times_meant.weekdays(value)
    return t("; write {days}", days=", ".join(days)) if days and set(days) <= {*expected} else ""


def _written(document: Document, path: Path, value: Any) -> str:
    """A number or a truth as it is in the file: with its leading zeros."""
    start = index_of(document.source, *document.at(path))
    line = document.source[start : start + 200].partition("\n")[0]
    found = re.search(r"(?:^|:\s?)\s?([-+]?[\w.]{1,40})\s?(?:[,}\]#\r]|$)", line)
    return found[1] if found else quote(value)


def _pattern_words(fault: ErrorDetails, value: Any) -> str:
    if fault["type"] == "string_pattern_mismatch":
        return shape_hints.pattern_words(str(fault.get("ctx", {}).get("pattern")), value)
    return f"; {times_meant.write_day(value)}" if fault["type"].startswith("date_") else ""


def _of_pydantic(fault: ErrorDetails) -> str:
    english = fault["msg"].replace("Input should", "this must").replace("should", "must")
    return plain_words(fault, english)


def _plainly(message: str, kind: str) -> str:
    if kind == "string_pattern_mismatch":
        return t("this does not fit")
    if kind.startswith("date_"):
        return t("this must be a day")
    more = re.fullmatch(r"\w+ must have at (most|least) (\d+) (\w+) after validation, not (\d+)", message)
    return f"at {more[1]} {more[2]} {more[3]} are allowed here, not {more[4]}" if more else message


_TYPE_MESSAGES = {
    "string_type": template("this must be text"),
    "dict_type": template('this must be a mapping ("key: value" lines)'),
    "model_type": 'this must be a mapping ("key: value" lines)',
    "list_type": template("this must be a list"),
    "tuple_type": template("this must be a list"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), template("this must be a whole number")),
    **dict.fromkeys(("bool_type", "bool_parsing"), template("this must be true or false")),
    **dict.fromkeys(("float_type", "float_parsing"), template("this must be a number")),
    "too_short": template("this must not be empty"),
    "string_too_short": template("this must not be empty"),
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
            spoken("{found} is not a duration; {how}"),
            {"found": quote(text), "how": times_meant.write_length(text, shortest, longest)},
        )
    names = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return dt.timedelta(**{names[found[2]]: int(found[1])})


def duration_within(
    shortest: dt.timedelta,
    longest: dt.timedelta,
    message: str,
    rule: LiteralString = "schema/duration",
    **bounds: object,
) -> BeforeValidator:
    """A duration between these two; else the ``message``, in which ``{found}`` is what was written, and ``bounds``."""

    def judge(value: object) -> dt.timedelta:
        duration = parse_duration(value, shortest, longest)
        if not shortest <= duration <= longest:
            raise PydanticCustomError(rule, spoken(message), {"found": quote(value), **bounds})
        return duration

    return BeforeValidator(judge)
