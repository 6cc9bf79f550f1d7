"""The Asterisk root is built once, never used half-built, and a wrong one is refused with a word on how to mend it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import sandbox.root
from sandbox.errors import SandboxError
from sandbox.root import ensure_root, is_supported, recipe_hash


def _ignore(line: str) -> None:
    """Nobody reads the progress here."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on a machine without an Asterisk of its own; we are root."""
    monkeypatch.setenv("AGI_APP_CACHE", str(tmp_path))
    monkeypatch.delenv("AGI_APP_ASTERISK_ROOT", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None if name == "asterisk" else f"/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def _builder(result: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for debootstrap; returns the list of folders it was asked to build."""
    built: list[Path] = []

    def run(argv: list[str], *_: object) -> None:
        target = Path(argv[argv.index("sh", argv.index("-c")) + 1])
        built.append(target)
        result(target)

    monkeypatch.setattr(sandbox.root, "_run_with_progress", run)
    return built


def test_root_in_the_cache_is_used_as_it_is(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _builder(Path.mkdir, monkeypatch)
    root = cache / f"asterisk-{recipe_hash()}"
    root.mkdir()
    assert ensure_root(_ignore) == root
    assert built == []


def test_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _builder(Path.mkdir, monkeypatch)
    assert ensure_root(_ignore) == ensure_root(_ignore) == cache / f"asterisk-{recipe_hash()}"
    assert len(built) == 1


def test_half_built_root_is_thrown_away(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(target: Path) -> None:
        target.mkdir()
        (target / "half").touch()
        raise SandboxError("the mirror is gone")

    _builder(fail, monkeypatch)
    with pytest.raises(SandboxError, match="the mirror is gone"):
        ensure_root(_ignore)
    _builder(Path.mkdir, monkeypatch)
    assert list(ensure_root(_ignore).iterdir()) == []


def test_changed_recipe_builds_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe_hash()
    recipe = cache / "install.sh"
    recipe.write_text("something else")
    monkeypatch.setattr(sandbox.root, "INSTALL", recipe)
    assert recipe_hash() != before


@pytest.mark.usefixtures("cache")
def test_without_root_rights_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="AGI_APP_ASTERISK_ROOT"):
        ensure_root(_ignore)


def test_configured_root_without_asterisk_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_ASTERISK_ROOT", str(cache))
    with pytest.raises(SandboxError, match=r"has no usr/sbin/asterisk"):
        ensure_root(_ignore)


@pytest.mark.parametrize("version", ["20.16.0", "20.20.1", "22.6.0", "22.10.1+dfsg", "24.0.0"])
def test_supported(version: str) -> None:
    assert is_supported(version)


@pytest.mark.parametrize("version", ["18.26.4", "20.6.0~dfsg", "21.12.0", "22.5.9", "23.4.0", "(unknown)", ""])
def test_not_supported(version: str) -> None:
    assert not is_supported(version)
