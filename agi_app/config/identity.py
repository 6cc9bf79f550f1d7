"""The settings about a project's own data: which are its, and where backups of them go.

They are in agi-app.toml, apart from the data folder.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from agi_app.messages import t, template

_HEX = r"^[0-9a-f]{32}$"


class IdentitySettings(BaseModel, extra="forbid", frozen=True):
    """Which project this is, and which suppression key it has; the database holds the same (`agi-app init`)."""

    project: str = Field(
        pattern=_HEX, description=template("id of this project, made by `agi-app init`; never change it")
    )
    suppression_key: str = Field(
        pattern=_HEX,
        description=template("fingerprint of its suppression key, which shows when the key is a wrong or a new one"),
    )

    @property
    def toml(self) -> str:
        """The table as it is in agi-app.toml."""
        warns = t(
            "Which data belongs to this project: without it, or with other data, nobody is called. Never change it."
        )
        told = f'[identity]\nproject = "{self.project}"\nsuppression_key = "{self.suppression_key}"\n'
        return f"# {warns}\n{told}"


class BackupSettings(BaseModel, extra="forbid", frozen=True):
    """What `agi-app backup` does without options, as each night (docs/how-to/back-up.md)."""

    folder: Path = Field(
        Path("backups"), description=template("where backups go; better on another disk, or a share of another machine")
    )
    to_keys: tuple[str, ...] = Field(
        (), description=template("public keys (age1…) whose owners can open them; without any, a passphrase is asked")
    )
    keep: int = Field(
        14, ge=0, le=10000, description=template("how many are kept in that folder, the newest ones; 0: all")
    )
