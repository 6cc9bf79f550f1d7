"""Reading a project folder: all faults at once, each with its file, and never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import find_project, read_project
from agi_app.errors import InputError

pytestmark = pytest.mark.slow  # reads whole projects: not part of the fast unit tests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_project(tmp_path / "mine")
    return tmp_path / "mine"


def rules(folder: Path, trunks: set[str] | None = None) -> set[tuple[str, str]]:
    """(file, rule) of every problem."""
    return {(p.file, p.rule) for p in read_project(folder, trunks).problems}


def test_every_broken_file_is_told_and_the_others_are_read(folder: Path) -> None:
    (folder / "flows" / "latin.yaml").write_bytes("flow: caf\xe9".encode("latin-1"))
    (folder / "flows" / "torn.yaml").write_text("flow: [")
    (folder / "campaigns" / "folder.yaml").mkdir()
    found = rules(folder)
    assert ("flows/latin.yaml", "yaml/encoding") in found
    assert ("campaigns/folder.yaml", "yaml/unreadable") in found
    assert any(file == "flows/torn.yaml" for file, _ in found)
    assert "checkup-reminder" in read_project(folder, None).flows


def test_two_files_with_one_name_are_a_fault_of_the_second(folder: Path) -> None:
    first = folder / "flows" / "checkup.yaml"
    (folder / "flows" / "copy.yaml").write_bytes(first.read_bytes())
    assert ("flows/copy.yaml", "flow/duplicate-name") in rules(folder)


def test_a_trunk_that_the_settings_lack(folder: Path) -> None:
    assert ("campaigns/march-checkup.yaml", "campaign/unknown-trunk") in rules(folder, {"other"})
    assert rules(folder, None) == set()


def test_a_campaign_of_an_absent_flow(folder: Path) -> None:
    (folder / "flows" / "checkup.yaml").unlink()
    assert ("campaigns/march-checkup.yaml", "campaign/unknown-flow") in rules(folder)


def test_a_file_with_a_byte_order_mark_is_read(folder: Path) -> None:
    flow = folder / "flows" / "checkup.yaml"
    flow.write_bytes(b"\xef\xbb\xbf" + flow.read_bytes())
    assert rules(folder) == set()


def test_the_project_of_a_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_project(folder) == (folder, None)
    assert find_project(folder / "flows" / "checkup.yaml") == (folder, "flows/checkup.yaml")
    monkeypatch.chdir(folder / "flows")
    assert find_project(Path("checkup.yaml")) == (folder, "flows/checkup.yaml")


@pytest.mark.parametrize("path", ["absent.yaml", "contacts.csv", "flows/notes.txt"])
def test_a_path_that_is_no_part_of_a_project(folder: Path, path: str) -> None:
    (folder / "flows" / "notes.txt").write_text("")
    with pytest.raises(InputError, match=path):
        find_project(folder / path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="agi-app init"):
        read_project(tmp_path / "absent", None)
