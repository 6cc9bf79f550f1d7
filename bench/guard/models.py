"""An ensemble for E1: different kinds of models, their probabilities averaged.

Single columns say less than their relations (calls with each person, share of the time that the most called person
gets), and raw values less than ranks: amounts are spread over four powers of ten. Trees at random cuts and smooth
networks err in different places; the networks weigh as much as both kinds of trees, since they rank the top best.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

Array = NDArray[np.float64]
UNKNOWN = -1.0  # for a value that is not there: below all that are
NETWORKS = 6
GROVES, MIXTURES = 12, 30
QUANTILES = 200
_TREES: dict[str, Any] = {"min_samples_leaf": 2, "n_jobs": -1, "random_state": 0}


class Ensemble:
    """Fitted on rows of the call columns; a score is the weighted mean of what its kinds of models say."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._kinds: list[_Kind] = []

    def fit(self, rows: Array, labels: NDArray[np.int_]) -> Ensemble:
        """Fit every model of every kind."""
        self._kinds = _kinds()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the networks are stopped early on purpose
            for kind in self._kinds:
                for model in kind.models:
                    model.fit(self._inputs(rows, kind), labels)
        return self

    def scores(self, rows: Array) -> Array:
        """Higher is more like a nuisance caller."""
        found = []
        for kind in self._kinds:
            inputs = self._inputs(rows, kind)
            found.append(np.mean([model.predict_proba(inputs)[:, 1] for model in kind.models], axis=0))
        return np.asarray(np.average(found, axis=0, weights=[kind.weight for kind in self._kinds]))

    def _inputs(self, rows: Array, kind: _Kind) -> Array:
        values = np.hstack([rows, relations(self._names, rows)]) if kind.related else rows
        return np.where(np.isfinite(values), values, UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Models of one kind; ``related``: they get the relations of the columns too."""

    related: bool
    models: list[Any]
    weight: float = 1.0


class MixedTrees:
    """Trees at random cuts, on ranks and on random mixtures of two or three of them, so that cuts may be slanting."""

    def __init__(self) -> None:
        self._ranks: Any = None
        self._groves: list[tuple[Array, Any]] = []

    def fit(self, rows: Array, labels: NDArray[np.int_]) -> MixedTrees:
        """Each grove has mixtures of its own."""
        self._ranks = _ranks("uniform").fit(rows)
        values, rng = self._ranks.transform(rows), np.random.default_rng(0)
        for grove in range(GROVES):
            mixture = np.zeros((values.shape[1], MIXTURES))
            for column in mixture.T:
                chosen = rng.choice(len(column), rng.integers(2, 4), replace=False)
                column[chosen] = rng.normal(size=len(chosen))
            trees = ExtraTreesClassifier(100, max_features=10, **(_TREES | {"random_state": grove}))
            self._groves.append((mixture, trees.fit(np.hstack([values, values @ mixture]), labels)))
        return self

    def predict_proba(self, rows: Array) -> Array:
        """As the library's models give it."""
        values = self._ranks.transform(rows)
        found = [trees.predict_proba(np.hstack([values, values @ mixture])) for mixture, trees in self._groves]
        return np.asarray(np.mean(found, axis=0))


def relations(names: list[str], rows: Array) -> Array:
    """What the columns say of each other."""
    c = dict(zip(names, rows.T, strict=True))
    calls, persons, made = c["opposite_count"], c["opposite_unique"], c["voccalltype1"]
    seconds = c["call_dur_mean"] * calls
    with np.errstate(all="ignore"):
        found = [
            persons / calls, calls - made, seconds, made / c["imeis"], calls / c["imeis"], persons / c["imeis"],
            made / persons, (calls - made) / persons, persons - made,
            c["phone2opposite_max"] / calls, c["phone2oppo_sum_max"] / seconds,
            (calls - c["phone2opposite_max"]) / np.maximum(persons - 1, 1),
            c["call_dur_median"] / c["call_dur_mean"], c["call_dur_max"] / c["call_dur_mean"],
            c["call_dur_max"] / seconds,
            c["phone2oppo_sum_median"] / c["call_dur_median"], c["phone2oppo_sum_max"] / c["phone2opposite_max"],
            c["phone2opposite_mean"] / c["phone2opposite_median"], c["phone2opposite_max"] / c["phone2opposite_mean"],
            c["phone2oppo_sum_mean"] / c["phone2oppo_sum_median"], c["phone2oppo_sum_max"] / c["phone2oppo_sum_mean"],
            c["county_name_nunique"] / persons, c["city_name_nunique"] / persons,
            c["county_name_nunique"] / np.maximum(c["city_name_nunique"], 1),
            c["county_name_nunique"] - c["county_name_call"], c["city_name_nunique"] - c["city_name_call"],
            c["voc_calltype1"] * persons / calls, (1 - c["voc_calltype1"]) * c["phone2opposite_mean"],
        ]  # fmt: skip
    return np.column_stack(found)


def _kinds() -> list[_Kind]:
    networks = [MLPClassifier((64, 32), alpha=0.3, max_iter=100, random_state=seed) for seed in range(NETWORKS)]
    return [
        _Kind(False, [MixedTrees()]),
        _Kind(True, [RandomForestClassifier(400, criterion="entropy", **_TREES)]),
        _Kind(True, [make_pipeline(_ranks("uniform"), network) for network in networks], weight=2.0),
    ]


def _ranks(shape: str) -> QuantileTransformer:
    return QuantileTransformer(n_quantiles=QUANTILES, output_distribution=shape, random_state=0)
