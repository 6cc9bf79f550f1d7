"""What root asks for in a project of another user is done by that user, so that he can use what is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agi_app.cli.owner import become_owner
from agi_app.cli.service.as_owner import as_owner

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def project(tmp_path: Path, owner: int) -> Path:
    """Below a folder that everybody may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    (found := tmp_path / "project").mkdir()
    os.chown(found, owner, owner)
    return found


@pytest.mark.parametrize("owner", [NOBODY, 0])
def test_files_belong_to_the_projects_owner(tmp_path: Path, owner: int) -> None:
    folder = project(tmp_path, owner)

    def work() -> bool:
        (folder / "made").touch()
        return True

    assert as_owner(folder, work)
    assert (folder / "made").stat().st_uid == owner
    assert os.geteuid() == 0


def test_that_it_did_not_go_well_is_known(tmp_path: Path) -> None:
    assert not as_owner(project(tmp_path, NOBODY), lambda: False)


def test_root_goes_on_as_the_owner_of_the_project(tmp_path: Path) -> None:
    """Also from a folder that the owner may not enter; what is then made is theirs."""
    folder, closed = project(tmp_path, NOBODY), tmp_path / "closed"
    closed.mkdir(mode=0o700)
    child = os.fork()
    if not child:
        os.chdir(closed)
        found = become_owner(folder)
        made = found / "made"
        made.touch()
        well = (os.geteuid(), os.getegid() == NOBODY, made.stat().st_uid) == (NOBODY, True, NOBODY)
        os._exit(0 if well and found.is_absolute() and os.access(".", os.R_OK) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    (tmp_path / "own").mkdir()
    assert become_owner(tmp_path / "own") == tmp_path / "own"
    assert os.geteuid() == 0


def test_a_folder_that_may_not_be_entered_is_one_message(tmp_path: Path) -> None:
    """No traceback: what the system refuses, and how to mend it; exit 2, so that a service is tried again."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    script = "import os, sys; from agi_app.cli.main import main; import agi_app.cli.service.doctor;"
    script += f"os.chdir({str(closed)!r}); os.setuid({NOBODY}); sys.argv[1:] = ['doctor']; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "name the project by --project" in done.stdout + done.stderr
