"""The option --lang, and the help of all commands in the language of who reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer
from rich.cells import cell_len
from typer import core
from typer._click import core as clicks
from typer._click import formatting

from agi_app.authoring import renames
from agi_app.messages import LANGUAGES, catalogue, current, known, spoken, t, template

OPTION = "--lang"
OF_HELP = (  # what the library writes
    template("Arguments"),
    template("Commands"),
    template("Options"),
    template("Usage: "),
    template("(dynamic)"),
    template("default: {default}"),
    template("env var: {var}"),
    template("required"),
    template("Show this message and exit."),
)

# Where a line may end: at a space, and behind each Chinese character, but not before a closing sign.
_PIECES = re.compile(r" ?(?:[^\s\u2e80-\u9fff\uff00-\uffef]+|[^\s])[，。；：、？！）」』”》]*")


def asked_for(words: Sequence[str]) -> tuple[list[str], str | None, str | None]:
    """The command line without --lang, which may stand anywhere; the language asked for; what is wrong with it.

    Where it is the old name of another option, it stays, and asks for the language, too.
    """
    rest, asked = list(words), None
    end = rest.index("--") if "--" in rest else len(rest)
    at = next((at for at, word in enumerate(rest[:end]) if word.partition("=")[0] == OPTION), None)
    if at is None:
        return rest, None, None
    _, equals, value = rest[at].partition("=")
    length = 1 if equals or at + 1 == end else 2
    asked = value if equals else "".join(rest[at + 1 : at + length])
    if renames.is_old(rest[:at], OPTION):
        return rest, asked, None
    del rest[at : at + length]
    if not asked:
        return rest, None, t("{option} needs a value after it: write {option} en or {option} zh", option=OPTION)
    if known(asked) is None:
        return rest, None, t("{option} {asked}: write one of {known}", option=OPTION, asked=asked, known=_all())
    return rest, asked, None


def _all() -> str:
    return ", ".join(LANGUAGES)


def translated(app: typer.Typer) -> Any:
    """The command of an application, with its help in the current language."""
    command = typer.main.get_command(app)
    if current() != "en":
        for module, name, ours in (
            (core, "_", spoken),
            (formatting, "wrap_text", wrapped),
            (clicks.Context, "formatter_class", _Formatter),
        ):
            setattr(module, name, ours)
        _translate(command)
    return command


class _Formatter(formatting.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, spoken("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{heading}：\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], *more: Any, **options: Any) -> None:
        super().write_dl([(first, spoken(second)) for first, second in rows], *more, **options)


def _translate(command: Any) -> None:
    for name in ("help", "short_help", "epilog"):
        if text := getattr(command, name, None):
            setattr(command, name, _said(text))
    if command.help and not command.short_help:
        command.short_help = command.help.partition("。")[0]
    for one in command.params:
        if text := getattr(one, "help", None):
            one.help = spoken(text)
    for each in getattr(command, "commands", {}).values():
        _translate(each)


def _said(text: str) -> str:
    """A text of the help, or the first paragraph of one, as the list of all commands has it."""
    whole = spoken(text)
    if whole != text:
        return whole
    return next((said for key, said in catalogue(current()).items() if key.startswith(f"{text}\n\n")), text)


def wrapped(
    text: str,
    width: int = 78,
    initial_indent: str = "",
    subsequent_indent: str = "",
    preserve_paragraphs: bool = False,
) -> str:
    """The text in lines of so many columns, of which a Chinese character has two; paragraphs stay, if asked for."""
    if preserve_paragraphs:
        parts = text.split("\n\n")
        return "\n\n".join(wrapped(part, width, initial_indent, subsequent_indent) for part in parts)
    lines, line = [], initial_indent
    for piece in _PIECES.findall(" ".join(text.split())):
        if cell_len(line + piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = subsequent_indent + piece.lstrip()
        else:
            line += piece
    return "\n".join([*lines, line.rstrip()])
