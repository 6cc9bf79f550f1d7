"""``flow/abandoned``: a person who answers and finds no free agent hears who called and how to stop the calls."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.errors import Problem
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.check.transcripts import offers_key, says
from agi_app.flow.language.definition import FlowDocument


def abandoned_says_who(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """The prompt names the business and offers the opt-out, in each language whose transcript is known."""
    flow = source.flow
    for language in flow.languages if flow.abandoned else ():
        facts = prompts.get((language, flow.abandoned or ""))
        transcript = (facts.transcript or "").strip() if facts is not None else ""
        if not transcript:
            continue  # other rules say that it is missing
        name, key = flow.identify.business.get(language), flow.opt_out.key
        missing = [] if name is None or says(transcript, name) else [f'say "{name}"']
        if not offers_key(transcript, key, language, after_star=False):
            missing.append(f"say to press {key} to stop the calls")
        if missing:
            message = (
                f'"{flow.abandoned}" is all that a person hears who finds no free agent, but in {language} it does not '
            )
            yield source.document.problem(("abandoned",), "flow/abandoned", message + " nor ".join(missing))
