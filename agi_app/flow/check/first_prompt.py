"""The rules about what a person hears first, and who finds no agent: who calls, and how to stop the calls."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.errors import Problem
from agi_app.flow.check.disclosure_words import offers_key, says
from agi_app.flow.check.graph import first_prompts, prompt_uses
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import t, template


def business_not_named(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/business-not-named``: what a person hears first says who calls."""
    for use in first_prompts(source.flow):
        for language, transcript in _transcripts(source, prompts, use.prompt):
            name = source.flow.identify.business.get(language)
            if name is not None and not says(transcript, name):
                message = t(
                    '"{prompt}" may be the first prompt, but in {language} it does not say "{name}"; say it there, or '
                    "correct identify: business",
                    prompt=use.prompt,
                    language=language,
                    name=name,
                )
                yield source.document.problem(use.path, "flow/business-not-named", message)


def opt_out_not_offered(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/opt-out-not-offered``: the first prompt tells how to stop the calls; so does each digit gather."""
    key = source.flow.opt_out.key
    first = {use.path for use in first_prompts(source.flow)}
    for use in (use for use in prompt_uses(source.flow) if use.path in first or use.types_digits):
        wanted = f"*{key}" if use.types_digits else key
        why = t("collects digits") if use.types_digits else t("may be the first prompt")
        for language, transcript in _transcripts(source, prompts, use.prompt):
            if not offers_key(transcript, key, language, after_star=use.types_digits):
                message = t(
                    '"{prompt}" {why}, but in {language} it does not say to press {wanted} to stop the calls',
                    prompt=use.prompt,
                    why=why,
                    language=language,
                    wanted=wanted,
                )
                yield source.document.problem(use.path, "flow/opt-out-not-offered", message)


def abandoned_says_who(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/abandoned``: a person who finds no free agent hears who called and how to stop the calls."""
    flow = source.flow
    for language, transcript in _transcripts(source, prompts, flow.abandoned or ""):
        name, key = flow.identify.business.get(language), flow.opt_out.key
        unnamed = name is not None and not says(transcript, name)
        unoffered = not offers_key(transcript, key, language, after_star=False)
        if unnamed or unoffered:
            message = _ABANDONED[unnamed, unoffered]
            told = t(message, prompt=flow.abandoned, language=language, name=name, key=key)
            yield source.document.problem(("abandoned",), "flow/abandoned", told)


_ABANDONED = {  # whether it does not say who called, and not how to stop -> the words
    (True, False): template(
        '"{prompt}" is all that a person hears who finds no free agent, but in {language} it does not say "{name}"'
    ),
    (False, True): template(
        '"{prompt}" is all that a person hears who finds no free agent, but in {language} it does not say to press'
        " {key} to stop the calls"
    ),
    (True, True): template(
        '"{prompt}" is all that a person hears who finds no free agent, but in {language} it does not say "{name}"'
        " nor say to press {key} to stop the calls"
    ),
}


def _transcripts(source: FlowDocument, prompts: Prompts, name: str) -> Iterator[tuple[str, str]]:
    """Language and words, where there are words: other rules say that they are missing."""
    said = ((language, transcript_of(prompts, language, name)) for language in source.flow.languages)
    return ((language, words) for language, words in said if words)
