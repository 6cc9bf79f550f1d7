"""Asterisk's TALK_DETECT: how loud talk is, and how long a pause ends it."""

from __future__ import annotations

from agi_app.config.speech import SpeechSettings


def talk_detect(settings: SpeechSettings) -> dict[str, str]:
    """The variables that make Asterisk tell when the person speaks; to set them later would wait for the prompt."""
    return {"TALK_DETECT(set)": f"{settings.pause},{settings.level}"}
