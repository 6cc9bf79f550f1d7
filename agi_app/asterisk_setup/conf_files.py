"""Asterisk's .conf files, read as Asterisk reads them: sections, options and includes, each with its place. Pure.

Files of ours (``agi-app/…``) are not followed: what is decided here is decided by what others wrote, so that a second
look says the same as the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from agi_app.errors import Problem
from agi_app.messages import t

FOLDER = "agi-app"  # ours, in Asterisk's configuration folder
DEEPEST = 10  # includes within includes, as Asterisk has it
RULE = "asterisk"
TRUE = ("yes", "true", "y", "t", "1", "on")
_INCLUDE = re.compile(r"#\s*+(include|tryinclude|exec)\s++(.+)", re.IGNORECASE)
_SECTION = re.compile(r"\[([^\]]*)\](?:\s*\(([^)]*)\))?")


class ConfSource(Protocol):
    """Where the files are; names are relative to Asterisk's configuration folder, or whole paths."""

    def text(self, name: str) -> str | None:
        """What the file holds; None when there is none. Raises ConfigError when it cannot be read."""

    def matching(self, pattern: str) -> list[str]:
        """The names that a pattern with wildcards finds, in order."""


@dataclass(frozen=True, slots=True)
class ConfOption:
    """``name = value`` and where it stands; ``line`` from 1."""

    file: str
    line: int
    name: str
    value: str

    @property
    def true(self) -> bool:
        """Whether Asterisk takes the value as yes."""
        return self.value.lower() in TRUE

    @property
    def place(self) -> str:
        """As messages tell it."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class ConfSection:
    """``[name]`` with all that is in it, also what later files add by ``(+)``."""

    file: str
    line: int
    name: str
    templates: tuple[str, ...] = ()
    is_template: bool = False
    options: list[ConfOption] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ConfInclude:
    """An include and where it stands; ``target`` as it is written."""

    file: str
    line: int
    target: str


@dataclass(slots=True)
class Conf:
    """A file with all that it includes."""

    name: str
    there: bool = False
    sections: list[ConfSection] = field(default_factory=list)
    includes: list[ConfInclude] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def section(self, name: str) -> ConfSection | None:
        """The first of this name; Asterisk does not tell large letters from small ones."""
        return next((one for one in self.sections if one.name.lower() == name.lower()), None)

    def option(self, section: str, name: str) -> ConfOption | None:
        """The one that counts: the last of the first section of that name."""
        found = self.section(section)
        return None if found is None else self.value(found, name)

    def value(self, section: ConfSection, name: str) -> ConfOption | None:
        """An option of a section, also from its templates."""
        own = [one for one in section.options if one.name.lower() == name.lower()]
        if own:
            return own[-1]
        for template in reversed(section.templates):
            known = self.section(template)
            if known is not None and known is not section and (found := self.value(known, name)) is not None:
                return found
        return None

    def of_type(self, kind: str) -> list[ConfSection]:
        """The sections with ``type = kind`` that are no templates."""
        typed = ((one, self.value(one, "type")) for one in self.sections if not one.is_template)
        return [one for one, found in typed if found is not None and found.value.lower() == kind]

    def includes_of_ours(self, name: str) -> bool:
        """Whether our file of this name is included already."""
        return any(
            one.target == f"{FOLDER}/{name}" or one.target.endswith(f"/{FOLDER}/{name}") for one in self.includes
        )


def read_conf(source: ConfSource, name: str) -> Conf:
    """Read a file and its includes. Raises ConfigError when one cannot be read."""
    conf = Conf(name)
    text = source.text(name)
    if text is not None:
        conf.there = True
        _Reader(source, conf).read(name, text, 0)
    return conf


def ours(target: str) -> bool:
    """Whether an include leads to a file of ours."""
    return target.startswith(f"{FOLDER}/") or f"/{FOLDER}/" in target


class _Reader:
    """Goes through the lines in Asterisk's order; a section goes on behind an include that opens none."""

    def __init__(self, source: ConfSource, conf: Conf) -> None:
        self._source, self._conf = source, conf
        self._section: ConfSection | None = None

    def read(self, name: str, text: str, depth: int) -> None:
        last = 0
        for last, line in _lines(text):
            if line is None:
                told = t(
                    "a comment that begins with ;-- here is not closed by --;, so Asterisk skips the rest of the file"
                )
                self._fault(name, last, told)
            elif line.startswith("["):
                self._open(name, last, line)
            elif line.startswith("#"):
                self._include(name, last, line, depth)
            elif line:
                self._option(name, last, line)

    def _fault(self, name: str, line: int, message: str) -> None:
        self._conf.problems.append(Problem(name, line, 1, RULE, message))

    def _open(self, name: str, line: int, text: str) -> None:
        found = _SECTION.match(text)
        if found is None:
            self._fault(name, line, t("the ] of this section is missing, so Asterisk refuses the whole file"))
            self._section = ConfSection(name, line, "")  # what follows is not a fault of its own
            return
        marks = [mark.strip() for mark in (found[2] or "").split(",") if mark.strip()]
        known = self._conf.section(found[1])
        if "+" in marks:
            if known is None:
                told = "(+) adds to a section [{name}] that is not there, so Asterisk refuses the whole file"
                self._fault(name, line, t(told, name=found[1]))
            else:
                self._section = known
                return
        templates = tuple(mark for mark in marks if mark not in ("!", "+"))
        self._section = ConfSection(name, line, found[1], templates, "!" in marks)
        self._conf.sections.append(self._section)

    def _option(self, name: str, line: int, text: str) -> None:
        left, sign, value = text.partition("=")
        if not sign:
            return  # Asterisk warns and goes on
        if self._section is None:
            self._fault(name, line, t("this is above the first [section], so Asterisk refuses the whole file"))
            return
        self._section.options.append(ConfOption(name, line, left.strip(), value.removeprefix(">").strip()))

    def _include(self, name: str, line: int, text: str, depth: int) -> None:
        found = _INCLUDE.match(text)
        if found is None or found[1].lower() == "exec":
            return
        target = found[2].strip().strip("\"'<>").strip()
        self._conf.includes.append(ConfInclude(name, line, target))
        if ours(target) or depth >= DEEPEST:
            return
        wild = any(sign in target for sign in "*?[{")
        for each in self._source.matching(target) if wild else [target]:
            content = self._source.text(each)
            if content is not None:
                self.read(each, content, depth + 1)
            elif found[1].lower() == "include":
                told = t("includes {target}, which is not there, so Asterisk refuses the whole file", target=target)
                self._fault(name, line, told)


def _lines(text: str) -> Iterator[tuple[int, str | None]]:
    """Each line with its number, without comments and blanks around it; None for a comment that never ends."""
    begun: list[int] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):  # Asterisk skips a BOM, too
        kept, begun = _uncommented(line, begun, number)
        yield number, kept.strip()
    if begun:
        yield begun[0], None


def _uncommented(line: str, begun: list[int], number: int) -> tuple[str, list[int]]:
    """What of a line is no comment, and the lines where the block comments begin that are open behind it."""
    kept, at = "", 0
    while at < len(line):
        sign = line.find(";", at)
        if sign < 0:
            return kept + ("" if begun else line[at:]), begun
        before = line[at:sign]
        if begun:
            begun = begun[:-1] if line[max(sign - 2, 0) : sign] == "--" else begun
            at = sign + 1
        elif sign > 0 and line[sign - 1] == "\\":
            kept, at = kept + before[:-1] + ";", sign + 1
        elif line[sign + 1 : sign + 3] == "--" and line[sign + 3 : sign + 4] != "-":
            kept, at, begun = kept + before, sign + 3, [*begun, number]
        else:
            return kept + before, begun
    return kept, begun
