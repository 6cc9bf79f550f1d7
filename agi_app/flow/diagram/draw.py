"""Draws a flow as SVG: a card a node with the words that a person hears, and under it a tab for every way out.

A way back (to a node above) would be a line across everything: it ends in a small card that names the node. The
opt-out works everywhere, so it stands once, in the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from agi_app.flow.answers.grammar import family
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.diagram.cards import BACK, LONGEST_WAY, PAD, ROW, TAB, TITLE, Card, cards_of, key_width, words_of
from agi_app.flow.diagram.layout import Edge, Layout, place
from agi_app.flow.diagram.svg import Drawing, clip, text_width
from agi_app.flow.language.definition import Flow, FlowDocument

LAYER_GAP = 54.0
MARGIN, HEAD = 28.0, 122.0
LONGEST_NOTE = 640.0


@dataclass(frozen=True, slots=True)
class Lit:
    """What of a picture in a page is lit up: where a call was, the ways that it went, as pairs of nodes, and where
    it is."""

    nodes: frozenset[str] = frozenset()
    ways: frozenset[tuple[str, str]] = frozenset()
    at: str = ""

    def looks(self, node: str) -> str:
        """Of a card."""
        return f"{'lit' if node in self.nodes else ''} {'here' if node == self.at else ''}"


def draw(source: FlowDocument, prompts: Prompts, language: str | None = None) -> str:
    """The flow as an SVG file; ``language`` is one of the flow's, default its first."""
    return _drawn(source.flow, prompts, language or source.flow.languages[0], Lit(), "")


def draw_in_page(source: FlowDocument, prompts: Prompts, language: str | None, lit: Lit) -> str:
    """The flow as part of a page, whose style sheet has the looks under names that begin with ``d-``."""
    return _drawn(source.flow, prompts, language or source.flow.languages[0], lit, "d-")


def _drawn(flow: Flow, prompts: Prompts, language: str, lit: Lit, in_page: str) -> str:
    words = words_of(language)
    cards = cards_of(flow, prompts, language)
    layout = place({name: card.box for name, card in cards.items()})
    tops = _tops(cards, layout)
    note = _note(flow, prompts, language, words)
    width = max(layout.width, text_width(clip(note, LONGEST_NOTE, 13), 13) + 60, text_width(flow.flow, 20)) + 2 * MARGIN
    height = max(tops[layout.layer[name]] + card.height for name, card in cards.items()) + MARGIN
    drawing = Drawing(width, height, f"{flow.flow} ({language})", in_page)
    _head(drawing, flow, f"{flow.identify.business.get(language, '')} · {language}", note)
    shift = (width - layout.width) / 2
    for line in layout.lines:
        gone = (line.source, leads_to(cards, cards[line.source].ways[line.way].target)) in lit.ways
        leaves = tops[layout.layer[line.source]] + cards[line.source].height
        _line(drawing, line, shift, tops, leaves, "lit" if gone else "")
    for name, card in cards.items():
        drawing.begin(leads_to(cards, name), "" if card.back else lit.looks(name))
        _card(drawing, card, layout.left[name] + shift, tops[layout.layer[name]], name == flow.start, words)
        drawing.end()
    return drawing.svg()


def leads_to(cards: Mapping[str, Card], name: str) -> str:
    """The node that a card is of; a card back names one above."""
    return cards[name].title.removeprefix(BACK) if cards[name].back else name


def _note(flow: Flow, prompts: Prompts, language: str, words: Mapping[str, str]) -> str:
    note = words["stop"]
    if (name := flow.opt_out.confirm) is not None:
        confirm = f"，{words['said']}" if family(language) == "zh" else f", {words['said']}"
        note += f"{confirm} “{transcript_of(prompts, language, name) or name}”"
    return note


def _tops(cards: Mapping[str, Card], layout: Layout) -> list[float]:
    heights = (
        max(card.height for name, card in cards.items() if layout.layer[name] == level)
        for level in range(max(layout.layer.values()))
    )
    return list(accumulate((height + LAYER_GAP for height in heights), initial=HEAD + MARGIN))


def _head(drawing: Drawing, flow: Flow, head: str, note: str) -> None:
    drawing.text(MARGIN, MARGIN + 18, flow.flow, "flow")
    drawing.text(MARGIN, MARGIN + 40, head, "soft")
    drawing.box(MARGIN, MARGIN + 54, text_width(clip(note, LONGEST_NOTE, 13), 13) + 46, 30, "stop")
    drawing.key(MARGIN + 10, MARGIN + 60, flow.opt_out.key, key_width(flow.opt_out.key))
    drawing.text(MARGIN + 36, MARGIN + 74, clip(note, LONGEST_NOTE, 13), "row", note)


def _line(drawing: Drawing, line: Edge, shift: float, tops: list[float], leaves: float, more: str) -> None:
    x, y = line.start + shift, leaves
    path = [f"M{x:.1f} {y:.1f}"]
    for layer, next_x in line.points:
        bottom = tops[layer] - LAYER_GAP
        end = tops[layer] - (6 if (layer, next_x) == line.points[-1] else 0)
        path.append(f"L{x:.1f} {max(y, bottom):.1f}")
        middle = (bottom + end) / 2
        path.append(f"C{x:.1f} {middle:.1f} {next_x + shift:.1f} {middle:.1f} {next_x + shift:.1f} {end:.1f}")
        x, y = next_x + shift, end
    drawing.path(" ".join(path), more)


def _card(drawing: Drawing, card: Card, x: float, y: float, first: bool, words: Mapping[str, str]) -> None:
    if card.back:
        drawing.box(x, y, card.width, card.height, "back")
        drawing.text(x + PAD, y + 17, card.title, "label")
        return
    drawing.box(x, y, card.width, card.height, "card first" if first else "card")
    drawing.text(x + PAD, y + 21, card.title, "title")
    if first:
        drawing.text(x + PAD, y - 8, words["start"], "soft")
    base = y + TITLE
    if card.rows:
        drawing.rule(x, base, card.width)
    for row in card.rows:
        base += ROW
        drawing.text(x + PAD, base, row.text, row.kind, row.whole)
    _tabs(drawing, card, x, y)


def _tabs(drawing: Drawing, card: Card, x: float, y: float) -> None:
    if not card.tabs:
        return
    top = y + card.height - TAB
    drawing.rule(x, top, card.width)
    for (middle, _), way in zip(card.box.ways, card.ways, strict=True):
        here = x + middle - (way.width - 2 * PAD) / 2
        for key in way.keys:
            drawing.key(here, top + 4, key, key_width(key))
            here += key_width(key)
        drawing.text(here, top + 17, clip(way.label, LONGEST_WAY, 12), "label", way.label)
