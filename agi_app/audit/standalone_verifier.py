#!/usr/bin/env python3
"""Checks a proof that agi-app made, without agi-app, without its database, and without any package.

    python3 -I verify.py proof.json [--key KEY]      what `agi-app audit prove` wrote
    python3 -I verify.py FOLDER [--key KEY]          what `agi-app audit export` or `complaint export` wrote
    python3 -I verify.py FOLDER --since OLD          also: nothing changed since the checkpoint in the file OLD

Needs Python 3.9 or newer and nothing else; docs/reference/proof-format.md describes the files.
KEY is the line ``agi-app/...+........+...`` that you got from the operator at another time or by another way: without
it you know only that the files fit each other. OLD is a message with a checkpoint that you got earlier (`agi-app audit
checkpoint --mail`). The last line is the verdict. Exit 0: genuine; 1: not genuine; 2: a file cannot be read, or cannot
tell what was asked; 3: genuine as far as it can be checked, and the last line names the files that are NOT CHECKED.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

PROOF_FORMAT = "agi-app proof 1"
EXPORT_FORMAT = "agi-app export 1"
GROWTH_FORMAT = "agi-app consistency 1"
FILES_FORMAT = "agi-app files 1"
SUMS_FILE, SUMS_SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
# They tell nothing about a record, so the operator's signature is enough.
GUIDES = ("README.md", "README.zh-CN.md", "verify.py", "export.json", "checkpoints", SUMS_FILE, SUMS_SIGNATURE)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # a spreadsheet runs these
UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)


class NotGenuine(Exception):
    """The files do not prove what they say; the text says why."""


class CannotSay(Exception):
    """What was asked for cannot be told by these files; the text says why."""


class Found(NamedTuple):
    """What a check found; ``unchecked`` are the files that no record and no hash speaks for."""

    text: str
    records: list[dict[str, Any]]
    notes: list[str]
    unchecked: list[str]


# Ed25519 as RFC 8032 has it (section 5.1), points in extended coordinates. Slow: some milliseconds a signature.
class Point(NamedTuple):
    """A point of the curve at x/z and y/z; t is xy/z."""

    x: int
    y: int
    z: int
    t: int


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = Point(0, 1, 1, 0)


def added(one: Point, two: Point) -> Point:
    """The sum of two points (RFC 8032, 5.1.4)."""
    a, b = (one.y - one.x) * (two.y - two.x) % P, (one.y + one.x) * (two.y + two.x) % P
    c, d = 2 * one.t * two.t * D % P, 2 * one.z * two.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor: int, point: Point) -> Point:
    """A multiple of a point."""
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = added(total, point)
        point = added(point, point)
        factor >>= 1
    return total


def decoded(raw: bytes) -> Point | None:
    """The point that 32 bytes stand for (RFC 8032, 5.1.3); None for none, and for a second spelling of one."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_1 % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return Point(x, y, 1, x * y % P)


def encoded(point: Point) -> bytes:
    """The 32 bytes of a point (RFC 8032, 5.1.2)."""
    inverse = pow(point.z, P - 2, P)
    x, y = point.x * inverse % P, point.y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = decoded(BASE_Y.to_bytes(32, "little")) or NEUTRAL


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is right (RFC 8032, 5.1.7, without the factor 8). No key of small order signs."""
    key = decoded(public)
    s = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= ORDER or encoded(times(8, key)) == encoded(NEUTRAL):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus = Point(P - key.x, key.y, key.z, P - key.t)
    return encoded(added(times(s, BASE), times(k, minus))) == signature[:32]


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
    root = edge.pop()[1] if edge else hashlib.sha256(b"").digest()
    while edge:
        root = node_hash(edge.pop()[1], root)
    return root


def root_from_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotGenuine(t("leaf {index} is outside the tree of {size} entries", index=index, size=size))
    fn, sn, root = index, size - 1, leaf
    for step in path:
        if sn == 0:
            raise NotGenuine(t("leaf {index}: the proof is too long", index=index))
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
        raise NotGenuine(t("leaf {index}: the proof is too short", index=index))
    return root


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: list[bytes]) -> None:
    """That the tree of ``new`` entries only adds to that of ``old`` (RFC 9162, 2.1.4.2)."""
    if old == new:
        if path or old_root != new_root:
            raise NotGenuine(t("two checkpoints of the same size differ"))
        return
    if not 0 < old < new or not path:
        raise NotGenuine(t("the consistency proof does not fit the checkpoints"))
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if sn == 0:
            raise NotGenuine(t("the consistency proof is too long"))
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
        raise NotGenuine(t("a later checkpoint does not only add to an earlier one"))


def from_base64(text: str, what: str) -> bytes:
    """Strict: every other spelling of the same bytes is refused."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if base64.b64encode(raw).decode() != text or not raw:
        raise NotGenuine(t("{what} is not base64", what=what))
    return raw


def from_hex(value: object, length: int, what: str) -> bytes:
    """Strict: lower case, exactly ``length`` bytes."""
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != length or raw.hex() != value:
        raise NotGenuine(t("{what} is not {length} bytes in hex", what=what, length=length))
    return raw


class PublicKey:
    """A public key as the signed-note format writes it: name+id+base64(type, key)."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.name, _, rest = line.partition("+")
        self.id, _, encoded = rest.partition("+")
        raw = from_base64(encoded, t("the public key"))
        expected = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4].hex()
        if raw[:1] != b"\x01" or len(raw) != 33 or self.id != expected:
            raise NotGenuine(t("the public key is not valid: the name, its id and its bytes do not fit"))
        self.public = raw[1:]

    def read(self, note: object) -> tuple[int, bytes, str]:
        """Size, root and time of a signed checkpoint."""
        lines = self.lines_of(note, t("the checkpoint"))
        if lines[0] != self.name or not lines[1].isdecimal():
            raise NotGenuine(t("the checkpoint is of another tree"))
        return int(lines[1]), from_base64(lines[2], t("the root")), lines[3]

    def lines_of(self, note: object, what: str) -> list[str]:
        """The lines of a note of ours (C2SP signed-note)."""
        body, blank, last = note.rpartition("\n\n") if isinstance(note, str) else ("", "", "")
        words = last.split(" ")
        if not blank or len(words) != 3 or words[0] != "\u2014" or words[1] != self.name or last[-1:] != "\n":
            raise NotGenuine(t("{what} is not a signed note of this tree", what=what))
        signed = from_base64(words[2][:-1], t("the signature"))
        if signed[:4].hex() != self.id:
            raise NotGenuine(t("{what} was signed with another key", what=what))
        if not signed_by(self.public, signed[4:], (body + "\n").encode()):
            raise NotGenuine(t("the signature of {what} is wrong", what=what))
        return body.split("\n")

    def read_mail(self, text: str) -> tuple[int, bytes, str]:
        """The same of a checkpoint in a message: quoted, wrapped or with other line ends, as mail programs make it."""
        found = re.search(
            re.escape(self.name)
            + r"\s+(\d+)\s+([A-Za-z0-9+/]{43}=)\s+time\s+(\S+)\s+by\s+([0-9a-f]{8})\s+(?:restart\s+(\d+)\s+)?\S{1,3}\s+"
            + re.escape(self.name)
            + r"\s+((?:[A-Za-z0-9+/]\s*){91}=)",
            re.sub(r"(?m)^[> \t]+", "", text),
        )
        if found is None:
            raise NotGenuine(t("the older checkpoint: there is none of {name} in the message", name=self.name))
        size, root, time, by, lost, signature = found.groups()
        body = [self.name, size, root, f"time {time}", f"by {by}", *([f"restart {lost}"] if lost else [])]
        signature = "".join(signature.split())
        try:
            return self.read("\n".join(body) + f"\n\n\u2014 {self.name} {signature}\n")
        except NotGenuine as error:
            raise NotGenuine(t("the older checkpoint: {error}", error=error)) from None

    def statement(self, text: object, signature: object) -> dict[str, Any]:
        """What the operator signed about a proof: whose it is, which records of the tree are theirs."""
        if not isinstance(text, str):
            raise NotGenuine(t("there is no statement"))
        if not signed_by(self.public, from_hex(signature, 64, t("the statement's signature")), text.encode()):
            raise NotGenuine(t("the signature of the statement is wrong"))
        found = read_json(text, {"statement", "origin", "checkpoint", "subject", "persons", "leaves"})
        if found["statement"] != PROOF_FORMAT or found["origin"] != self.name:
            raise NotGenuine(t("the statement is about something else"))
        return found


def read_json(text: str, names: set[str]) -> dict[str, Any]:
    """One JSON object with exactly these names, none twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise NotGenuine(t("a name is twice in an object"))
        return found

    try:
        value = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise NotGenuine(t("the file is not JSON")) from None
    if not isinstance(value, dict) or (names and set(value) != names):
        raise NotGenuine(t("the object must have exactly: {names}", names=", ".join(sorted(names))))
    return value


def check_proof(text: str, key_line: str | None) -> tuple[str, list[dict[str, Any]]]:
    """One person's proof: a sentence about it, and its records. Raises NotGenuine."""
    proof = read_json(text, {"format", "public_key", "checkpoint", "statement", "signature", "entries"})
    key = trusted_key(proof["public_key"], key_line)
    if proof["format"] != PROOF_FORMAT:
        raise NotGenuine(t("the format is not {format}", format=PROOF_FORMAT))
    size, root, time = key.read(proof["checkpoint"])
    statement = key.statement(proof["statement"], proof["signature"])
    if statement["checkpoint"] != hashlib.sha256(proof["checkpoint"].encode()).hexdigest():
        raise NotGenuine(t("the statement is about another checkpoint"))
    if not isinstance(proof["entries"], list) or [e["leaf"] for e in proof["entries"]] != statement["leaves"]:
        raise NotGenuine(t("the entries are not those that the statement names"))
    records = [check_entry(entry, size, root) for entry in proof["entries"]]
    check_subject(statement, records)
    kinds = ", ".join(sorted({record["entry"] for record in records}))
    return t(
        "{count} records ({kinds}) about {subject}, {tree}",
        count=len(records),
        kinds=kinds,
        subject=statement["subject"],
        tree=about(size, time, key),
    ), records


def check_entry(entry: dict[str, Any], size: int, root: bytes) -> dict[str, Any]:
    """That one entry is in the tree; its record."""
    if set(entry) != {"leaf", "nonce", "payload", "path"}:
        raise NotGenuine(t("an entry must have exactly: leaf, nonce, payload, path"))
    leaf, payload, path = entry["leaf"], entry["payload"], entry["path"]
    if type(leaf) is not int or not isinstance(payload, str) or not isinstance(path, list):
        raise NotGenuine(t("entry {leaf!r} is malformed", leaf=leaf))
    steps = [from_hex(step, 32, t("leaf {leaf}: a step", leaf=leaf)) for step in path]
    nonce = from_hex(entry["nonce"], 16, t("leaf {leaf}: the nonce", leaf=leaf))
    if root_from_inclusion(leaf_hash(nonce, payload), leaf, size, steps) != root:
        raise NotGenuine(t("leaf {leaf} is not in the tree that was signed", leaf=leaf))
    return read_json(payload, set())


def check_subject(statement: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """That the records are about this person and nobody else."""
    persons = [r["id"] for r in records if r["entry"] == "person"]
    hashes = {r["number_hash"] for r in records if r["entry"] == "person"}
    wordings = {r["wording_id"] for r in records if r["entry"] == "consent"}
    complaints = {r["id"] for r in records if r["entry"] == "complaint"}
    if statement["subject"] not in [r["number"] for r in records if r["entry"] == "person"]:
        raise NotGenuine(t("there is no record that says whose the number is"))
    if persons != statement["persons"]:
        raise NotGenuine(t("the numbers are not those of the statement's person"))
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
            raise NotGenuine(t("{kind} {id} is about somebody else", kind=kind, id=record["id"]))


def check_proof_file(raw: bytes, key_line: str | None, since: str | None = None) -> Found:
    """The same of a file, byte for byte: it has one spelling only. Or an answer of the API that the tree only grew."""
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("format") == GROWTH_FORMAT:
        return check_growth(told, key_line, since)
    text, records = check_proof(raw.decode("utf-8"), key_line)
    proof = json.loads(raw)
    if (json.dumps(proof, ensure_ascii=False, indent=1) + "\n").encode() != raw:
        raise NotGenuine(t("the file is not spelled as it was written"))
    if since is not None:
        key = PublicKey(proof["public_key"])
        if key.read_mail(since) != key.read(proof["checkpoint"]):
            raise CannotSay(t("one person's proof does not say what changed since: ask for `agi-app audit export`"))
    return Found(text, records, [] if since is None else [t("the older checkpoint is this one")], [])


def check_growth(told: dict[str, Any], key_line: str | None, since: str | None) -> Found:
    """That the tree of the answer's checkpoint only adds to that of ``since``."""
    if since is None:
        raise CannotSay(t("name the older checkpoint: --since FILE"))
    key = trusted_key(told["checkpoint"]["public_key"], key_line)
    size, root, time = key.read(told["checkpoint"]["note"])
    old, old_root, at = key.read_mail(since)
    check_consistency(old, old_root, size, root, [bytes.fromhex(step) for step in told["path"]])
    unchanged = t("nothing changed since the checkpoint of {at} ({size} entries), ", at=at[5:], size=old)
    return Found(unchanged + about(size, time, key), [], [], [])


class RecordTable:
    """The table of one kind of record, for people; export and verifier make it by the same lines."""

    def __init__(self, out: TextIO | Hashed) -> None:
        self._out = out
        self._writer: csv.DictWriter[str] | None = None

    def add(self, leaf: int, payload: dict[str, Any]) -> None:
        """One record; what is in its ``record`` becomes columns."""
        cells = {"leaf": leaf, **payload.get("record", {}), **{k: v for k, v in payload.items() if k != "record"}}
        if self._writer is None:
            self._writer = csv.DictWriter(self._out, list(cells), extrasaction="ignore", lineterminator="\n")
            self._writer.writeheader()
        self._writer.writerow({name: cell(value) for name, value in cells.items()})


def cell(value: Any) -> str:
    """Text for a spreadsheet; what it would run as a formula begins with an apostrophe."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not isinstance(value, int) else text


class Hashed:
    """The SHA-256 of what a table would be as a file."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self._mark = "\ufeff"

    def write(self, text: str, /) -> None:
        """Take a piece of it."""
        self.sha256.update((self._mark + text).encode())
        self._mark = ""


@contextmanager
def named(name: str) -> Iterator[None]:
    """What is wrong in here is wrong in this file."""
    try:
        yield
    except NotGenuine as error:
        text = str(error)
        raise NotGenuine(text if text.startswith(name) else f"{name}: {text}") from None
    except UNREADABLE as error:
        raise NotGenuine(
            t("{name}: cannot be understood: {kind} {error}", name=name, kind=type(error).__name__, error=error)
        ) from None


def files_of(folder: Path) -> set[str]:
    """The names of all files below, with slashes."""
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_symlink() or not f.is_dir()}


def file_hash(file: Path) -> str:
    """Its SHA-256 in hex. Raises OSError."""
    found = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def check_sums(folder: Path, key: PublicKey) -> set[str]:
    """The files that the operator signed as they are; none when there is no signature."""
    if not (folder / SUMS_SIGNATURE).exists():
        return set()
    with named(SUMS_SIGNATURE):
        lines = key.lines_of((folder / SUMS_SIGNATURE).read_bytes().decode(), t("the list of files"))
    if lines != [FILES_FORMAT, key.name, file_hash(folder / SUMS_FILE)]:
        raise NotGenuine(t("{file}: is not the one that was signed", file=SUMS_FILE))
    with (folder / SUMS_FILE).open(encoding="utf-8", newline="\n") as source:
        sums = {line[66:].rstrip("\n"): line[:64] for line in source}
    if gone := sorted(sums.keys() - files_of(folder)):
        raise NotGenuine(t("missing: {files}", files=", ".join(gone)))
    if wrong := sorted(name for name, digest in sums.items() if file_hash(folder / name) != digest):
        raise NotGenuine(t("changed since they were handed out: {files}", files=", ".join(wrong)))
    return {*sums, SUMS_FILE, SUMS_SIGNATURE}


def without_proof(folder: Path, proved: set[str], signed: set[str]) -> tuple[list[str], list[str]]:
    """The files that are not checked, and a note on those of them that are signed at least."""
    unchecked = sorted(n for n in files_of(folder) - proved if n not in signed or n not in GUIDES)
    only_signed = [name for name in unchecked if name in signed]
    said = t(
        "as the operator handed them out (signed), but not compared with the records: {files}",
        files=", ".join(only_signed),
    )
    return unchecked, [said] if only_signed else []


def check_export(folder: Path, key_line: str | None, since: str | None = None) -> Found:
    """A regulator's folder. Raises NotGenuine, CannotSay, OSError."""
    with named("export.json"):
        about_it = read_json((folder / "export.json").read_bytes().decode(), set())
        key = trusted_key(about_it.get("public_key"), key_line)
        if about_it.get("format") != EXPORT_FORMAT:
            raise NotGenuine(t("the format is not {format}", format=EXPORT_FORMAT))
    signed = check_sums(folder, key)
    with named("checkpoint"):
        size, root, time = key.read((folder / "checkpoint").read_bytes().decode())
    raw = (folder / "leaves.bin").read_bytes()
    leaves = [raw[i : i + 32] for i in range(0, len(raw), 32)]
    if len(leaves) != size or root_of(leaves) != root:
        raise NotGenuine(t("leaves.bin is not the tree that was signed"))
    with named("export.json"):
        for step in about_it["consistency"]:
            old, old_root, _ = key.read(step["checkpoint"])
            path = [from_hex(part, 32, t("a step of the consistency proof")) for part in step["path"]]
            check_consistency(old, old_root, size, root, path)
    unchanged = "" if since is None else check_since(key.read_mail(since), leaves, time)
    proved, count = {"checkpoint", "leaves.bin"}, 0
    for kind, expected in about_it["counts"].items():
        masked = kind == "person" and about_it["chosen"]["whole_numbers"] is not True
        count += check_kind(folder, kind, leaves, None if masked else expected)
        proved |= {f"records/{kind}.jsonl"} if masked else {f"records/{kind}.jsonl", f"tables/{kind}.csv"}
    unchecked, notes = without_proof(folder, proved, signed)
    return Found(
        t("{count} records, {unchanged}{tree}", count=count, unchanged=unchanged, tree=about(size, time, key)),
        [],
        notes,
        unchecked,
    )


def check_since(old: tuple[int, bytes, str], leaves: list[bytes], time: str) -> str:
    """That this tree only adds to an older checkpoint: by its first leaves, which is more than a consistency proof."""
    size, root, at = old
    if at > time:
        raise CannotSay(t("the older checkpoint is newer than these files: ask for a new export"))
    if size > len(leaves) or root_of(leaves[:size]) != root:
        raise NotGenuine(
            t(
                "changed since the checkpoint of {at}: its {size} entries are not the first ones here",
                at=at[5:],
                size=size,
            )
        )
    return t("nothing changed since the checkpoint of {at} ({size} entries), ", at=at[5:], size=size)


def check_kind(folder: Path, kind: str, leaves: list[bytes], expected: int | None) -> int:
    """The records of one kind and the table that they give; ``expected`` None: masked, without records and table."""
    file, table = f"records/{kind}.jsonl", Hashed()
    made, count, last = RecordTable(table), 0, -1
    with named(file), (folder / file).open("rb") as lines:
        for line in lines:
            record = read_json(line.decode("utf-8"), {"leaf", "nonce", "payload"})
            leaf = record["leaf"]
            nonce = from_hex(record["nonce"], 16, t("leaf {leaf}: the nonce", leaf=leaf))
            spelled = (json.dumps(record, ensure_ascii=False) + "\n").encode()
            if spelled != line or type(leaf) is not int or leaf <= last:
                raise NotGenuine(
                    t("line {count} is not spelled as it was written, or not where it belongs", count=count + 1)
                )
            payload = read_json(record["payload"], set())
            if leaf >= len(leaves) or leaves[leaf] != leaf_hash(nonce, record["payload"]) or payload["entry"] != kind:
                raise NotGenuine(t("leaf {leaf} is not as it was signed", leaf=leaf))
            made.add(leaf, payload)
            count, last = count + 1, leaf
    if count != (expected or 0):
        raise NotGenuine(
            t(
                "{file}: has {count} records, export.json says {expected}",
                file=file,
                count=count,
                expected=expected or t("masked"),
            )
        )
    if expected is not None and file_hash(folder / "tables" / f"{kind}.csv") != table.sha256.hexdigest():
        raise NotGenuine(t("tables/{kind}.csv: is not what its records say", kind=kind))
    return count


def check_bundle(folder: Path, key_line: str | None, since: str | None = None) -> Found:
    """The folder of a complaint. Raises NotGenuine, CannotSay, OSError."""
    raw = (folder / "proof.json").read_bytes()
    with named("proof.json"):
        found = check_proof_file(raw, key_line, since)
        key = PublicKey(json.loads(raw)["public_key"])
    signed = check_sums(folder, key)
    known = {record.get("evidence_sha256") for record in found.records}
    evidence = {name for name in files_of(folder) if name.startswith("evidence/")}
    proved = {"proof.json", *(name for name in evidence if file_hash(folder / name) in known)}
    unchecked, notes = without_proof(folder, proved, signed)
    return Found(found.text, found.records, found.notes + notes, unchecked)


def trusted_key(given: object, pinned: str | None) -> PublicKey:
    """The key of the files, which must be the one we were told."""
    if not isinstance(given, str) or (pinned is not None and given != pinned.strip()):
        raise NotGenuine(t("the public key is not the one that you expect"))
    return PublicKey(given)


def about(size: int, time: str, key: PublicKey) -> str:
    """Which checkpoint, whose key."""
    return t(
        "in the tree of {size} entries signed at {time} by the key {id} of {name}",
        size=size,
        time=time.partition(" ")[2],
        id=key.id,
        name=key.name,
    )


def check(options: argparse.Namespace) -> Found:
    """What the command line names. Raises NotGenuine, CannotSay, OSError, UnicodeDecodeError."""
    since = options.since.read_text(encoding="utf-8", errors="replace") if options.since else None
    if not options.proof.is_dir():
        raw = options.proof.read_bytes()
        with named(options.proof.name):
            return check_proof_file(raw, options.key, since)
    if (options.proof / "export.json").exists() or not (options.proof / "proof.json").exists():
        return check_export(options.proof, options.key, since)
    return check_bundle(options.proof, options.key, since)


# English -> Chinese, of every sentence that is printed
# fmt: off
ZH = {
    "leaf {index} is outside the tree of {size} entries": "叶 {index} 不在这棵有 {size} 条记录的树里",
    "leaf {index}: the proof is too long": "叶 {index}：证明过长",
    "leaf {index}: the proof is too short": "叶 {index}：证明过短",
    "two checkpoints of the same size differ": "两个大小相同的检查点内容不同",
    "the consistency proof does not fit the checkpoints": "一致性证明与检查点对不上",
    "the consistency proof is too long": "一致性证明过长",
    "a later checkpoint does not only add to an earlier one": "较晚的检查点不只是在较早的之后增加记录",
    "{what} is not base64": "{what}不是 base64",
    "{what} is not {length} bytes in hex": "{what}不是 {length} 字节的十六进制",
    "the public key": "公钥",
    "the public key is not valid: the name, its id and its bytes do not fit": "公钥无效：名称、标识和内容对不上",
    "the root": "根哈希",
    "the signature": "签名",
    "the checkpoint": "检查点",
    "the checkpoint is of another tree": "检查点属于另一棵树",
    "{what} is not a signed note of this tree": "{what}不是这棵树的签名文本",
    "{what} was signed with another key": "{what}是用别的密钥签名的",
    "the signature of {what} is wrong": "{what}的签名不对",
    "the older checkpoint: there is none of {name} in the message": "旧检查点：邮件里没有 {name} 的检查点",
    "the older checkpoint: {error}": "旧检查点：{error}",
    "there is no statement": "没有声明",
    "the statement's signature": "声明的签名",
    "the signature of the statement is wrong": "声明的签名不对",
    "the statement is about something else": "声明说的是别的内容",
    "a name is twice in an object": "一个对象里有重复的名称",
    "the file is not JSON": "文件不是 JSON",
    "the object must have exactly: {names}": "对象必须正好有：{names}",
    "the format is not {format}": "格式不是 {format}",
    "the statement is about another checkpoint": "声明说的是另一个检查点",
    "the entries are not those that the statement names": "记录不是声明里列出的那些",
    "{count} records ({kinds}) about {subject}, {tree}": "关于 {subject} 的 {count} 条记录（{kinds}），{tree}",
    "an entry must have exactly: leaf, nonce, payload, path": "一条记录必须正好有：leaf、nonce、payload、path",
    "entry {leaf!r} is malformed": "记录 {leaf!r} 格式不对",
    "leaf {leaf}: a step": "叶 {leaf} 的一步",
    "leaf {leaf}: the nonce": "叶 {leaf} 的 nonce ",
    "leaf {leaf} is not in the tree that was signed": "叶 {leaf} 不在签过名的树里",
    "there is no record that says whose the number is": "没有记录说明号码是谁的",
    "the numbers are not those of the statement's person": "号码不是声明所指的人的",
    "{kind} {id} is about somebody else": "{kind} {id} 说的是别人",
    "the file is not spelled as it was written": "文件与写出时不是逐字节相同",
    "one person's proof does not say what changed since: ask for `agi-app audit export`":
        "一个人的证明说明不了此后有没有改动：请索取 `agi-app audit export` 的导出",
    "name the older checkpoint: --since FILE": "请指明旧检查点：--since FILE",
    "the older checkpoint is this one": "旧检查点就是这一个",
    "{name}: cannot be understood: {kind} {error}": "{name}：无法理解：{kind} {error}",
    "the list of files": "文件清单",
    "{file}: is not the one that was signed": "{file}：不是签过名的那一份",
    "missing: {files}": "缺少：{files}",
    "changed since they were handed out: {files}": "交出之后被改动：{files}",
    "as the operator handed them out (signed), but not compared with the records: {files}":
        "与运营方交出时相同（有签名），但没有与记录核对：{files}",
    "leaves.bin is not the tree that was signed": "leaves.bin 不是签过名的树",
    "a step of the consistency proof": "一致性证明的一步",
    "{count} records, {unchanged}{tree}": "{count} 条记录，{unchanged}{tree}",
    "the older checkpoint is newer than these files: ask for a new export": "旧检查点比这些文件还新：请索取新的导出",
    "changed since the checkpoint of {at}: its {size} entries are not the first ones here":
        "{at} 的检查点之后被改动：它的 {size} 条记录不是这里开头的那些",
    "nothing changed since the checkpoint of {at} ({size} entries), ": "{at} 的检查点（{size} 条记录）之后没有改动，",
    "line {count} is not spelled as it was written, or not where it belongs":
        "第 {count} 行与写出时不是逐字节相同，或者位置不对",
    "leaf {leaf} is not as it was signed": "叶 {leaf} 与签名时不同",
    "{file}: has {count} records, export.json says {expected}":
        "{file}：有 {count} 条记录，export.json 写的是 {expected}",
    "masked": "已隐去",
    "tables/{kind}.csv: is not what its records say": "tables/{kind}.csv：与它的记录不符",
    "the public key is not the one that you expect": "公钥不是您指定的那一个",
    "in the tree of {size} entries signed at {time} by the key {id} of {name}":
        "在 {time} 由 {name} 的密钥 {id} 签名、有 {size} 条记录的树里",
    "proof.json, or the folder of an export or of a complaint": "proof.json，或者一次导出、一件投诉的文件夹",
    "the public key line that you trust": "可信的公钥（整行）",
    "a file with an older checkpoint: nothing may have changed since": "含有旧检查点的文件：此后不得有任何改动",
    "print the records of a proof, oldest first": "列出证明里的记录，最早的在前",
    "the language; else that of LC_ALL or LANG": "语言；不写时按 LC_ALL 或 LANG",
    "cannot be read: {error}": "无法读取：{error}",
    "no verdict: {error}": "没有结论：{error}",
    "NOT GENUINE: {error}": "不真实：{error}",
    "the key was taken from the files: compare it with the key that the operator gave you":
        "公钥取自这些文件：请与运营方另外交给您的公钥核对",
    "the rest is genuine: {text}": "其余真实：{text}",
    "NOT CHECKED: {files}": "未核对（NOT CHECKED）：{files}",
    "genuine: {text}": "真实：{text}",
    "usage: ": "用法：",
    "positional arguments": "参数",
    "options": "选项",
    "optional arguments": "选项",
    "show this help message and exit": "显示本帮助后退出",
    "the following arguments are required: %s": "缺少参数：%s",
    "unrecognized arguments: %s": "不认识的参数：%s",
    "%(prog)s: error: %(message)s\n": "%(prog)s：错误：%(message)s\n",
    "expected one argument": "需要一个值",
    "argument %(argument_name)s: %(message)s": "参数 %(argument_name)s：%(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "无效的值：%(value)r（可选：%(choices)s）",
    "Checks a proof of agi-app. The last line is the verdict.": "核对 agi-app 的证明。最后一行是结论。",
    "Exit 0: genuine, 1: not genuine, 2: cannot be read or judged, 3: there are files that are not checked.":
        "退出码 0：真实，1：不真实，2：无法读取或无法判断，3：有未核对的文件。",
}
# fmt: on
spoken: dict[str, str] = {}  # English template -> that of the language chosen; none for English


def t(template: str, **values: object) -> str:
    """A sentence in the language chosen."""
    return spoken.get(template, template).format(**values)


def choose(arguments: list[str]) -> None:
    """The language: ``--lang zh`` or ``en``; else that of the environment, English by default."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--lang")
    asked = parser.parse_known_args(arguments)[0].lang
    said = asked or next(filter(None, map(os.environ.get, ("AGI_APP_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    spoken.clear()
    spoken.update(ZH if said.lower().startswith("zh") else {})


def say(text: str, out: Any = None) -> None:
    """One line; what a terminal would obey is shown as its code."""
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text), file=out)


def options_of(arguments: list[str]) -> argparse.Namespace:
    """What the command line asks for, in its language; exits on ``--help`` and on a wrong one."""
    choose(arguments)
    argparse._ = t  # type: ignore[attr-defined]  # its own words, too
    parser = argparse.ArgumentParser(
        description=t("Checks a proof of agi-app. The last line is the verdict.")
        + " "
        + t("Exit 0: genuine, 1: not genuine, 2: cannot be read or judged, 3: there are files that are not checked.")
    )
    parser.add_argument("proof", type=Path, help=t("proof.json, or the folder of an export or of a complaint"))
    parser.add_argument("--key", help=t("the public key line that you trust"))
    parser.add_argument("--since", type=Path, help=t("a file with an older checkpoint: nothing may have changed since"))
    parser.add_argument("--show", action="store_true", help=t("print the records of a proof, oldest first"))
    parser.add_argument("--lang", choices=("en", "zh"), help=t("the language; else that of LC_ALL or LANG"))
    return parser.parse_args(arguments)


def main() -> int:
    """The command line."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = options_of(sys.argv[1:])
    try:
        found = check(options)
    except (OSError, UnicodeDecodeError) as error:
        say(t("cannot be read: {error}", error=error), sys.stderr)
        return 2
    except CannotSay as error:
        say(t("no verdict: {error}", error=error), sys.stderr)
        return 2
    except (NotGenuine, *UNREADABLE) as error:
        say(t("NOT GENUINE: {error}", error=error), sys.stderr)
        return 1
    if options.show:
        for record in sorted(found.records, key=lambda r: r["recorded_at"]):
            for line in json.dumps(record, ensure_ascii=False, indent=1).split("\n"):
                say(line)
    if options.key is None:
        say(t("the key was taken from the files: compare it with the key that the operator gave you"))
    for note in found.notes:
        say(note)
    if found.unchecked:
        say(t("the rest is genuine: {text}", text=found.text))
        say(t("NOT CHECKED: {files}", files=", ".join(found.unchecked)))
        return 3
    say(t("genuine: {text}", text=found.text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
