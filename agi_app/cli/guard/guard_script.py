"""guard script: the words by which nuisance callers are known whatever number they show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, login_name, say, say_json, table, with_installation
from agi_app.cli.naming import no_such
from agi_app.errors import InputError
from agi_app.guard.scripts import MIN_WORDS, words
from agi_app.installation import Installation
from agi_app.screening.script_matching import compare
from agi_app.store.screening import guard_scripts
from agi_app.store.screening.guard_changes import ChangedBy

app = typer.Typer(help="Words by which callers are known, whatever number they show.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="A name for it; every decision repeats it.")]
LONGEST_NAME, SHOWN = 60, 60


@app.command()
def add(
    name: NameArgument,
    project: ProjectOption = HERE,
    text: Annotated[str, typer.Option(help="Its opening words.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text file with its opening words.")] = None,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Enter a script by hand, in place of one of that name; what callers said before is compared with it."""
    who, said = login_name(entered_by), _text(text, file)
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"the name of a script is one line of {LONGEST_NAME} characters at most")

    async def work(inst: Installation) -> int:
        script = await guard_scripts.put(inst.store, name.strip(), said, ChangedBy(who, inst.clock.now()))
        return await compare(inst.store, script)

    say(f"{name.strip()}: known; callers said it before in {with_installation(project, work)} calls")


def _text(text: str, file: Path | None) -> str:
    if bool(text) == (file is not None):
        raise InputError("give the words by --text or by --file")
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read: {error}") from error
    if (count := len(words(text))) < MIN_WORDS:
        raise InputError(f"a script of {count} words would fit too much: write {MIN_WORDS} or more")
    return text.strip()


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the known scripts, and how often each was heard while calls are kept."""
    found = with_installation(project, lambda inst: guard_scripts.scripts(inst.store))
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

    async def work(inst: Installation) -> None:
        if not await guard_scripts.remove(inst.store, name.strip()):
            raise no_such("script", name, [script.name for script in await guard_scripts.scripts(inst.store)])

    with_installation(project, work)
    say(f"{name}: forgotten")
