"""The commands to the first call: the guide says those that the check types, in both languages, and no more."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from release.first_call import MOST_COMMANDS, commands, differing

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "how-to"
PACKAGE = "/srv/packages/agi-app_VERSION_amd64.deb"


@pytest.mark.parametrize(
    ("guide", "heading"),
    [
        ("install-the-package.md", "## From installing to the first call"),
        ("install-the-package.zh-CN.md", "## 从安装到第一通电话"),
    ],
)
def test_the_guide_says_what_the_check_types(guide: str, heading: str) -> None:
    part = (GUIDES / guide).read_text("utf-8").split(f"{heading}\n")[1].split("\n## ")[0]
    said = [line.removeprefix("$ ") for line in part.splitlines() if line.startswith("$ ")]
    typed = [shlex.join(command) for command in commands(PACKAGE)]
    assert said[: len(typed)] == typed
    assert [line for line in said[len(typed) :] if " report " not in line] == []
    assert len(typed) <= MOST_COMMANDS


def test_a_file_that_came_went_or_changed_was_edited() -> None:
    before = {"/etc/asterisk/pjsip.conf": "1", "/etc/fstab": "2", "/etc/agi-app/agi-app.env": "3"}
    after = {"/etc/asterisk/pjsip.conf": "9", "/etc/fstab": "2", "/etc/asterisk/new.conf": "4"}
    assert differing(before, after) == {
        "/etc/asterisk/pjsip.conf",
        "/etc/agi-app/agi-app.env",
        "/etc/asterisk/new.conf",
    }
    assert differing(before, before) == set()
