"""A folder in the hands of an outsider with plain Python: every altered byte is found, what is not checked is said."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agi_app.audit import standalone_verifier as verifier
from agi_app.audit.checkpoint import Checkpoint, sign
from agi_app.audit.standalone_verifier import SUMS_FILE, SUMS_SIGNATURE
from agi_app.proof.export import ExportRequest, export, prove
from agi_app.proof.signed_manifest import message, sign_files
from agi_app.store.database.pool import Store
from tests.store.audit_site import Site, every_altered_byte_is_found
from tests.store.world import number

pytestmark = pytest.mark.postgres
WHOLE = ExportRequest(whole_numbers=True)


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """Three people in a tree with two checkpoints."""
    made = Site(store, database_url, tmp_path)
    await made.people(1, 2)
    await made.seal()
    await made.people(3)
    await made.seal()
    return made


async def exported(site: Site, tmp_path: Path, wanted: ExportRequest = WHOLE) -> Path:
    await export(site.store, site.notary, tmp_path / "export", wanted)
    return tmp_path / "export"


def plain_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier that the folder brings: no package, no environment, nothing of ours."""
    command = [sys.executable, "-I", "-S", "verify.py", *arguments]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def re_signed(site: Site, folder: Path) -> None:
    """What whoever has the key can do: a new list of files for what they changed."""
    for name in (SUMS_FILE, SUMS_SIGNATURE):
        (folder / name).unlink()
    sign_files(site.notary, folder)


def altered(file: Path, old: str, new: str) -> None:
    content = file.read_bytes()
    assert old.encode() in content
    file.write_bytes(content.replace(old.encode(), new.encode(), 1))


@pytest.mark.attack("users 5: an export's table or story is altered and still called genuine")
@pytest.mark.parametrize("wanted", [WHOLE, ExportRequest()])
async def test_one_altered_byte_of_any_file_of_an_export_is_found_and_the_file_named(
    site: Site, tmp_path: Path, wanted: ExportRequest
) -> None:
    folder = await exported(site, tmp_path, wanted)
    assert every_altered_byte_is_found(folder, site.notary.public_line, verifier.check_export) > 100


async def test_one_altered_byte_of_a_proof_is_found(site: Site) -> None:
    raw = (await prove(site.store, site.notary, number(2))).text.encode()
    key = site.notary.public_line
    assert not verifier.check_proof_file(raw, key).unchecked
    for i in range(0, len(raw), 97):
        with pytest.raises((verifier.NotGenuine, *verifier.UNREADABLE)):
            verifier.check_proof_file(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :], key)
    with pytest.raises(verifier.NotGenuine, match="spelled"):
        verifier.check_proof_file(raw + b" ", key)


async def test_plain_python_calls_a_whole_export_genuine_in_its_last_line(site: Site, tmp_path: Path) -> None:
    folder = await exported(site, tmp_path)
    done = plain_python(folder, ".", "--key", site.notary.public_line)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("genuine: ")
    done = plain_python(folder, ".", "--key", site.notary.public_line, "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"真实：\d+ 条记录，在 \S+ 由 agi-app/\S+ 的密钥 ", done.stdout.splitlines()[-1])


async def test_plain_python_names_the_altered_table(site: Site, tmp_path: Path) -> None:
    folder = await exported(site, tmp_path)
    altered(folder / "tables" / "consent.csv", "web form", "web farm")
    done = plain_python(folder, ".", "--key", site.notary.public_line)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "NOT GENUINE: changed since they were handed out: tables/consent.csv"
    done = plain_python(folder, ".", "--key", site.notary.public_line, "--lang", "zh")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "不真实：交出之后被改动：tables/consent.csv"


@pytest.mark.attack("users 5: the holder of the key signs a table that the records do not give")
async def test_a_table_that_is_not_what_its_records_say_is_found_though_it_is_signed(
    site: Site, tmp_path: Path
) -> None:
    folder = await exported(site, tmp_path)
    altered(folder / "tables" / "consent.csv", "web form", "web farm")
    re_signed(site, folder)
    with pytest.raises(verifier.NotGenuine, match=r"tables/consent\.csv: is not what its records say"):
        verifier.check_export(folder, site.notary.public_line)


@pytest.mark.attack("users 5: rows are taken out of a signed table and its records")
async def test_fewer_records_than_were_said_are_found(site: Site, tmp_path: Path) -> None:
    folder = await exported(site, tmp_path)
    file = folder / "records" / "consent.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    re_signed(site, folder)
    with pytest.raises(verifier.NotGenuine, match=r"records/consent\.jsonl: has 2 records, export\.json says 3"):
        verifier.check_export(folder, site.notary.public_line)


async def test_masked_numbers_and_files_put_in_later_are_named_as_not_checked(site: Site, tmp_path: Path) -> None:
    folder = await exported(site, tmp_path, ExportRequest())
    (folder / "tables" / "more\x1b.csv").write_text("leaf\n")
    done = plain_python(folder, ".", "--key", site.notary.public_line)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines()[-1] == "NOT CHECKED: tables/more\\x1b.csv, tables/person.csv"
    assert "genuine" not in done.stdout.splitlines()[-1]


@pytest.mark.attack("users 5: the signed list of files is taken away, and a file altered")
async def test_without_the_signed_list_nothing_is_called_genuine(site: Site, tmp_path: Path) -> None:
    folder = await exported(site, tmp_path)
    (folder / SUMS_SIGNATURE).unlink()
    altered(folder / "README.md", "genuine", "correct")
    unchecked = verifier.check_export(folder, site.notary.public_line).unchecked
    assert {"README.md", "checkpoints", "export.json", SUMS_FILE} <= set(unchecked)


@pytest.mark.parametrize("gone", ["README.md", "tables/suppression.csv", "records/result.jsonl", "checkpoints"])
async def test_a_file_that_is_taken_away_is_named(site: Site, tmp_path: Path, gone: str) -> None:
    folder = await exported(site, tmp_path)
    (folder / gone).unlink()
    with pytest.raises(verifier.NotGenuine, match=f"missing: {gone}"):
        verifier.check_export(folder, site.notary.public_line)


def rewrite(site: Site, folder: Path) -> None:
    """All that the holder of the key can do with the first stop: its record, its leaf, its table, a new checkpoint."""
    file, table, leaves = folder / "records/revocation.jsonl", folder / "tables/revocation.csv", folder / "leaves.bin"
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    first, tree = records[0], leaves.read_bytes()
    first["payload"] = first["payload"].replace("no more", "go on")
    hashed = verifier.leaf_hash(bytes.fromhex(first["nonce"]), first["payload"])
    tree = tree[: first["leaf"] * 32] + hashed + tree[first["leaf"] * 32 + 32 :]
    leaves.write_bytes(tree)
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    with table.open("w", encoding="utf-8-sig", newline="") as out:
        made = verifier.RecordTable(out)
        for record in records:
            made.add(record["leaf"], json.loads(record["payload"]))
    root = verifier.root_of([tree[i : i + 32] for i in range(0, len(tree), 32)])
    now = dt.datetime.now(dt.UTC)
    note = sign(Checkpoint(site.origin, len(tree) // 32, root, now, "0a1b2c3d"), site.notary.key)
    (folder / "checkpoint").write_text(note, "utf-8")
    about = json.loads((folder / "export.json").read_text("utf-8"))
    (folder / "export.json").write_text(json.dumps(about | {"consistency": []}), "utf-8")
    re_signed(site, folder)


@pytest.fixture
async def monday(site: Site, tmp_path: Path) -> Path:
    """The message that an outsider got before two more people came in."""
    file = tmp_path / "monday.txt"
    file.write_text(message(await site.notary.newest_note(site.store)), encoding="utf-8")
    await site.people(4, 5)
    await site.seal()
    return file


async def test_an_export_shows_that_nothing_changed_since_a_mailed_checkpoint(
    site: Site, tmp_path: Path, monday: Path
) -> None:
    done = plain_python(await exported(site, tmp_path), ".", "--since", str(monday))
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing changed since the checkpoint of 20" in done.stdout.splitlines()[-1]


@pytest.mark.attack("users 5: the tree is rewritten and signed anew after a checkpoint was mailed")
async def test_a_tree_that_was_rewritten_since_a_mailed_checkpoint_is_found(
    site: Site, tmp_path: Path, monday: Path
) -> None:
    folder = await exported(site, tmp_path)
    rewrite(site, folder)
    assert plain_python(folder, ".", "--key", site.notary.public_line).returncode == 0  # it fits itself
    done = plain_python(folder, ".", "--since", str(monday))
    assert done.returncode == 1
    assert "NOT GENUINE: changed since the checkpoint of 20" in done.stderr.splitlines()[-1]


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


async def test_what_cannot_be_told_is_no_verdict(site: Site, tmp_path: Path, monday: Path) -> None:
    folder = await exported(site, tmp_path)
    await site.people(6)
    await site.seal()
    write(monday, message(await site.notary.newest_note(site.store)))
    write(folder / "proof.json", (await prove(site.store, site.notary, number(2))).text)
    newer = plain_python(folder, ".", "--since", str(monday))
    assert (newer.returncode, "ask for a new export" in newer.stderr) == (2, True)
    assert plain_python(folder, "proof.json", "--since", str(monday)).returncode == 0
    await site.people(7)
    await site.seal()
    write(folder / "proof.json", (await prove(site.store, site.notary, number(2))).text)
    person = plain_python(folder, "proof.json", "--since", str(monday))
    assert (person.returncode, "audit export" in person.stderr) == (2, True)
