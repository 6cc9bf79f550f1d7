"""The rule about keys that a question's recording names and the question does not have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from agi_app.errors import Problem
from agi_app.flow.answers.grammar import family
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.language.asking_steps import GatherStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import t

_SAID = {
    "en": re.compile(r"\bpress\s+(?:key\s+)?(\d)\b|(?:,|\bor)\s+(\d)\s+to\s+(?!\d)"),
    "zh": re.compile(r"按\s*(\d)(?!\d)|(?<!\d)(\d)\s*键"),
}


def said_keys(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/unknown-answer``: a question that takes keys says no other key than it has."""
    flow = source.flow
    for path, step in flow.steps_of(GatherStep):
        gather = step.gather
        for language in flow.languages if gather.keys and not gather.digits else ():
            text = unicodedata.normalize("NFKC", transcript_of(prompts, language, gather.prompt)).casefold()
            pattern = _SAID.get(family(language))
            said = {one or other for one, other in pattern.findall(text)} if pattern else set()
            for key in sorted(said - {*(gather.keys or {}), flow.opt_out.key}):
                message = t(
                    'prompt: "{prompt}" says in {language} to press {key}, no key of this question',
                    prompt=gather.prompt,
                    language=language,
                    key=key,
                )
                yield source.document.problem((*path, "gather", "prompt"), "flow/unknown-answer", message, "warning")
