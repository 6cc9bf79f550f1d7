"""What a drawn flow shows of each node: the prompts with their words, what is set, and the ways out with their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agi_app.flow.check.graph import node_targets, prompt_uses, targets
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.diagram.layout import Box
from agi_app.flow.diagram.svg import clip, text_width, wrap
from agi_app.flow.language.asking_steps import Collect, CollectStep, Gather, GatherStep
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.record_step import RecordCallStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, EndStep, GotoStep, SetStep

TEXT_WIDTH = 250.0  # of a card's text, in pixels
LONGEST_WAY = 190.0
MOST_LINES = 4  # of one prompt
ROW, TITLE, TAB, PAD = 19.0, 30.0, 26.0, 12.0  # heights and the space at the sides
WORDS = {
    "en": {
        "no_input": "says nothing", "no_match": "another key", "entered": "entered", "else": "otherwise",
        "empty": "has no value", "hangup": "the call ends", "start": "start",
        "opt_out": "stores the stop, then the call ends", "wrong_number": "ends this number's consents and the call",
        "stop": "at any time: the stop is stored and the call ends", "said": "after",
        "record call": "● the call is recorded from here on", "record off": "■ the call is recorded no longer",
    },
    "zh": {
        "no_input": "无按键", "no_match": "按了别的键", "entered": "已输入", "else": "其他情况", "empty": "没有值",
        "hangup": "通话结束", "opt_out": "登记停呼，通话结束", "start": "开始", "wrong_number": "终止其同意并结束",
        "stop": "任何时候按下：登记停呼，通话结束", "said": "并播放",
        "record call": "● 从这里开始通话录音", "record off": "■ 停止通话录音",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line of a card: ``kind`` is its look."""

    kind: str  # prompt, said, set, end, verb
    text: str
    whole: str = ""  # what a clipped text was


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a node: its keys (as badges), its words, and where it leads."""

    keys: tuple[str, ...]
    label: str
    target: str

    @property
    def width(self) -> float:
        return sum(key_width(key) for key in self.keys) + text_width(clip(self.label, LONGEST_WAY, 12), 12) + 2 * PAD


@dataclass(frozen=True, slots=True)
class Card:
    """What is drawn of a node; a card ``back`` only names a node above."""

    title: str
    rows: tuple[CardRow, ...]
    ways: tuple[Way, ...]
    back: bool = False

    @property
    def width(self) -> float:
        if self.back:
            return text_width(self.title, 12) + 2 * PAD
        texts = max((text_width(row.text, 13) for row in self.rows), default=0.0)
        return max(130.0, texts + 2 * PAD, text_width(self.title, 14) + 2 * PAD, sum(way.width for way in self.ways))

    @property
    def height(self) -> float:
        if self.back:
            return TAB
        return TITLE + (ROW * len(self.rows) + 12 if self.rows else 0) + (TAB if self.tabs else 0)

    @property
    def tabs(self) -> bool:
        """Whether a way out has keys or words; an arrow alone needs no tab."""
        return any(way.keys or way.label for way in self.ways)

    @property
    def box(self) -> Box:
        spare = (self.width - sum(way.width for way in self.ways)) / max(1, len(self.ways))
        x, ways = 0.0, []
        for way in self.ways:
            ways.append((x + (way.width + spare) / 2, way.target))
            x += way.width + spare
        return Box(self.width, self.height, tuple(ways))


def cards_of(source: FlowDocument, prompts: Prompts, language: str, words: Mapping[str, str]) -> dict[str, Card]:
    flow = source.flow
    up = _ways_back(flow)
    cards: dict[str, Card] = {}
    for name, steps in flow.nodes.items():
        rows = [
            row for index, step in enumerate(steps) for row in _rows(source, (name, index), step, prompts, language)
        ]
        ways = [way for index, step in enumerate(steps) for way in _ways(source, name, index, step, words)]
        for number, way in enumerate(ways):
            if (name, way.target) in up:
                back = f"{name}\n{number}"
                cards[back] = Card(f"↩ {way.target}", (), (), back=True)
                ways[number] = Way(way.keys, way.label, back)
        cards[name] = Card(
            name, tuple(rows), tuple(way for way in ways if way.target in flow.nodes or "\n" in way.target)
        )
    return cards


def _rows(source: FlowDocument, at: tuple[str, int], step: AnyStep, prompts: Prompts, language: str) -> list[CardRow]:
    words = words_of(language)
    found: list[CardRow] = []
    if isinstance(step, SetStep):
        found += [CardRow("set", clip(f"{n} = {v}", TEXT_WIDTH, 13), f"{n} = {v}") for n, v in step.set.items()]
    elif isinstance(step, EndStep):
        found.append(CardRow("end", words[next(verb for verb, _ in step)]))
    elif isinstance(step, SayStep):
        return _said_rows(step, language)
    elif isinstance(step, CallStep):
        found.append(CardRow("verb", f"call {step.call.flow}"))
    elif isinstance(step, ReturnStep):
        found.append(CardRow("end", f"return {step.return_}"))
    elif isinstance(step, RecordCallStep):
        found.append(CardRow("verb", words["record call" if step.record.call else "record off"]))
    for use in prompt_uses(source.flow):
        if use.path[:3] == ("nodes", *at):
            text = said(prompts, language, use.prompt)
            found.append(CardRow("prompt", use.prompt + _patience(step)))
            found += (
                []
                if text == use.prompt
                else [CardRow("said", line, text) for line in wrap(f"“{text}”", TEXT_WIDTH, 13, MOST_LINES)]
            )
    if not found and not isinstance(step, GotoStep) and not any(targets(step)):
        found.append(CardRow("verb", next(name for name, _ in step if name != "on")))
    return found


def _ways(source: FlowDocument, node: str, index: int, step: AnyStep, words: Mapping[str, str]) -> list[Way]:
    """The ways of a step, those that lead to one node joined."""
    joined: dict[tuple[str, bool], tuple[list[str], list[str]]] = {}
    for path, target in targets(step):
        keys, labels = _named(source, ("nodes", node, index, *path), step, words)
        mine = joined.setdefault((target, bool(keys)), ([], []))
        mine[0].extend(keys)
        mine[1].extend(label for label in labels if label not in mine[1])
    return [Way(tuple(keys), " · ".join(labels), target) for (target, _), (keys, labels) in joined.items()]


def _named(
    source: FlowDocument, path: tuple[Any, ...], step: AnyStep, words: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Keys and words of one way."""
    last = path[-1]
    if isinstance(step, GatherStep) and path[3] == "on":
        keys = [key for key, label in (step.gather.keys or {}).items() if label == last]
        if keys:
            return keys, [] if keys == [last] else [str(last)]
    if last in words and path[3] in ("on", "branch"):
        return [], [words[str(last)]]
    if path[3:4] == ("branch",):
        value: Any = source.document.value
        for part in (*path[:-1], "when"):
            value = value[part]
        return [], [str(value)]
    return [], [] if last == "goto" else [str(last)]


def _ways_back(flow: Flow) -> set[tuple[str, str]]:
    """The ways that close a circle, found by walking from the start in file order."""
    found: set[tuple[str, str]] = set()
    state: dict[str, int] = {}  # 1: being walked, 2: done
    for first in (flow.start, *flow.nodes):
        if first in state or first not in flow.nodes:
            continue
        state[first] = 1
        walk = [(first, iter(_in_order(flow, first)))]
        while walk:
            node, rest = walk[-1]
            target = next(rest, None)
            if target is None:
                state[node] = 2
                walk.pop()
            elif state.get(target) == 1:
                found.add((node, target))
            elif target not in state:
                state[target] = 1
                walk.append((target, iter(_in_order(flow, target))))
    return found


def _in_order(flow: Flow, node: str) -> list[str]:
    real = node_targets(flow, node)
    every = [target for step in flow.nodes[node] for _, target in targets(step) if target in flow.nodes]
    return sorted(dict.fromkeys(every), key=lambda target: target not in real)


def said(prompts: Prompts, language: str, name: str | None) -> str:
    facts = prompts.get((language, name or ""))
    return " ".join((facts.transcript if facts and facts.transcript else name or "").split())


def _said_rows(step: SayStep, language: str) -> list[CardRow]:
    said_here, value = step.say, step.say.value
    if value is not None:
        return [CardRow("prompt", clip(f"say {value} ({said_here.as_})", TEXT_WIDTH, 13))]
    text = (said_here.text or {}).get(language, "")
    return [
        CardRow("prompt", "say"),
        *(CardRow("said", line, text) for line in wrap(f"“{text}”", TEXT_WIDTH, 13, MOST_LINES)),
    ]


def _patience(step: AnyStep) -> str:
    """How often and how long a gather waits."""
    match step:
        case GatherStep():
            asked: Gather | Collect = step.gather
        case CollectStep():
            asked = step.collect
        case _:
            return ""
    return f" · {asked.attempts} × {asked.timeout.total_seconds():g} s"


def key_width(key: str) -> float:
    return text_width(key, 12) + 16


def words_of(language: str) -> Mapping[str, str]:
    """Our own words in a diagram: Chinese for Chinese, else English."""
    return WORDS["zh" if language.lower().startswith("zh") else "en"]
