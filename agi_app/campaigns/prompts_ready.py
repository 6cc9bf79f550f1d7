"""A project with all that its callers hear prepared: what `campaign start` and `run` do before anybody is called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from agi_app import log
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.checks.machine_message import WHERE, message_of
from agi_app.campaigns.project.read_project import Project, read_project
from agi_app.errors import Problem
from agi_app.flow.check.graph import prompt_uses
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import t
from agi_app.prompts.as_it_is_or_prepared import said_id
from agi_app.prompts.fixed_say_texts import said_texts
from agi_app.prompts.prepare import prepare
from agi_app.prompts.settings import voice_settings

RULE = "flow/prompt-format"
_log = log.get("app")


def make_ready(folder: Path, trunks: Collection[str] | None) -> Project:
    """Prepare recordings and texts, then read and check the project; blocks.

    What cannot be prepared is a problem of each flow that plays it. Raises InputError when there is no such
    folder, ConfigError when its settings are wrong or the prompts cannot be written.
    """
    said = said_texts(flow.parsed.flow for flow in read_project(folder, trunks).flows.values())
    results = prepare(folder / "prompts", *voice_settings(folder), said=said)
    project = read_project(folder, trunks)
    failed = {result.prompt: result.error for result in results if result.error is not None}
    for flow in project.flows.values():
        project.problems += _unready(flow.parsed, project, failed)
    for campaign in project.campaigns.values():
        project.problems += _unready_message(campaign.parsed, project, failed)
    project.problems.sort()
    return project


def prepare_prompts(folder: Path, trunks: Collection[str]) -> Project:
    """Prepare what callers hear, before anybody is called; a bad file is a fault of the flows that play it only."""
    project = make_ready(folder, trunks)
    for problem in project.problems:
        if problem.rule == RULE:
            _log.warning("a prompt cannot be prepared", file=problem.file, line=problem.line, reason=problem.message)
    return project


def _unready_message(source: CampaignDocument, project: Project, failed: Mapping[str, str]) -> Iterator[Problem]:
    """The same for the message that the campaign leaves to machines."""
    message, flow = message_of(source.campaign), project.flows.get(source.campaign.flow)
    for language in flow.parsed.flow.languages if flow is not None else ():
        facts, error = project.prompts.get((language, message or "")), failed.get(f"{language}/{message}")
        if error is not None and facts is not None and not facts.has_audio:
            yield source.document.problem(WHERE, RULE, f"prompts/{language}/{error}")


def _unready(source: FlowDocument, project: Project, failed: Mapping[str, str]) -> Iterator[Problem]:
    """Texts that no engine could speak; a bad recording is found by the check already."""
    for use in prompt_uses(source.flow):
        for language in source.flow.languages:
            facts = project.prompts.get((language, use.prompt))
            error = failed.get(f"{language}/{use.prompt}")
            if error is not None and facts is not None and not facts.has_audio:
                yield source.document.problem(use.path, RULE, f"prompts/{language}/{error}")
    for language, text in sorted(said_texts([source.flow])):
        error = failed.get(said_id(language, text))
        if error is not None:
            yield source.document.problem(
                ("nodes",), RULE, t('say "{text}" ({language}): {error}', text=text, language=language, error=error)
            )
