"""Calls through a flow without a telephone: by hand, as a machine gets one, and those that simulations/ expects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.campaigns.project.called_flows import concerns
from agi_app.campaigns.project.read_project import Project, Source, find_project
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.flow.engine.call_in_flow import Walked
from agi_app.flow.language.built_in_flows import leaving
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.transfer_step import RESULTS
from agi_app.flow.simulation.coverage import Branch, branches, taken
from agi_app.flow.simulation.expected_calls import NOW_FORMAT, CaseResult, Cases, run_case, write_now
from agi_app.flow.simulation.inputs import takes_words
from agi_app.flow.simulation.simulator import PlayedPrompt, Simulation
from agi_app.messages import t
from agi_app.model.machine_detection import MachineAction
from agi_app.operations.project.project_files import find_flow, read_files
from agi_app.operations.project.sample_contacts import given_contact, line_region, row_of

__all__ = [
    "RESULTS",
    "BranchTaken",
    "ExpectedCalls",
    "RunCase",
    "SimulatedTurn",
    "Simulation",
    "Talk",
    "begin",
    "expected_of",
    "machine_call",
    "run_expected",
    "talk",
    "turns",
]
_OF_SOUND = ("flow/prompt-missing", "flow/prompt-format")


@dataclass(frozen=True, slots=True)
class RunCase:
    """An expected call that was run, and the file that it is in."""

    file: str
    verdict: CaseResult


@dataclass(frozen=True, slots=True)
class ExpectedCalls:
    """The calls that were run; the faults that kept others from it, and of how many files."""

    runs: Sequence[RunCase]
    faults: Sequence[Problem]
    not_run: int

    @property
    def failed(self) -> int:
        """Calls that came out otherwise."""
        return sum(bool(run.verdict.differences) for run in self.runs)


@dataclass(frozen=True, slots=True)
class BranchTaken:
    """A branch of a flow, and whether an expected call takes it."""

    branch: Branch
    taken: bool


def begin(
    folder: Path,
    flow: str,
    *,
    language: str | None = None,
    contact: str = "",
    fields: Sequence[str] = (),
    now: str = "",
) -> tuple[Simulation, list[Problem]]:
    """A call through a flow that waits for its first input, and what is wrong in the flow's file. Blocks.

    ``contact`` is FILE:LINE, ``fields`` are NAME=VALUE over it, ``now`` is when the call is. Raises InputError,
    AuthorError when the flow cannot be read, ConfigError.
    """
    project = read_files(folder)
    source = find_flow(project, flow, language)
    columns, its_language = given_contact(contact, list(fields), source.parsed.flow.languages)
    simulation = _simulation(project, source.parsed.flow, columns, language or its_language, now)
    return simulation, [problem for problem in project.problems if problem.file == source.file]


@dataclass(frozen=True, slots=True)
class SimulatedTurn:
    """One input, None for the beginning of the call; what followed, and the node where the call waits then."""

    input: str | None
    lines: Sequence[str]
    heard: Sequence[PlayedPrompt]
    flow: str
    node: str


def turns(simulation: Simulation, inputs: Sequence[str], *, to_the_end: bool = True) -> Iterator[SimulatedTurn]:
    """The call: these inputs as long as it goes on, and then, ``to_the_end``, the person hangs up."""
    yield _turn(simulation, None)
    for line in [*inputs, *(["hangup"] if to_the_end else [])]:
        if not simulation.finished:
            yield _turn(simulation, line)


def _turn(simulation: Simulation, line: str | None) -> SimulatedTurn:
    before = len(simulation.heard)
    shown = simulation.start() if line is None else simulation.feed(line)
    flow, node = simulation.place
    return SimulatedTurn(line, shown, simulation.heard[before:], flow, node)


@dataclass(frozen=True, slots=True)
class Talk:
    """A call through a flow that was simulated. ``at``: the node of the flow itself where it is now."""

    turns: Sequence[SimulatedTurn]
    disposition: str
    answers: Mapping[str, str | None]
    opted_out: bool
    not_understood: bool  # one of the inputs is none
    problems: Sequence[Problem]  # of the flow's file
    finished: bool
    at: str
    transferring: bool
    takes_words: bool  # what is said matters in the flow
    walked: Sequence[Walked]


def talk(
    project: Project,
    flow: str,
    inputs: Sequence[str],
    *,
    language: str | None,
    columns: Mapping[str, str],
    now: str = "",
    to_the_end: bool = True,
) -> Talk:
    """A call with a contact that has these columns. Blocks. Raises InputError, AuthorError for an unreadable flow."""
    source = find_flow(project, flow, language)
    simulation = _simulation(project, source.parsed.flow, columns, language, now)
    whole = list(turns(simulation, inputs, to_the_end=to_the_end))
    session, state = simulation.session, simulation.session.state
    return Talk(
        whole,
        simulation.disposition,
        session.answers,
        session.opted_out,
        simulation.not_understood,
        [problem for problem in project.problems if problem.file == source.file],
        simulation.finished,
        state["callers"][0]["node"] if state["callers"] else state["node"],
        state["transfer"] is not None,
        takes_words(source.parsed.flow),
        session.walked,
    )


def _simulation(project: Project, flow: Flow, columns: Mapping[str, str], language: str | None, now: str) -> Simulation:
    return Simulation(flow, project.prompts, columns, language, _time(now), line_region(project.folder, flow))


def _time(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, NOW_FORMAT) if text else None  # noqa: DTZ007 - local time of nobody
    except ValueError:
        raise InputError(f"--now {text!r}: {write_now(text)}") from None


def machine_call(folder: Path, name: str, language: str | None) -> list[str]:
    """What a machine gets that answers a call of this campaign, line by line. Blocks.

    Raises InputError when there is no such campaign, or when it does not look who answers, ConfigError.
    """
    project = read_files(folder)
    if name not in project.campaigns:
        raise no_such("campaign", name, project.campaigns)
    campaign = project.campaigns[name].parsed.campaign
    detection, source = campaign.machine_detection, project.flows.get(campaign.flow)
    if detection is None:
        raise InputError(
            t(
                "campaign {name} has no machine_detection: a machine hears the flow, like a person who answers",
                name=name,
            )
        )
    if detection.action is MachineAction.HANG_UP or source is None:
        return ["a machine answers", "hung up", "outcome: machine, no disposition"]
    if detection.message is None:
        return [
            f"a machine answers and hears the flow {campaign.flow}, as a person would",
            "outcome: machine, no disposition; human, if a key is pressed or a stop is said",
        ]
    after, within = (f"{time.total_seconds():g} s" for time in (detection.message_after, detection.message_within))
    simulation = Simulation(leaving(source.parsed.flow, detection.message), project.prompts, {}, language)
    return [
        f"a machine answers; when it was silent for {after} (if within {within}):",
        *simulation.start(),
        *(simulation.feed("listen") if not simulation.finished else []),
        "outcome: machine, no disposition; human, if a key is pressed",
    ]


def run_expected(what: str | None, folder: Path) -> ExpectedCalls:
    """Run the calls of one file, or of all. Blocks. Raises InputError, AuthorError when the one file cannot be run.

    A fault stops those files alone that it concerns: their own faults, and those of their flow and what it calls.
    """
    only = None
    if what is not None:
        folder, only = find_project(Path(what))
    project = read_files(folder)
    chosen = [s for name, s in project.simulations.items() if only in (None, name)]
    faults = {source.file: _faults(project, source) for source in chosen}
    unread = [p for p in project.errors if p.file.startswith("simulations/") and p.file not in project.simulations]
    stopping = [p for file in faults.values() for p in file] + [p for p in unread if only in (None, p.file)]
    if stopping and (only is not None or not any(not found for found in faults.values())):
        raise AuthorError(*dict.fromkeys(stopping))
    if not chosen:
        raise InputError(
            t("{what}: has no expected calls; write simulations/NAME.yaml", what=what or folder / "simulations")
        )
    runs = _runs(project, [source for source in chosen if not faults[source.file]])
    not_run = sum(bool(found) for found in faults.values()) + len({p.file for p in unread})
    return ExpectedCalls(runs, list(dict.fromkeys(stopping)), not_run)


def expected_of(project: Project, flow: str) -> tuple[ExpectedCalls, Sequence[BranchTaken]]:
    """The expected calls of a flow that was read, and which of its branches they and those of its callers take. Blocks.

    Raises InputError when there is no such flow.
    """
    wanted = find_flow(project, flow, None).parsed.flow
    whole = {name: source.parsed.flow for name, source in project.flows.items()}
    chosen = [
        source
        for source in project.simulations.values()
        if (of := source.parsed.file.flow) == flow or (of in whole and flow in whole[of].parts)
    ]
    faults = {source.file: _faults(project, source) for source in chosen}
    well = [source for source in chosen if not faults[source.file]]
    runs = _runs(project, well)
    began_with = {source.file: source.parsed.file.flow for source in well}
    gone = taken(wanted, ((began_with[run.file], run.verdict.walked) for run in runs))
    stopping = list(dict.fromkeys(p for found in faults.values() for p in found))
    own = [run for run in runs if began_with[run.file] == flow]
    found = ExpectedCalls(own, stopping, sum(bool(found) for found in faults.values()))
    return found, [BranchTaken(one, one in gone) for one in branches(wanted)]


def _runs(project: Project, sources: Sequence[Source[Cases]]) -> list[RunCase]:
    return [
        RunCase(source.file, _run_one(project, source.parsed, index))
        for source in sources
        for index in range(len(source.parsed.file.cases))
    ]


def _faults(project: Project, source: Source[Cases]) -> list[Problem]:
    """What keeps the calls of this file from being run; the words of a prompt are enough, nobody hears it."""
    flow = project.flows.get(source.parsed.file.flow)
    errors = [p for p in project.errors if p.rule not in _OF_SOUND]
    return [p for p in errors if p.file == source.file or (flow is not None and concerns(project, p, flow))]


def _run_one(project: Project, source: Cases, index: int) -> CaseResult:
    case, flow = source.file.cases[index], project.flows[source.file.flow].parsed.flow
    contact: Mapping[str, str] = case.contact
    if case.row is not None:
        try:
            contact, language = row_of(project.folder, case.row, flow.languages)
        except InputError as error:
            where = ("cases", index, "row")
            raise AuthorError(source.document.problem(where, "simulation/contact", f"row: {error}")) from error
        contact = contact if case.language or not language else {**contact, "language": language}
    return run_case(source, index, flow, project.prompts, contact, line_region(project.folder, flow))
