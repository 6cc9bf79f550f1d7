#!/usr/bin/env python3
"""Checks a proof that agi-app made, without agi-app and without its database.

    python3 standalone_verifier.py proof.json [--key KEY]      what `agi-app audit prove` wrote
    python3 standalone_verifier.py FOLDER [--key KEY]          what `agi-app audit export` wrote

Needs Python 3.9 or newer and the package ``cryptography``; docs/reference/proof-format.md describes the files.
KEY is the line ``agi-app/...+........+...`` that you got from the operator at another time or by another way:
without it you know only that the files fit each other. Exit 0: genuine; 1: not genuine; 2: a file cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF_FORMAT = "agi-app proof 1"
EXPORT_FORMAT = "agi-app export 1"


class NotGenuine(Exception):
    """The files do not prove what they say; the text says why."""


def leaf_hash(nonce: bytes, payload: str) -> bytes:
    """RFC 9162, 2.1.1: of one entry, which is its nonce and its payload."""
    return hashlib.sha256(b"\x00" + nonce + payload.encode()).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, 2.1.1: of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """The root hash over all leaves (RFC 9162, 2.1.1), without recursion."""
    edge: list[tuple[int, bytes]] = []
    for leaf in leaves:
        edge.append((0, leaf))
        while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
            (level, right), (_, left) = edge.pop(), edge.pop()
            edge.append((level + 1, node_hash(left, right)))
    if not edge:
        return hashlib.sha256(b"").digest()
    root = edge.pop()[1]
    while edge:
        root = node_hash(edge.pop()[1], root)
    return root


def root_from_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotGenuine(f"leaf {index} lies outside the tree of {size} entries")
    fn, sn, root = index, size - 1, leaf
    for step in path:
        if sn == 0:
            raise NotGenuine(f"leaf {index}: the proof is too long")
        if fn & 1 or fn == sn:
            root = node_hash(step, root)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            root = node_hash(root, step)
        fn >>= 1
        sn >>= 1
    if sn:
        raise NotGenuine(f"leaf {index}: the proof is too short")
    return root


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: list[bytes]) -> None:
    """That the tree of ``new`` entries only adds to that of ``old`` (RFC 9162, 2.1.4.2)."""
    if old == new:
        if path or old_root != new_root:
            raise NotGenuine("two checkpoints of the same size differ")
        return
    if not 0 < old < new or not path:
        raise NotGenuine("the consistency proof does not fit the checkpoints")
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if sn == 0:
            raise NotGenuine("the consistency proof is too long")
        if fn & 1 or fn == sn:
            first, second = node_hash(step, first), node_hash(step, second)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            second = node_hash(second, step)
        fn >>= 1
        sn >>= 1
    if first != old_root or second != new_root or sn:
        raise NotGenuine("a later checkpoint does not only add to an earlier one")


def from_base64(text: str, what: str) -> bytes:
    """Strict: every other spelling of the same bytes is refused."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if base64.b64encode(raw).decode() != text or not raw:
        raise NotGenuine(f"{what} is no base64")
    return raw


def from_hex(value: object, length: int, what: str) -> bytes:
    """Strict: lower case, exactly ``length`` bytes."""
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != length or raw.hex() != value:
        raise NotGenuine(f"{what} is not {length} bytes in hex")
    return raw


class Key:
    """A public key as the signed-note format writes it: name+id+base64(type, key)."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.name, _, rest = line.partition("+")
        self.id, _, encoded = rest.partition("+")
        raw = from_base64(encoded, "the public key")
        expected = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4].hex()
        if raw[:1] != b"\x01" or len(raw) != 33 or self.id != expected:
            raise NotGenuine("the public key is none: the name, its id and its bytes do not fit")
        self.public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def read(self, note: object) -> tuple[int, bytes, str]:
        """Size, root and time of a signed checkpoint."""
        body, blank, last = note.rpartition("\n\n") if isinstance(note, str) else ("", "", "")
        words = last.split(" ")
        if not blank or len(words) != 3 or words[0] != "\u2014" or words[1] != self.name or last[-1:] != "\n":
            raise NotGenuine("the checkpoint is no signed note of this tree")
        signed = from_base64(words[2][:-1], "the signature")
        if signed[:4].hex() != self.id:
            raise NotGenuine("the checkpoint was signed with another key")
        try:
            self.public.verify(signed[4:], (body + "\n").encode())
        except InvalidSignature:
            raise NotGenuine("the signature of the checkpoint is wrong") from None
        lines = body.split("\n")
        if lines[0] != self.name or not lines[1].isdecimal():
            raise NotGenuine("the checkpoint is of another tree")
        return int(lines[1]), from_base64(lines[2], "the root"), lines[3]

    def statement(self, text: object, signature: object) -> dict[str, Any]:
        """What the operator signed about a proof: whose it is, which records of the tree are theirs."""
        if not isinstance(text, str):
            raise NotGenuine("there is no statement")
        try:
            self.public.verify(from_hex(signature, 64, "the statement's signature"), text.encode())
        except InvalidSignature:
            raise NotGenuine("the signature of the statement is wrong") from None
        found = read_json(text, {"statement", "origin", "checkpoint", "subject", "persons", "leaves"})
        if found["statement"] != PROOF_FORMAT or found["origin"] != self.name:
            raise NotGenuine("the statement is about something else")
        return found


def read_json(text: str, names: set[str]) -> dict[str, Any]:
    """One JSON object with exactly these names, none twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise NotGenuine("a name stands twice in an object")
        return found

    try:
        value = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise NotGenuine("the file is no JSON") from None
    if not isinstance(value, dict) or (names and set(value) != names):
        raise NotGenuine(f"the object must have exactly: {', '.join(sorted(names))}")
    return value


def check_proof(text: str, key_line: str | None) -> tuple[str, list[dict[str, Any]]]:
    """One person's proof: a sentence about it, and its records. Raises NotGenuine."""
    proof = read_json(text, {"format", "public_key", "checkpoint", "statement", "signature", "entries"})
    key = trusted_key(proof["public_key"], key_line)
    if proof["format"] != PROOF_FORMAT:
        raise NotGenuine(f"the format is not {PROOF_FORMAT}")
    size, root, time = key.read(proof["checkpoint"])
    statement = key.statement(proof["statement"], proof["signature"])
    if statement["checkpoint"] != hashlib.sha256(proof["checkpoint"].encode()).hexdigest():
        raise NotGenuine("the statement is about another checkpoint")
    if not isinstance(proof["entries"], list) or [e["leaf"] for e in proof["entries"]] != statement["leaves"]:
        raise NotGenuine("the entries are not those that the statement names")
    records = [check_entry(entry, size, root) for entry in proof["entries"]]
    check_subject(statement, records)
    kinds = sorted({record["entry"] for record in records})
    return (
        f"{len(records)} records ({', '.join(kinds)}) about {statement['subject']}, {about(size, time, key)}",
        records,
    )


def check_entry(entry: dict[str, Any], size: int, root: bytes) -> dict[str, Any]:
    """That one entry is in the tree; its record."""
    if set(entry) != {"leaf", "nonce", "payload", "path"}:
        raise NotGenuine("an entry must have exactly: leaf, nonce, payload, path")
    leaf, payload, path = entry["leaf"], entry["payload"], entry["path"]
    if type(leaf) is not int or not isinstance(payload, str) or not isinstance(path, list):
        raise NotGenuine(f"entry {leaf!r} is malformed")
    steps = [from_hex(step, 32, f"leaf {leaf}: a step") for step in path]
    nonce = from_hex(entry["nonce"], 16, f"leaf {leaf}: the nonce")
    if root_from_inclusion(leaf_hash(nonce, payload), leaf, size, steps) != root:
        raise NotGenuine(f"leaf {leaf} is not in the tree that was signed")
    return read_json(payload, set())


def check_subject(statement: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """That the records are about this person and nobody else."""
    persons = [r["id"] for r in records if r["entry"] == "person"]
    hashes = {r["number_hash"] for r in records if r["entry"] == "person"}
    wordings = {r["wording_id"] for r in records if r["entry"] == "consent"}
    complaints = {r["id"] for r in records if r["entry"] == "complaint"}
    if statement["subject"] not in [r["number"] for r in records if r["entry"] == "person"]:
        raise NotGenuine("there is no record that says whose the number is")
    if persons != statement["persons"]:
        raise NotGenuine("the numbers are not those of the statement's person")
    for record in records:
        kind = record["entry"]
        fits = (
            kind == "person"
            or (kind == "wording" and record["id"] in wordings)
            or (kind in ("suppression", "line_stop") and record["number_hash"] in hashes)
            or (kind == "line_call" and record["caller_hash"] in hashes)
            or (kind in ("consent", "revocation", "decision", "result", "complaint") and record["person_id"] in persons)
            or (kind == "complaint_note" and record["complaint_id"] in complaints)
        )
        if not fits:
            raise NotGenuine(f"{kind} {record['id']} is about somebody else")


def check_export(folder: Path, key_line: str | None) -> str:
    """A regulator's folder: a sentence about it. Raises NotGenuine, OSError."""
    about_it = read_json((folder / "export.json").read_text(encoding="utf-8"), set())
    key = trusted_key(about_it.get("public_key"), key_line)
    if about_it.get("format") != EXPORT_FORMAT:
        raise NotGenuine(f"the format is not {EXPORT_FORMAT}")
    size, root, time = key.read((folder / "checkpoint").read_text(encoding="utf-8"))
    raw = (folder / "leaves.bin").read_bytes()
    leaves = [raw[i : i + 32] for i in range(0, len(raw), 32)]
    if len(leaves) != size or root_of(leaves) != root:
        raise NotGenuine("leaves.bin is not the tree that was signed")
    for step in about_it.get("consistency", []):
        old, old_root, _ = key.read(step["checkpoint"])
        path = [from_hex(part, 32, "a step of the consistency proof") for part in step["path"]]
        check_consistency(old, old_root, size, root, path)
    count = 0
    for file in sorted((folder / "records").glob("*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                record = read_json(line, {"leaf", "nonce", "payload"})
                nonce = from_hex(record["nonce"], 16, f"leaf {record['leaf']}: the nonce")
                if leaves[record["leaf"]] != leaf_hash(nonce, record["payload"]):
                    raise NotGenuine(f"{file.name}: leaf {record['leaf']} is not as it was signed")
                count += 1
    return f"{count} records, {about(size, time, key)}"


def trusted_key(given: object, pinned: str | None) -> Key:
    """The key of the files, which must be the one we were told."""
    if not isinstance(given, str) or (pinned is not None and given != pinned.strip()):
        raise NotGenuine("the public key is not the one that you expect")
    return Key(given)


def about(size: int, time: str, key: Key) -> str:
    """Which checkpoint, whose key."""
    return f"in the tree of {size} entries signed at {time.partition(' ')[2]} by the key {key.id} of {key.name}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Checks a proof of agi-app; exit 0: genuine, 1: not, 2: unreadable.")
    parser.add_argument("proof", type=Path, help="proof.json, or the folder of an export")
    parser.add_argument("--key", help="the public key line that you trust")
    parser.add_argument("--show", action="store_true", help="print the records of a proof, oldest first")
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    try:
        if options.proof.is_dir():
            text = check_export(options.proof, options.key)
        else:
            text, records = check_proof(options.proof.read_text(encoding="utf-8"), options.key)
    except (OSError, UnicodeDecodeError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (NotGenuine, KeyError, IndexError, TypeError, ValueError) as error:
        print(f"NOT GENUINE: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"genuine: {text}")  # noqa: T201
    if options.key is None:
        print("the key was taken from the files: compare it with what the operator told you")  # noqa: T201
    if options.show:
        for record in sorted(records, key=lambda r: r["recorded_at"]):
            print(json.dumps(record, ensure_ascii=False, indent=1))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
