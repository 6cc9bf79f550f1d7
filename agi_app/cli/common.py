"""What every command shares: the project option, running async code, printing tables, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.progress import Progress
from rich.segment import Segment
from rich.table import Table

import agi_app.model.reason_catalogue  # noqa: F401 - its sentences are told again, wherever they were stored
from agi_app.cli.owner import become_owner
from agi_app.errors import InputError
from agi_app.messages import speak_to, spoken, t
from agi_app.printable import count_of, in_json, lines, one_line, plain
from agi_app.shared_files import cited

if TYPE_CHECKING:
    from agi_app.config.settings import Settings
    from agi_app.installation import Installation
    from agi_app.operations.people.contacts import ImportSummary

P = ParamSpec("P")
T = TypeVar("T")
PLAIN_WIDTH = 200  # columns when the output is no terminal
# No markup: what people wrote into files and flows is shown as it is.
out = Console(
    highlight=False, markup=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH
)
err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


class _Printable(RenderHook):
    """Nothing reaches a terminal as a command to it but what this program draws itself."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Each with its text made printable."""
        return [_Shown(what) for what in renderables]


class _Shown:
    """A thing to be printed, without characters that a terminal obeys."""

    def __init__(self, what: ConsoleRenderable) -> None:
        self._what = what

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._what, options):
            yield segment if segment.control else Segment(cited(lines(segment.text)), segment.style)


for _console in (out, err):
    _console.push_render_hook(_Printable())

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", envvar="AGI_APP_PROJECT", help="The project folder (agi-app.toml is in it).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of text: an object, or a list of them.")]
AsteriskProgramOption = Annotated[
    Path | None, typer.Option("--asterisk", metavar="PROGRAM", help="Asterisk's own program; default: it is found.")
]
AsteriskConfigOption = Annotated[
    Path | None, typer.Option("--config-dir", help="The folder of its asterisk.conf, when it is not the usual one.")
]
HERE = Path()
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls")


def settings_of(project: Path) -> Settings:
    """The project's settings."""
    from agi_app.config.settings import load_settings

    return load_settings(project)


def with_installation(
    project: Path, work: Callable[Concatenate[Installation, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Open the project's database, run an operation on it and close it again. Root does it as the project's owner."""
    project = become_owner(project)
    return _with(lambda: settings_of(project), work, *args, **kwargs)


def with_needed(
    project: Path, work: Callable[Concatenate[Installation, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The same for a stop or a pause: it says a fault of agi-app.toml that does not concern it, and does its work."""
    project = become_owner(project)
    return _with(lambda: needed_settings(project), work, *args, **kwargs)


def needed_settings(project: Path) -> Settings:
    """The settings that a stop needs; says a fault of others. Raises ConfigError when one of those has a fault."""
    from agi_app.config.needed_settings import load_needed

    settings, fault = load_needed(project)
    if fault is not None:
        told = "{fault}\nthis command does not need what has that fault, and is done; correct it, for others do need it"
        warn(t(told, fault=fault))
    return settings


def _with(
    settings: Callable[[], Settings],
    work: Callable[Concatenate[Installation, P], Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    from agi_app import log
    from agi_app.installation import installation

    log.configure()

    async def go() -> T:
        async with installation(settings()) as inst:
            if inst.actor.language is not None:
                speak_to(os.environ, account=inst.actor.language)
            return await work(inst, *args, **kwargs)

    return asyncio.run(go())


def secret_of(prompt: str, *, confirm: bool = False) -> str:
    """What somebody types without its being shown; from a pipe, the first line."""
    if sys.stdin.isatty():
        again = t("Repeat for confirmation") if confirm else False
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=again))
    return sys.stdin.readline().rstrip("\n")


def options_given(context: typer.Context) -> list[str]:
    """The options that are on the command line, by their names."""
    sources = {one.opts[0]: context.get_parameter_source(str(one.name)) for one in context.command.params}
    return [option for option, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


def read_number(text: str) -> str:
    """A number given by hand as E.164; what is refused is shown with its middle hidden."""
    from agi_app.model.phone import NotANumber, SeveralNumbers, parse, shown_number

    try:
        return parse(text).e164
    except NotANumber as error:
        more = t(": give one number at a time") if isinstance(error, SeveralNumbers) else ""
        raise InputError(f"{shown_number(text)}: {error}{more}") from None


def name_first(name: str, file: Path, usage: str, known: Iterable[str] = ()) -> None:
    """InputError when a command's name and file were given the wrong way round; ``usage`` is the right one."""
    a_file = Path(name).suffix.lower() in TABLE_ENDINGS or Path(name).is_file()
    if str(file) in known or (a_file and not file.exists()):
        raise InputError(t("{name}: is a file, and the name comes first: {usage}", name=name, usage=usage))


def write(output: Path, content: bytes, mode: int = 0o600, what: str = "") -> None:
    """Write a result into a file; InputError when it cannot be."""
    from agi_app.atomic_files import cannot_be_written, write_whole

    try:
        write_whole(output, content, mode)
    except OSError as error:
        raise cannot_be_written(output, error, what) from error


def say(text: str) -> None:
    """Print one line of result; whatever is in it stays on one line."""
    out.print(one_line(text))


def say_line_of_file(text: str) -> None:
    """Print a line of a file as it is there: no name of a page in it is put in other words."""
    print(lines(one_line(text)))  # noqa: T201 - the console would cite what it names


def say_now(text: str) -> None:
    """Print one line while a command goes on, into a pipe, too: it happens now."""
    say(text)
    sys.stdout.flush()


def not_shown(_: str) -> None:
    """For ``--json``: the lines come at the end."""


def say_lines(text: str) -> None:
    """Print a result of several lines."""
    out.print(lines(text))


def warn(text: object) -> None:
    """Print what went wrong, or should be known, on standard error; may have several lines."""
    err.print(lines(str(text)))


def say_json(value: Any) -> None:
    """Print one JSON object on one line; times are ISO 8601."""
    print(in_json(json.dumps(value, ensure_ascii=False, default=plain)))  # noqa: T201 - machine-read output


def _column(name: str) -> str:
    """A column's title in the current language; its key is in brackets, for short words mean other things elsewhere."""
    found = spoken(f"[{name}]")
    return name if found == f"[{name}]" else found


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a small table; empty ones say so."""
    title, columns = spoken(title), [*map(_column, columns)]
    view = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        view.add_row(*("" if cell is None else one_line(str(cell)) for cell in row))
    out.print(view if view.row_count else t("{title}: none", title=title))


def counts(figures: Mapping[str, int]) -> str:
    """``confirmed 12, change_requested 5`` or a dash."""
    return ", ".join(f"{name} {number}" for name, number in figures.items()) or "-"


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, from the first progress on; the callback gets (done, total) rows or bytes."""
    bar = Progress(console=err, transient=True)
    task = bar.add_task(what, total=None)

    def tell(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total or None)

    try:
        yield tell
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def interrupted(what: str) -> Iterator[None]:
    """Say ``what`` when somebody ends the command with Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        warn(what)
        raise


def say_held(number: int) -> None:
    """Say that contacts are not called because their rows were rejected."""
    held = count_of(number, "contact is", "contacts are")
    say(t("{held} not called until their rows are corrected: what is stored of them may be old", held=held))


def say_summary(summary: ImportSummary, as_json: bool) -> None:
    """Print what an import did; exit 1 when it rejected rows."""
    if as_json:
        say_json(summary)
    else:
        for problem in summary.problems:
            warn(problem)
        gone = count_of(summary.cancelled, "contact")
        woken = (
            t("; {woken} decided again", woken=count_of(summary.woken, "contact is", "contacts are"))
            if summary.woken
            else ""
        )
        say(
            t(
                "{file}: {rows}: {added} added, {updated} updated, {unchanged} unchanged, {rejected} rejected{woken}",
                file=summary.file,
                rows=count_of(summary.rows, "row"),
                added=summary.added,
                updated=summary.updated,
                unchanged=summary.unchanged,
                rejected=summary.rejected,
                woken=woken,
            )
            + (t("; {cancelled} cancelled", cancelled=gone) if summary.cancelled else "")
        )
        if summary.held:
            say_held(summary.held)
        for note in summary.notes:
            say(t("note: {note}", note=note))
        if summary.rejects_file:
            say(
                t(
                    "{rejects_file}: the rejected rows with their reasons; fix them there and import that file",
                    rejects_file=summary.rejects_file,
                )
            )
    if summary.rejected:
        raise typer.Exit(1)
