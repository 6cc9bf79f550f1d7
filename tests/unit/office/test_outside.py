"""The scenario and the judge know nothing of agi-app's code, and the self-test's product nothing of the judge's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture_rules import imports

OFFICE = Path(__file__).resolve().parents[3] / "office"
# folder -> the only modules of ours that it may import
MAY = {"judge": ("office.judge",), "scenario": ("office.scenario",), "selftest": ("office.selftest",)}
COMPARES = "__main__.py"  # the self-test's command has both made and judged


def _strangers(source: str, may: tuple[str, ...]) -> list[str]:
    """What a file imports besides the standard library and ``may``."""
    names = sorted(imports(source))
    return [
        name
        for name in names
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == one or name.startswith(f"{one}.") for one in may)
    ]


@pytest.mark.parametrize("folder", MAY)
def test_it_imports_only_itself_and_the_standard_library(folder: str) -> None:
    files = sorted((OFFICE / folder).rglob("*.py"))
    assert len(files) > 5
    for path in files:
        may = sum(MAY.values(), ()) if (folder, path.name) == ("selftest", COMPARES) else MAY[folder]
        assert _strangers(path.read_text(encoding="utf-8"), may) == [], path


@pytest.mark.parametrize(
    "line",
    [
        "import agi_app.due",
        "from agi_app import due",
        "from office.scenario.make import scenario",
        "import office",
        "import psycopg",
    ],
)
def test_a_stranger_is_found(line: str) -> None:
    assert _strangers(f"def f():\n    {line}\n", MAY["judge"]) != []
