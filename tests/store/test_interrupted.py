"""Ctrl-C in an import: heard at once, whatever the file is, and what is told is what was stored."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).resolve().parents[2]
ROWS = 40_000
HEARD_S = 15.0  # on a busy machine, closing the database included; alone it is a tenth of a second
CAMPAIGN = "march-checkup"


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Path:
    folder = tmp_path / "clinic"
    make_project(folder)
    return folder


def started(folder: Path, database_url: str, *arguments: str) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_")}
    env |= {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    # A shell has what it starts in the background ignore SIGINT, and that would be inherited.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "agi_app.cli.main", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def interrupt(process: subprocess.Popen[str]) -> tuple[float, str, str]:
    """Seconds until it has ended, what it reported, and what it warned of."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=120)
    return time.monotonic() - began, out, said


def open_files(pid: int) -> list[str]:
    """What a process has open just now."""
    found = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(one.readlink()))
    return found


def until_it_reads(process: subprocess.Popen[str], pipe: Path) -> None:
    """However long it takes to start; then a second more."""
    deadline = time.monotonic() + 30
    while str(pipe) not in open_files(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)


def contacts_file(folder: Path) -> Path:
    lines = (f"C{n},+99986138{n * 37 % 10_000_000:07d},zh-CN,张{n}\n" for n in range(ROWS))
    file = folder / "many.csv"
    file.write_text("external_id,number,language,name\n" + "".join(lines), encoding="utf-8")
    return file


def stored(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM contact").fetchone()
        return int(row[0]) if row else 0


def test_what_is_told_is_what_was_stored(project: Path, database_url: str) -> None:
    file, chance = contacts_file(project), random.Random(3)
    before = 0
    for _ in range(5):
        process = started(project, database_url, "contacts", "import", CAMPAIGN, str(file))
        time.sleep(chance.uniform(3.0, 9.0))
        if process.poll() is not None:  # a fast machine
            process.communicate()
            break
        took, out, said = interrupt(process)
        if "40000 rows" in out:  # it was done and about to end
            break
        if process.returncode == -signal.SIGINT or not said.strip():  # the program was still being loaded
            assert stored(database_url) == before
            continue
        assert process.returncode == 130, said
        assert took < HEARD_S
        found = re.search(r"interrupted; (?:(nothing) is stored yet|([\d,]+) of 40,000 rows are stored)", said)
        assert found, said
        told = 0 if found[1] else int(found[2].replace(",", ""))
        now = stored(database_url)
        assert told == now or (found[1] and now == before)  # of this run nothing, what an earlier one stored stays
        before = now
        if now == ROWS:  # interrupted in its last moment; another one would begin again
            break
    last = started(project, database_url, "contacts", "import", CAMPAIGN, str(file))
    out, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert stored(database_url) == ROWS
    assert "40000 rows" in out


@pytest.mark.attack("row 9: an import that is deaf to Ctrl-C")
@pytest.mark.parametrize("kind", ["contacts", "consent", "suppression", "guard"])
def test_ctrl_c_is_heard_while_nothing_comes_through_a_pipe(project: Path, database_url: str, kind: str) -> None:
    pipe = project / "pipe.csv"
    os.mkfifo(pipe)
    arguments = {
        "contacts": ("contacts", "import", CAMPAIGN, str(pipe)),
        "consent": ("consent", "import", str(pipe)),
        "suppression": ("suppression", "import", "gb-tps", str(pipe), "--region", "GB", "--as-of", "2026-01-01"),
        "guard": ("guard", "list", "import", str(pipe)),
    }[kind]
    writer = os.open(pipe, os.O_RDWR)
    process = started(project, database_url, *arguments)
    try:
        os.write(writer, b"external_id,number\n")
        until_it_reads(process, pipe)
        took, _, said = interrupt(process)
    finally:
        os.close(writer)
    assert process.returncode == 130, said
    assert took < HEARD_S
    assert "pipe.csv: interrupted; " in said


@pytest.mark.attack("row 9: an import that is deaf to Ctrl-C")
@pytest.mark.parametrize(
    "content",
    [
        b'external_id,number,name\np1,+999861380000001,"' + b"never closed " * 9,
        b"external_id,number\n" + b'x",",y\n' * 2_000_000,
        b"external_id,number\n" + b"\n" * 12_000_000,
        b"external_id,number\n" + b"p,1\n" * 3_000_000,
    ],
    ids=["a quote", "quotes", "blank lines", "rows that are refused"],
)
def test_ctrl_c_is_heard_in_the_middle_of_a_bad_file(project: Path, database_url: str, content: bytes) -> None:
    file = project / "bad.csv"
    file.write_bytes(content)
    process = started(project, database_url, "contacts", "import", CAMPAIGN, str(file))
    time.sleep(4)
    took, _, said = interrupt(process)
    assert took < HEARD_S
    assert process.returncode in (1, 130, -signal.SIGINT), said
    assert stored(database_url) == 0
