"""prompts prepare, list, pieces: what callers hear, made ready and looked over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from agi_app.campaigns.project.read import read_project
from agi_app.cli.common import HERE, JsonOption, ProjectOption, progress, say, say_json, table, warn
from agi_app.config.settings import trunk_names
from agi_app.errors import InputError
from agi_app.flow.check.needed_pieces import needed_pieces
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.flow.saying import values
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.fixed_say_texts import said_texts
from agi_app.prompts.prepare import Result, look, prepare
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.sources import find_sources

app = typer.Typer(help="What callers hear.", no_args_is_help=True)


@app.command("prepare")
def prepare_(
    path: Annotated[
        Path | None, typer.Argument(help="Only this file or folder below prompts/; default: all prompts.")
    ] = None,
    project: ProjectOption = HERE,
    again: Annotated[bool, typer.Option("--again", help="Make anew also what is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make recordings and texts ready for Asterisk: format, silence, loudness, peaks. Exit 1 when one cannot be made.

    The files go to prompts/.prepared; nothing that you recorded is changed.
    """
    flows = read_project(project, trunk_names(project)).flows.values()
    said = said_texts(flow.parsed.flow for flow in flows)
    folder = project / "prompts" if said else _folder(project)
    settings, tts = voice_settings(project)
    with progress("prompts") as tell:
        results = prepare(folder, settings, tts, said=() if path else said, only=path, again=again, progress=tell)
    _show("prompts", results, as_json)
    raise typer.Exit(1 if any(result.error for result in results) else 0)


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Every prompt: which file Asterisk plays, how long and how loud it is. Changes nothing."""
    folder, (settings, tts) = _folder(project), voice_settings(project)
    _show("prompts", look(folder, settings, tts), as_json)


@app.command()
def pieces(
    lang: Annotated[str, typer.Option(help="The language: zh-CN, en, en-GB, en-US.")],
    project: ProjectOption = HERE,
    missing: Annotated[bool, typer.Option("--missing", help="Only those that the project has not.")] = False,
    flow: Annotated[str | None, typer.Option(help="Only what this flow says and reads back.")] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the words of each beside where its recording belongs, if none are there."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """What must be recorded so that every number, amount, date, time and telephone number is spoken by your own voice.

    One piece a line: the file below prompts/LANGUAGE and its words. A text-to-speech engine speaks what --write wrote.
    """
    known = values.pieces(lang) if flow is None else needed_pieces(_flow(project, flow), lang)
    there: set[str] = set()
    if missing:
        found = read_catalog(_folder(project), *voice_settings(project))
        there = {name for (language, name), facts in found.items() if language == lang and facts.has_audio}
    wanted = {name: text for name, text in known.items() if name not in there}
    if write:
        _write_words(project / "prompts" / lang, wanted)
    if as_json:
        say_json(wanted)
    else:
        for name, text in wanted.items():
            say(f"{name + '.wav':<20} {text}")


def _flow(project: Path, name: str) -> Flow:
    found = read_project(project, trunk_names(project))
    if name not in found.flows:
        raise InputError(f"--flow: {no_such_flow(name, found.flows, found.unread_flows)}")
    return found.flows[name].parsed.flow


def _write_words(folder: Path, wanted: Mapping[str, str]) -> None:
    for name, text in wanted.items():
        file = folder / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(f"{text}\n", "utf-8")


def _folder(project: Path) -> Path:
    folder = project / "prompts"
    if not find_sources(folder):
        raise InputError(f"{folder}: holds no prompts; --project names the project folder")
    return folder


def _show(title: str, results: list[Result], as_json: bool) -> None:
    if as_json:
        say_json([dataclasses.asdict(result) for result in results])
        return
    columns = ("prompt", "state", "seconds", "LUFS", "peak dB", "gain dB")
    table(title, columns, [(r.prompt, r.state, *_figures(r.facts)) for r in results])
    for result in results:
        for note in result.notes:
            say(f"{result.prompt}: note: {note}")
        if result.error:
            warn(f"{result.prompt}: {result.error}")


def _figures(facts: dict[str, Any]) -> tuple[object, ...]:
    return tuple(facts.get(name) for name in ("seconds", "loudness", "true_peak_db", "gain_db"))
