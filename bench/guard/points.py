"""A table of points that a person can read: ten things about a caller, each cut into five steps, whole points each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Array = NDArray[np.float64]
Columns = dict[str, Array]

CUTS = (0.2, 0.4, 0.6, 0.8)  # quantiles
POINTS_A_UNIT = 10  # a point is a tenth of a natural log-odds unit
STRENGTH = 0.3  # of the fit; less is simpler

# What a person would ask about a caller, by the columns of the file.
FEATURES: dict[str, Callable[[Columns], Array]] = {
    "calls with each person": lambda c: c["opposite_count"] / c["opposite_unique"],
    "most calls with one person": lambda c: c["phone2opposite_max"],
    "share of calls it makes itself": lambda c: c["voc_calltype1"],
    "persons called or calling": lambda c: c["opposite_unique"],
    "calls": lambda c: c["opposite_count"],
    "telephones used": lambda c: c["imeis"],
    "seconds with each person": lambda c: c["phone2oppo_sum_mean"],
    "seconds a call": lambda c: c["call_dur_mean"],
    "counties called from": lambda c: c["county_name_nunique"],
    "counties called to": lambda c: c["county_name_call"],
}


class Points:
    """Learns the points of each step."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._cuts: list[Array] = []
        self._points: list[NDArray[np.int_]] = []  # of each feature: for no value, then for each step

    def fit(self, rows: Array, labels: NDArray[np.int_]) -> Points:
        """Cuts at quantiles, then a logistic regression over the steps, rounded."""
        values = self._values(rows)
        self._cuts = [np.unique(np.nanquantile(column, CUTS)) for column in values.T]
        steps = [len(cuts) + 2 for cuts in self._cuts]
        regression = LogisticRegression(C=STRENGTH, max_iter=2000).fit(self._coded(values), labels)
        weights = np.split(np.rint(regression.coef_[0] * POINTS_A_UNIT).astype(int), np.cumsum(steps)[:-1])
        self._points = [found - found[1:].min() for found in weights]  # the least suspicious step has 0
        return self

    def scores(self, rows: Array) -> Array:
        """The sum of the points."""
        steps = self._steps(self._values(rows))
        return sum((points[step] for points, step in zip(self._points, steps.T, strict=True)), np.zeros(len(rows)))

    def lines(self) -> list[str]:
        """The table as text, a line a feature."""
        return [
            f"{name}: {self._line(cuts, points)}"
            for name, cuts, points in zip(FEATURES, self._cuts, self._points, strict=True)
        ]

    def _line(self, cuts: Array, points: NDArray[np.int_]) -> str:
        least = [f"from {cut:.3g}: {point}" for cut, point in zip(cuts, points[2:], strict=True)]
        return ", ".join([f"less: {points[1]}", *least, f"unknown: {points[0]}"])

    def _values(self, rows: Array) -> Array:
        columns = dict(zip(self._names, rows.T, strict=True))
        with np.errstate(all="ignore"):
            return np.column_stack([feature(columns) for feature in FEATURES.values()])

    def _steps(self, values: Array) -> NDArray[np.int_]:
        """0: no value, 1: below the first cut, …"""
        found = [
            np.searchsorted(cuts, column, side="right") + 1 for cuts, column in zip(self._cuts, values.T, strict=True)
        ]
        return np.where(np.isfinite(values), np.column_stack(found), 0)

    def _coded(self, values: Array) -> Array:
        """One column a step."""
        steps = self._steps(values)
        parts = [np.eye(len(cuts) + 2)[step] for cuts, step in zip(self._cuts, steps.T, strict=True)]
        return np.hstack(parts)
