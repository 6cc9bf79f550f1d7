"""What a card of a drawn flow says."""

from __future__ import annotations

from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.diagram.cards import cards_of
from agi_app.flow.engine.commands import PlayPrompt
from agi_app.flow.engine.events import KeyPressed
from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.shown_lines import told, told_event

FLOW = """flow: f
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
start: a
nodes:
  a:
    - gather: {prompt: ask, keys: {"1": yes, "2": no}}
      on: {yes: b, no: b, no_input: a}
  b: [hangup]
"""
PROMPTS = {("zh-CN", "ask"): PromptFacts(True, "您方便吗？\n请按键。")}


def test_a_card_names_prompts_keys_and_where_they_lead() -> None:
    """Two answers that lead to one node are one way; a way back ends in a card of its own."""
    cards = cards_of(parse_flow(FLOW, "f.yaml").flow, PROMPTS, "zh-CN")
    assert [row.text for row in cards["a"].rows] == ["ask · 2 × 5 s", "“您方便吗？ 请按键。”"]
    forward, back = cards["a"].ways
    assert (forward.keys, forward.target) == (("1", "2"), "b")
    assert (back.label, cards[back.target].title) == ("无按键", "↩ a")
    assert [row.text for row in cards["b"].rows] == ["通话结束"]


def test_a_simulated_call_shows_the_same_words() -> None:
    assert told(PlayPrompt("p1", "ask", "zh-CN"), PROMPTS) == ["plays ask (zh-CN): 您方便吗？ 请按键。"]
    assert told_event(KeyPressed("1")) == ["> 1"]
