"""guard script: the words by which nuisance callers are known whatever number they show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, login_name, say, say_json, table, with_installation
from agi_app.errors import InputError
from agi_app.operations.guard import guard_scripts

app = typer.Typer(help="Words by which callers are known, whatever number they show.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="A name for it; every decision repeats it.")]
SHOWN = 60


@app.command()
def add(
    name: NameArgument,
    project: ProjectOption = HERE,
    text: Annotated[str, typer.Option(help="Its opening words.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text file with its opening words.")] = None,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Enter a script by hand, in place of one of that name; what callers said before is compared with it."""
    who, (name, said) = login_name(entered_by), guard_scripts.script_of(name, _text(text, file))
    heard = with_installation(project, guard_scripts.add, name, said, entered_by=who)
    say(f"{name}: known; callers said it before in {heard} calls")


def _text(text: str, file: Path | None) -> str:
    if bool(text) == (file is not None):
        raise InputError("give the words by --text or by --file")
    if file is None:
        return text
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the known scripts, and how often each was heard while calls are kept."""
    found = with_installation(project, guard_scripts.scripts)
    if as_json:
        say_json([dataclasses.asdict(script) for script in found])
        return
    table(
        "Known scripts",
        ("name", "from", "last heard", "calls", "callers", "words"),
        (
            (s.name, "a reported caller" if s.learned else s.entered_by, f"{s.heard_at:%Y-%m-%d}", s.calls, s.callers,
             s.text if len(s.text) <= SHOWN else s.text[: SHOWN - 1] + "…")
            for s in found
        ),
    )  # fmt: skip


@app.command()
def remove(name: NameArgument, project: ProjectOption = HERE) -> None:
    """Forget a script; callers who said it are not known by it any more."""
    with_installation(project, guard_scripts.remove, name.strip())
    say(f"{name}: forgotten")
