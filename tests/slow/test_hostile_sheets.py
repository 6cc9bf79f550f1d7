"""Workbooks that are made to fill the memory: another process reads them, with limits, and says what is wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agi_app.contacts.tables.xlsx_writer import SheetWriter

pytestmark = pytest.mark.slow

MOST_MIB = 300
SECONDS = 20.0  # on a busy machine; the processor is given 5
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>'.encode()
TAIL = b"</sheetData></worksheet>"
FIRST = (
    b'<row><c t="inlineStr"><is><t>external_id</t></is></c><c t="inlineStr"><is><t>number</t></is></c></row>'
    b'<row><c t="inlineStr"><is><t>p1</t></is></c><c t="inlineStr"><is><t>+999861380000001</t></is></c></row>'
)


def workbook(sheet: bytes, **more: bytes) -> io.BytesIO:
    """A workbook whose sheet has this XML; ``more``: other parts, / written as __."""
    made, changed = io.BytesIO(), io.BytesIO()
    writer = SheetWriter(made)
    writer.writerow(["a"])
    writer.close()
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "xl/_rels/workbook.xml.rels" and more:
                kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
                part = b'<Relationship Id="rId9" Type="' + kind + b'" Target="sharedStrings.xml"/>'
                content = content.replace(b"</Relationships>", part + b"</Relationships>")
            if name == "[Content_Types].xml" and more:
                kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
                content = content.replace(b"</Types>", override)
            out.writestr(name, sheet if name == SHEET else content)
        for name, content in more.items():
            out.writestr(name.replace("__", "/") + ".xml", content)
    changed.seek(0)
    return changed


def shared(texts: bytes) -> bytes:
    return f'<?xml version="1.0"?><sst xmlns="{MAIN}">'.encode() + texts + b"</sst>"


def without_places() -> io.BytesIO:
    """Rows and cells say not where they stand, so nobody can count them by that."""
    return workbook(HEAD + FIRST + b"<row>" + b"<c><v>1</v></c>" * 3_000_000 + b"</row>" + TAIL)


def one_text_everywhere() -> io.BytesIO:
    text = shared(b"<si><t>" + b"x" * 30_000 + b"</t></si>")
    return workbook(HEAD + FIRST + b'<row><c t="s"><v>0</v></c></row>' * 200_000 + TAIL, xl__sharedStrings=text)


def millions_of_texts() -> io.BytesIO:
    return workbook(HEAD + FIRST + TAIL, xl__sharedStrings=shared(b"<si><t>x</t></si>" * 3_500_000))


def far_apart() -> io.BytesIO:
    """Places in a way of writing that is not the usual one: a rectangle of 17 thousand millions."""
    far = b"<row r = '1048576'><c r = 'XFD1048576'><v>1</v></c></row>"
    return workbook(HEAD + FIRST + far + TAIL)


def far_apart_cells_only() -> io.BytesIO:
    return workbook(HEAD + FIRST + b"<row><c r='XFD1048576'><v>1</v></c></row>" + TAIL)


def bomb() -> io.BytesIO:
    return workbook(HEAD + FIRST + b" " * (80 << 20) + TAIL)


def one_endless_text() -> io.BytesIO:
    return workbook(HEAD + FIRST + b"<row><c t='inlineStr'><is><t>" + b"x" * (60 << 20) + b"</t></is></c></row>" + TAIL)


def many_files() -> io.BytesIO:
    made = workbook(HEAD + FIRST + TAIL)
    with zipfile.ZipFile(made, "a") as out:
        for number in range(60_000):
            out.writestr(f"x/{number}", b"")
    return made


ATTACKS: tuple[Callable[[], io.BytesIO], ...] = (
    *(without_places, one_text_everywhere, millions_of_texts, far_apart, far_apart_cells_only, bomb),
    *(one_endless_text, many_files),
)


@pytest.mark.attack("row 15: a workbook that fills the memory")
@pytest.mark.parametrize("make", ATTACKS, ids=lambda make: make.__name__)
def test_no_workbook_takes_more_memory_or_time_than_its_size_allows(
    make: Callable[[], io.BytesIO], tmp_path: Path
) -> None:
    """Measured in a process that has had no other children."""
    file = tmp_path / "people.xlsx"
    file.write_bytes(make().getvalue())
    done = subprocess.run([sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True)
    seconds, mib, said = json.loads(done.stdout)
    assert seconds < SECONDS
    assert mib < MOST_MIB
    assert said == "read" or said.startswith("people.xlsx:")
    if make in (without_places, one_text_everywhere, bomb):
        assert "table/format this workbook" in said


_MEASURE = """
import json, resource, sys, time
from agi_app.contacts.tables.opening import open_table
from agi_app.errors import AuthorError
began, said = time.monotonic(), "read"
try:
    with open(sys.argv[1], "rb") as source:
        sum(1 for _ in open_table(source, "people.xlsx").rows())
except AuthorError as error:
    said = str(error)
print(json.dumps([time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, said]))
"""


def rows(count: int) -> bytes:
    """Rows that differ, for a small file of many equal ones is refused."""
    return b"".join(b"<row><c><v>%d</v></c><c><v>%d</v></c></row>" % (n * 7919 % 1_000_003, n) for n in range(count))


@pytest.mark.attack("row 15: a workbook that fills the memory")
def test_this_process_grows_by_no_more_than_a_few_rows() -> None:
    """2,000,000 rows come through without being kept."""
    code = (
        "import sys, resource; from agi_app.contacts.tables.opening import open_table;"
        " table = open_table(open(sys.argv[1], 'rb'), 'x');"
        " before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        " print(sum(1 for _ in table.rows()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    made = workbook(HEAD + FIRST + rows(400_000) + TAIL)
    file = Path(f"/tmp/{os.getpid()}-rows.xlsx")
    try:
        file.write_bytes(made.getvalue())
        found = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    finally:
        file.unlink(missing_ok=True)
    read, grown = map(int, found.stdout.split())
    assert read == 400_001
    assert grown < 20 * 1024  # KiB


@pytest.mark.attack("row 15: a reader that outlives its import")
def test_the_reading_process_ends_with_the_one_that_wants_it(tmp_path: Path) -> None:
    file = tmp_path / "slow.xlsx"
    file.write_bytes(workbook(HEAD + FIRST + rows(1_000_000) + TAIL).getvalue())
    code = (
        "import sys; from agi_app.contacts.tables.opening import open_table; open_table(open(sys.argv[1], 'rb'), 'x')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(file)])
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    deadline = time.monotonic() + 60
    while not (found := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found
    time.sleep(0.5)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while any(map(alive, found)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, found))


@pytest.mark.attack("row 15: a reader that outlives its import")
def test_a_reading_process_whose_import_ended_while_it_started_reads_nothing() -> None:
    made = workbook(HEAD + FIRST + rows(10) + TAIL).getvalue()
    for parent, reads in ((os.getpid(), True), (1 if os.getpid() != 1 else 2, False)):
        command = (sys.executable, "-m", "agi_app.contacts.tables.xlsx_child", str(parent), str(1 << 30), "5")
        with tempfile.TemporaryFile() as source:
            source.write(made)
            source.flush()
            done = subprocess.run(command, stdin=source, capture_output=True, check=False)
        assert (done.returncode == 0, done.stdout != b"") == (reads, reads), done


def alive(pid: str) -> bool:
    """Not ended, whether or not somebody has asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
