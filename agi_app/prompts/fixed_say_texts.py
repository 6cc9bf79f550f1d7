"""The texts of ``say`` steps that are the same in every call: spoken once with the prompts, not for each call."""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.flow.language.definition import Flow
from agi_app.flow.language.say_step import COLUMN, SayStep


def said_texts(flows: Iterable[Flow]) -> set[tuple[str, str]]:
    """(language, text) of each text without a contact's column, in the languages of its flow."""
    return {
        (language, text)
        for flow in flows
        for steps in flow.nodes.values()
        for step in steps
        if isinstance(step, SayStep)
        for language, text in (step.say.text or {}).items()
        if language in flow.languages and not COLUMN.search(text)
    }
