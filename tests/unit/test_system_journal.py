"""Lines of the log in the system's journal: their fields, and that nobody waits for it. On a real datagram socket."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from logging_journald import JournaldTransport

from agi_app import log, system_journal
from agi_app.messages import speaking
from agi_app.system_journal import JournalLogger
from tests.unit.gate_cases import CN_NUMBER


class Journal:
    """A journal that keeps what it is sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def entries(self) -> list[dict[str, str]]:
        """What came, as fields."""
        found: list[dict[str, str]] = []
        while True:
            try:
                data, passed, _, _ = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
            except BlockingIOError:
                return found
            found.append(_fields(_passed(passed) if passed else data))

    def close(self) -> None:
        """Take nothing more."""
        self._socket.close()


def _passed(messages: list[tuple[int, int, bytes]]) -> bytes:
    """The content of the file that came in the place of a datagram which would have been too long."""
    descriptor = array.array("i", messages[0][2])[0]
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read()


def _fields(data: bytes) -> dict[str, str]:
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[8 + length + 1 :]
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The one of this process, whose standard error it reads."""
    found = Journal(tmp_path / "journal")
    lines: list[JournaldTransport] = []

    def line(*, connected: bool) -> JournaldTransport:
        lines.append(JournaldTransport(found.path, connected))
        return lines[-1]

    monkeypatch.setattr(system_journal, "JournaldTransport", line)
    monkeypatch.setattr(system_journal, "has_standard_error", lambda: True)
    yield found
    for transport in lines:
        transport.socket.close()
    found.close()
    structlog.reset_defaults()


def test_a_line_has_its_call_as_fields(journal: Journal) -> None:
    """So that `journalctl AGI_APP_CAMPAIGN=reminder` finds it."""
    log.configure()
    with log.bind_call(attempt="0198c0de"):
        log.get("calls").error("call failed", campaign="reminder", contact=7, keys=["1", "9"])
    assert journal.entries() == [
        {
            "MESSAGE": 'call failed part=calls campaign=reminder contact=7 keys=["1", "9"] attempt=0198c0de',
            "PRIORITY": "3",
            "SYSLOG_IDENTIFIER": "agi-app",
            "AGI_APP_ATTEMPT": "0198c0de",
            "AGI_APP_CAMPAIGN": "reminder",
            "AGI_APP_PART": "calls",
            "AGI_APP_CONTACT": "7",
            "AGI_APP_KEYS": '["1", "9"]',
        }
    ]


@pytest.mark.parametrize(
    ("level", "priority"), [("critical", "2"), ("error", "3"), ("warning", "4"), ("info", "6"), ("debug", "7")]
)
def test_a_level_is_a_priority(journal: Journal, level: str, priority: str) -> None:
    log.configure(verbose=True)
    getattr(log.get("test"), level)("something")
    assert [entry["PRIORITY"] for entry in journal.entries()] == [priority]


def test_no_field_holds_a_whole_number(journal: Journal) -> None:
    log.configure()
    log.get("test").warning(f"no route to {CN_NUMBER}", to=CN_NUMBER, more={"number": CN_NUMBER})
    (entry,) = journal.entries()
    assert not [value for value in entry.values() if CN_NUMBER[3:-1] in value]
    assert entry["AGI_APP_TO"] == "+99…01"


def test_people_read_it_in_their_language_and_programs_in_json(journal: Journal) -> None:
    with speaking("zh"):
        log.configure()
        log.get("dialer").info("dialling")
        log.configure(json=True)
        log.get("dialer").info("dialling")
    for_people, for_programs = journal.entries()
    assert not for_people["MESSAGE"].startswith("dialling")
    assert json.loads(for_programs["MESSAGE"])["event"] == "dialling"
    assert json.loads(for_programs["MESSAGE"])["timestamp"]


def test_a_traceback_comes_whole(journal: Journal) -> None:
    """Also one that is too long for a datagram, and with half a character in it."""
    log.configure()
    try:
        raise ValueError("\ud83d " + "long " * 100_000)
    except ValueError:
        log.get("test").exception("a fault")
    (entry,) = journal.entries()
    assert entry["MESSAGE"].startswith("a fault part=test\nTraceback")
    assert len(entry["MESSAGE"]) > 500_000
    assert entry["PRIORITY"] == "3"


def test_a_journal_that_takes_nothing_holds_nobody_up(journal: Journal) -> None:
    """What is lost is counted, and said when it takes lines again."""
    log.configure()
    logger = log.get("test")
    began = time.monotonic()
    for number in range(3000):
        logger.info("a line", number=number)
    assert time.monotonic() - began < 5
    taken = len(journal.entries())
    assert 0 < taken < 3000
    logger.info("again")
    again, lost = journal.entries()
    assert again["MESSAGE"] == "again part=test"
    assert lost["MESSAGE"].startswith(f"{3000 - taken} lines of the log are lost")
    assert lost["PRIORITY"] == "4"


def test_a_journal_that_begins_again_is_found(journal: Journal) -> None:
    log.configure()
    log.get("test").info("before")
    journal.close()
    journal.path.unlink()
    log.get("test").info("nobody takes it")
    other = Journal(journal.path)
    log.get("test").info("after")
    said = [entry["MESSAGE"].split()[0] for entry in other.entries()]
    other.close()
    assert said == ["after", "1"]


def test_an_environment_that_names_another_stream_is_not_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that a service starts has the variable, too, and its output may go elsewhere."""
    for value in ("", "1:1", "nonsense", "1:2:3"):
        monkeypatch.setenv("JOURNAL_STREAM", value)
        assert not system_journal.has_standard_error()


def test_standard_error_that_the_variable_names_is_the_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/null", "w", encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        monkeypatch.setattr("sys.stderr", file)
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert system_journal.has_standard_error()


def test_each_line_of_a_message_has_its_priority() -> None:
    assert system_journal.prefixed("one\ntwo", "critical") == "<2>one\n<2>two"


def test_a_name_that_the_journal_would_not_take_is_made_one_that_it_takes(journal: Journal) -> None:
    JournalLogger().msg(message="m", event={"event": "m", "of-a.kind": 1, "x" * 100: 2, "nothing": None})
    (entry,) = journal.entries()
    assert set(entry) == {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "AGI_APP_OF_A_KIND", "AGI_APP_" + "X" * 56}
