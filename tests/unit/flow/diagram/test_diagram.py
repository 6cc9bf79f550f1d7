"""A drawn flow: every node and way is there, nothing crosses a box, and no text breaks the file."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.diagram.draw import Lit, draw, draw_in_page
from agi_app.flow.diagram.layout import Box, place
from agi_app.flow.diagram.svg import clip, text_width, wrap
from agi_app.flow.load import parse_flow

FLOW = """\
flow: checkup
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: "Sun <&> \\"Dental\\""}}
opt_out: {key: "9", confirm: stopped}
start: hello
nodes:
  hello:
    - play: greeting
    - branch:
        - {when: contact.vip == "a<b", goto: vip}
        - else: ask
  vip:
    - gather: {prompt: offer, keys: {"1": yes, "2": no, "3": "3"}, save: a}
      on: {yes: bye, no: ask, "3": bye, no_input: bye, no_match: hello}
  ask:
    - gather: {prompt: ask, keys: {"1": yes, "2": no}}
      on: {yes: bye, no: stop, no_input: ask}
  stop:
    - opt_out
  bye:
    - record: {call: true}
    - set: {disposition: done}
    - hangup
"""
SVG = "{http://www.w3.org/2000/svg}"


def texts(language: str | None = None, said: str = "您好，这里是阳光口腔。") -> list[str]:
    prompts = {
        ("zh-CN", "greeting"): PromptFacts(True, said),
        ("en", "greeting"): PromptFacts(True, "Hello & <welcome>."),
    }
    root = ET.fromstring(draw(parse_flow(FLOW, "f.yaml"), prompts, language))
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_all_nodes_keys_and_words_are_drawn() -> None:
    """Chinese words for a Chinese flow; a way back names the node; the opt-out stands once."""
    found = texts()
    assert {"hello", "vip", "ask", "stop", "bye", "↩ hello", "↩ ask", "1", "2", "3"} <= set(found)
    assert {
        "“您好，这里是阳光口腔。”",
        "disposition = done",
        "● 从这里开始通话录音",
        "其他情况",
        "无按键",
        "按了别的键",
    } <= set(found)
    assert 'contact.vip == "a<b"' in found
    assert sum("任何时候" in text for text in found) == 1
    assert found.count("9") == 1


def test_another_language_has_its_own_words_and_text_is_escaped() -> None:
    """What people write never becomes markup."""
    found = texts("en")
    assert {"“Hello & <welcome>.”", "otherwise", "says nothing", 'Sun <&> "Dental" · en'} <= set(found)
    assert texts(said="a\x1b\x00b")  # characters that XML does not allow
    assert "contact" not in "".join(texts(said="")).replace('contact.vip == "a<b"', "")


def test_one_way_for_several_keys_has_all_of_them() -> None:
    """Three answers that lead to one node are one line."""
    svg = draw(parse_flow(FLOW, "f.yaml"), {})
    # hello: 2 lines; vip: keys 1 and 3, nothing pressed, key 2, another key; ask: 1, 2, nothing
    assert svg.count('class="way"') == 2 + 4 + 3


@pytest.mark.parametrize("seed", range(30))
def test_no_line_crosses_a_box_and_no_box_another(seed: int) -> None:
    """In any graph without circles: a made one, the same each time."""
    count = 4 + seed % 9
    boxes = {
        f"n{i}": Box(
            60.0 + (i * 37 + seed * 11) % 150,
            50.0,
            tuple((10.0 + 20 * k, f"n{j}") for k, j in enumerate(range(i + 1, count)) if (i * j + seed + k) % 3 == 0),
        )
        for i in range(count)
    }
    laid = place(boxes)
    spans = {name: (laid.left[name], laid.left[name] + box.width) for name, box in boxes.items()}
    for a, b in itertools.combinations(boxes, 2):
        if laid.layer[a] == laid.layer[b]:
            assert spans[a][1] <= spans[b][0] + 1e-6 or spans[b][1] <= spans[a][0] + 1e-6
    assert all(left >= -1e-6 and right <= laid.width + 1e-6 for left, right in spans.values())
    for line in laid.lines:
        target = boxes[line.source].ways[line.way][1]
        assert laid.layer[target] > laid.layer[line.source]
        assert [layer for layer, _ in line.points] == list(range(laid.layer[line.source] + 1, laid.layer[target] + 1))
        for layer, x in line.points[:-1]:
            for name, (left, right) in spans.items():
                assert laid.layer[name] != layer or not left < x < right
        left, right = spans[target]
        assert left <= line.points[-1][1] <= right


def test_text_is_measured_clipped_and_wrapped() -> None:
    """A Chinese character is as wide as high; a mark begins no line; words stay whole."""
    assert text_width("口腔", 10) == 20
    assert text_width("il", 10) < text_width("WM", 10)
    assert clip("阳光口腔医院", 45, 10) == "阳光口…"
    assert wrap("one two three four", 60, 10, 5) == ["one two", "three four"]
    assert wrap("阳光口腔，你好", 42, 10, 3)[1][0] != "，"
    assert wrap("a b c d e f g h", 20, 10, 2)[-1].endswith("…")


def test_in_a_page_it_brings_no_looks_and_lights_up_where_a_call_was() -> None:
    """A page's policy allows no style of its own; each card says of which node it is, a card back which it names."""
    flow = parse_flow(FLOW, "f.yaml")
    drawn = draw_in_page(
        flow, {}, "en", Lit(frozenset(("hello", "ask")), frozenset((("hello", "ask"), ("ask", "ask"))), "ask")
    )
    assert "<style" not in drawn
    root = ET.fromstring(drawn)
    looks = {(one.get("data-node"), one.get("class")) for one in root.iter("g")}
    assert {("hello", "d-node d-lit"), ("ask", "d-node d-lit d-here"), ("bye", "d-node"), ("ask", "d-node")} <= looks
    assert drawn.count('class="d-way d-lit"') == 2
    assert "<style" in draw(flow, {})
