"""Reads a project folder: campaigns, flows, prompts. Faults become problems, all of them at once.

campaigns/*.yaml   flows/*.yaml   rules/*.yaml   meanings/*.yaml   simulations/*.yaml
prompts/<language>/NAME.wav + NAME.txt   agi-app.toml
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from agi_app.authoring.yaml_lines import Document
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.campaign_file.load import CampaignDocument, check_campaign, parse_campaign
from agi_app.campaigns.checks.campaign_for_agents import check_agents, check_agents_destination
from agi_app.campaigns.checks.campaign_times import check_over, check_times
from agi_app.campaigns.checks.country_rules import check_against_rules
from agi_app.campaigns.checks.feeds import check_feeds
from agi_app.campaigns.checks.first_prompt_law import check_law
from agi_app.campaigns.checks.gateway_ports import check_ports
from agi_app.campaigns.checks.inbound_lines import check_inbound_lines
from agi_app.campaigns.checks.machine_message import check_message, message_of
from agi_app.campaigns.checks.quota_dispositions import with_dispositions
from agi_app.campaigns.checks.results_targets import check_results_targets
from agi_app.campaigns.project.meanings_files import load_meanings, shipped_meanings
from agi_app.campaigns.project.unread_files import misnamed_folders, no_settings, not_looked_at, twin_folders, twins
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.config.settings import SETTINGS_FILE, load_settings, trunk_names
from agi_app.errors import AuthorError, ConfigError, InputError, Problem
from agi_app.file_kinds import no_such_file, why
from agi_app.flow.answers.meanings import Meanings
from agi_app.flow.check.alike_meanings import check_words
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.prompt_files import unused_prompts
from agi_app.flow.check.recorded_pieces import check_pieces
from agi_app.flow.check.speech_answers import check_meanings, check_recognizer, check_scripted
from agi_app.flow.check.sub_flows import check_calls, check_destinations, with_parts
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.expected_calls import Cases, check_cases, parse_cases
from agi_app.messages import spoken, t, template
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.settings import voice_settings

Parsed = TypeVar("Parsed")


# What depends on who speaks the prompts, which the settings say
OF_RECORDINGS = frozenset(("flow/prompt-missing", "flow/prompt-format"))


@dataclass(frozen=True, slots=True)
class Source(Generic[Parsed]):
    """One YAML file: what it says, its text, and its name relative to the project folder."""

    parsed: Parsed
    text: str
    file: str


@dataclass(slots=True)
class Project:
    """What a project folder holds, by name, and everything that is wrong with it."""

    folder: Path
    campaigns: dict[str, Source[CampaignDocument]] = field(default_factory=dict)
    flows: dict[str, Source[FlowDocument]] = field(default_factory=dict)
    simulations: dict[str, Source[Cases]] = field(default_factory=dict)  # by file
    prompts: dict[tuple[str, str], PromptFacts] = field(default_factory=dict)
    meanings: Meanings = field(default_factory=shipped_meanings)
    problems: list[Problem] = field(default_factory=list)

    unread_flows: list[str] = field(default_factory=list)  # files of flows/ that cannot be read

    @property
    def errors(self) -> list[Problem]:
        """The problems that forbid a start."""
        return [p for p in self.problems if p.severity == "error"]


def checked_project(folder: Path, now: dt.datetime | None = None) -> Project:
    """As ``read_project``, but faults of the settings are problems, too, and hide those of no other file.

    What needs the settings (trunks, destinations, how prompts are made) is not checked then. ConfigError: the
    environment is wrong.
    """
    try:
        trunks = trunk_names(folder)
    except ConfigError as error:
        if not error.problems:  # of the environment: no file has them
            raise
        project = read_project(folder, None, with_settings=False, now=now)
        found = [problem for problem in project.problems if problem.rule not in OF_RECORDINGS]
        project.problems = sorted([*error.problems, *found])
        return project
    project = read_project(folder, trunks, now=now)
    unread = {t("no recording prompts/{language}/", language=language) for language in twins(folder)}
    project.problems = [
        p
        for p in project.problems
        if not any(lack in p.message for lack in unread) and not (unread and p.rule == "simulation/unknown-text")
    ]
    if project.flows or project.campaigns or project.problems:
        project.problems = sorted([*project.problems, *no_settings(folder)])
    return project


def read_project(
    folder: Path, trunks: Collection[str] | None, *, with_settings: bool = True, now: dt.datetime | None = None
) -> Project:
    """Read and check everything; ``trunks`` None: the settings are not known. InputError: no such folder.

    ``now`` is rules time; None: whether a campaign is over is not judged.
    """
    if not folder.is_dir():
        raise InputError(t("{folder}: is not a folder; `agi-app init DIR` makes a project", folder=folder))
    voice = voice_settings(folder) if with_settings else (PromptSettings(), TtsSettings())
    project = Project(folder, prompts=read_catalog(folder / "prompts", *voice))
    project.flows = _read_all(project, "flows", parse_flow, lambda d: (d.flow.flow, ("flow",), d.document))
    project.unread_flows = sorted({p.file for p in project.problems})
    project.campaigns = _read_all(
        project, "campaigns", parse_campaign, lambda d: (d.campaign.name, ("campaign",), d.document)
    )
    project.simulations = _read_all(project, "simulations", parse_cases, lambda d: (d.document.file, (), d.document))
    project.problems += [*misnamed_folders(folder), *twin_folders(folder)]
    project.meanings = _problems_kept(project, load_meanings, shipped_meanings())
    _check_flows(project, with_settings)
    _find_completed(project)
    ruleset = _problems_kept(project, load_ruleset, None)
    for campaign in project.campaigns.values():
        project.problems += check_campaign(campaign.parsed, project.flows, trunks, project.unread_flows)
        project.problems += check_over(campaign.parsed, now) if now is not None else ()
        if ruleset is not None:
            project.problems += [*check_against_rules(campaign.parsed, ruleset), *check_times(campaign.parsed, ruleset)]
        flow = project.flows.get(campaign.parsed.campaign.flow)
        project.problems += check_agents(campaign.parsed, None if flow is None else flow.parsed, ruleset)
        if flow is not None and flow.parsed.flow.is_called:
            project.problems.append(_sub_flow(project, campaign, flow))
        if flow is not None and flow.parsed.flow.is_line:
            project.problems.append(_line_flow(project, campaign, flow.parsed.flow.flow))
        if flow is not None:
            project.problems += check_message(campaign.parsed, flow.parsed.flow, project.prompts, ruleset)
        if flow is not None and ruleset is not None:
            project.problems += check_law(campaign.parsed, flow.parsed, project.prompts, ruleset)
    project.problems = sorted(set(project.problems))  # one flow of two campaigns has a fault once
    return project


def _find_completed(project: Project) -> None:
    """Put into each quota what its campaign's flow calls completed."""
    for name, campaign in project.campaigns.items():
        if (flow := project.flows.get(campaign.parsed.campaign.flow)) is None:
            continue
        found = with_dispositions(campaign.parsed, flow.parsed.flow)
        if isinstance(found, Problem):
            project.problems.append(found)
        else:
            project.campaigns[name] = replace(campaign, parsed=found)


def _line_flow(project: Project, campaign: Source[CampaignDocument], name: str) -> Problem:
    """Of a campaign that names a flow for calls that come in: the flows that it may name."""
    flows = (source.parsed.flow for source in project.flows.values())
    right = sorted(flow.flow for flow in flows if not (flow.is_line or flow.is_called))[:20]
    more = t("; flows for campaigns here: {right}", right=", ".join(right)) if right else ""
    message = t(
        'flow: "{name}" is for calls that come in (without_number), not for a campaign{more}', name=name, more=more
    )
    return campaign.parsed.document.problem(("flow",), "campaign/line-flow", message)


def _sub_flow(project: Project, campaign: Source[CampaignDocument], flow: Source[FlowDocument]) -> Problem:
    """Of a campaign that names a flow which other flows call: who calls it, or what makes it such a flow."""
    name, rule = flow.parsed.flow.flow, "campaign/sub-flow"
    callers = sorted(
        caller
        for caller, source in project.flows.items()
        for steps in source.parsed.flow.nodes.values()
        for step in steps
        if isinstance(step, CallStep) and step.call.flow == name
    )
    if not callers and not flow.parsed.flow.parameters:
        path = next(
            ("nodes", node, index, "return")
            for node, steps in flow.parsed.flow.nodes.items()
            for index, step in enumerate(steps)
            if isinstance(step, ReturnStep)
        )
        message = t("return: no flow calls this one, and {file} starts it: end it with hangup", file=campaign.file)
        return flow.parsed.document.problem(path, rule, message)
    who = ", ".join(dict.fromkeys(callers)) or t("other flows")
    return campaign.parsed.document.problem(
        ("flow",), rule, t('flow: "{name}" is called by {who}; name the one that calls it', name=name, who=who)
    )


def detecting(folder: Path) -> list[str]:
    """The campaigns that look who has answered."""
    campaigns = read_project(folder, None).campaigns
    return sorted(name for name, source in campaigns.items() if source.parsed.campaign.machine_detection is not None)


def _check_by_settings(project: Project, flows: dict[str, FlowDocument]) -> None:
    if not (project.folder / SETTINGS_FILE).exists():
        return
    settings = load_settings(project.folder)
    for flow in flows.values():
        project.problems += check_destinations(flow, settings.destinations)
        project.problems += check_recognizer(flow) if settings.speech.engine == "none" else ()
        project.problems += check_pieces(flow, project.prompts, engine=settings.tts.engine != "none")
        project.problems += check_scripted(flow) if settings.speech.engine == "scripted" else ()
    whole_flows = {name: flow.flow for name, flow in flows.items()}
    project.problems += check_inbound_lines(project.folder, settings.lines, whole_flows, project.unread_flows)
    project.problems += check_results_targets(project.folder, settings.results, project.campaigns)
    unread = [problem.file for problem in project.errors if problem.file.startswith("campaigns/")]
    campaigns = {name: source.parsed for name, source in project.campaigns.items()}
    project.problems += check_feeds(project.folder, settings.feeds, campaigns, whole_flows, unread)
    for campaign in project.campaigns.values():
        project.problems += check_ports(campaign.parsed, settings.trunks)
        project.problems += check_agents_destination(campaign.parsed, settings.destinations)


def _check_flows(project: Project, with_settings: bool) -> None:
    known = {name: source.parsed.flow for name, source in project.flows.items()}
    for name, source in project.flows.items():
        whole = with_parts(source.parsed.flow, known).understanding(project.meanings)
        project.flows[name] = replace(source, parsed=replace(source.parsed, flow=whole))
    flows = {name: source.parsed for name, source in project.flows.items()}
    for flow in flows.values():
        project.problems += [*check_flow(flow, project.prompts), *check_calls(flow, known, project.unread_flows)]
        project.problems += [*check_meanings(flow, project.meanings), *check_words(flow, project.meanings)]
    if with_settings:
        _check_by_settings(project, flows)
    messages = filter(None, (message_of(campaign.parsed.campaign) for campaign in project.campaigns.values()))
    if not project.unread_flows:  # one of them may play it
        project.problems += unused_prompts(flows.values(), project.prompts, messages)
    for cases in project.simulations.values():
        project.problems += check_cases(cases.parsed, flows, project.prompts, project.unread_flows)


def _problems_kept(project: Project, load: Callable[[Path], Parsed], otherwise: Parsed) -> Parsed:
    """What the project's own files add to the shipped ones; ``otherwise`` when they have faults: they are problems."""
    try:
        return load(project.folder)
    except AuthorError as error:
        project.problems += error.problems
        return otherwise


def _read_all(
    project: Project,
    kind: str,
    parse: Callable[[bytes, str], Parsed],
    named: Callable[[Parsed], tuple[str, tuple[str, ...], Document]],
) -> dict[str, Source[Parsed]]:
    found: dict[str, Source[Parsed]] = {}
    project.problems += not_looked_at(project.folder, kind)
    for path in sorted((project.folder / kind).glob("*.y*ml")):
        file = f"{kind}/{path.name}"
        try:
            content = path.read_bytes()
            text = content.decode("utf-8-sig", "replace")  # the parser says where it is none
            parsed = parse(content, file)
        except OSError as error:
            told = t("this is a folder") if path.is_dir() else t("cannot be read: {strerror}", strerror=why(error))
            project.problems.append(Problem(file, 1, 1, "yaml/unreadable", told))
        except AuthorError as error:
            project.problems += error.problems
        else:
            name, key, document = named(parsed)
            if name in found:
                message = t(
                    'the name "{name}" is taken by {file}; every {kind} needs its own',
                    name=name,
                    file=found[name].file,
                    kind=spoken(_NAMED[kind]),
                )
                project.problems.append(document.problem(key, f"{kind[:-1]}/duplicate-name", message))
            else:
                found[name] = Source(parsed, text, file)
    return found


_NAMED = {
    "flows": template("flow"),
    "campaigns": template("campaign"),
    "meanings": template("meaning"),
    "simulations": template("simulation"),
    "rules": template("rule"),
}
_KINDS = ("flows", "campaigns", "rules", "meanings", "simulations")


def find_project(path: Path) -> tuple[Path, str | None]:
    """The project folder of a path, and the one file meant when the path is a YAML file of it."""
    if path.is_dir():
        return path, None
    if not path.exists():
        named = [name for folder in _KINDS if (name := Path(folder, f"{path}.yaml")).exists()]
        hint = t("; a file is named whole: write {named}", named=named[0]) if named else ""
        raise InputError(no_such_file(path).replace(t("no such file"), t("no such file or folder")) + hint)
    file = path.absolute()
    if file.parent.name not in _KINDS:
        raise InputError(
            t(
                "{path}: a flow belongs in flows/, a campaign in campaigns/, a rule file in rules/, meanings in "
                "meanings/, expected calls in simulations/ of the project",
                path=path,
            )
        )
    if not file.match("*.y*ml"):
        raise InputError(
            t(
                "{path}: is not a YAML file; flows, campaigns, rules, meanings and expected calls end in .yaml",
                path=path,
            )
        )
    return file.parent.parent, f"{file.parent.name}/{file.name}"
