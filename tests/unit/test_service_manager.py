"""What a manager of services hears of a process: on a real datagram socket, as systemd's."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agi_app import service_manager
from agi_app.errors import ConfigError
from agi_app.event_loop import told_to_end
from agi_app.messages import speaking
from agi_app.service_manager import ENDING, STARTING, ServiceManager, served
from tests.unit.gate_cases import CN_NUMBER
from tests.unit.service_manager_socket import Listener, listening


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path) as found:
        yield found


@pytest.fixture
def manager(listener: Listener) -> Iterator[ServiceManager]:
    with closing(ServiceManager(listener.environment)) as found:
        yield found


def test_ready_comes_after_the_status(listener: Listener, manager: ServiceManager) -> None:
    """`systemctl start` shows the status when it returns."""
    assert not manager.is_ready
    manager.begin("dialling: 1 campaign, 2 calls now")
    assert listener.heard() == ["STATUS=dialling: 1 campaign, 2 calls now", "READY=1"]
    assert manager.is_ready


def test_a_status_is_told_when_it_is_another_one(listener: Listener, manager: ServiceManager) -> None:
    for status in ("a", "a", "b", "a"):
        manager.tell(status)
    assert listener.heard() == ["STATUS=a", "STATUS=b", "STATUS=a"]


def test_a_status_is_one_line_without_whole_numbers(listener: Listener, manager: ServiceManager) -> None:
    """A second line of it would be another word to the manager."""
    manager.tell(f"no route to {CN_NUMBER}\nREADY=1")
    (told,) = listener.heard()
    assert told == "STATUS=no route to +99…01; READY=1"


def test_a_status_is_in_the_language_of_the_process(listener: Listener) -> None:
    """A worker speaks English inside."""
    with speaking("zh"):
        manager = ServiceManager(listener.environment)
    with closing(manager), speaking("en"):
        manager.tell("starting: no connection to Asterisk at http://127.0.0.1:8088/ari")
    (told,) = listener.heard()
    assert "no connection" not in told
    assert "http://127.0.0.1:8088/ari" in told


def test_what_an_admin_should_know_stands_at_the_end_of_each_status(
    listener: Listener, manager: ServiceManager
) -> None:
    manager.begin("dialling")
    manager.has_read("agi-app.toml: a restart is needed for ami.host")
    manager.tell("nobody is dialled: a pause")
    manager.has_read("")
    assert listener.heard()[2:] == [
        "STATUS=dialling; agi-app.toml: a restart is needed for ami.host",
        "READY=1",
        "STATUS=nobody is dialled: a pause; agi-app.toml: a restart is needed for ami.host",
        "STATUS=nobody is dialled: a pause",
        "READY=1",
    ]


def test_reading_settings_again_says_since_when(listener: Listener, manager: ServiceManager) -> None:
    """In one datagram: systemd waits in vain for one without its time."""
    manager.read_again(12.345678)
    assert listener.heard() == ["RELOADING=1\nMONOTONIC_USEC=12345678"]


def test_processes_that_it_starts_do_not_speak_for_it(listener: Listener) -> None:
    environment = {**listener.environment, "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid()), "LANG": "C"}
    with closing(ServiceManager(environment)) as manager:
        assert environment == {"LANG": "C"}
        manager.notify()
    assert listener.heard() == ["WATCHDOG=1"]


def test_without_a_manager_nothing_is_sent() -> None:
    with closing(ServiceManager({})) as manager:
        manager.begin("dialling")
        manager.end(ENDING)
        assert not manager.is_enabled


def test_a_socket_without_a_file() -> None:
    """As systemd's in a container may be."""
    with (
        closing(Listener(f"@agi-app-test-{os.getpid()}")) as listener,
        closing(ServiceManager(listener.environment)) as manager,
    ):
        manager.notify()
        assert listener.heard() == ["WATCHDOG=1"]


def test_a_manager_that_reads_nothing_holds_nobody_up(listener: Listener, manager: ServiceManager) -> None:
    began = time.monotonic()
    for _ in range(5000):  # more than the socket takes
        manager.notify()
    assert time.monotonic() - began < 5
    heard = len(listener.heard())
    assert 0 < heard < 5000
    manager.notify()
    assert listener.heard() == ["WATCHDOG=1"]


def test_a_manager_that_is_gone_ends_nothing(listener: Listener, manager: ServiceManager) -> None:
    listener.close()
    manager.begin("dialling")
    manager.notify()


def test_what_made_a_start_fail_is_its_last_status(listener: Listener, manager: ServiceManager) -> None:
    with pytest.raises(ConfigError), manager.watching(STARTING):
        raise ConfigError("agi-app.toml:3:1: asterisk.url: must look like http://127.0.0.1:8088/ari")
    assert listener.heard() == [
        "STATUS=starting",
        "STATUS=agi-app.toml:3:1: asterisk.url: must look like http://127.0.0.1:8088/ari",
    ]


async def test_a_loop_that_stands_still_does_not_say_that_it_lives(
    listener: Listener, manager: ServiceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "TELL_EVERY_S", 0.01)
    telling = asyncio.ensure_future(manager.keep_told(lambda: "dialling"))
    await asyncio.sleep(0.1)
    assert listener.heard().count("WATCHDOG=1") >= 2
    time.sleep(0.3)  # noqa: ASYNC251 - that is the fault
    assert listener.heard() == []
    await asyncio.sleep(0.1)
    assert "WATCHDOG=1" in listener.heard()
    telling.cancel()


async def test_a_process_says_that_it_serves_and_that_it_ends(
    listener: Listener, manager: ServiceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From SIGTERM on its status is that it ends, also while it finishes what goes on."""
    monkeypatch.setattr(service_manager, "TELL_EVERY_S", 0.01)
    with told_to_end(lambda: None) as told:
        async with served(manager, told, "reports are made"):
            assert listener.heard()[:2] == ["STATUS=reports are made", "READY=1"]
            os.kill(os.getpid(), signal.SIGTERM)
            await told.wait()
            await asyncio.sleep(0.1)
            heard = listener.heard()
            assert "STATUS=ending" in heard
            assert "STOPPING=1" not in heard[: heard.index("STATUS=ending")]
    assert listener.heard()[-1] == "STOPPING=1"
