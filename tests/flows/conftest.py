"""``pytest tests/flows --update-goldens`` rewrites the expected commands in the case files."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Only seen when pytest is given this folder; elsewhere the option has its default."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite the expected commands of flow cases")
