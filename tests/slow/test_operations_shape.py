"""What a person can do to the system is a typed function with a word on what it does: every face asks the same way."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # imports all operations
FOLDER = Path(__file__).resolve().parents[2] / "agi_app" / "operations"
MODULES = sorted(p.relative_to(FOLDER.parents[1]).with_suffix("") for p in FOLDER.rglob("*.py") if p.stem[0] != "_")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_an_operation_is_documented_and_typed(path: Path) -> None:
    module = importlib.import_module(".".join(path.parts))
    public = [
        v for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__ and n[0] != "_"
    ]
    for operation in public:
        told = inspect.signature(operation)
        assert inspect.getdoc(operation), operation.__name__
        assert told.return_annotation is not inspect.Signature.empty, operation.__name__
        assert all(one.annotation is not inspect.Parameter.empty for one in told.parameters.values()), (
            operation.__name__
        )
