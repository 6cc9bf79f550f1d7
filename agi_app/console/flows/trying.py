"""A call that is only thought of: press keys or say something, hear the prompts, see the way light up.

The form carries all that was done so far, and the whole call is made again each time; nothing is kept anywhere.
"""

from __future__ import annotations

import asyncio

from agi_app.api.problems import RequestRefused
from agi_app.console.flows.one_flow import NodeShown
from agi_app.console.flows.reading import drafted, drawn, markup, project_of
from agi_app.console.pages import PageCall, PageData, Pages, Shown
from agi_app.errors import AuthorError, InputError
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.project import flow_views, simulations
from agi_app.operations.project.project_files import Project
from agi_app.operations.project.simulations import Talk

pages = Pages()
MOST_INPUTS = 200
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")


class HeardSound(PageData):
    """A prompt that began to play; ``sound``: where it can be heard, if there is a recording."""

    prompt: str
    text: str
    language: str
    sound: str | None


class TriedTurn(PageData):
    """What followed an input, None for the beginning, and where the call waits then."""

    input: str | None
    lines: list[str]
    heard: list[HeardSound]
    flow: str
    node: str


class TriedCall(PageData):
    """The call so far. ``of``: file or draft; ``results``: how a transfer may end that goes on now."""

    name: str
    of: str
    languages: list[str]
    language: str
    turns: list[TriedTurn]
    inputs: list[str]
    finished: bool
    disposition: str
    answers: dict[str, str | None]
    opted_out: bool
    results: list[str]
    nodes: list[NodeShown]


@pages.get("/flows/{flow}/try", Scope.FIGURES_READ)
async def begin(call: PageCall) -> Shown:
    """The call is answered."""
    return await _tried(call, [])


@pages.post("/flows/{flow}/try", Scope.FIGURES_READ)
async def go_on(call: PageCall) -> Shown:
    """One input more; or the last one less; or from the beginning."""
    done = [line for line in call.form.get("done", "").splitlines() if line.strip()]
    match call.form.get("do", ""):
        case "again":
            done = []
        case "undo":
            done = done[:-1]
        case _:
            given = call.form.get("press") or call.form.get("said", "")
            done += [" ".join(given.split())[:200]] if given.strip() else []
    return await _tried(call, done)


async def _tried(call: PageCall, done: list[str]) -> Shown:
    name, project = call.path["flow"], await project_of(call)
    project, of = await drafted(call, project, call.form.get("of") or call.query.get("of", ""))
    if name not in project.flows:
        raise RequestRefused("not_found")
    flow, fault = project.flows[name].parsed.flow, ""
    language = call.form.get("language") or call.query.get("language") or ""
    language = language if language in flow.languages else flow.languages[0]
    if len(done) > MOST_INPUTS:
        done, fault = done[:MOST_INPUTS], t("A call has at most {most} inputs.", most=MOST_INPUTS)
    try:
        talk = await _talk(call, project, done, language)
    except (InputError, AuthorError) as error:
        fault = str(error)
        talk = await asyncio.to_thread(_plain, project, name, done, language)
    lit = flow_views.lit_by(flow.start, talk.walked, talk.at)
    picture = await drawn(project, name, language, lit)
    data = TriedCall(
        name=name,
        of=of,
        languages=list(flow.languages),
        language=language,
        turns=[_turn(project, one) for one in talk.turns],
        inputs=done,
        finished=talk.finished,
        disposition=talk.disposition,
        answers=dict(talk.answers),
        opted_out=talk.opted_out,
        results=list(simulations.RESULTS) if talk.transferring else [],
        nodes=[] if picture is None else [NodeShown.model_validate(one) for one in picture.nodes],
    )
    more = {"picture": markup(picture), "fault": fault, "keys": KEYS, "takes_words": talk.takes_words}
    more["choices"] = [(one, one) for one in flow.languages]
    more |= {field: call.form.get(field, "") for field in ("contact", "now")}
    return Shown("flows/try.html", data, f"agi-app simulate {name}", 422 if fault else 200, more)


async def _talk(call: PageCall, project: Project, done: list[str], language: str) -> Talk:
    columns = dict(_column(line) for line in call.form.get("contact", "").splitlines() if line.strip())
    return await asyncio.to_thread(
        simulations.talk,
        project,
        call.path["flow"],
        done,
        language=language,
        columns=columns,
        now=call.form.get("now", "").replace("T", " ").strip(),
        to_the_end=False,
    )


def _plain(project: Project, name: str, done: list[str], language: str) -> Talk:
    return simulations.talk(project, name, done, language=language, columns={}, to_the_end=False)


def _column(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals or not name.strip():
        raise InputError(t("write a column of the contact as NAME=VALUE, one on each line"))
    return name.strip(), value.strip()


def _turn(project: Project, turn: simulations.SimulatedTurn) -> TriedTurn:
    heard = []
    for one in turn.heard:
        facts = project.prompts.get((one.language, one.prompt))
        there = facts is not None and facts.has_audio and facts.error is None
        sound = f"/prompts/{one.language}/{one.prompt}/sound" if there else None
        heard.append(HeardSound(prompt=one.prompt, text=one.text, language=one.language, sound=sound))
    return TriedTurn(input=turn.input, lines=list(turn.lines), heard=heard, flow=turn.flow, node=turn.node)
