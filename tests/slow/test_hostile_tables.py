"""Tables that are made to hurt, or were spoilt by one key: time and memory grow with the file and no faster."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import consent_columns
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.do_not_call_file import ListFile
from agi_app.contacts.stop_file import parse_stop_list
from agi_app.contacts.tables.csv_table import Row, Table
from agi_app.contacts.tables.encoding import detect
from agi_app.contacts.tables.opening import all_rows
from agi_app.errors import AuthorError, InputError

pytestmark = pytest.mark.slow

SECONDS = 2.0  # of the processor


class Slow(Exception):
    """It took longer than ``SECONDS``."""


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise Slow(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def read(content: bytes) -> list[Row]:
    with in_time():
        return list(Table(io.BytesIO(content), "people.csv").rows())


def refused(content: bytes) -> str:
    with in_time(), pytest.raises(AuthorError) as caught:
        list(Table(io.BytesIO(content), "people.csv").rows())
    return str(caught.value)


@pytest.mark.attack("row 9: a forgotten closing quote")
@pytest.mark.parametrize("length", [48, 1000, 100_000])
def test_a_forgotten_closing_quote_is_told_at_its_place_and_costs_one_row(length: int) -> None:
    broken, good = read(b'external_id,number\np1,"' + b"x" * length + b"\np2,+999861380000001\n")
    assert broken.fault is not None
    assert "never closed" in broken.fault.reason
    assert broken.position(broken.fault.cell) == (2, 4)
    assert good.cells == ("p2", "+999861380000001")


@pytest.mark.attack("row 9: a forgotten closing quote")
def test_a_forgotten_closing_quote_in_the_header_is_told_too() -> None:
    assert "people.csv:1:13: table/quote a quote is opened here" in refused(b'external_id,"' + b"numbers " * 30)


@pytest.mark.attack("row 9: quotes that make every row the rest of the file")
@pytest.mark.parametrize("line", [b'x",",y\n', b'a","b\n', b'"\n""\n', b'"x\n', b'","\n'])
def test_quotes_in_any_arrangement_take_linear_time(line: bytes) -> None:
    content = b"a,b\n" + line * (300_000 // len(line))
    with in_time():
        try:
            found = sum(1 for _ in Table(io.BytesIO(content), "people.csv").rows())
        except AuthorError as error:
            assert "agi-app cannot tell where its rows end" in str(error)  # noqa: PT017
        else:
            assert found


@pytest.mark.attack("row 9: quotes and nothing else")
@pytest.mark.parametrize("content", [b'"' * 500_000, b'"' * 500_001, b'"\n' * 200_000])
def test_nothing_but_quotes_ends_soon(content: bytes) -> None:
    assert "table/" in refused(content)


@pytest.mark.attack("row 19: thousands of columns")
def test_thousands_of_columns_take_linear_time() -> None:
    titles = ["external_id", "number", *(f"field {n}" for n in range(12_000))]
    header = ",".join(titles).encode()
    content = header + b"\n" + b"p1,+999861380000001" + b",x" * 12_000 + b"\n"
    with in_time():
        table = Table(io.BytesIO(content), "people.csv")
        (row,) = parse_contacts(table, None, [])
        assert not isinstance(row, RejectedRow)
        assert len(row.fields) == 12_000


@pytest.mark.attack("row 19: thousands of columns")
@pytest.mark.parametrize("titles", [["same"] * 12_000, ["a", *[""] * 12_000], [f"x{n // 2}" for n in range(12_000)]])
def test_thousands_of_wrong_titles_are_told_a_hundred_times(titles: list[str]) -> None:
    assert len(refused(",".join(titles).encode() + b"\n" + b"1," * 12_000 + b"\n").splitlines()) == 100


def test_thousands_of_unknown_titles_of_a_consent_file_are_told_a_hundred_times() -> None:
    titles = ["number", "purpose", "wording", "method", "time", "source", *(f"numbr{n}" for n in range(12_000))]
    table = Table(io.BytesIO(",".join(titles).encode() + b"\n"), "consents.csv")
    with in_time(), pytest.raises(AuthorError) as caught:
        consent_columns(table)
    assert len(caught.value.problems) == 100


def test_more_columns_than_a_spreadsheet_has_are_refused() -> None:
    titles = ",".join(f"c{n}" for n in range(16_385)).encode()
    assert "16385 columns; at most 16384 are read" in refused(titles + b"\n")


@pytest.mark.parametrize("content", [b"a" * 3_000_000, b"a,b\n" + b"," * 3_000_000, "名,".encode("utf-16") * 1_500_000])
def test_a_line_of_millions_of_characters_is_told_where_it_becomes_too_long(content: bytes) -> None:
    assert "1048577: table/too-long" in refused(content)


def test_a_damaged_byte_after_a_long_line_is_found_in_linear_time() -> None:
    content = "名".encode() * 4_000_000 + b"\xff"
    with in_time(), pytest.raises(AuthorError, match=r"people.csv:1:4000001: table/encoding"):
        detect(io.BytesIO(content), "people.csv")


def test_a_stop_list_of_rubbish_tells_a_hundred_lines_and_counts_the_others() -> None:
    with in_time(4.0):
        found = parse_stop_list((f"nobody {n}\n" for n in range(20_000)), "stops.txt")
    assert (len(found.problems), found.unreadable, found.numbers) == (100, 20_000, ())


def test_a_list_of_others_on_one_endless_line_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("lists") / "dnc.txt"
    file.write_bytes(b"1" * 10_000_000)
    with in_time(), pytest.raises(AuthorError, match="1:65537: list/unreadable"):
        list(ListFile(file, "US").numbers())


def test_a_list_that_is_kept_in_memory_has_a_limit() -> None:
    with pytest.raises(InputError, match="more than 100,000 rows; split it"):
        all_rows(iter(range(200_000)), "guard.csv")
