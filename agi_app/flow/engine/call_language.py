"""Which language a call speaks. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def choose_language(languages: list[str], wanted: str | None, contact: Mapping[str, str]) -> str:
    """``wanted``, else the contact's column ``language``, else the first listed; ``zh`` finds ``zh-CN``."""
    asked = (wanted or contact.get("language") or "").strip().replace("_", "-").lower()
    exact = [language for language in languages if language.lower() == asked]
    alike = [language for language in languages if asked and language.lower().split("-")[0] == asked.split("-")[0]]
    return (exact or alike or languages)[0]
