"""One thing that was looked at, by doctor, a watch or a probe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; ``fix`` says how to fix it and is empty when all is well."""

    check: str
    text: str
    fix: str = ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.fix
