"""What is handed out with its proof: a folder for a regulator, and a file about one person that shows nobody else.

The folder has records as tables and as provable lines, the signed tree, and what checks it.

Numbers are masked unless whole ones are asked for. A masked record cannot be proved, since its hash covers the number;
all others can, and every leaf's hash is there, so nothing can be left out of the tree unnoticed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path

from agi_app.audit import checkpoint_files
from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.entries import TABLES, canonical
from agi_app.audit.findings import in_force
from agi_app.audit.standalone_verifier import EXPORT_FORMAT, PROOF_FORMAT, RecordTable
from agi_app.audit.tree import consistency, inclusion
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.phone import mask
from agi_app.model.reason_catalogue import GATE
from agi_app.proof import stored_tree
from agi_app.proof.notary import Notary
from agi_app.proof.signed_manifest import sign_files, write_verifier
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit, audit_export
from agi_app.store.ledger.audit_export import BEGINNING, END, EntryRow, ExportScope

# Only these are chosen by --since: a consent is older than a call.
EVENTS = ("decision", "result", "access", "erasure", "line_call", "line_stop")
NUMBERED = ("person",)  # kinds whose payload has a person's number
# What belongs to one person. Access and erasure entries name other people, too.
OF_A_PERSON = (
    *("person", "wording", "consent", "revocation", "suppression"),
    *("line_call", "line_stop", "complaint", "complaint_note", "decision", "result"),
)
LEAVES_AT_ONCE = 50_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What the command asked for; times are real."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    campaign: str | None = None
    whole_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the folder."""

    checkpoint: Checkpoint
    counts: dict[str, int]
    erased: int


async def people(store: Store, notary: Notary, wanted: ExportRequest) -> int:
    """How many persons' numbers the export would show."""
    note = await notary.newest_note(store)
    size = notary.read(note).size if note else 0
    async with audit.snapshot(store) as connection:
        return (await audit_export.count(connection, "person", _choice("person", wanted, size)))[0]


async def export(
    store: Store, notary: Notary, out: Path, wanted: ExportRequest, progress: Progress = lambda _done, _total: None
) -> Exported:
    """Fill the new folder ``out``. Raises InputError when it is not empty or nothing was signed yet, StoreError."""
    note, found = await _newest(store, notary)
    _make(out)
    notes = checkpoint_files.read(notary.file)
    (out / "checkpoint").write_text(note, encoding="utf-8")
    (out / "checkpoints").write_text("".join(n + "\n" for n in notes), encoding="utf-8")
    async with audit.snapshot(store) as connection:
        await _leaves(connection, out / "leaves.bin", found.size, progress)
        counts = {kind: await _records(connection, out, kind, wanted, found.size) for kind in TABLES}
        erased = (await audit_export.count(connection, "person", ExportScope(found.size)))[1]
        older = [pair for pair in ((notary.read(n), n) for n in notes) if pair[0].size < found.size]
        steps = [await _consistent(connection, c, n, found) for c, n in _chosen(older, wanted)]
    about = {
        "format": EXPORT_FORMAT,
        "public_key": notary.public_line,
        "chosen": {
            "since": wanted.since.isoformat() if wanted.since else None,
            "until": wanted.until.isoformat() if wanted.until else None,
            "campaign": wanted.campaign,
            "whole_numbers": wanted.whole_numbers,
        },
        "counts": counts,
        "erased": erased,
        "consistency": steps,
    }
    (out / "export.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _copy_guides(out)
    sign_files(notary, out)
    return Exported(found, counts, erased)


async def _newest(store: Store, notary: Notary) -> tuple[str, Checkpoint]:
    if (note := await notary.newest_note(store)) is None:
        raise InputError(t("nothing was signed yet; `agi-app audit checkpoint` does it now"))
    return note, notary.read(note)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(out.iterdir()):
            raise InputError(t("{out}: is not empty; name a new folder", out=out))
        (out / "records").mkdir()
        (out / "tables").mkdir()
    except OSError as error:
        raise InputError(t("{out}: cannot be written: {strerror}", out=out, strerror=error.strerror)) from error


def _copy_guides(out: Path) -> None:
    guides = resources.files("agi_app.proof").joinpath("export_guide")
    for name, language in (("README.md", 0), ("README.zh-CN.md", 1)):  # each ends with the head of a table
        rows = (f"| `{key}` | {sentence[language]} |\n" for key, sentence in GATE.items())
        (out / name).write_text(guides.joinpath(name).read_text(encoding="utf-8") + "".join(rows), encoding="utf-8")
    write_verifier(out / "verify.py")


async def _leaves(connection: Connection, file: Path, size: int, progress: Progress) -> None:
    with file.open("wb") as out:
        for start in range(0, size, LEAVES_AT_ONCE):
            out.write(b"".join(await audit.hashes(connection, 0, start, min(size, start + LEAVES_AT_ONCE))))
            progress(start, size)


async def _records(connection: Connection, out: Path, kind: str, wanted: ExportRequest, size: int) -> int:
    """One kind: a table for people, and lines that the verifier checks."""
    masked = kind in NUMBERED and not wanted.whole_numbers
    count = 0
    with (
        (out / "tables" / f"{kind}.csv").open("w", encoding="utf-8-sig", newline="") as table,
        (out / "records" / f"{kind}.jsonl").open("w", encoding="utf-8") as lines,
    ):
        made = RecordTable(table)
        async for rows in audit_export.chosen(connection, kind, _choice(kind, wanted, size)):
            for row in rows:
                payload = json.loads(row.payload)
                if masked:
                    payload["number"] = mask(payload["number"])
                else:
                    line = {"leaf": row.leaf, "nonce": bytes(row.nonce).hex(), "payload": row.payload}
                    lines.write(json.dumps(line, ensure_ascii=False) + "\n")
                made.add(row.leaf, payload)
                count += 1
    return count


def _choice(kind: str, wanted: ExportRequest, size: int) -> ExportScope:
    since = wanted.since if kind in EVENTS else None
    return ExportScope(size, since or BEGINNING, wanted.until or END, wanted.campaign)


def _chosen(older: Sequence[tuple[Checkpoint, str]], wanted: ExportRequest) -> list[tuple[Checkpoint, str]]:
    """The first checkpoint, and the last one before the time that is asked for."""
    standing = set(in_force(c for c, _ in older))
    held = sorted(((c, n) for c, n in older if c in standing and c.size), key=lambda pair: pair[0].at)
    before = [pair for pair in held if wanted.since and pair[0].at < wanted.since]
    return [*held[:1], *(pair for pair in before[-1:] if pair not in held[:1])]


async def _consistent(connection: Connection, old: Checkpoint, note: str, new: Checkpoint) -> dict[str, object]:
    path = await stored_tree.roots(connection, consistency(old.size, new.size))
    return {"checkpoint": note, "path": [step.hex() for step in path]}


@dataclass(frozen=True, slots=True)
class ProofFile:
    """``text`` is the file; ``kinds`` counts its entries; ``not_covered`` of the person's rows are too new for it."""

    text: str
    checkpoint: Checkpoint
    kinds: dict[str, int]
    person_ids: tuple[int, ...]
    numbers: int
    not_covered: int


async def prove(store: Store, notary: Notary, number: str) -> ProofFile:
    """The proof of all that is recorded about the person with this E.164 number, their other numbers included.

    Raises InputError when nothing is known of the number or nothing was signed yet.
    """
    note, found = await _newest(store, notary)
    async with audit.snapshot(store) as connection:
        if not (persons := await audit_export.persons_of(connection, number)):
            raise InputError(t("nothing is known of this number, or its person was erased"))
        rows: list[EntryRow] = []
        not_covered = 0
        for kind in OF_A_PERSON:
            ids = await audit_export.rows_of_persons(connection, kind, persons)
            covered = await audit_export.entries(connection, kind, ids, found.size)
            not_covered += len(ids) - len(covered)
            rows += covered
        entries = [await _entry(connection, row, found.size) for row in rows]
    kinds = dict(Counter(row.kind for row in rows))
    if not any(row.kind == "person" and json.loads(row.payload)["number"] == number for row in rows):
        raise InputError(t("this number is too new for the last checkpoint; `agi-app audit checkpoint` makes one now"))
    text = _file(notary, note, number, rows, entries)
    return ProofFile(text, found, kinds, tuple(persons), kinds["person"], not_covered)


def _file(notary: Notary, note: str, number: str, rows: list[EntryRow], entries: list[dict[str, object]]) -> str:
    """The proof's text; its statement is signed, so that no entry can be left out or put in unnoticed."""
    text = canonical(
        {
            "statement": PROOF_FORMAT,
            "origin": notary.origin,
            "checkpoint": sha256(note.encode()).hexdigest(),
            "subject": number,
            "persons": [row.row_id for row in rows if row.kind == "person"],
            "leaves": [row.leaf for row in rows],
        }
    )
    content = {
        "format": PROOF_FORMAT,
        "public_key": notary.public_line,
        "checkpoint": note,
        "statement": text,
        "signature": notary.key.sign(text.encode()).hex(),
        "entries": entries,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


async def _entry(connection: Connection, row: EntryRow, size: int) -> dict[str, object]:
    return {
        "leaf": row.leaf,
        "nonce": bytes(row.nonce).hex(),
        "payload": row.payload,
        "path": [step.hex() for step in await stored_tree.roots(connection, inclusion(row.leaf, size))],
    }
