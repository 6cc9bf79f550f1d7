"""The program that reads sound files other than WAV, if it is installed."""

from __future__ import annotations

import importlib
import shutil


def ffmpeg() -> str | None:
    """Where ffmpeg is: on the path, or inside the package imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())  # optional, 165 MB
    except (ImportError, RuntimeError):
        return None
