"""A renderer without text-to-speech."""

from __future__ import annotations

from collections.abc import Callable

from agi_app.calls.rendered_speech import NOBODY, Render
from agi_app.errors import ConfigError
from agi_app.flow.engine.say_texts import Parts
from agi_app.flow.saying.spoken_parts import Piece


def recorded_only(media: Callable[[str, str], str]) -> Render:
    """Recorded pieces only; ``media`` makes a URI of (language, name)."""

    def render(parts: Parts, language: str, _whose: str = NOBODY) -> list[str]:
        texts = [part.text for part in parts if not isinstance(part, Piece)]
        if texts:
            raise ConfigError(f"no text-to-speech engine is set up, and {len(texts)} texts have no recording")
        return [media(language, part.name) for part in parts if isinstance(part, Piece)]

    return render
