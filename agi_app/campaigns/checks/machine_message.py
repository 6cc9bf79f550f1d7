"""What a message to a machine must be: it is heard later, by anybody, and nobody can answer it.

So it says who called, with what voice where the law asks, and how to make the calls stop. It holds nothing about the
person it was meant for: only a prompt can be left, the same for all, and no text with a contact's columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.yaml_lines import Path
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.checks.first_prompt_law import rules_of
from agi_app.errors import Problem
from agi_app.flow.check.disclosure_words import says, says_artificial, says_how_to_stop
from agi_app.flow.check.prompt_facts import PromptFacts, Prompts
from agi_app.flow.check.prompt_files import format_fault, prompt_file
from agi_app.flow.language.definition import Flow
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t
from agi_app.model.campaign import Campaign

WHERE: Path = ("machine_detection", "message")


def message_of(campaign: Campaign) -> str | None:
    """The prompt that the campaign leaves to machines, if it leaves one."""
    return campaign.machine_detection.message if campaign.machine_detection is not None else None


def check_message(source: CampaignDocument, flow: Flow, prompts: Prompts, ruleset: RuleSet | None) -> Iterator[Problem]:
    """Every fault of the campaign's message, in each language of its flow."""
    name = message_of(source.campaign)
    if name is None:
        return
    for language in flow.languages:
        facts = prompts.get((language, name))
        text = (facts.transcript or "").strip() if facts is not None else ""
        if facts is None or not (facts.has_audio or facts.by_engine) or not text:
            file = prompt_file(language, name)
            message = t(
                'message: "{name}" needs {file} with its words in {stem}txt',
                name=name,
                file=file,
                stem=file.removesuffix("wav"),
            )
            yield source.document.problem(WHERE, "campaign/message-missing", message)
            continue
        if facts.has_audio and (fault := facts.error or format_fault(facts)):
            yield source.document.problem(WHERE, "flow/prompt-format", f"{prompt_file(language, name)}: {fault}")
        for rule, message in _faults(source, flow, language, facts, ruleset):
            yield source.document.problem(
                WHERE,
                rule,
                t('message: "{name}" in {language} {message}', name=name, language=language, message=message),
            )


def _faults(
    source: CampaignDocument, flow: Flow, language: str, facts: PromptFacts, ruleset: RuleSet | None
) -> Iterator[tuple[str, str]]:
    text, name = facts.transcript or "", flow.identify.business.get(language)
    if name is not None and not says(text, name):
        yield (
            "campaign/message-unnamed",
            t('does not say "{name}"; a person who hears it cannot ask who called', name=name),
        )
    if not says_how_to_stop(text, language):
        yield (
            "campaign/message-no-stop",
            t("does not say how to stop the calls by telephone or text; a key cannot be pressed later"),
        )
    asking = [place for place, its in rules_of(source, ruleset) if its.says_artificial_voice] if ruleset else []
    if asking and says_artificial(text, language) is False:
        yield (
            "campaign/message-voice",
            t(
                "does not say that its voice is not a person's, as {asking} requires (rule artificial_voice)",
                asking=asking[0],
            ),
        )
    detection = source.campaign.machine_detection
    if detection is not None:
        needs = detection.tuning.total_analysis_time / 1000 + detection.message_within.total_seconds() + facts.seconds
        if needs > source.campaign.max_call.total_seconds():
            yield (
                "campaign/message-long",
                t(
                    "may end {needs:.0f} s after the answer, later than max_call ({max_call:g} s): shorten it or "
                    "message_within, or raise max_call",
                    needs=needs,
                    max_call=source.campaign.max_call.total_seconds(),
                ),
            )
