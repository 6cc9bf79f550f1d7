"""What a call says is ready before it, or the call is not made."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from agi_app.calls import rendered_speech as module
from agi_app.calls.rendered_speech import Voice
from agi_app.errors import ConfigError, InputError
from agi_app.flow.engine.say_texts import Parts
from agi_app.flow.load import load_flow
from agi_app.flow.saying.spoken_parts import Piece, Text
from tests.unit.fake_voice import recorded_only
from tests.unit.flow.engine.test_say_texts import FLOW

CONTACT = {"name": "Ann", "due": "2026-03-05"}


class Renderer:
    """Writes down what it was asked for, and on which thread."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, parts: Parts, language: str, _whose: str = "") -> list[str]:
        self.gate.wait(5)
        self.threads.add(threading.get_ident())
        self.asked.append(f"{language}: {' '.join(part.text for part in parts)}")
        return [f"sound:{part.text}" for part in parts]


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.gate.set()


async def test_all_is_rendered_before_the_call_and_off_the_event_loop(renderer: Renderer) -> None:
    voice = Voice(renderer)
    call = await voice.before_call(load_flow(FLOW, "f.yaml"), CONTACT, None)
    asked = list(renderer.asked)
    assert asked[:2] == ["en: Hello Ann, Sunshine Dental here.", "en: stars"]
    assert threading.get_ident() not in renderer.threads
    assert await call.media((Text("Hello Ann, Sunshine Dental here."),), "en") == [
        "sound:Hello Ann, Sunshine Dental here."
    ]
    assert renderer.asked == asked, "nothing is rendered twice"
    assert await call.media((Piece("num/3", "three"), Text("stars")), "en") == ["sound:three", "sound:stars"]
    voice.close()


async def test_a_text_that_was_not_rendered_is_refused_during_the_call(renderer: Renderer) -> None:
    voice = Voice(renderer)
    call = await voice.before_call(load_flow(FLOW, "f.yaml"), CONTACT, None)
    with pytest.raises(ConfigError, match="not rendered before"):
        await call.media((Text("something new"),), "en")
    voice.close()


async def test_a_slow_engine_is_not_waited_for(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENDER_WAIT_S", 0.05)
    renderer.gate.clear()
    voice = Voice(renderer)
    with pytest.raises(ConfigError, match="not rendered within"):
        await voice.before_call(load_flow(FLOW, "f.yaml"), CONTACT, None)
    voice.close()


async def test_a_contact_without_its_column_is_an_error_before_the_call(renderer: Renderer) -> None:
    voice = Voice(renderer)
    with pytest.raises(InputError, match="is empty"):
        await voice.before_call(load_flow(FLOW, "f.yaml"), {"name": "Ann"}, None)
    voice.close()


def test_without_an_engine_only_recordings_are_played() -> None:
    render = recorded_only(lambda language, name: f"sound:{language}/{name}")
    assert render((Piece("num/3", "three"),), "en", "") == ["sound:en/num/3"]
    with pytest.raises(ConfigError, match="no text-to-speech engine"):
        render((Text("Ann"),), "en", "")
