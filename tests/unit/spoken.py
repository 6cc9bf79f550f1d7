"""What a person said to a question, and what came of it, in one word: for the tables of utterances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from agi_app.authoring.yaml_lines import load
from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import understand

WEDNESDAY = dt.date(2026, 3, 4)
YES_NO = ("yes", "no")
INTEREST = ("interest_high", "interest_some", "interest_none")


def asking(language: str, *labels: str) -> Grammar:
    """A question whose answers are shipped meanings."""
    return shipped_meanings().wanted(language, {label: label for label in labels})


def meant(wanted: Grammar, text: str, confidence: float = 0.9) -> str:
    """The label or the value; ``opt_out`` or ``no_match``."""
    found = understand(wanted, Heard(text, confidence), WEDNESDAY)
    return found.value


def table(language: str) -> dict[str, dict[str, str]]:
    """The utterances of one language: kind of question -> meaning -> utterances."""
    file = Path(__file__).parent / "utterances" / f"{language}.yaml"
    found: dict[str, dict[str, str]] = load(file.read_bytes(), file.name).value
    return found


def said(meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of meaning and utterance; utterances are separated by |."""
    return [(meaning, text.strip()) for meaning, texts in meanings.items() for text in texts.split("|")]
