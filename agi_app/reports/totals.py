"""Rows to what a report shows: totals, rates, the reasons nobody is dialled; JSON and CSV. Pure."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agi_app.printable import plain


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """How many agents could take a call now, by the word of one worker."""

    worker: str
    free: int | None
    busy: int | None
    unknown: str | None = None  # why it does not know


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """The agents of a campaign, and what happened to its calls for them in the last 30 days."""

    to: str
    pacing: str
    seen: Sequence[AgentsSeen]
    under_way: int  # calls, not answered yet
    waiting: int  # persons on the line, without an agent yet
    ended: int
    answered: int
    abandoned: int
    met: int
    handling_s: float | None  # an agent's time for one call, on average; None: there was none
    answer_rate: float  # answered by a person, of the calls that a person or their phone ended
    abandoned_percent: float  # of the answered calls


@dataclass(frozen=True, slots=True)
class Totals:
    """A campaign in figures. ``refused`` counts a contact under each rule that refused it last."""

    campaign: str
    state: str
    purpose: str
    caller_id: str
    caller_id_proof: str  # how the number shown was proved
    contacts: int
    done: int
    waiting: int
    not_called: int  # refused until a person fixes something
    in_call: int
    attempts: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    dispositions: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    local_caller_ids: Mapping[str, str] = field(default_factory=dict)  # other numbers shown -> how they were proved
    agents: AgentFigures | None = None  # None: it calls for nobody of ours

    @property
    def answer_rate(self) -> float:
        """Answered calls of all calls dialled; 0 when there was none."""
        return self._answered / self.attempts if self.attempts else 0.0

    @property
    def machine_rate(self) -> float:
        """Calls that a machine answered of all answered ones; 0 when nobody looked."""
        return self.outcomes.get("machine", 0) / self._answered if self._answered else 0.0

    @property
    def _answered(self) -> int:
        return sum(self.outcomes.get(o, 0) for o in ("human", "machine", "answered"))


CONTACT_COLUMNS = (
    "external_id", "language", "state", "attempts", "outcome", "disposition", "due_at", "refused_by", "reason",
)  # fmt: skip


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # a spreadsheet runs these


def contact_record(row: Any) -> dict[str, str]:
    """One contact for CSV and JSON; ``row`` is the store's ContactStatus."""
    return {
        "external_id": row.external_id,
        "language": row.language or "",
        "state": row.state,
        "attempts": str(row.attempts_made),
        "outcome": row.last_outcome or "",
        "disposition": row.disposition or "",
        "due_at": row.due_at.isoformat() if row.due_at else "",
        "refused_by": " ".join(r.rule for r in row.reasons),
        "reason": "; ".join(r.text for r in row.reasons),
    }


def to_csv(records: Sequence[Mapping[str, str]]) -> str:
    """CSV with a header line, one line a contact; cells that a spreadsheet would run begin with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CONTACT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({column: _cell(value) for column, value in record.items()})
    return out.getvalue()


def _cell(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n")  # a lone return would end the line for many readers
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def to_json(
    totals: Totals, contacts: Sequence[Mapping[str, str]], attempts: Sequence[Any], agent_calls: Sequence[Any] = ()
) -> str:
    """Everything as one JSON object; times are ISO 8601. ``agent_calls``: the agents' legs of calls they asked for."""
    value = {
        **dataclasses.asdict(totals),
        "answer_rate": round(totals.answer_rate, 4),
        "machine_rate": round(totals.machine_rate, 4),
        "contact_list": contacts,
        "attempt_list": [dataclasses.asdict(a) for a in attempts],
        "agent_calls": [dataclasses.asdict(a) for a in agent_calls],
    }
    return json.dumps(value, ensure_ascii=False, default=plain)
