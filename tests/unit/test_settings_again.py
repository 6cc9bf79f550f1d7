"""Settings that are read again: what came of it in the log and for the manager, and that a fault changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from structlog.testing import CapturingLogger

from agi_app import settings_again
from agi_app.changed_settings import BY_WORKER, taken_over
from agi_app.config.settings import Settings, load_settings
from agi_app.errors import StoreError
from agi_app.service_manager import ServiceManager
from agi_app.settings_again import SettingsAgain
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW
from tests.unit.service_manager_socket import Listener, listening

TRUNK = '[trunks.carrier]\nendpoint = "PJSIP/{number}@carrier"\nconcurrent = 5\n'


class Process:
    """One that goes by settings as far as a worker does."""

    def __init__(self, project: Path, listener: Listener) -> None:
        self.file, self.listener = project / "agi-app.toml", listener
        self.write(TRUNK)
        self.manager = ServiceManager(listener.environment)
        self.taken: list[Settings] = []
        self.fault: StoreError | None = None
        self.again = SettingsAgain(load_settings(project), self._take, self.manager, FakeClock(NOW))

    def write(self, text: str) -> None:
        self.file.write_text(text)

    async def _take(self, new: Settings) -> Settings:
        if self.fault is not None:
            raise self.fault
        self.taken.append(taken_over(self.again.settings, new, BY_WORKER))
        return self.taken[-1]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with listening(tmp_path) as listener:
        found = Process(tmp_path, listener)
        with closing(found.manager):
            yield found


async def test_the_manager_waits_until_they_are_read(process: Process) -> None:
    """`systemctl reload` returns then, and the status names what a restart is for."""
    process.manager.begin("dialling")
    process.listener.heard()
    reading = asyncio.ensure_future(process.again.run())
    process.write(TRUNK.replace("5", "9") + "[ami]\nport = 5039\n")
    process.again.ask()
    async with asyncio.timeout(5):
        while "READY=1" not in process.listener.heard():  # noqa: ASYNC110 - a socket
            await asyncio.sleep(0.05)
    reading.cancel()
    assert process.taken[-1].trunks["carrier"].concurrent == 9
    process.manager.tell("nobody is dialled: a pause")
    assert process.listener.heard() == [
        "STATUS=nobody is dialled: a pause; agi-app.toml: a restart is needed for ami.port"
    ]


async def test_one_that_is_not_ready_yet_does_not_become_it_by_reading(process: Process) -> None:
    reading = asyncio.ensure_future(process.again.run())
    process.again.ask()
    async with asyncio.timeout(5):
        while not process.taken:  # noqa: ASYNC110 - a thread
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    reading.cancel()
    assert "READY=1" not in process.listener.heard()


async def test_reloading_begins_with_its_time(process: Process) -> None:
    reading = asyncio.ensure_future(process.again.run())
    process.again.ask()
    await asyncio.sleep(0.2)
    reading.cancel()
    assert process.listener.heard()[0] == "RELOADING=1\nMONOTONIC_USEC=0"


async def test_a_file_with_a_fault_changes_nothing(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is in the log and in the status."""
    logged = CapturingLogger()
    monkeypatch.setattr(settings_again, "_log", logged)
    process.write(TRUNK.replace("5", '"nine"'))
    note = await process.again.read()
    assert f"the changed agi-app.toml is refused: {process.file}:3:1: trunks.carrier.concurrent" in note
    assert process.taken == []
    assert process.again.settings.trunks["carrier"].concurrent == 5
    (call,) = logged.calls
    assert call.method_name == "error"
    assert f"{process.file}:3:1" in call.kwargs["error"]
    process.write(TRUNK)
    assert await process.again.read() == ""


async def test_what_cannot_be_taken_over_is_refused(process: Process) -> None:
    process.write(TRUNK.replace("5", "9"))
    process.fault = StoreError("the database does not answer")
    assert "is refused: the database does not answer" in await process.again.read()
    assert process.again.settings.trunks["carrier"].concurrent == 5


async def test_one_line_of_the_log_names_all_of_it(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    logged = CapturingLogger()
    monkeypatch.setattr(settings_again, "_log", logged)
    process.write(TRUNK.replace("5", "9") + '[ami]\npassword = "secret"\n')
    await process.again.read()
    (call,) = logged.calls
    assert call.kwargs == {"taken_over": ["trunks.carrier.concurrent"], "need_restart": ["ami.password"]}


async def test_a_change_that_is_taken_back_needs_no_restart(process: Process) -> None:
    process.write(TRUNK + "[ami]\nport = 5039\n")
    assert await process.again.read() != ""
    process.write(TRUNK)
    assert await process.again.read() == ""
    structlog.reset_defaults()
