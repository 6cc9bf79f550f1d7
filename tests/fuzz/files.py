"""Files of others, spoilt: whatever bytes stand in one, reading it ends soon, takes little memory, and says why not.

Each kind is read by the same functions as by the commands. Cases run in processes that are started anew after a while;
one that hangs, dies or grows is told with its number, and made again by ``--only``.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from agi_app.campaigns.campaign_file.load import parse_campaign
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.complaint_file import parse_complaints
from agi_app.contacts.consent_file import parse_consents
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.do_not_call_file import ListFile
from agi_app.contacts.generated_numbers import looks_generated
from agi_app.contacts.guard_file import CellFormats, parse_guard_list
from agi_app.contacts.rejects import RejectsFile
from agi_app.contacts.stop_file import parse_stop_list
from agi_app.contacts.tables.encoding import detect
from agi_app.contacts.tables.opening import LARGEST_WHOLE, all_rows, open_table, private_copy
from agi_app.contacts.tables.text_lines import text_lines
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.errors import AgiAppError, AuthorError, Problem
from agi_app.flow.load import parse_flow
from agi_app.printable import one_line
from tests.fuzz import flow_files

NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
SECONDS, MIB = 2.0, 300  # of the processor, and of memory, for one case
HANGS = 60.0  # by the clock on the wall
A_PROCESS = 2_000  # cases
ENOUGH = 5  # failing cases that are shown
STEP = 5_000
LONGEST = 100_000  # bytes of a case: 50,000 lines of one character
NUMBERS = (
    "+999861380000001",
    "+44 7700 900123",
    "+12015550123",
    "13800138000",
    "1.38E+10",
    "0044 7700 900 456",
    "１３８００",
)
WORDS = (
    *("external_id", "number", "name", "language", "person_id", "purpose", "wording", "method", "time", "source"),
    *("what", "reason", "until", "line", "text", "campaign", "编号", "手机号", "survey", "marketing", "allow", "block"),
    *("2026-01-05", "2026-01-05T12:00:00+08:00", "2026-13-45", "zh-CN", "en", "是", "", " ", "withheld", "+8695*", "#"),
)
BYTES = (
    *(
        b'"',
        b'""',
        b'","',
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b";",
        b"\t",
        b"\0",
        b"\x1b[2J",
        b"\x07",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xe2\x80\xae",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
        b"\x81\x30",
        b"PK\x03\x04",
        b"x" * 99,
    ),
    *(
        b"9" * 40,
        b"+",
        b"-",
        b"'",
        b"(",
        b"0",
        b" " * 50,
        b"_x0000_",
        b"{",
        b"[",
        b"- ",
        b"a: ",
        b"&a ",
        b"*a",
        b"<row>",
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One file, and how it is read."""

    kind: str
    content: bytes


def case(seed: int, index: int) -> Case:
    """The same seed and index make the same one."""
    chance = random.Random(f"files/{seed}/{index}")
    kind = chance.choice(KINDS)
    content = MAKERS[kind](chance)
    for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
        content = chance.choice(MUTATIONS)(content, chance)
    return Case(kind, content[:LONGEST])


def _table(chance: random.Random, titles: tuple[str, ...]) -> bytes:
    delimiter, end = chance.choice(",,,;\t"), chance.choice(("\n", "\n", "\r\n", "\r"))
    header = [*titles, *chance.sample(WORDS, chance.randrange(4))]
    if chance.random() < 0.03:
        header += [f"c{n}" for n in range(chance.choice((100, 4000, 17_000)))]
    rows = [header]
    for n in range(chance.choice((0, 1, 3, 10, 40))):
        rows.append([chance.choice((*NUMBERS, *WORDS, f"id{n}", '"quoted, text"', '"two\nlines"')) for _ in header])
    text = end.join(delimiter.join(row) for row in rows) + end
    return text.encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16")), "replace")


def _lines(chance: random.Random) -> bytes:
    return "".join(f"{chance.choice(NUMBERS)}{chance.choice((chr(10), ',x' + chr(10)))}" for _ in range(60)).encode()


def _workbook(chance: random.Random) -> bytes:
    made = io.BytesIO()
    writer = SheetWriter(made)
    writer.writerow(["external_id", "number", "name"])
    for n in range(chance.randrange(5)):
        writer.writerow([f"p{n}", chance.choice(NUMBERS), chance.choice(WORDS)])
    writer.close()
    if chance.random() < 0.5:
        return made.getvalue()
    spoilt = io.BytesIO()  # the XML within, packed well
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(spoilt, "w", zipfile.ZIP_DEFLATED) as out:
        for name in archive.namelist():
            content = archive.read(name)
            if chance.random() < 0.4:
                content = chance.choice(MUTATIONS)(content, chance)
            if name.endswith("sheet1.xml") and chance.random() < 0.3:
                part = chance.choice(
                    (b"<row><c><v>1</v></c></row>", b"<row r='9'/>", b"<c r='XFD9'><v>0</v></c>", b" ")
                )
                content = content.replace(
                    b"<sheetData>", b"<sheetData>" + part * chance.choice((10, 10_000, 1_000_000))
                )
            out.writestr(name, content)
    return spoilt.getvalue()


def _flow(chance: random.Random) -> bytes:
    text = flow_files.case(chance.randrange(1 << 30), 0, FLOWS)
    return text.encode("utf-8", "surrogatepass")


def _campaign(chance: random.Random) -> bytes:
    return chance.choice(CAMPAIGNS)


FLOWS = flow_files.bases()
CAMPAIGNS = [file.read_bytes() for file in sorted(flow_files.ROOT.glob("examples/*/campaigns/*.yaml"))]
MAKERS: dict[str, Callable[[random.Random], bytes]] = {
    "contacts": lambda chance: _table(chance, ("external_id", "number")),
    "consent": lambda chance: _table(chance, ("number", "purpose", "wording", "method", "time", "source")),
    "complaints": lambda chance: _table(chance, ("number", "text")),
    "guard": lambda chance: _table(chance, ("number", "what")),
    "stops": _lines,
    "list": _lines,
    "flow": _flow,
    "campaign": _campaign,
    "workbook": _workbook,
}
KINDS = tuple(kind for kind in MAKERS for _ in range(1 if kind == "workbook" else 12))  # a process each: they take long


def _piece(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(BYTES) + content[at + chance.randrange(2) :]


def _many(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    part = chance.choice((chance.choice(BYTES), chance.choice(BYTES) + chance.choice(BYTES), content[at : at + 30]))
    return content[:at] + part * chance.choice((10, 10, 100, 100, 1000, 1000, 1000, 30_000)) + content[at:]


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _moved(content: bytes, chance: random.Random) -> bytes:
    begin, end = sorted((chance.randrange(len(content) + 1), chance.randrange(len(content) + 1)))
    at = chance.randrange(len(content) + 1)
    return content[:at] + content[begin:end] + content[at:]


def _byte(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_piece, _piece, _many, _cut, _moved, _byte, _byte)


def read(found: Case, folder: Path) -> list[Problem]:
    """Read the file as its command does; its problems, those of rejected rows included."""
    file = folder / "file"
    file.write_bytes(found.content)
    try:
        return READERS[found.kind](file)
    except AuthorError as error:
        return list(error.problems)
    except AgiAppError as error:
        return [Problem("file", 1, 1, "input", str(error))]


def _rows(file: Path, parse: Callable[[ExitStack, Path], Iterator[object]]) -> list[Problem]:
    with ExitStack() as stack:
        found = all_rows(parse(stack, file), "file")
    rejected = [row for row in found if isinstance(row, RejectedRow)]
    numbers = [int(number) for row in found if (number := getattr(row, "number", None)) and isinstance(number, str)]
    looks_generated(numbers)
    if rejected:
        with closing(RejectsFile(file, tuple(f"c{n}" for n in range(len(rejected[0].cells))), "utf-8")) as rejects:
            rejects.write(rejected)
    return [row.problem("file") for row in rejected[:100]]


def _contacts(stack: ExitStack, file: Path) -> Iterator[object]:
    return parse_contacts(open_table(private_copy(file, stack), "file"), "CN", ["zh-CN", "en"])


def _consents(stack: ExitStack, file: Path) -> Iterator[object]:
    return parse_consents(open_table(private_copy(file, stack), "file"), None, "fuzz", NOW)


def _complaints(stack: ExitStack, file: Path) -> Iterator[object]:
    return parse_complaints(open_table(private_copy(file, stack, LARGEST_WHOLE), "file"), NOW)


def _guard(stack: ExitStack, file: Path) -> Iterator[object]:
    return parse_guard_list(
        open_table(private_copy(file, stack, LARGEST_WHOLE), "file"), CellFormats("CN", "Asia/Shanghai")
    )


def _stops(file: Path) -> list[Problem]:
    with ExitStack() as stack:
        copy = private_copy(file, stack, LARGEST_WHOLE)
        with text_lines(copy, detect(copy, "file"), "file") as lines:
            return list(parse_stop_list(lines, "file", "GB").problems)


def _list(file: Path) -> list[Problem]:
    found = ListFile(file, "US")
    for _ in found.numbers():
        pass
    return found.problems


def _flow_file(file: Path) -> list[Problem]:
    parse_flow(file.read_bytes(), "file")
    return []


def _campaign_file(file: Path) -> list[Problem]:
    parse_campaign(file.read_bytes(), "file")
    return []


READERS: dict[str, Callable[[Path], list[Problem]]] = {
    "contacts": lambda file: _rows(file, _contacts),
    "workbook": lambda file: _rows(file, _contacts),
    "consent": lambda file: _rows(file, _consents),
    "complaints": lambda file: _rows(file, _complaints),
    "guard": lambda file: _rows(file, _guard),
    "stops": _stops,
    "list": _list,
    "flow": _flow_file,
    "campaign": _campaign_file,
}


def fault_of(found: Case, folder: Path) -> tuple[str | None, float]:
    """What is wrong with how this file is taken, if anything, and the seconds of the processor that it took."""
    began, before = _used(), grown()
    faults: list[str] = []
    try:
        problems = read(found, folder)
    except Exception as error:  # noqa: BLE001 - any exception is what is looked for
        problems, faults = [], [f"{type(error).__name__}: {str(error)[:200]}"]
    took = _used() - began
    if took > SECONDS:
        faults.append(f"took {took:.1f} s")
    if (mib := grown()) > max(MIB, before + MIB // 10):  # also in a process that was large before
        faults.append(f"took {mib} MiB")
    faults += [wrong for problem in problems if (wrong := _unclear(problem))][:1]
    return "; ".join(faults) or None, took


def _used() -> float:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def grown() -> int:
    """MiB that this process, or one that it began, has had at most."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024


def _unclear(problem: Problem) -> str | None:
    if problem.line < 1 or problem.column < 1:
        return f"no place: {problem!r}"
    said = str(problem)
    if not problem.message.strip() or one_line(said) != said or len(said) > 20_000:
        return f"no clear message: {said[:200]!r}"
    return None


def _work(pipe: Connection, seed: int, first: int, last: int) -> None:
    """Try these cases, in a process of their own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        for index in range(first, last):
            pipe.send((index, *fault_of(case(seed, index), Path(folder))))


def _results(seed: int, cases: int) -> Iterator[tuple[int, str | None, float]]:
    """Each case with its fault and time; a process that dies or hangs costs the case that it was at."""
    index = 0
    while index < cases:
        ours, theirs = get_context("spawn").Pipe(duplex=False)
        last = min(index + A_PROCESS, cases)
        process = get_context("spawn").Process(target=_work, args=(theirs, seed, index, last), daemon=False)
        process.start()
        theirs.close()
        try:
            while index < last:
                told = _told(ours)
                if told is None:
                    process.kill()
                    process.join()
                    yield index, f"hung, or its process died (status {process.exitcode})", HANGS
                    index += 1
                    break
                yield told
                index += 1
        finally:
            process.kill()
            process.join()
            ours.close()


def _told(pipe: Connection) -> tuple[int, str | None, float] | None:
    with suppress(EOFError, OSError):
        if pipe.poll(HANGS):
            found: tuple[int, str | None, float] | None = pipe.recv()
            return found
    return None


def run(cases: int, seed: int, only: int | None) -> int:
    """Try ``cases`` files of ``seed``, or the one named ``only``; prints what failed, returns the status."""
    if only is not None:
        found = case(seed, only)
        with tempfile.TemporaryDirectory() as folder:
            fault, took = fault_of(found, Path(folder))
        print(f"case {only}: {found.kind}, {len(found.content)} bytes: {fault or 'no fault'}, {took:.2f} s")
        sys.stdout.flush()
        if not os.isatty(1):
            sys.stdout.buffer.write(found.content)
        return 1 if fault else 0
    failed, longest, began = 0, (0.0, 0), time.monotonic()
    count = 0
    for index, fault, took in _results(seed, cases):
        count += 1
        longest = max(longest, (took, index))
        if fault:
            failed += 1
            print(f"case {index}: {case(seed, index).kind}: {fault}", flush=True)
        if failed == ENOUGH:
            break
        if count % STEP == 0:
            print(f"{count} of {cases} files, {count / (time.monotonic() - began):.0f} a second", file=sys.stderr)
    spent = time.monotonic() - began
    slowest = f"the longest {longest[0]:.2f} s (case {longest[1]})"
    print(f"seed {seed}: {count} files, {failed} failed, {slowest}, {spent:.0f} s")
    return 1 if failed else 0
