"""What a recogniser should expect at a question is known when the flow is loaded; no call changes it."""

from __future__ import annotations

import copy

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.flow.engine.commands import Command, PlayPrompt, StartListening
from agi_app.flow.engine.events import KeyPressed, PromptFinished
from agi_app.flow.engine.session import Session
from agi_app.flow.load import load_with_parts

HEAD = """\
flow: {name}
languages: [en, zh-CN]
identify: {{business: {{en: Sunshine Dental, zh-CN: 阳光口腔}}}}
start: a
"""
MAIN = HEAD.format(name="main") + (
    "nodes:\n"
    "  a:\n"
    '    - gather: {prompt: ask, keys: {"1": "yes"}, speech: {"yes": {en: [tomato], zh-CN: [番茄]}}}\n'
    "    - call: {flow: part}\n"
    "    - hangup\n"
)
PART = HEAD.format(name="part") + (
    "parameters: []\n"
    "nodes:\n"
    "  a:\n"
    '    - gather: {prompt: more, speech: {"yes": {en: [cucumber], zh-CN: [黄瓜]}}}\n'
    "    - return: done\n"
)


def expected(commands: list[Command]) -> tuple[str, ...]:
    (listening,) = (command for command in commands if isinstance(command, StartListening))
    return listening.phrases


def asked(commands: list[Command]) -> str:
    (prompt,) = (command for command in commands if isinstance(command, PlayPrompt))
    return prompt.playback


@pytest.mark.parametrize(("language", "first", "second"), [("en", "tomato", "cucumber"), ("zh-CN", "番茄", "黄瓜")])
def test_each_question_has_its_own_words_also_in_a_called_flow(language: str, first: str, second: str) -> None:
    """Two questions at the same node and step, of two flows."""
    flow = load_with_parts(MAIN, "main.yaml", {"part.yaml": PART}).understanding(shipped_meanings())
    before = copy.deepcopy(flow)
    session = Session.begin(flow, {}, language, hears=True)
    words = expected(session.handle(PromptFinished(asked(session.start()))))
    assert first in words
    assert second not in words
    words = expected(session.handle(PromptFinished(asked(session.handle(KeyPressed("1"))))))
    assert second in words
    assert first not in words
    assert flow == before
