"""The watchdog: reads every INVITE that leaves an Asterisk, wherever it goes, and names each that nothing explains.

To a number: a mark in the database explains exactly one INVITE, to the same number and showing the same number of ours,
that leaves soon after the mark and never before; the mark's decision must say yes. To a phone of our own: it must see a
proved number of ours. Numbers are compared by their keyed hashes, so that an erased person stays erased. What agi-app
logs is not asked for.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sandbox.sip import read_messages

# A permit lives for 0.3 s; a stopped or busy Asterisk takes the request later.
LATEST_S = 20.0
_MARKS = """
SELECT 'attempt ' || a.attempt_id AS what, p.e164, p.number_hash, a.caller_id AS shown, a.dialled,
       extract(epoch FROM a.marked_at)::float8 AS at, d.allowed, coalesce(d.inputs ->> 'prefix', '') AS prefix
FROM attempt a JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
LEFT JOIN decision d USING (decision_id) WHERE a.marked_at IS NOT NULL
UNION ALL
SELECT o.what, p.e164, p.number_hash, coalesce(o.shown, p.e164), o.dialled_at IS NOT NULL,
       extract(epoch FROM d.recorded_at)::float8, d.allowed, coalesce(d.inputs ->> 'prefix', '')
FROM (SELECT 'verification call ' || verification_id AS what, person_id, shown, dialled_at, decision_id
      FROM verification_call WHERE result IS DISTINCT FROM 'refused'
      UNION ALL
      SELECT 'rehearsal ' || rehearsal_id, person_id, shown, dialled_at, decision_id
      FROM rehearsal_call WHERE result IS DISTINCT FROM 'refused'
      UNION ALL
      SELECT 'leg ' || leg_id, person_id, shown, dialled_at, decision_id FROM destination_call) o
JOIN person p USING (person_id) JOIN decision d USING (decision_id)
"""
_OURS = "SELECT DISTINCT e164 FROM caller_id_proof WHERE kind IN ('letter', 'call')"


@dataclass(frozen=True, slots=True)
class Invite:
    """The first INVITE of a call that an Asterisk began; ``at`` in seconds since the epoch."""

    at: float
    request_user: str  # whom the request is for
    to_user: str
    from_user: str
    source_port: int
    target: tuple[str, int]

    def __str__(self) -> str:
        host, port = self.target
        shown = self.from_user or "nothing"
        return f"INVITE to {self.request_user or 'nobody'} at {host}:{port}, showing {shown}, at {self.at:.3f}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A row that was committed before a call might leave; ``number_hash`` is keyed with ``key``."""

    what: str
    number_hash: bytes
    shown: str
    at: float
    allowed: bool
    dialled: bool
    prefix: str = ""
    key: bytes = b""
    erased: bool = False  # its number is gone

    def fits(self, invite: Invite) -> bool:
        """Whether it is of that number; of an erased one nobody can tell any more."""
        number = _number(invite, self.prefix)
        return number is not None and (
            self.erased or hmac.digest(self.key, number.encode(), "sha256") == self.number_hash
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a database says that could leave, and the numbers of ours that may be shown."""

    marks: tuple[Mark, ...] = ()
    ours: frozenset[str] = frozenset()

    def __add__(self, other: Ledger) -> Ledger:
        """Both; of a mark that both have, the first one's stands: each explains one INVITE."""
        known = {(mark.what, mark.key) for mark in self.marks}
        more = tuple(mark for mark in other.marks if (mark.what, mark.key) not in known)
        return Ledger(self.marks + more, self.ours | other.ours)


def invites(capture: Path, asterisk_ports: Collection[int], after: float = 0.0) -> list[Invite]:
    """What left these Asterisks (by their SIP ports) later than ``after``; repeats and re-INVITEs are left out."""
    found: dict[tuple[str, str, tuple[str, int]], Invite] = {}
    for m in read_messages(capture):
        if m.method != "INVITE" or m.to_tag or m.source[1] not in asterisk_ports:
            continue
        invite = Invite(m.at, m.request_user, m.to_user, m.from_user, m.source[1], m.target)
        found.setdefault((m.call_id, m.request_user, m.target), invite)
    return [invite for invite in found.values() if invite.at > after]


def read_ledger(database_url: str, data_folder: Path) -> Ledger:
    """The marks of a project's database; its key makes the hashes. Ask after the INVITEs were read, not before."""
    key = bytes.fromhex((data_folder / "suppression.key").read_text().strip())
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        rows = connection.execute(_MARKS).fetchall()
        ours = frozenset(row["e164"] for row in connection.execute(_OURS))
    return Ledger(tuple(_mark(row, key) for row in rows), ours)


def unexplained(
    seen: Iterable[Invite],
    ledger: Ledger,
    phone_ports: Collection[int] = (),
    *,
    same_clock: bool = True,
    latest_s: float = LATEST_S,
) -> list[str]:
    """Every INVITE that nothing explains, with the reason; empty is well.

    ``phone_ports``: where phones of our own are. ``same_clock`` False: the database's clock was moved, so no times
    are compared.
    """
    by_number: dict[str, list[Invite]] = defaultdict(list)
    told = []
    for invite in sorted(seen, key=lambda i: i.at):
        if invite.target[1] not in phone_ports:
            by_number[invite.request_user].append(invite)
        elif invite.from_user not in ledger.ours:
            told.append(f"{invite}: a phone of ours sees a number that is not proved to be ours")
    used: set[int] = set()
    for of_one in by_number.values():
        fitting = _fitting(of_one[0], ledger.marks)
        for invite in of_one:
            reason = _explain(invite, fitting, used, latest_s if same_clock else None)
            if reason is not None:
                told.append(f"{invite}: {reason}")
    return told


def _fitting(invite: Invite, marks: Sequence[Mark]) -> list[tuple[int, Mark]]:
    """Marks of the same number, those whose number is known first, then the oldest."""
    found = [(place, mark) for place, mark in enumerate(marks) if mark.fits(invite)]
    return sorted(found, key=lambda entry: (entry[1].erased, entry[1].at))


def _explain(invite: Invite, fitting: Sequence[tuple[int, Mark]], used: set[int], latest_s: float | None) -> str | None:
    """Use the first mark that explains it up; else why none does."""
    if invite.to_user != invite.request_user:
        return f"its To names another number, {invite.to_user}"
    why = "no mark of this number in any database"
    for place, mark in fitting:
        if mark.erased and mark.shown != invite.from_user:
            continue
        if (fault := _fault(invite, mark, latest_s)) is not None:
            why = f"{mark.what} {fault}"
        elif place in used:
            why = f"{mark.what} explains one INVITE, and another one left"
        else:
            used.add(place)
            return None
    return why


def _fault(invite: Invite, mark: Mark, latest_s: float | None) -> str | None:
    if not mark.allowed:
        return "was not allowed by its decision"
    if not mark.dialled:
        return "was surely not dialled, says its row"
    if mark.shown != invite.from_user:
        return f"was to show {mark.shown}"
    if latest_s is not None and invite.at < mark.at:
        return f"was marked {mark.at - invite.at:.3f} s after it left"
    if latest_s is not None and invite.at > mark.at + latest_s:
        return f"was marked {invite.at - mark.at:.1f} s before it left"
    return None


def _number(invite: Invite, prefix: str) -> str | None:
    """E.164 of what stands in the request, by a trunk with this prefix; None: no number of that trunk."""
    user = invite.request_user
    if not user.startswith(prefix):
        return None
    digits = user[len(prefix) :] if prefix else user.removeprefix("+")
    return f"+{digits}" if digits.isdigit() else None


def _mark(row: dict[str, Any], key: bytes) -> Mark:
    return Mark(
        what=row["what"],
        number_hash=bytes(row["number_hash"]),
        shown=row["shown"],
        at=row["at"],
        allowed=bool(row["allowed"]),
        dialled=bool(row["dialled"]),
        prefix=row["prefix"],
        key=key,
        erased=row["e164"].startswith("erased:"),
    )
