"""What every test shares: no stray settings from the shell, and quick property tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Libpq and the settings read these: a developer's shell must not change what a test means.
for name in [*os.environ]:
    if name.startswith("PG") or (name.startswith("AGI_APP_") and "__" in name):
        del os.environ[name]

settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")
