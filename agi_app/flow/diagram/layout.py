"""Places the boxes of a drawn graph in layers, after Sugiyama, Tagawa and Toda (1981), so that no line crosses a box.

Every box is in a layer below all that lead to it (longest path). A line over several layers goes through its
own place in each. The order in a layer is that with the fewest crossings found by sorting by the mean
place of the neighbours; the final places are the nearest to those means that keep order and distance.
"""

from __future__ import annotations

import graphlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SIDE_GAP = 36.0  # between two boxes of a layer, in pixels
LINE_WIDTH = 18.0  # what a line on its way through a layer needs
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """What is placed: its size, and where on its lower side each line leaves, as a distance from its left."""

    width: float
    height: float
    ways: tuple[tuple[float, str], ...]  # (distance, name of the box that it leads to), from left to right


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from way ``way`` of a box; ``points`` are its places at the upper side of each layer below."""

    source: str
    way: int
    start: float  # x where it leaves the box
    points: tuple[tuple[int, float], ...]  # (layer, x), the last at the box that it leads to


@dataclass(frozen=True, slots=True)
class Layout:
    """Left edges of the boxes, the layer of each, the lines, and the width of the whole."""

    left: Mapping[str, float]
    layer: Mapping[str, int]
    lines: tuple[Edge, ...]
    width: float


@dataclass(slots=True)
class _Chain:
    source: str
    way: int
    inner: list[str]  # the places in the layers between
    target: str


def place(boxes: Mapping[str, Box]) -> Layout:
    """Place all boxes; the ways must not form a circle, and each leads to a box."""
    layer = _layers(boxes)
    chains = _chains(boxes, layer)
    widths = {name: box.width for name, box in boxes.items()}
    widths |= {name: LINE_WIDTH for chain in chains for name in chain.inner}
    rows = _rows(boxes, layer, chains)
    rows = _fewest_crossings(rows, [(a, b, _share(boxes, a, chain)) for chain in chains for a, b in _pairs(chain)])
    centre = _coordinates(rows, widths, boxes, chains)
    first = min(centre[name] - widths[name] / 2 for name in centre)
    left = {name: centre[name] - widths[name] / 2 - first for row in rows for name in row}
    width = max(left[name] + widths[name] for name in left)
    return Layout({name: left[name] for name in boxes}, layer, _lines(boxes, chains, layer, left), width)


def _layers(boxes: Mapping[str, Box]) -> dict[str, int]:
    layer = dict.fromkeys(boxes, 0)
    below = {name: [target for _, target in box.ways] for name, box in boxes.items()}
    for name in reversed([*graphlib.TopologicalSorter(below).static_order()]):
        for target in below[name]:
            layer[target] = max(layer[target], layer[name] + 1)
    return layer


def _chains(boxes: Mapping[str, Box], layer: Mapping[str, int]) -> list[_Chain]:
    return [
        _Chain(name, way, [f"{name}\n{way}\n{level}" for level in range(layer[name] + 1, layer[target])], target)
        for name, box in boxes.items()
        for way, (_, target) in enumerate(box.ways)
    ]


def _pairs(chain: _Chain) -> list[tuple[str, str]]:
    return list(itertools.pairwise([chain.source, *chain.inner, chain.target]))


def _rows(boxes: Mapping[str, Box], layer: Mapping[str, int], chains: Sequence[_Chain]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for name in boxes:
        rows[layer[name]].append(name)
    for chain in chains:
        for step, name in enumerate(chain.inner, layer[chain.source] + 1):
            rows[step].append(name)
    return rows


def _share(boxes: Mapping[str, Box], name: str, chain: _Chain) -> float:
    """Where a line leaves, from 0 (left edge) to 1; below 1, so that the order of the boxes counts first."""
    return boxes[name].ways[chain.way][0] / boxes[name].width * 0.9 if name in boxes else 0.45


def _fewest_crossings(rows: list[list[str]], links: Sequence[tuple[str, str, float]]) -> list[list[str]]:
    above: dict[str, list[tuple[str, float]]] = {name: [] for row in rows for name in row}
    below: dict[str, list[tuple[str, float]]] = {name: [] for row in rows for name in row}
    for upper, lower, share in links:
        above[lower].append((upper, share))
        below[upper].append((lower, -share))
    best, fewest = rows, _crossings(rows, above)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        rows = [list(row) for row in rows]
        for index in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            rows[index] = _by_mean(rows[index], rows[index - 1 if down else index + 1], above if down else below)
        crossings = _crossings(rows, above)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _by_mean(row: list[str], near: list[str], neighbours: Mapping[str, list[tuple[str, float]]]) -> list[str]:
    place_of = {name: index for index, name in enumerate(near)}
    means = {}
    for index, name in enumerate(row):
        found = [place_of[other] + share for other, share in neighbours[name]]
        means[name] = sum(found) / len(found) if found else float(index)
    return sorted(row, key=means.__getitem__)


def _crossings(rows: list[list[str]], above: Mapping[str, list[tuple[str, float]]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place_of = {name: index for index, name in enumerate(upper)}
        seen: list[float] = []
        for name in lower:
            starts = [place_of[other] + share for other, share in above[name]]
            total += sum(1 for start in starts for earlier in seen if earlier > start)
            seen += starts
    return total


def _coordinates(
    rows: list[list[str]], widths: Mapping[str, float], boxes: Mapping[str, Box], chains: Sequence[_Chain]
) -> dict[str, float]:
    """Centres. Twice down and up: each row goes where its lines come from, then where they lead to."""
    centre: dict[str, float] = {}
    for row in rows:
        x = 0.0
        for name in row:
            centre[name] = x + widths[name] / 2
            x += widths[name] + SIDE_GAP
    up: dict[str, list[tuple[str, float]]] = {name: [] for name in centre}
    down: dict[str, list[tuple[str, float]]] = {name: [] for name in centre}
    for chain in chains:
        for upper, lower in _pairs(chain):
            port = boxes[upper].ways[chain.way][0] - widths[upper] / 2 if upper in boxes else 0.0
            up[lower].append((upper, port))
            down[upper].append((lower, -port))
    for neighbours, order in ((up, rows), (down, rows[::-1])) * 3 + ((up, rows),):
        for row in order:
            wanted = [
                sum(centre[other] + port for other, port in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else centre[name]
                for name in row
            ]
            centre.update(zip(row, _spread(wanted, [widths[name] for name in row]), strict=True))
    return centre


def _spread(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The places nearest to ``wanted`` (least squares) in this order and without overlap: pool adjacent violators."""
    apart = ((left + right) / 2 + SIDE_GAP for left, right in itertools.pairwise(widths))
    offsets = [*itertools.accumulate(apart, initial=0.0)]
    pools: list[tuple[float, int]] = []  # (mean, how many)
    for value, offset in zip(wanted, offsets, strict=True):
        mean, count = value - offset, 1
        while pools and pools[-1][0] > mean:
            earlier, many = pools.pop()
            mean, count = (earlier * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _lines(
    boxes: Mapping[str, Box], chains: Sequence[_Chain], layer: Mapping[str, int], left: Mapping[str, float]
) -> tuple[Edge, ...]:
    """The lines; those that lead to one box arrive side by side, in the order in which they come."""

    def last_x(chain: _Chain) -> float:
        if chain.inner:
            return left[chain.inner[-1]] + LINE_WIDTH / 2
        return left[chain.source] + boxes[chain.source].ways[chain.way][0]

    arrive: dict[tuple[str, int], float] = {}
    for name, box in boxes.items():
        coming = sorted((c for c in chains if c.target == name), key=last_x)
        room = min(box.width * 0.6, 22.0 * (len(coming) - 1))
        for index, chain in enumerate(coming):
            share = index / (len(coming) - 1) - 0.5 if len(coming) > 1 else 0.0
            arrive[chain.source, chain.way] = left[name] + box.width / 2 + share * room
    return tuple(
        Edge(
            chain.source,
            chain.way,
            left[chain.source] + boxes[chain.source].ways[chain.way][0],
            (
                *((layer[chain.source] + 1 + i, left[n] + LINE_WIDTH / 2) for i, n in enumerate(chain.inner)),
                (layer[chain.target], arrive[chain.source, chain.way]),
            ),
        )
        for chain in chains
    )
