"""Files of others, spoilt; ``scripts/fuzz files`` tries 100,000, these are the first of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agi_app.errors import AuthorError, Problem
from tests.fuzz import files

pytestmark = pytest.mark.slow

CASES = 500


@pytest.mark.attack("rows 9, 15, 16 and 19: files that are made to hurt")
def test_every_spoilt_file_ends_soon_and_says_why(tmp_path: Path) -> None:
    found = {index: files.fault_of(files.case(0, index), tmp_path)[0] for index in range(CASES)}
    assert {index: fault for index, fault in found.items() if fault} == {}


def slow(_: Path) -> list[Problem]:
    began = time.process_time()
    while time.process_time() - began < files.SECONDS + 0.1:
        pass
    return []


def crash(_: Path) -> list[Problem]:
    raise ZeroDivisionError("by a file")


def paint(_: Path) -> list[Problem]:
    raise AuthorError(Problem("file", 0, 1, "table/x", "no place"))


def grow(_: Path) -> list[Problem]:
    return [Problem("file", 1, 1, "x", str(bytearray((files.grown() + files.MIB) << 20)[:1]))]


@pytest.mark.parametrize(
    ("reader", "words"), [(slow, "took 2"), (crash, "ZeroDivisionError: by a file"), (paint, "no place"), (grow, "MiB")]
)
def test_the_fuzzer_sees_what_it_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: object, words: str
) -> None:
    monkeypatch.setitem(files.READERS, "stops", reader)
    fault, _ = files.fault_of(files.Case("stops", b"x"), tmp_path)
    assert fault is not None
    assert words in fault


def test_the_same_case_is_made_again() -> None:
    assert [files.case(3, n) for n in range(50)] == [files.case(3, n) for n in range(50)]
    assert len({files.case(3, n).content for n in range(50)}) > 40
