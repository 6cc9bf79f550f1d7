"""What a drawn flow shows of each node: the prompts with their words, what is set, and the ways out with their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from agi_app.flow.answers.grammar import family
from agi_app.flow.check.graph import node_targets, prompt_uses, targets
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.diagram.layout import Box
from agi_app.flow.diagram.svg import clip, text_width, wrap
from agi_app.flow.engine.call_in_flow import first_question
from agi_app.flow.language.asking_steps import CollectStep, GatherStep
from agi_app.flow.language.call_step import CallStep, ReturnStep
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.record_step import RecordCallStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, BranchStep, GotoStep, HangupStep, OptOutStep, SetStep, When
from agi_app.flow.language.wrong_number_step import WrongNumberStep

TEXT_WIDTH = 250.0  # of a card's text, in pixels
LONGEST_WAY = 190.0
MOST_LINES = 4  # of one prompt
BACK = "↩ "
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
        starts = accumulate((way.width + spare for way in self.ways), initial=0.0)
        ways = ((x + (way.width + spare) / 2, way.target) for way, x in zip(self.ways, starts, strict=False))
        return Box(self.width, self.height, tuple(ways))


def cards_of(flow: Flow, prompts: Prompts, language: str) -> dict[str, Card]:
    words, up = words_of(language), _ways_back(flow)
    cards: dict[str, Card] = {}
    for name, steps in flow.nodes.items():
        rows = [row for index, step in enumerate(steps) for row in _rows(flow, (name, index), step, prompts, language)]
        ways = [way for step in steps for way in _ways(step, words)]
        for number, way in enumerate(ways):
            if (name, way.target) in up:
                back = f"{name}\n{number}"
                cards[back] = Card(f"{BACK}{way.target}", (), (), back=True)
                ways[number] = Way(way.keys, way.label, back)
        cards[name] = Card(
            name, tuple(rows), tuple(way for way in ways if way.target in flow.nodes or "\n" in way.target)
        )
    return cards


def _rows(flow: Flow, at: tuple[str, int], step: AnyStep, prompts: Prompts, language: str) -> list[CardRow]:
    if isinstance(step, SayStep):
        return _said_rows(step, language)
    found = _own_rows(step, words_of(language))
    for use in prompt_uses(flow):
        if use.path[:3] == ("nodes", *at):
            text = transcript_of(prompts, language, use.prompt)
            found += [CardRow("prompt", use.prompt + _patience(step)), *(_words_rows(text) if text else ())]
    if not found and not isinstance(step, GotoStep) and not any(targets(step)):
        found.append(CardRow("verb", next(name for name, _ in step if name != "on")))
    return found


def _own_rows(step: AnyStep, words: Mapping[str, str]) -> list[CardRow]:
    """What a step does beside playing prompts."""
    match step:
        case SetStep():
            texts = [f"{name} = {value}" for name, value in step.set.items()]
            return [CardRow("set", clip(text, TEXT_WIDTH, 13), text) for text in texts]
        case HangupStep() | OptOutStep() | WrongNumberStep():
            return [CardRow("end", words[next(verb for verb, _ in step)])]
        case CallStep():
            return [CardRow("verb", f"call {step.call.flow}")]
        case ReturnStep():
            return [CardRow("end", f"return {step.return_}")]
        case RecordCallStep():
            return [CardRow("verb", words["record call" if step.record.call else "record off"])]
    return []


def _words_rows(text: str) -> list[CardRow]:
    return [CardRow("said", line, text) for line in wrap(f"“{text}”", TEXT_WIDTH, 13, MOST_LINES)]


def _ways(step: AnyStep, words: Mapping[str, str]) -> list[Way]:
    """The ways of a step, those that lead to one node joined."""
    joined: dict[tuple[str, bool], tuple[list[str], list[str]]] = {}
    for path, target in targets(step):
        keys, labels = _named(path, step, words)
        mine = joined.setdefault((target, bool(keys)), ([], []))
        mine[0].extend(keys)
        mine[1].extend(label for label in labels if label not in mine[1])
    return [Way(tuple(keys), " · ".join(labels), target) for (target, _), (keys, labels) in joined.items()]


def _named(path: tuple[Any, ...], step: AnyStep, words: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Keys and words of one way."""
    last = path[-1]
    if isinstance(step, GatherStep):
        keys = [key for key, label in (step.gather.keys or {}).items() if label == last]
        if keys:
            return keys, [] if keys == [last] else [str(last)]
    if last in words:
        return [], [words[str(last)]]
    if isinstance(step, BranchStep):
        return [], [case.when.source for case in step.branch[path[1] : path[1] + 1] if isinstance(case, When)]
    return [], [] if last == "goto" else [str(last)]


def _ways_back(flow: Flow) -> set[tuple[str, str]]:
    """The ways that close a circle, found by walking from the start in file order."""
    found: set[tuple[str, str]] = set()
    done: dict[str, bool] = {}  # False: being walked

    def walk(node: str) -> None:
        done[node] = False
        for target in _in_order(flow, node):
            if target not in done:
                walk(target)
            elif not done[target]:
                found.add((node, target))
        done[node] = True

    for first in (flow.start, *flow.nodes):
        if first not in done and first in flow.nodes:
            walk(first)
    return found


def _in_order(flow: Flow, node: str) -> list[str]:
    real = node_targets(flow, node)
    every = [target for step in flow.nodes[node] for _, target in targets(step) if target in flow.nodes]
    return sorted(dict.fromkeys(every), key=lambda target: target not in real)


def _said_rows(step: SayStep, language: str) -> list[CardRow]:
    said_here, value = step.say, step.say.value
    if value is not None:
        return [CardRow("prompt", clip(f"say {value} ({said_here.as_})", TEXT_WIDTH, 13))]
    return [CardRow("prompt", "say"), *_words_rows((said_here.text or {}).get(language, ""))]


def _patience(step: AnyStep) -> str:
    """How often and how long a gather waits."""
    if not isinstance(step, GatherStep | CollectStep):
        return ""
    asked = first_question(step)
    return f" · {asked.attempts} × {asked.timeout.total_seconds():g} s"


def key_width(key: str) -> float:
    return text_width(key, 12) + 16


def words_of(language: str) -> Mapping[str, str]:
    """Our own words in a diagram: Chinese for Chinese, else English."""
    return WORDS["zh" if family(language) == "zh" else "en"]
