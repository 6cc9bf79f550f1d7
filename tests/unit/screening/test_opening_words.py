"""Who is listened to, and for how long: a caller who is put through is thrown away unheard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.config.screening import GuardSettings
from agi_app.config.speech import SpeechSettings
from agi_app.flow.answers.recognition import Heard
from agi_app.guard.case import Action
from agi_app.pbx.ari.events import ChannelRef, Frame
from agi_app.screening import opening_words
from agi_app.screening.opening_words import AT_ONCE, Openings
from agi_app.store.screening.guard_scripts import OpeningWords

SPEECH = SpeechSettings(engine="scripted", model=Path("said.txt"))


class FakeSpool:
    """Asterisk's spool: what is recorded now; it ends when the test says so."""

    def __init__(self) -> None:
        self.going: dict[str, asyncio.Event] = {}
        self.taken: list[str] = []

    @contextmanager
    def wanted(self, name: str) -> Iterator[None]:
        self.going[name] = asyncio.Event()
        try:
            yield
        finally:
            del self.going[name]

    async def start(self, name: str, channel_id: str, longest: float, *, beside: bool) -> None:
        assert beside, "the dialplan plays meanwhile"

    async def ended(self, name: str, timeout: float) -> bool:
        await self.going[name].wait()
        return True

    async def take(self, name: str) -> bytes:
        self.taken.append(name)
        return b"\0\0" * (10 if "broken" in name else 8000)


class FakeRecords:
    async def flushed(self) -> None:
        """Nothing waits."""


@pytest.fixture
async def listening(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Openings, FakeSpool, list[OpeningWords]]]:
    kept: list[OpeningWords] = []

    class Recognizer:
        async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
            if len(pcm) < 100:
                raise RuntimeError("an engine that breaks")
            return Heard(f"words in {language}", 0.9)

    @asynccontextmanager
    async def ready(speech: SpeechSettings, project: Path) -> AsyncIterator[Recognizer]:
        assert speech.workers == 1, "one of its own"
        yield Recognizer()

    async def take(store: object, opening: OpeningWords, entered_by: str) -> None:
        kept.append(opening)

    monkeypatch.setattr(opening_words, "recognizer_of", ready)
    monkeypatch.setattr(opening_words, "take", take)
    nothing: Any = None
    records: Any = FakeRecords()
    guard = GuardSettings(listen=True, listen_language="zh-CN")
    found, spool = Openings(nothing, Clock(), records, guard, SPEECH), FakeSpool()
    as_spool: Any = spool
    async with asyncio.TaskGroup() as group:
        running = group.create_task(found.run(as_spool, Path()))
        await settled()
        yield found, spool, kept
        running.cancel()


async def settled() -> None:
    """Everything that can happen has happened."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_words_of_a_challenged_caller_are_kept(
    listening: tuple[Openings, FakeSpool, list[OpeningWords]],
) -> None:
    found, spool, kept = listening
    found.begin("c1", "call-1", Action.CHALLENGE)
    found.begin("c2", "call-2", Action.VOICEMAIL)
    for action in (Action.ALLOW, Action.MARK, Action.REJECT):
        found.begin("c3", "call-3", action)
    await settled()
    assert sorted(spool.going) == ["agi-app-c1-opening", "agi-app-c2-opening"]
    for ended in spool.going.values():
        ended.set()
    await settled()
    assert [(o.call_id, o.source, o.text) for o in kept] == [
        ("call-1", "challenge", "words in zh-CN"),
        ("call-2", "voicemail", "words in zh-CN"),
    ]
    assert not spool.going


@pytest.mark.parametrize("how", ["pressed the digit", "was put through"])
async def test_who_is_connected_is_not_listened_to_any_more(
    listening: tuple[Openings, FakeSpool, list[OpeningWords]], how: str
) -> None:
    found, spool, kept = listening
    found.begin("c1", "call-1", Action.CHALLENGE)
    found.begin("c2", "call-2", Action.CHALLENGE)
    await settled()
    if how == "pressed the digit":
        found.passed("call-1")
    else:
        found.see(Frame(type="Dial", caller=ChannelRef("c1"), peer=ChannelRef("phone")))
    await settled()
    assert list(spool.going) == ["agi-app-c2-opening"], "its recording is thrown away"
    spool.going["agi-app-c2-opening"].set()
    await settled()
    assert spool.taken == ["agi-app-c2-opening"]
    assert [opening.call_id for opening in kept] == ["call-2"]


async def test_an_engine_that_breaks_ends_nothing_else(
    listening: tuple[Openings, FakeSpool, list[OpeningWords]],
) -> None:
    found, spool, kept = listening
    for channel in ("broken", "c2"):
        found.begin(channel, f"call-{channel}", Action.CHALLENGE)
        await settled()
        for ended in spool.going.values():
            ended.set()
        await settled()
    assert [opening.call_id for opening in kept] == ["call-c2"]


async def test_a_flood_of_callers_is_not_listened_to(listening: tuple[Openings, FakeSpool, list[OpeningWords]]) -> None:
    found, spool, _ = listening
    for n in range(AT_ONCE + 5):
        found.begin(f"c{n}", f"call-{n}", Action.CHALLENGE)
    await settled()
    assert len(spool.going) == AT_ONCE


async def test_nobody_is_listened_to_unless_the_settings_want_it() -> None:
    nothing: Any = None
    found = Openings(nothing, Clock(), nothing, GuardSettings(), SPEECH)
    await found.run(nothing, Path())
    found.begin("c1", "call-1", Action.CHALLENGE)  # there is no loop of it that could take it
