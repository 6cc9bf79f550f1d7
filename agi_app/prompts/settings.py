"""The settings of a project's prompts, with the defaults when it has none yet."""

from __future__ import annotations

from pathlib import Path

from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.config.settings import SETTINGS_FILE, load_settings


def voice_settings(project: Path) -> tuple[PromptSettings, TtsSettings]:
    """How the project's prompts are made; the defaults when it has no settings file yet."""
    if not (project / SETTINGS_FILE).exists():
        return PromptSettings(), TtsSettings()
    settings = load_settings(project)
    files = {name: project / file for name in ("model", "model_voices") if (file := getattr(settings.tts, name))}
    return settings.prompts, settings.tts.model_copy(update=files)
