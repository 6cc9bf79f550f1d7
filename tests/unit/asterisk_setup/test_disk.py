"""Asterisk's files on disk: written all or none, with what they were kept, and brought back with mode and owner."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agi_app.asterisk_setup import listeners
from agi_app.asterisk_setup.config_folder import ConfigFolder, part_of
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.listeners import holds
from agi_app.asterisk_setup.lock import alone
from agi_app.asterisk_setup.look import SetupChoices, look, process_of, recording_folder
from agi_app.asterisk_setup.manifest import unpacked
from agi_app.asterisk_setup.plan import FileChange, with_include, without_include
from agi_app.asterisk_setup.write import ConfigWriter, forget, planned_undo, undo
from agi_app.errors import AsteriskError, ConfigError, InputError
from tests.unit.asterisk_setup.asterisk_files import HOST

ODD = b"[general]\n; \xe4 is no UTF-8\r\nx = 1"


@pytest.fixture
def folder(tmp_path: Path) -> ConfigFolder:
    """With one file of others, which has a mode of its own."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "http.conf").write_bytes(ODD)
    (tmp_path / "etc" / "http.conf").chmod(0o604)
    return ConfigFolder(tmp_path / "etc")


def changes(folder: ConfigFolder, *more: FileChange) -> list[FileChange]:
    before = folder.text("http.conf")
    return [
        FileChange(folder.ours / "http.conf", None, "[general](+)\n"),
        FileChange(folder.folder / "http.conf", before, with_include(before, "http.conf")),
        *more,
    ]


def writer(folder: ConfigFolder) -> ConfigWriter:
    return ConfigWriter(folder, folder.folder.parent, os.getuid(), os.getgid())


def names(folder: ConfigFolder) -> set[str]:
    return {str(path.relative_to(folder.folder)) for path in folder.folder.rglob("*")}


def test_files_are_written_and_brought_back(folder: ConfigFolder) -> None:
    writer(folder).write(changes(folder))
    file = folder.folder / "http.conf"
    assert file.read_bytes().startswith(ODD), "what was there stays, also what is no UTF-8"
    assert file.read_bytes().endswith(b'#tryinclude "agi-app/http.conf"\r\n')
    assert file.stat().st_mode & 0o777 == 0o604
    assert (folder.ours / "http.conf").stat().st_mode & 0o777 == 0o640
    assert folder.backup.stat().st_mode & 0o777 == 0o700
    manifest, plan = planned_undo(folder, folder.folder.parent)
    assert undo(folder, manifest, plan) == []
    forget(folder, manifest, plan)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (ODD, 0o604)
    assert names(folder) == {"http.conf"}


def test_the_first_state_is_kept_over_several_setups(folder: ConfigFolder) -> None:
    writer(folder).write(changes(folder))
    before = folder.text("agi-app/http.conf")
    writer(folder).write([FileChange(folder.ours / "http.conf", before, "[general](+)\nenabled = yes\n")])
    manifest, plan = planned_undo(folder, folder.folder.parent)
    undo(folder, manifest, plan)
    forget(folder, manifest, plan)
    assert names(folder) == {"http.conf"}
    assert (folder.folder / "http.conf").read_bytes() == ODD


def test_a_file_of_ours_that_was_edited_and_written_again_goes_all_the_same(folder: ConfigFolder) -> None:
    writer(folder).write(changes(folder))
    (folder.ours / "http.conf").write_text("by hand")
    writer(folder).write([FileChange(folder.ours / "http.conf", "by hand", "[general](+)\n")])
    manifest, plan = planned_undo(folder, folder.folder.parent)
    undo(folder, manifest, plan)
    forget(folder, manifest, plan)
    assert names(folder) == {"http.conf"}


def test_when_one_cannot_be_written_none_is(folder: ConfigFolder) -> None:
    broken = FileChange(folder.folder / "not-there" / "x.conf", None, "x")
    with pytest.raises(ConfigError, match=r"not-there.*nothing was changed"):
        writer(folder).write(changes(folder, broken))
    assert names(folder) == {"http.conf"}
    assert (folder.folder / "http.conf").read_bytes() == ODD


def test_a_later_one_that_fails_leaves_the_earlier_one(folder: ConfigFolder) -> None:
    """Also its record: what it wrote can still be undone, and is not taken for changed."""
    writer(folder).write(changes(folder))
    ready = {
        name: (folder.folder / name).read_bytes()
        for name in ("http.conf", "agi-app/http.conf", "agi-app/backup/manifest.json")
    }
    later = [
        FileChange(folder.ours / "http.conf", "[general](+)\n", "[general](+)\nenabled = yes\n"),
        FileChange(folder.folder / "not-there" / "x.conf", None, "x"),
    ]
    with pytest.raises(ConfigError, match="nothing was changed"):
        writer(folder).write(later)
    assert {name: (folder.folder / name).read_bytes() for name in ready} == ready
    manifest, plan = planned_undo(folder, folder.folder.parent)
    assert (plan.left, plan.changed) == ((), [])
    undo(folder, manifest, plan)
    forget(folder, manifest, plan)
    assert names(folder) == {"http.conf"}


def test_a_file_that_changed_after_it_was_shown_is_not_written(folder: ConfigFolder) -> None:
    planned = changes(folder)
    (folder.folder / "http.conf").write_text("[general]\nof somebody = else\n")
    with pytest.raises(ConfigError, match="was changed by somebody else meanwhile"):
        writer(folder).write(planned)
    assert (folder.folder / "http.conf").read_text() == "[general]\nof somebody = else\n"
    assert names(folder) == {"http.conf"}


def test_of_a_file_that_others_changed_only_our_lines_go(folder: ConfigFolder) -> None:
    writer(folder).write(changes(folder))
    file = folder.folder / "http.conf"
    file.write_bytes(file.read_bytes() + b"y = 2\n")
    manifest, plan = planned_undo(folder, folder.folder.parent)
    assert [Path(one.entry.path).name for one in plan.changed] == ["http.conf"]
    undo(folder, manifest, plan)
    assert file.read_bytes() == ODD + b"\r\ny = 2\n"


def test_a_file_of_ours_that_others_changed_stays_with_its_copy(folder: ConfigFolder) -> None:
    writer(folder).write(changes(folder))
    (folder.ours / "http.conf").write_text("by hand")
    manifest, plan = planned_undo(folder, folder.folder.parent)
    assert plan.left == (str(folder.ours / "http.conf"),)
    undo(folder, manifest, plan)
    assert (folder.ours / "http.conf").read_text() == "by hand"
    assert (folder.folder / "http.conf").read_bytes() == ODD
    assert folder.manifest() is not None


def test_nothing_to_undo_and_a_torn_manifest_are_told(folder: ConfigFolder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has changed nothing here"):
        planned_undo(folder, tmp_path)
    writer(folder).write(changes(folder))
    with pytest.raises(InputError, match="was set up for"):
        planned_undo(folder, tmp_path / "other")
    with pytest.raises(ConfigError, match=r"x.json: is not what agi-app wrote"):
        unpacked(b'{"project": 1}', "x.json")


def program(folder: Path, script: str) -> Path:
    """An ``asterisk`` that does what a line of shell says."""
    file = folder / "asterisk"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("echo 'Unable to connect to remote asterisk (does /run/x exist?)'; exit 1", "start it"),
        ("exit 3", "does not answer"),
        ("echo hello", "does not say its"),
    ],
)
def test_an_asterisk_that_does_not_answer_is_told(tmp_path: Path, script: str, word: str) -> None:
    with pytest.raises(AsteriskError, match=word):
        AsteriskConsole(program(tmp_path, script)).host()
    with pytest.raises(AsteriskError, match="cannot be run"):
        AsteriskConsole(tmp_path / "not-there").host()
    with pytest.raises(AsteriskError, match=r"no asterisk.conf"):
        AsteriskConsole(tmp_path / "asterisk", tmp_path)


def test_without_a_project_nothing_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"agi-app.toml"):
        look(tmp_path, SetupChoices())


def test_a_process_that_is_gone_is_told() -> None:
    with pytest.raises(ConfigError, match="/run/p"):
        process_of(HOST)


def test_memory_is_told_from_disk(tmp_path: Path) -> None:
    assert recording_folder(Path("/dev/shm")).tmpfs
    (tmp_path / "one").touch()
    assert (recording_folder(tmp_path).files, recording_folder(tmp_path / "two").files) == (1, 0)


def test_what_an_admin_had_in_our_folder_is_brought_back(folder: ConfigFolder) -> None:
    """Setup writes over it, for the file has the name of one of ours."""
    folder.ours.mkdir()
    theirs = folder.ours / "http.conf"
    theirs.write_bytes(b"\xe4 of the admin\r\n")
    theirs.chmod(0o604)
    before = names(folder)
    first = [FileChange(theirs, folder.text("agi-app/http.conf"), "[general](+)\n")]
    writer(folder).write(first)
    writer(folder).write([FileChange(theirs, "[general](+)\n", "[general](+)\nenabled = yes\n")])
    undone(folder)
    assert (theirs.read_bytes(), theirs.stat().st_mode & 0o777) == (b"\xe4 of the admin\r\n", 0o604)
    assert names(folder) == before, "also the folder, which was there"


def undone(folder: ConfigFolder) -> None:
    manifest, plan = planned_undo(folder, folder.folder.parent)
    undo(folder, manifest, plan)
    forget(folder, manifest, plan)


def test_what_a_killed_run_left_goes_with_the_undoing(folder: ConfigFolder) -> None:
    """Killed after it made its folder, and in the middle of a file."""
    folder.ours.mkdir()
    folder.backup.mkdir()
    part_of(folder.backup / "manifest.json").write_text("half")
    undone(folder)
    assert names(folder) == {"http.conf"}

    folder.ours.mkdir()
    writer(folder).write(changes(folder))
    for name in ("http.conf", "agi-app/http.conf"):
        part_of(folder.folder / name).write_text("half")
    undone(folder)
    assert names(folder) == {"http.conf"}


def test_asterisk_is_told_again_until_it_has_read_all(folder: ConfigFolder) -> None:
    """A run that was killed before the reload wrote its files; the next one finds nothing to write."""
    assert folder.unread() == []
    first = writer(folder)
    first.write(changes(folder))
    assert folder.unread() == ["module reload http"]
    later = writer(folder)
    later.write([FileChange(folder.ours / "manager.conf", None, "[general](+)\n")])
    assert folder.unread() == ["module reload http", "module reload manager"]
    later.confirm()
    assert folder.unread() == []
    broken = FileChange(folder.folder / "not-there" / "x.conf", None, "x")
    with pytest.raises(ConfigError):
        writer(folder).write([broken])
    assert folder.unread() == [], "it wrote nothing"


@pytest.mark.parametrize("text", ["; mine\n", "", "; mine\r\n; more\r\n"])
def test_our_lines_go_also_when_others_wrote_between_them(text: str) -> None:
    lines = with_include(text, "http.conf").split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("#tryinclude"))
    lines.insert(at, "; between")
    found = without_include("\n".join(lines))
    assert found is not None
    assert "agi-app" not in found
    assert found.replace("; between\n", "") == text


def test_one_at_a_time_changes_an_asterisk(folder: ConfigFolder) -> None:
    with alone(folder.folder):  # noqa: SIM117 - the outer one goes on
        with pytest.raises(ConfigError, match="is at work there"), alone(folder.folder, patience=0.2):
            pytest.fail("both are at work")
    with alone(folder.folder, patience=0.2):
        assert names(folder) == {"http.conf"}, "nothing is left of it"


def test_a_port_that_this_process_has_is_known(folder: ConfigFolder) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, socket.socket() as server:
        line.bind(("127.0.0.1", 0))
        server.bind(("127.0.0.1", 0))
        server.listen()
        port, listens = line.getsockname()[1], server.getsockname()[1]
        assert holds(os.getpid(), port)
        assert not holds(os.getppid(), port)
        assert holds(os.getpid(), listens, stream=True)
    assert not holds(os.getpid(), port)


def test_a_port_that_never_answers_is_told_from_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "PATIENCE_S", 0.3)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not listeners.deaf("127.0.0.1", port, b"x"), "nothing listens there"
        server.listen()
        assert listeners.deaf("127.0.0.1", port, b"x"), "connections are taken, and nothing is said"
        with ThreadPoolExecutor(1) as pool:
            for _ in range(2):  # the one of before waits, too
                pool.submit(_greet, server)
            assert not listeners.deaf("127.0.0.1", port, b"x")


def _greet(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.sendall(b"Asterisk")
