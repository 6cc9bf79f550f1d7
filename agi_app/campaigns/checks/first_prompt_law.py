"""What the countries of a campaign ask of the first prompt: a disclosed voice, and the way to stop in time.

The values come from the calling rules, the facts from the transcripts and the length of the recordings. Faults
point at the flow, for that is where they are fixed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.errors import Problem
from agi_app.flow.check.disclosure_words import says_artificial, seconds_after_name
from agi_app.flow.check.graph import PromptUse, first_prompts, said_prompts
from agi_app.flow.check.prompt_facts import PromptFacts, Prompts
from agi_app.flow.language.definition import FlowDocument
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.messages import t


def check_law(campaign: CampaignDocument, flow: FlowDocument, prompts: Prompts, ruleset: RuleSet) -> Iterator[Problem]:
    """Every fault of the flow's first prompts under the strictest rules of the campaign's countries."""
    rules = rules_of(campaign, ruleset)
    known = {**prompts, **said_prompts(flow.flow)}
    for use in first_prompts(flow.flow):
        for language in flow.flow.languages:
            facts = known.get((language, use.prompt))
            if facts is not None and (facts.transcript or "").strip():
                yield from _voice_not_disclosed(flow, use, language, facts, rules)
                yield from _opt_out_late(flow, use, language, facts, rules)


def _voice_not_disclosed(
    flow: FlowDocument, use: PromptUse, language: str, facts: PromptFacts, rules: list[tuple[str, Rules]]
) -> Iterator[Problem]:
    asking = [place for place, its in rules if its.says_artificial_voice]
    if asking and says_artificial(facts.transcript or "", language) is False:
        word = "自动语音" if language.lower().startswith("zh") else "automated"
        message = t(
            '"{prompt}" may be the first prompt, but in {language} it does not say that its voice is not a '
            'person\'s, as {asking} requires (rule artificial_voice); say it there ("{word}")',
            prompt=use.prompt,
            language=language,
            asking=asking[0],
            word=word,
        )
        yield flow.document.problem(use.path, "flow/voice-not-disclosed", message)


def _opt_out_late(
    flow: FlowDocument, use: PromptUse, language: str, facts: PromptFacts, rules: list[tuple[str, Rules]]
) -> Iterator[Problem]:
    name = flow.flow.identify.business.get(language)
    place, limit = min(
        ((p, its.opt_out_within) for p, its in rules), key=lambda x: x[1], default=("", dt.timedelta.max)
    )
    if name is None or facts.seconds <= 0:
        return
    late = seconds_after_name(facts.transcript or "", name, flow.flow.opt_out.key, language, facts.seconds)
    if late is not None and late > limit.total_seconds():
        message = t(
            '"{prompt}" may be the first prompt, but in {language} the way to stop begins about {late:.1f} s '
            'after "{name}"; {place} requires {limit:g} s (rule opt_out): say it sooner',
            prompt=use.prompt,
            language=language,
            late=late,
            name=name,
            place=place,
            limit=limit.total_seconds(),
        )
        yield flow.document.problem(use.path, "flow/opt-out-late", message)


def rules_of(campaign: CampaignDocument, ruleset: RuleSet) -> list[tuple[str, Rules]]:
    """The rules of every country that the campaign lists and of its parts; countries without rules have none."""
    known = (ruleset.jurisdictions.get(region) for region in campaign.campaign.jurisdictions)
    return [place for country in known if country is not None for place in country.places]
