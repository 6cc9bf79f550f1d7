"""demo and sandbox: the private Asterisk and the carrier that come with agi-app, to try things with."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agi_app.cli.common import HERE, AsteriskConfigOption, AsteriskProgramOption, ProjectOption
from agi_app.messages import current
from agi_app.shared_files import shared

app = typer.Typer(
    help="A private Asterisk and a carrier of simulated people; what is dialled never leaves this machine.",
    no_args_is_help=True,
)
NameOption = Annotated[str | None, typer.Option(help="Which sandbox, where there are several.")]


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
    keep: Annotated[Path | None, typer.Option(help="The folder for logs, captures and the project.")] = None,
) -> None:
    """Show it all on a real Asterisk: a clinic's campaign to 60 simulated people, and a second one a day later."""
    _run("sandbox.demo", ["--json"] if as_json else [], {"--keep": keep})


@app.command()
def up(
    project: Annotated[
        Path | None, typer.Option("--project", "-p", help="It has the sandbox's settings until the end.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="Instead: recordings; settings are printed.")] = None,
    callees: Annotated[Path | None, typer.Option(help="Who is called, and what they say and key.")] = None,
    destination: Annotated[list[str] | None, typer.Option(help="NAME=DOES: answers, busy, no_answer or phone.")] = None,
    console: Annotated[
        bool, typer.Option("--console", help="With a worker and the console: it prints a link, and all else is clicks.")
    ] = False,
    name: NameOption = None,
) -> None:
    """Start both and say how to reach them; Ctrl-C ends them. The first one on a machine builds an Asterisk (root)."""
    desks = [word for one in destination or () for word in ("--desk", one)]
    given = {"--project": project, "--prompts": prompts, "--callees": callees, "--name": name}
    _run("sandbox", ["up", *desks, *(["--console"] if console else [])], given)


@app.command()
def carrier(
    project: ProjectOption = HERE,
    callees: Annotated[Path | None, typer.Option(help="Who is called, and what they say and key.")] = None,
    destination: Annotated[list[str] | None, typer.Option(help="NAME=DOES: answers, busy, no_answer or phone.")] = None,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    name: NameOption = None,
) -> None:
    """Start the carrier alone, as the trunk `sandbox` of this host's Asterisk, after `asterisk setup`; Ctrl-C ends it.

    Run it as root. The project has its trunks and destinations until the end.
    """
    desks = [word for one in destination or () for word in ("--desk", one)]
    given = {"--project": project, "--callees": callees, "--asterisk": program, "--config-dir": config_dir}
    _run("sandbox", ["carrier", *desks], {**given, "--name": name})


@app.command()
def down(name: NameOption = None) -> None:
    """End one that is up, from another terminal."""
    _run("sandbox", ["down"], {"--name": name})


@app.command()
def status(name: NameOption = None) -> None:
    """Say whether one is up, and how to reach it. Exit 1 if none is."""
    _run("sandbox", ["status"], {"--name": name})


@app.command()
def shell(name: NameOption = None) -> None:
    """Open the Asterisk console of one that is up."""
    _run("sandbox", ["shell"], {"--name": name})


@app.command()
def phone(name: NameOption = None) -> None:
    """Answer a call of the trunk `phone`: what is typed is keyed, and `say FILE.wav` plays a recording."""
    _run("sandbox", ["phone"], {"--name": name})


def _run(module: str, words: Sequence[str], options: Mapping[str, object]) -> NoReturn:
    """Become the program of the sandbox, so that Ctrl-C, the terminal and the exit status are its own."""
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    paths = [str(shared("sandbox").parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "AGI_APP_LANG": current()}
    os.execve(sys.executable, [sys.executable, "-m", module, *words, *given], environment)
