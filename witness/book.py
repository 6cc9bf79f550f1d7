"""The carrier's own log: every SIP message as it was, every event of a call with its time, one file each."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Record:
    """What one far end saw of one INVITE. Times are seconds since 1970, 0.0 when it did not happen."""

    number: str
    call_id: str
    port: str
    from_user: str = ""
    from_display: str = ""
    invited: float = 0.0
    rang: float = 0.0
    answered: float = 0.0
    acked: float = 0.0
    cancelled: float = 0.0
    final: int = 0
    ended: float = 0.0
    ended_by: str = ""
    rtp_in: int = 0
    rtp_out: int = 0
    silences: list[tuple[float, float]] = field(default_factory=list)
    direction: str = "out of Asterisk"
    keys: list[tuple[float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(f"{stamp(time.time())[11:]} {text}")


class Book:
    """All records of a run, and the two log files below ``folder``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.sip_path = folder / "sip.log"
        self.events_path = folder / "carrier.jsonl"
        self._sip = self.sip_path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1 << 16)
        self._events = self.events_path.open("a", encoding="utf-8")
        self.records: list[Record] = []

    def message(self, arrow: str, port: str, peer: object, data: bytes) -> None:
        text = data.decode("utf-8", "backslashreplace")
        self._sip.write(f"--- {stamp(time.time())} {port} {arrow} {peer}\n{text}\n")

    def event(self, what: str, **facts: Any) -> None:
        self._events.write(json.dumps({"at": stamp(time.time()), "what": what, **facts}, default=str) + "\n")

    def add(self, record: Record) -> Record:
        self.records.append(record)
        return record

    def of(self, number: str) -> list[Record]:
        """The calls that Asterisk made to a number, in their order."""
        return [record for record in self.records if record.number == number and record.direction == "out of Asterisk"]

    def flush(self) -> None:
        self._sip.flush()
        self._events.flush()

    def save(self, path: Path) -> None:
        """All calls as they were seen, for whoever wants to judge them again."""
        path.write_text(json.dumps([asdict(record) for record in self.records], default=str), "utf-8")

    def close(self) -> None:
        self._sip.close()
        self._events.close()
