"""The identity of a project: its id and the fingerprint of its suppression key, in its settings and its database."""

from __future__ import annotations

from agi_app.config.settings import Settings
from agi_app.consent import project_identity


async def adopt(settings: Settings, *, new: bool) -> str:
    """Give a project that was made without an identity one, once; returns its id.

    ``new``: it was never used, and has neither data folder nor key yet. Raises ConfigError, SafetyError, StoreError.
    """
    return (await project_identity.adopt(settings, new=new)).project
