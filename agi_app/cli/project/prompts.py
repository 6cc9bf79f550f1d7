"""prompts prepare, list, pieces: what callers hear, prepared and looked over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, progress, say, say_json, table, warn
from agi_app.messages import spoken, t, template
from agi_app.operations.project import prompts
from agi_app.operations.project.prompts import Result
from agi_app.printable import count_of

app = typer.Typer(help="What callers hear.", no_args_is_help=True)


@app.command("prepare")
def prepare_(
    path: Annotated[
        Path | None, typer.Argument(help="Only this file or folder below prompts/; default: all prompts.")
    ] = None,
    project: ProjectOption = HERE,
    again: Annotated[bool, typer.Option("--again", help="Also make again what is already there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make recordings and texts ready for Asterisk: format, silence, loudness, peaks. Exit 1 when one cannot be made.

    The files go to prompts/.prepared; nothing that you recorded is changed.
    """
    with progress("prompts") as tell:
        results = prompts.prepare(project, only=path, again=again, progress=tell)
    _show("prompts", results, as_json)
    raise typer.Exit(1 if any(result.error for result in results) else 0)


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List every prompt: which file Asterisk plays, how long and how loud it is. Changes nothing."""
    _show("prompts", prompts.look(project), as_json)


@app.command()
def pieces(
    language: Annotated[str, typer.Option(help="The language: zh-CN, en, en-GB, en-US.")],
    project: ProjectOption = HERE,
    missing: Annotated[bool, typer.Option("--missing", help="Only those that the project does not have.")] = False,
    flow: Annotated[str | None, typer.Option(help="Only what this flow says and reads back.")] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Write the words of each into a file beside the place of its recording, if there is none yet.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what to record so that your own voice speaks every number, amount, date, time and telephone number.

    Each line has one piece: its file below prompts/LANGUAGE and its words. A text-to-speech engine speaks what --write
    wrote.
    """
    wanted = prompts.pieces(project, language, flow=flow, missing=missing)
    written = prompts.write_words(project, language, wanted) if write else []
    if as_json:
        say_json(wanted)
    else:
        for name, text in wanted.items():
            say(f"{name + '.wav':<20} {text}")
        if written:
            names = ", ".join(written[:SHOWN]) + (" …" if len(written) > SHOWN else "")
            warn(t("{files} written: {names}", files=count_of(len(written), "file"), names=names))
        elif write:
            warn(t("no file written: each of them has its words already"))


STATES = (  # names in JSON
    template("as it is"),
    template("failed"),
    template("not prepared"),
    template("prepared"),
    template("spoken"),
    template("text only"),
    template("there already"),
)
SHOWN = 5  # files that were written


def _show(title: str, results: list[Result], as_json: bool) -> None:
    if as_json:
        say_json(results)
    else:
        columns = ("prompt", "state", "seconds", "LUFS", "peak dB", "gain dB")
        figures = ("seconds", "loudness", "true_peak_db", "gain_db")
        table(title, columns, [(r.prompt, spoken(r.state), *map(r.facts.get, figures)) for r in results])
        for result in results:
            for note in result.notes:
                say(t("{prompt}: note: {note}", prompt=result.prompt, note=note))
        for error in dict.fromkeys(result.error for result in results if result.error):
            first, *others = [result.prompt for result in results if result.error == error]
            more = t(" and {others}", others=count_of(len(others), "other prompt")) if others else ""
            warn(f"{first}{more}: {error}")
