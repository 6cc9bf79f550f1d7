"""E1: are nuisance subscribers told from others by how they call? On the call columns of one file, by 5-fold.

Everything is learned inside the folds: ranks, features' medians, models and points. The score of a row is given by
models that never saw it. Two models: an ensemble, to see what the columns hold, and a table of points that a person
can read and add up. Neither is part of the product, which sees a PBX and no carrier's records; what they show is how
far behaviour alone can go.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bench.guard.intervals import Figure, data_file, share
from bench.guard.models import Ensemble
from bench.guard.points import Points
from sandbox.errors import SandboxError

FILES = "sichuan_dev.csv", "sichuan*.csv"
FIRST_COLUMN, LAST_COLUMN, LABEL = "opposite_count", "calltype_id_unique", "label"
COLUMNS = 20
FOLDS, SEED = 5, 0
AUC, RECALL = 0.93, 0.70
POINTS_WITHIN = 0.05
RESAMPLED = 1000
Array = NDArray[np.float64]
Model = Callable[[], Any]


def run(folder: Path) -> tuple[list[Figure], list[str]]:
    """(All figures of E1, the points learned from the whole file as lines to read)."""
    names, rows, labels = read(folder)
    scores = out_of_fold(Ensemble, names, rows, labels)
    points = out_of_fold(Points, names, rows, labels)
    auc = _auc("auc", labels, scores, AUC)
    figures = [
        auc,
        _recall("recall_at_1%_false_alarms", labels, scores, 0.01, RECALL),
        _recall("recall_at_0.1%_false_alarms", labels, scores, 0.001),
        _auc("points_auc", labels, points, round(auc.value - POINTS_WITHIN, 6)),
        _recall("points_recall_at_1%_false_alarms", labels, points, 0.01),
    ]
    return figures, Points(names).fit(rows, labels).lines()


def read(folder: Path) -> tuple[list[str], Array, NDArray[np.int_]]:
    """The names of the call columns, their values (NaN where there is none), the labels."""
    file = data_file(folder, *FILES)
    with file.open(encoding="utf-8-sig", newline="") as source:
        table = list(csv.DictReader(source))
    header = list(table[0]) if table else []
    try:
        names = header[header.index(FIRST_COLUMN) : header.index(LAST_COLUMN) + 1]
        labels = np.array([int(float(row[LABEL])) for row in table])
    except (ValueError, KeyError) as error:
        raise SandboxError(f"{file}: a column is missing or has no number: {error}") from None
    if len(names) != COLUMNS:
        raise SandboxError(f"{file}: {COLUMNS} columns {FIRST_COLUMN} to {LAST_COLUMN} are needed, not {len(names)}")
    rows = np.array([[float(row[name]) if row[name].strip() else np.nan for name in names] for row in table])
    return names, rows, labels


def out_of_fold(model: Callable[[list[str]], Any], names: list[str], rows: Array, labels: NDArray[np.int_]) -> Array:
    """Each row's score by the model of the folds that it is not in."""
    scores = np.zeros(len(labels))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, labels):
        scores[test] = model(names).fit(rows[train], labels[train]).scores(rows[test])
    return scores


def _auc(name: str, labels: NDArray[np.int_], scores: Array, target: float) -> Figure:
    """With a bootstrap interval."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(RESAMPLED):
        chosen = rng.integers(0, len(labels), len(labels))
        if 0 < labels[chosen].sum() < len(chosen):
            found.append(_area(labels[chosen], scores[chosen]))
    low, high = np.quantile(found, [0.025, 0.975])
    return Figure(name, float(roc_auc_score(labels, scores)), float(low), float(high), len(labels), target)


def _area(labels: NDArray[np.int_], scores: Array) -> float:
    """The area under the curve by ranks; quicker than the library's, for the bootstrap."""
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    bad = int(labels.sum())
    return float((ranks[labels == 1].sum() - bad * (bad + 1) / 2) / (bad * (len(labels) - bad)))


def _recall(name: str, labels: NDArray[np.int_], scores: Array, alarms: float, target: float | None = None) -> Figure:
    """Of the nuisance rows, those that score higher than all but ``alarms`` of the others."""
    honest = np.sort(scores[labels == 0])[::-1]
    bound = honest[min(len(honest) - 1, int(len(honest) * alarms))]
    bad = scores[labels == 1]
    return share(name, int((bad > bound).sum()), len(bad), target)
