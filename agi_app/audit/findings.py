"""What a look at the tree found: one fault a place, and the sum of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agi_app.audit.checkpoint import Checkpoint

MOST_FAULTS = 100  # more are counted, not named


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is not as it was signed; ``kind`` is a word of docs/how-to/audit.md."""

    kind: str
    text: str
    table: str | None = None
    row: int | str | None = None
    leaf: int | None = None


@dataclass(slots=True)
class AuditReport:
    """The answer of ``audit verify``."""

    checkpoint: Checkpoint | None = None
    not_covered: int = 0  # rows newer than the checkpoint
    erased: int = 0  # leaves whose rows were erased, with a signature
    checkpoints: int = 0  # how many agree with the tree
    faults: list[AuditFinding] = field(default_factory=list)
    more_faults: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything up to the checkpoint is as it was signed."""
        return not self.faults

    @property
    def entries(self) -> int:
        """How many entries the checkpoint covers."""
        return self.checkpoint.size if self.checkpoint else 0

    def add(
        self, kind: str, text: str, table: str | None = None, row: int | str | None = None, leaf: int | None = None
    ) -> None:
        """Take a fault in, up to a limit."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(AuditFinding(kind, text, table, row, leaf))
        else:
            self.more_faults += 1

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "checkpoint": shown(self.checkpoint),
            "not_yet_covered": self.not_covered,
            "erased": self.erased,
            "checkpoints": self.checkpoints,
            "faults": [
                {"kind": f.kind, "table": f.table, "row": f.row, "leaf": f.leaf, "text": f.text} for f in self.faults
            ],
            "more_faults": self.more_faults,
            "notes": self.notes,
        }


def shown(made: Checkpoint | None) -> dict[str, Any] | None:
    """A checkpoint for people and scripts."""
    return None if made is None else {"size": made.size, "root": made.root.hex(), "time": made.at.isoformat()}


def in_force(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Those that the tree must still agree with, by size: a restart gives up what was signed beyond it before."""
    kept: list[Checkpoint] = []
    for found in sorted(checkpoints, key=lambda c: (c.at, c.size)):
        if found.lost is not None:
            kept = [c for c in kept if c.size <= found.size]
        kept.append(found)
    return sorted(kept, key=lambda c: (c.size, c.at))
