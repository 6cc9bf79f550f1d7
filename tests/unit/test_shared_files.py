"""Where the files are that come with agi-app, and how messages name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app import shared_files
from agi_app.shared_files import cited, shared

TEXT = "docs/how-to/audit.md says more; copy dialplan/extensions_agi_app.conf again (mydocs/x.md stays)"


def test_a_clone_has_them_beside_the_package_and_messages_stay_as_they_are() -> None:
    assert shared("dialplan/extensions_agi_app.conf").is_file()
    assert cited(TEXT) == TEXT


def test_without_a_clone_a_message_names_a_command_and_a_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_files, "INSTALLED", tmp_path)
    assert shared("docs") == tmp_path / "docs"
    assert cited(TEXT) == (
        f"agi-app docs how-to/audit says more; copy {tmp_path}/dialplan/extensions_agi_app.conf again"
        " (mydocs/x.md stays)"
    )
    assert cited("see scripts/sandbox --help, or my/scripts/demo") == "see agi-app sandbox --help, or my/scripts/demo"
    assert cited("见 docs/quickstart.zh-CN.md。") == "见 agi-app docs quickstart。"
