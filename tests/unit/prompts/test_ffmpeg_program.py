"""Where ffmpeg is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agi_app.prompts.ffmpeg_program import ffmpeg


def test_it_is_found_on_the_path_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program and without the package that brings it, nobody is told to use it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert ffmpeg() is None
    program = tmp_path / "ffmpeg"
    program.touch(mode=0o755)
    assert ffmpeg() == str(program)
