"""Writes agi-app.toml of a project for a trial: other settings, the same data."""

from __future__ import annotations

from pathlib import Path

from agi_app.consent.project_identity import make

SETTINGS = "agi-app.toml"
_TABLE = "\n[identity]\n"


def write_settings(project: Path, text: str, like: Path | None = None) -> None:
    """Replace the settings by ``text``; the project keeps its [identity], or gets one with its data folder ``var``.

    One person works in a trial, who approves their own starts. ``like``: a project of another node of the same
    database, whose identity is this one's, too.
    """
    kept = _identity(like or project)
    if kept is None:
        kept = "\n" + make(project / "var").toml
    if "approval =" not in text:
        text = f'approval = "alone"\n{text}'
    (project / SETTINGS).write_text(f"{text.rstrip()}\n{kept}", "utf-8")


def _identity(project: Path) -> str | None:
    file = project / SETTINGS
    _, found, rest = (file.read_text("utf-8") if file.exists() else "").partition(_TABLE)
    return f"{_TABLE}{rest.partition(chr(10) + '[')[0].rstrip()}\n" if found else None
