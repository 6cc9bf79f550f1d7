"""A project as it would be with other files, read and checked as a whole; nothing in it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agi_app.operations.project.project_files import Project, ProjectFile, read


def read_as_if(project: Project, files: Sequence[ProjectFile], without: Sequence[str] = ()) -> Project:
    """The project with these files, and ``without`` those. Blocks. Raises InputError, ConfigError."""
    with _as_if(project.folder, files, without) as folder:
        found = read(folder)
    found.folder = project.folder
    return found


@contextmanager
def _as_if(project: Path, files: Sequence[ProjectFile], without: Sequence[str] = ()) -> Iterator[Path]:
    """A folder that is the project with these files; all else in it is the project's own."""
    with TemporaryDirectory(prefix="agi-app-draft-") as made:
        root = Path(made)
        for file in files:
            (root / file.name).parent.mkdir(parents=True, exist_ok=True)
            (root / file.name).write_bytes(file.content)
        for name in without:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        real = {Path(), *(parent for name in (*(f.name for f in files), *without) for parent in Path(name).parents)}
        for folder in real:
            here = project / folder
            for each in here.iterdir() if here.is_dir() else ():
                place = root / each.relative_to(project)
                if not place.exists() and each.relative_to(project).as_posix() not in without:
                    place.symlink_to(each.resolve())
        yield root
