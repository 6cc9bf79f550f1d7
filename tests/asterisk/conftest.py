"""A real Asterisk and a SIPp carrier, started once a test session and shared by its tests."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox.agents import phone_conf
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.root import ensure_root, ensure_tools
from tests.asterisk.client import DESKS, Client, connected, settings_of
from tests.asterisk.sip import Sip


def _tone(path: Path, seconds: float) -> None:
    """An 8 kHz mono WAV; what is in it does not matter."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x08\x00\xf8" * int(seconds * 4000))


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``long`` (15 s) and ``short`` (0.5 s)."""
    folder = tmp_path_factory.mktemp("prompts")
    _tone(folder / "long.wav", 15)
    _tone(folder / "short.wav", 0.5)
    return folder


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """The root that every Asterisk of the tests runs from; built once a machine."""
    ensure_tools(print)
    return ensure_root(print)


@pytest.fixture(scope="session")
def carrier(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> Iterator[Carrier]:
    """The people called: the last two digits of a number say what they do."""
    with Carrier(tmp_path_factory.mktemp("carrier")) as running:
        yield running


@pytest.fixture(scope="session")
def asterisk(
    tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path, carrier: Carrier, prompts: Path
) -> Iterator[Asterisk]:
    """One Asterisk with the trunk ``sandbox-carrier``; a test that stops it starts it again."""
    folder = tmp_path_factory.mktemp("asterisk")
    phones = "\n".join(phone_conf(f"desk-{n[-2:]}", f"sip:{n}@127.0.0.1:{carrier.port}") for n in DESKS)
    phones += "\n" + phone_conf("front-desk", "sip:front-desk@127.0.0.1:9")
    with Asterisk(asterisk_root, folder, carrier=carrier.address, prompts_dir=prompts, phones=phones) as running:
        yield running


@pytest.fixture
async def client(asterisk: Asterisk) -> AsyncIterator[Client]:
    """A connected worker."""
    async with connected(settings_of(asterisk)) as worker:
        yield worker


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory, carrier: Carrier) -> Iterator[Capture]:
    """The carrier's own record of the whole session."""
    with Capture(tmp_path_factory.mktemp("capture") / "sip.pcap", carrier.port) as running:
        yield running


@pytest.fixture
def sip(capture: Capture) -> Sip:
    """Questions about what the carrier saw."""
    return Sip(capture)
