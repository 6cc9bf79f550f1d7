"""A sandbox's settings take the place of yours while it is up, and nothing of yours is lost, whatever happens."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from sandbox import standing
from sandbox.borrowed import CHANGED, SETTINGS, YOURS, Borrowed, kept_tables
from sandbox.errors import SandboxError

OURS = '[asterisk]\nurl = "http://127.0.0.1:1/ari"\n\n[trunks.sandbox]\nsandbox = true\n'
MINE = """\
data_folder = "elsewhere"   # mine

[asterisk]
url = "http://10.0.0.1:8088/ari"

[trunks.carrier-a]
endpoint = "PJSIP/{number}@carrier-a"

[speech]
engine = "sherpa"

[identity]
project = "abc"
"""


def said(_: str) -> None:
    pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write a file of another user")
def test_they_stay_those_of_their_owner(tmp_path: Path) -> None:
    """Root starts a sandbox for a project whose worker runs as another user."""
    file = tmp_path / SETTINGS
    file.write_text(MINE)
    os.chown(file, 65534, 65534)
    with Borrowed(tmp_path, OURS, said):
        assert file.stat().st_uid == 65534
    assert (file.stat().st_uid, file.read_text()) == (65534, MINE)


def test_tables_that_are_not_replaced_stay(tmp_path: Path) -> None:
    file = tmp_path / SETTINGS
    file.write_text(MINE)
    with Borrowed(tmp_path, "[trunks.sandbox]\nsandbox = true\n", said, ("trunks",)):
        now = tomllib.loads(file.read_text())
        assert now["asterisk"]["url"] == "http://10.0.0.1:8088/ari"
        assert list(now["trunks"]) == ["sandbox"]
    assert file.read_text() == MINE


def test_your_settings_are_back_byte_for_byte(tmp_path: Path) -> None:
    """Meanwhile the data, the speech engine and the identity are yours, Asterisk and trunks the sandbox's."""
    file = tmp_path / SETTINGS
    file.write_text(MINE)
    file.chmod(0o600)
    with Borrowed(tmp_path, OURS, said):
        now = tomllib.loads(file.read_text())
        assert (now["data_folder"], now["speech"]["engine"], now["identity"]["project"]) == (
            "elsewhere",
            "sherpa",
            "abc",
        )
        assert now["asterisk"]["url"] == "http://127.0.0.1:1/ari"
        assert list(now["trunks"]) == ["sandbox"]
    assert file.read_text() == MINE
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [SETTINGS]


def test_after_a_crash_the_next_sandbox_knows_which_are_yours(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(MINE)
    Borrowed(tmp_path, OURS, said).__enter__()  # killed here
    with Borrowed(tmp_path, OURS, said):
        assert (tmp_path / YOURS).read_text() == MINE
    assert (tmp_path / SETTINGS).read_text() == MINE


def test_what_you_change_meanwhile_is_kept_beside(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(MINE)
    with Borrowed(tmp_path, OURS, said), (tmp_path / SETTINGS).open("a") as file:
        file.write("\n[guard]\nkeep_days = 3\n")
    assert (tmp_path / SETTINGS).read_text() == MINE
    assert "keep_days = 3" in (tmp_path / CHANGED).read_text()


def test_a_project_without_settings_has_none_afterwards(tmp_path: Path) -> None:
    with Borrowed(tmp_path, OURS, said):
        assert tomllib.loads((tmp_path / SETTINGS).read_text())["trunks"] == {"sandbox": {"sandbox": True}}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be written"):
        Borrowed(tmp_path / "nowhere", OURS, said).__enter__()


def test_which_tables_stay() -> None:
    assert kept_tables("a = 1\n[lines.main]\nx = 1\n[[agi.x]]\n[tts]\ny = 2\n") == ("a = 1\n", "[tts]\ny = 2\n")


def test_each_sandbox_has_a_name_and_a_project_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_CACHE", str(tmp_path))
    monkeypatch.setattr(standing, "all_up", lambda: {"main": {"pid": 7, "project": str(tmp_path)}, "two": {"pid": 8}})
    with pytest.raises(SandboxError, match="--name OTHER"):
        standing.refuse_a_second("main", None)
    with pytest.raises(SandboxError, match="the sandbox main has the settings of"):
        standing.refuse_a_second("three", tmp_path)
    standing.refuse_a_second("three", tmp_path / "other")
    with pytest.raises(SandboxError, match=r"several are up \(main, two\): say which by --name"):
        standing.the_one(None)
    assert standing.the_one("two") == {"pid": 8}
