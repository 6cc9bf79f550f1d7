"""A flow to look at: its picture as part of a page, and the same as a list for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.campaigns.project.read_project import Project
from agi_app.flow.diagram.cards import cards_of
from agi_app.flow.diagram.draw import Lit, draw_in_page, leads_to
from agi_app.flow.engine.call_in_flow import Walked
from agi_app.operations.project.project_files import find_flow

__all__ = ["FlowPicture", "Lit", "NodeLine", "NodeWay", "lit_by", "picture"]


@dataclass(frozen=True, slots=True)
class NodeWay:
    """A way out of a node: its keys and words, and where it leads."""

    label: str
    target: str


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node: the line where it begins, what happens in it, the ways on, and whether a call was there."""

    name: str
    line: int
    rows: Sequence[str]
    ways: Sequence[NodeWay]
    lit: bool
    here: bool


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """``svg``: markup in which every text is escaped."""

    svg: str
    nodes: Sequence[NodeLine]


def picture(project: Project, name: str, language: str | None = None, lit: Lit | None = None) -> FlowPicture:
    """A flow drawn, and its nodes. Blocks. Raises InputError for a flow or language that there is not, AuthorError."""
    source = find_flow(project, name, language).parsed
    flow, spoken, shown = source.flow, language or source.flow.languages[0], lit or Lit()
    cards = cards_of(flow, project.prompts, spoken)
    nodes = [
        NodeLine(
            node,
            source.document.at(("nodes", node))[0],
            [row.text for row in cards[node].rows],
            [
                NodeWay(" ".join((*way.keys, way.label)).strip(), leads_to(cards, way.target))
                for way in cards[node].ways
            ],
            node in shown.nodes,
            node == shown.at,
        )
        for node in flow.nodes
    ]
    return FlowPicture(draw_in_page(source, project.prompts, spoken, shown), nodes)


def lit_by(start: str, walked: Sequence[Walked], at: str) -> Lit:
    """What a call lights up in the picture of the flow that it began with."""
    own = [one for one in walked if one.flow is None]
    ways = frozenset((one.node, one.target) for one in own if one.target is not None)
    return Lit(frozenset((start, at, *(one.node for one in own), *(target for _, target in ways))), ways, at)
