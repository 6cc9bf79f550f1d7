"""A project folder with as many invented, consenting people as a run needs. Every one confirms with key 1."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from sandbox.project import write_settings

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CAMPAIGN = "bulk"
CALLER_ID = "+999862155500001"
CLOCK = "2026-03-03T10:00:00+08:00"  # a Tuesday morning, inside every window
LANGUAGE = "zh-CN"
WORDING = "我同意阳光口腔用自动语音电话联系我，我可以随时在通话中按九拒绝。"
CONTACT_COLUMNS = ["external_id", "number", "language", "name"]
_SPREAD = 37  # people's numbers are no neighbours; a list made by counting is refused


def numbers(count: int, first: int = 0, suffix: str = "01") -> list[str]:
    """Reserved numbers that behave like Chinese ones; the last two digits tell the carrier's person what to do."""
    return [f"+99986{13_000_000 + (first + i) * _SPREAD:08d}{suffix}" for i in range(count)]


def make_project(folder: Path, settings: str) -> None:
    """The bulk example with these settings and the carrier's letter about its caller ID."""
    shutil.copytree(EXAMPLES / "bulk", folder)
    shutil.copy(EXAMPLES / "clinic" / "caller-id-letter.txt", folder)
    write_settings(folder, f'{settings}\n[sandbox]\nclock = "{CLOCK}"\n')


def write_contacts(file: Path, people: Sequence[str], prefix: str = "B") -> None:
    """A file for ``contacts import``."""
    _write(file, CONTACT_COLUMNS, _contact_rows(people, prefix))


def write_contacts_xlsx(file: Path, people: Sequence[str], prefix: str = "B") -> None:
    """The same as an Excel workbook."""
    import xlsxwriter  # of the tools for developers

    book = xlsxwriter.Workbook(str(file), {"constant_memory": True})
    sheet = book.add_worksheet()
    for line, row in enumerate([CONTACT_COLUMNS, *_contact_rows(people, prefix)]):
        sheet.write_row(line, 0, row)
    book.close()


def write_consents(file: Path, people: Sequence[str]) -> None:
    """A file for ``consent import``."""
    given = ("transactional", WORDING, "web form", "2026-01-05T12:00:00+08:00", "bench")
    _write(
        file,
        ["number", "purpose", "wording", "method", "time", "source"],
        ([number, *given] for number in people),
    )


def _contact_rows(people: Sequence[str], prefix: str) -> Iterable[list[str]]:
    return ([f"{prefix}{place:07d}", number, LANGUAGE, "测试"] for place, number in enumerate(people))


def _write(file: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(header)
        writer.writerows(rows)
