"""Where each setting is in a TOML file: ``tomllib`` tells what it says, and not where. Pure.

For text that ``tomllib`` has accepted. Tables, arrays of tables and dotted keys are followed; what stands inside an
inline table or an array is found at the key that it belongs to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence

from agi_app.authoring import full_width
from agi_app.file_kinds import kind_of
from agi_app.messages import spoken, t, template

Place = tuple[int, int]  # line and column, both from 1
Places = Mapping[tuple[str, ...], Place]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"[ \t]*\[\[?[ \t]*({_KEY})[ \t]*\]")
_SETTING = re.compile(rf"[ \t]*({_KEY})[ \t]*=")
_LONG_TEXT = re.compile(r'"""|\'\'\'')


def places(text: str) -> Places:
    """Every table and setting, by its path."""
    found: dict[tuple[str, ...], Place] = {}
    table: tuple[str, ...] = ()
    inside: str | None = None  # a text over several lines: what ends it
    for number, line in enumerate(text.split("\n"), start=1):
        if inside is None:
            if header := _TABLE.match(line):
                table = _path(header[1])
                for length in range(1, len(table) + 1):
                    found.setdefault(table[:length], (number, header.start(1) + 1))
            elif setting := _SETTING.match(line):
                found.setdefault((*table, *_path(setting[1])), (number, setting.start(1) + 1))
        for mark in _LONG_TEXT.findall(line.partition("#")[0] if inside is None else line):
            inside = mark if inside is None else (None if mark == inside else inside)
    return found


def find(known: Places, path: Sequence[str | int]) -> Place | None:
    """Where ``path`` stands, else what it is part of; None: nothing of it is in the file."""
    parts = tuple(map(str, path))
    return next((known[parts[:length]] for length in range(len(parts), 0, -1) if parts[:length] in known), None)


_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_NO_VALUE = template(
    'put text in quotes, as in name = "value"; write numbers in digits only, and true and false in small letters'
)
_MEANT = (
    (
        "Invalid value",
        _NO_VALUE,
    ),
    ("Expected '=' after a key", template("write NAME = VALUE, one on each line")),
    ("Invalid statement", template("write NAME = VALUE, or [TABLE], one on each line")),
    (
        "Expected newline or end of document",
        template("there is more than one value here; write one setting on each line, and text in quotes"),
    ),
    ("Illegal character '\\n'", template("a quote is not closed on this line")),
    ("Unterminated string", template("a quote is not closed")),
    ("Unclosed array", template("a bracket is not closed, or a comma is missing")),
    ("Unclosed inline table", template("a brace is not closed, or a comma is missing")),
    ("Expected ']' at the end of a table", template("put a table's name in brackets, as in [asterisk]")),
    (
        "Invalid initial character for a key part",
        template("write a name in Latin letters, digits, - and _, then = and a value"),
    ),
    ("Unescaped", template("write a backslash in a text twice, or put the text in single quotes")),
    ("Cannot overwrite a value", template("this name is set twice; keep one")),
    ("Cannot declare", template("this table is here twice; put its settings together")),
)


def syntax_faults(text: str, error: tomllib.TOMLDecodeError) -> list[tuple[Place, str]]:
    """Where and why ``tomllib`` cannot read a text; full-width signs are named."""
    text = text.replace("\r\n", "\n")
    said, at = _failure(text, error)
    told = [
        (line_column(text, place), t("is not valid TOML: {naming}", naming=full_width.naming(text[place])))
        for place in full_width.culprits(text, at, _fails_at)
    ]
    meant = (
        _with_a_unit(text, at)
        or _unclosed(text, at)
        or _twice(text, said, at)
        or _bad_name(text, at)
        or next((spoken(words) for sign, words in _MEANT if said.startswith(sign)), said)
    )
    meant = _colon(text, at) or (meant + _bare(text, at) if meant == spoken(_NO_VALUE) else meant)
    if kind := kind_of(text[:64].encode("utf-8", "replace")):
        return [
            ((1, 1), t("is not valid TOML: this is {kind}, despite its name; save it as plain text", kind=spoken(kind)))
        ]
    return told or [(line_column(text, at), t("is not valid TOML: {meant}", meant=meant))]


_HEADER = re.compile(r"[ \t]*\[\[?([^\]\n\"'#]{1,100})\]")


def _bad_name(text: str, at: int) -> str | None:
    """For a table whose name has a space or letters that are not Latin."""
    begin = text.rfind("\n", 0, at) + 1
    found = _HEADER.match(text, begin)
    if found is None or _TABLE.match(text, begin):
        return None
    *above, name = found[1].strip().split(".")
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    such = "write" if plain else t("such as")
    shown = ".".join([*above, plain or "carrier-a"])
    return t(
        "a table's name has only Latin letters, digits, - and _, and no spaces: {such} [{shown}]",
        such=such,
        shown=shown,
    )


_NAMED = {
    "trunks": template("trunk"),
    "destinations": template("destination"),
    "lines": template("line"),
    "feeds": template("feed"),
}


def _twice(text: str, said: str, at: int) -> str | None:
    """For a table or a setting that is in the file already: where, and what to do."""
    begin = text.rfind("\n", 0, at) + 1
    line, number = text[begin:].partition("\n")[0], text.count("\n", 0, at) + 1
    header = _TABLE.match(line)
    if said.startswith("Cannot declare") and header:
        table = _path(header[1])
        first = (
            t(", first in line {place}", place=place[0])
            if (place := places(text).get(table)) and place[0] < number
            else ""
        )
        what = _NAMED.get(table[0]) if len(table) == 2 else None
        other = (
            t(", or for another {what} give it another name: [{table}.NAME]", what=spoken(what), table=table[0])
            if what
            else ""
        )
        return t("this table is here twice{first}; put its settings together{other}", first=first, other=other)
    if said.startswith("Cannot overwrite") and (setting := _SETTING.match(line)):
        name = _path(setting[1])
        before = [where[0] for path, where in places(text[:begin]).items() if path[-len(name) :] == name]
        return t(
            "this name is set twice{more}; keep one",
            more=t(", first in line {place}", place=before[-1]) if before else "",
        )
    return None


_UNIT = re.compile(
    r"[ \t]*[\w.-]+[ \t]*=[ \t]*(\d{1,3}(?:,\d{3})+(?!\d)|\d+)[ \t]*"
    r"(?:([^\s\d#,.:_\"'\]}-][^\n#,]{0,20})[ \t]*)?(?:#|\n|$)"
)


_TIMES = ("ms", "s", "m", "min", "h", "d")  # in quotes they may be right


def _with_a_unit(text: str, at: int) -> str | None:
    """For a number with commas between its digits, or with a unit behind it."""
    found = _UNIT.match(text, text.rfind("\n", 0, at) + 1)
    unit = (found[2] or "").strip() if found else ""
    if found is None or unit in _TIMES or not (unit or "," in found[1]):
        return None
    return t("write a number in digits only: {replace}", replace=found[1].replace(",", "")) + (
        t(", without {unit}", unit=unit) if unit else ""
    )


_NAME = re.compile(r"([\w-]{1,64})[ \t]*=")


def _unclosed(text: str, at: int) -> str | None:
    """For a setting where a list goes on: its bracket is not closed."""
    found = _NAME.match(text, at)
    if found is None or text[:at].rstrip()[-1:] not in ("[", ","):
        return None
    where = t("in front of the comma") if text[:at].rstrip(" \t").endswith(",") else t("before it")
    return t("the list before {found} is not closed: write ] {where}", found=found[1], where=where)


_BARE = re.compile(r"[^\s,#\]}]{1,100}")
_COLON = re.compile(r"[ \t]*([\w.-]{1,64})[ \t]?:[ \t]?([^\n#]{0,100})")


def _bare(text: str, at: int) -> str:
    """What to write in place of a value without quotes."""
    found = _BARE.match(text, at)
    if found is None:
        return t("; there is nothing after the =")
    line, _, _ = text[at:].partition("\n")
    before = text[text.rfind("\n", 0, at) + 1 : at]
    whole = line.partition(" #")[0].strip() if not set("[{") & set(before) else found[0]
    word = (whole if "," not in whole else found[0])[:100].strip("\"'")
    truth = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    if (plain := full_width.ascii_of(word)) != word and plain.isdecimal():
        return t("; {naming}: write {plain}", naming=full_width.naming(word[0]), plain=plain)
    return t("; write {right}", right=truth.get(word.lower(), f"{chr(34)}{word}{chr(34)}"))


def _colon(text: str, at: int) -> str | None:
    """For a line as YAML has it, with a colon."""
    begin = text.rfind("\n", 0, at) + 1
    found = _COLON.match(text, begin)
    if found is None or text[begin : begin + 1] in "[{":
        return None
    value = found[2].strip()
    if not value:
        return t("this is TOML, not YAML: write [{found}], and what belongs to it below", found=found[1])
    plain = value if value[0] in "\"'[{0123456789" or value in ("true", "false") else f'"{value}"'
    return t("put = between a name and its value: write {found} = {plain}", found=found[1], plain=plain)


def _failure(text: str, error: tomllib.TOMLDecodeError) -> tuple[str, int]:
    found = _PLACE.fullmatch(str(error))
    if found is None or found[2] is None:
        return (str(error) if found is None else found[1]), len(text)
    lines = text.split("\n")
    return found[1], sum(len(line) + 1 for line in lines[: int(found[2]) - 1]) + int(found[3]) - 1


def _fails_at(text: str) -> int | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _failure(text, error)[1]
    return None


def line_column(text: str, at: int) -> Place:
    """Line and column of a place in a text."""
    before = text[:at].split("\n")
    return len(before), len(before[-1]) + 1


def _path(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") if part[0] in "\"'" else part for part in re.findall(_PART, key))
