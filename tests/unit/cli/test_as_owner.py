"""What root asks for in a project of another user is done by that user, so that he can use what is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
