"""What is wrong with a setting, in words: an unknown name gets the nearest one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agi_app.authoring import full_width, shape_hints, times_meant
from agi_app.authoring.pydantic_words import plain_words
from agi_app.authoring.suggestions import quote, suggest
from agi_app.messages import spoken, t, template

OURS = "project"  # the folder itself: no setting


def plain_fault(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """The words for one fault that pydantic found in settings of this model."""
    secret = (found := _setting(error["loc"], model)) is not None and not found.repr
    given = None if secret else error.get("input")
    if error["type"] == "extra_forbidden":
        return t("there is no such setting{nearest}", nearest=_nearest(tuple(map(str, error["loc"])), model))
    if error["type"] == "missing":
        right = _REQUIRED.get(str(error["loc"][-1]))
        return t("is required") + (t("; write {right}", right=right) if right else "")
    kind = str(error["type"])
    if kind == "model_type" and len(error["loc"]) == 2:
        table = error["loc"][0]
        name = _NAMES.get(str(table), "main")
        return t(
            "each of {table} has its own name: write [{table}.{name}] above it, not [{table}]", table=table, name=name
        )
    if kind in ("path_type", "tuple_type", "list_type"):
        return t("must be the name of a file, in quotes") if kind == "path_type" else _list_of(error["loc"], given)
    if kind == "string_pattern_mismatch":
        words = shape_hints.pattern_words(str(error.get("ctx", {}).get("pattern")), given)
        return t("{given} does not fit{words}", given=quote(given), words=words)
    text = plain_words(error, str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must"))
    if error["type"] == "literal_error" and isinstance(given, str):
        expected = str(error.get("ctx", {}).get("expected")).replace(" or ", ", ").split(", ")
        hint = suggest(given, [word.strip(chr(39)) for word in expected])
        return f"{text}{hint}" if t("did you mean") in hint else text
    text = spoken(_PLAIN[kind]) if kind in _PLAIN else text
    if kind.endswith("_parsing") or kind == "timezone_aware":
        text += t(", not {given}", given=quote(given))
    if kind.startswith(("datetime", "timezone")):
        text += t("; {write_moment}, in quotes", write_moment=times_meant.write_moment(given))
    elif kind.startswith(("float_", "int_", "greater_", "less_")) and (unit := _unit(error["loc"], model)):
        return _in_unit(text, given, unit)
    elif kind in _KINDS:
        text += shape_hints.instead(_KINDS[kind], str(error["loc"][-1]), given)
    elif kind == "string_type":
        text += _quoted(given)
    signs = full_width.hint(given) if isinstance(given, str) else ""
    return text if signs in text else f"{text}{signs}"


def _list_of(path: Sequence[str | int], given: object) -> str:
    """The words for a value that is not a list, with its parts as one."""
    parts = [part.strip() for part in re.split("[,，、;；]", given)] if isinstance(given, str) else []
    items = ", ".join(f'"{part}"' for part in parts if part)
    return t("must be a list in brackets") + (
        t(": write {key} = [{items}]", key=path[-1], items=items) if items else ""
    )


_PLAIN = {  # in place of pydantic's words
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), template("must be a whole number")),
    **dict.fromkeys(("float_parsing", "float_type"), template("must be a number")),
    **dict.fromkeys(("bool_parsing", "bool_type"), template("must be true or false")),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing", "datetime_type"), template("must be a day and a time")
    ),
}
_KINDS = {  # of pydantic's faults where text may be read as a number: the one that is meant
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "int_type"),
    **dict.fromkeys(("float_parsing", "float_type"), "float_type"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "bool_type"),
}


def _quoted(given: object) -> str:
    """What to write where a text is wanted; empty for a list or table."""
    if isinstance(given, bool | int | float):
        return t('; write it in quotes: "{given}"', given=given)
    return t("; write it in quotes") if given is None else ""


_A_SECOND = {template("seconds"): 1, template("milliseconds"): 1000}


def _unit(path: Sequence[str | int], model: type[BaseModel]) -> str:
    """What the number of a setting counts, when it is a length of time: the first word of its description."""
    found = _setting(path, model)
    first = ((found.description if found is not None else None) or "").partition(" ")[0]
    return first if first in _A_SECOND else ""


def _in_unit(text: str, given: object, unit: str) -> str:
    """The fault of a number of seconds or milliseconds, and the length of time that was meant as that number."""
    if not isinstance(given, str):
        return t("{text}; it counts {unit}", text=text, unit=spoken(unit))
    meant = times_meant.seconds(given)
    write = t("it in digits") if meant is None else f"{meant * _A_SECOND[unit]:g}"
    return t(
        "must be a number of {unit}, not {given}; write {write}, without quotes or unit",
        unit=spoken(unit),
        given=quote(given),
        write=write,
    )


_NAMES = {"trunks": "carrier-a", "destinations": "front-desk"}
_ELSEWHERE = {  # what people look for -> where it stands
    **dict.fromkeys(("asterisk.host", "asterisk.port"), template('write url = "http://HOST:8088/ari"')),
    **dict.fromkeys(("trunks.caller_id", "caller_id"), template("the number to show belongs in the campaign's file")),
    **dict.fromkeys(
        ("timezone", "time_zone", "zone"),
        template("calls go by the time of the person called; delete it"),
    ),
    "project": template("the folder itself is the project"),
}
_REQUIRED = {
    "endpoint": 'endpoint = "PJSIP/{number}@carrier-a"',
    "number": 'number = "+862155500001"',
    "flow": 'flow = "who-called"',
}


def _setting(path: Sequence[str | int], model: type[BaseModel]) -> FieldInfo | None:
    """What is at a path of the settings; None: no setting."""
    *table, name = map(str, path or ("",))
    return _field(_kind(model, table), name)


def _nearest(path: tuple[str, ...], model: type[BaseModel]) -> str:
    """The nearest setting of that table, else the table that has one of this name, else what there is."""
    *table, name = path
    if there := _ELSEWHERE.get(".".join(path)) or _ELSEWHERE.get(f"{path[0]}.{name}"):
        return t(": {there}", there=spoken(there))
    if table and name in model.model_fields and name != OURS and not _fields(model, (name,)):
        return t(": it belongs at the top of the file, above the first [section]")
    if not table and (parts := _parts_of(name, model)):
        return t(": write {setting} below [{table}]", setting=parts[1], table=parts[0])
    hint = suggest(name, _fields(model, tuple(table)))
    if t("did you mean") in hint:
        return hint
    homes = [where for where, fields in tables(model) if name in fields and where != ".".join(table)]
    return t("; it belongs to [{homes}]", homes=homes[0]) if homes else hint


def of_variable(name: str, prefix: str, model: type[BaseModel]) -> str:
    """The words for a variable of the environment that looks like a setting; ``name`` is without ``prefix``."""
    if parts := _parts_of(name, model):
        return t(
            "write {prefix}{upper}: put two underscores between a section and its setting",
            prefix=prefix,
            upper="__".join(parts).upper(),
        )
    return plain_fault({"type": "extra_forbidden", "loc": (name,)}, model)


def _parts_of(name: str, model: type[BaseModel]) -> tuple[str, str] | None:
    """Table and setting of a name such as ``asterisk_password``; None: it is no such name."""
    known = ((table, setting) for table, fields in tables(model) for setting in fields)
    return next((found for found in known if "_".join(found) == name), None)


def _settings_in(kind: Any) -> dict[str, FieldInfo]:
    """The settings of a table; none: it is something else."""
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _field(kind: Any, name: str) -> FieldInfo | None:
    return next((f for own, f in _settings_in(kind).items() if name in (own, f.alias)), None)


def _kind(model: type[BaseModel], path: Sequence[str]) -> Any:
    """What is at a path of the settings; None: nothing."""
    kind: Any = model
    for part in path:
        field = _field(kind, part)
        inner = get_args(kind)[1] if get_origin(kind) is dict else None
        kind = _bare(inner if field is None else field.annotation)
    return kind


def _fields(model: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    return [f.alias or name for name, f in _settings_in(_kind(model, path)).items() if name != OURS]


def _bare(kind: Any) -> Any:
    """Without ``| None`` and annotations."""
    if get_origin(kind) in (None, dict):
        return kind
    inner = [part for part in get_args(kind) if isinstance(part, type) and issubclass(part, BaseModel)]
    named = [part for part in get_args(kind) if get_origin(part) is dict]
    return next(iter(inner + named), kind)


def tables(model: type[BaseModel]) -> Iterator[tuple[str, list[str]]]:
    """Every table of the settings with its names; of named ones ``trunks.NAME``."""
    for name, field in model.model_fields.items():
        path = (name, "NAME") if get_origin(_bare(field.annotation)) is dict else (name,)
        if fields := _fields(model, path):
            yield ".".join(path), fields
