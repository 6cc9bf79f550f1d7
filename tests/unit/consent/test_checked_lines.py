"""Which line of a file is damaged, and which one a crash left half written."""

from __future__ import annotations

from pathlib import Path

from agi_app.consent import checked_lines
from agi_app.consent.checked_lines import Read

FILE = Path("journal")


def written(*texts: str) -> bytes:
    """Lines as they are written: what they say, and the check value of the line before them."""
    lines, before = [], b""
    for text in texts:
        line = f"{text} {checked_lines.check_of(before)}".encode()
        lines.append(line)
        before = line
    return b"".join(line + b"\n" for line in lines)


def read(line: bytes) -> Read | None:
    text, _, after = line.rpartition(b" ")
    return Read(int(after)) if text.isalpha() and after.isdigit() else None


def places(data: bytes) -> list[str]:
    return [one.text for one in checked_lines.damages(FILE, data, None, read)]


def test_whole_lines_have_no_damage() -> None:
    assert places(written("one", "two", "three")) == []


def test_a_line_that_is_gone_and_one_that_is_changed_are_named() -> None:
    lines = written("one", "two", "three").splitlines(keepends=True)
    assert places(b"".join([lines[0], lines[2]])) == ["journal:2: lines before this one are gone"]
    (changed,) = places(b"".join([lines[0], b"#" + lines[1], lines[2]]))
    assert changed.startswith("journal:2")
