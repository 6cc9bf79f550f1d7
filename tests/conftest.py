"""What every test shares: no stray settings from the shell, and quick property tests."""

from __future__ import annotations

import gc
import os

import structlog
from hypothesis import settings

# Libpq and the settings read these: a developer's shell must not change what a test means.
for name in [*os.environ]:
    if name.startswith("PG") or (name.startswith("AGI_APP_") and "__" in name):
        del os.environ[name]

# Tests read English, whatever the developer reads.
for name in ("AGI_APP_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(name, None)
os.environ["LANG"] = "C.UTF-8"

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)  # pytest --hypothesis-profile=thorough
settings.load_profile("quick")

# What nobody reads needs no frames, colours and extracts of the source.
*_before, _ = structlog.get_config()["processors"]
structlog.configure(
    processors=[*_before, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
)

# Thousands of short tests make much garbage that refers to nothing: look for cycles less often.
gc.set_threshold(100_000, 50, 50)


def pytest_collection_finish() -> None:
    """What was loaded stays to the end, so it need not be looked through at each collection of garbage."""
    gc.freeze()
