"""What the records call an action has words for people, in both languages."""

from __future__ import annotations

import importlib
import pkgutil

from agi_app import operations
from agi_app.console.records.verbs import VERBS
from agi_app.operations.acting import OperationMark


def test_each_verb_of_an_operation_has_its_words() -> None:
    """Who adds an operation adds its verb to console/records/verbs.py, and its Chinese."""
    marks = [
        getattr(function, "acting", None)
        for module in pkgutil.walk_packages(operations.__path__, "agi_app.operations.")
        for function in vars(importlib.import_module(module.name)).values()
    ]
    used = {mark.verb for mark in marks if isinstance(mark, OperationMark) and mark.verb is not None}
    assert used - set(VERBS) == set()
