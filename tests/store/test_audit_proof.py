"""What is handed out: one person's proof, a regulator's folder, and the verifier that needs neither us nor our data."""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit import standalone_verifier as verifier
from agi_app.audit.checkpoint import Checkpoint, public_line, sign
from agi_app.errors import InputError
from agi_app.proof.export import ExportRequest, export, prove
from agi_app.proof.signed_manifest import write_verifier
from agi_app.store.database.pool import Store
from tests.store.audit_site import ORIGIN, Site
from tests.store.world import number

pytestmark = pytest.mark.postgres
MUTATIONS = 1000
KINDS = ("person", "wording", "consent", "revocation", "suppression", "decision", "result")


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """Six people in a tree with two checkpoints."""
    made = Site(store, database_url, tmp_path)
    await made.people(1, 2, 3)
    await made.seal()
    await made.people(4, 5, 6)
    await made.seal()
    return made


async def proof_of(site: Site, n: int) -> str:
    return (await prove(site.store, site.notary, number(n))).text


def accepted(text: str, key: str) -> bool:
    """Whether the verifier calls it genuine; as its command line, anything it cannot read is not."""
    try:
        verifier.check_proof(text, key)
    except (verifier.NotGenuine, KeyError, IndexError, TypeError, ValueError):
        return False
    return True


async def test_a_proof_is_genuine_and_tells_the_whole_story_of_one_person(site: Site) -> None:
    made = await prove(site.store, site.notary, number(2))
    said, records = verifier.check_proof(made.text, site.notary.public_line)
    assert made.kinds == dict.fromkeys(KINDS, 1)
    assert number(2) in said
    by_kind = {record["entry"]: record for record in records}
    assert by_kind["wording"]["text"] == "I, number 2, agree."
    assert by_kind["consent"]["wording_id"] == by_kind["wording"]["id"]
    assert by_kind["result"]["record"]["outcome"] == "human"
    assert by_kind["revocation"]["reason"] == "no more"


async def test_it_shows_nobody_else(site: Site) -> None:
    text = await proof_of(site, 2)
    for n in (1, 3, 4, 5, 6):
        assert number(n) not in text
        assert f"number {n}," not in text
        assert f"call-{n}" not in text
    ids = {json.loads(e["payload"]).get("person_id") for e in json.loads(text)["entries"]}
    assert ids - {None} == {2}


async def test_one_thousand_changed_proofs_are_refused(site: Site) -> None:
    texts = {n: await proof_of(site, n) for n in (2, 5)}
    key = site.notary.public_line
    chance = random.Random(20260303)
    for text in texts.values():
        assert accepted(text, key)
    kinds: dict[str, int] = {}
    for _ in range(MUTATIONS):
        kind, changed = mutated(texts[2], texts[5], chance)
        kinds[kind] = kinds.get(kind, 0) + 1
        assert not accepted(changed, key), f"{kind}:\n{changed}"
    assert len(kinds) == len(MUTATORS)


def mutated(text: str, other: str, chance: random.Random) -> tuple[str, str]:
    """The kind of a change that means something, and the changed proof."""
    while True:
        name = chance.choice(list(MUTATORS))
        changed: str = MUTATORS[name](text, json.loads(text), json.loads(other), chance)
        try:
            same = json.loads(changed) == json.loads(text)
        except (ValueError, RecursionError):
            same = False
        if not same:
            return name, changed


def flip(text: str, _proof: Any, _other: Any, chance: random.Random) -> str:
    """One bit of the file."""
    raw = bytearray(text.encode())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw.decode("utf-8", "replace")


def cut(text: str, _proof: Any, _other: Any, chance: random.Random) -> str:
    at = chance.randrange(len(text) - 2)
    return text[:at] + text[at + chance.randrange(1, 200) :]


def field(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """A word or figure of one record, said differently."""
    entry = chance.choice(proof["entries"])
    payload = json.loads(entry["payload"])
    name = chance.choice(list(payload))
    payload[name] = chance.choice(["changed", 7, None, "2026-01-01T00:00:00+00:00"])
    entry["payload"] = json.dumps(payload, ensure_ascii=False)
    return json.dumps(proof)


def swapped(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """Two records change their proofs, leaves, nonces or payloads."""
    one, two = chance.sample(proof["entries"], 2)
    name = chance.choice(["path", "leaf", "nonce", "payload"])
    one[name], two[name] = two[name], one[name]
    return json.dumps(proof)


def foreign(_text: str, proof: Any, other: Any, chance: random.Random) -> str:
    """A genuine record of somebody else, in place of one of these or beside them."""
    entry = chance.choice(other["entries"])
    if chance.random() < 0.5:
        proof["entries"].append(entry)
    else:
        proof["entries"][chance.randrange(len(proof["entries"]))] = entry
    return json.dumps(proof)


def path(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    steps = chance.choice(proof["entries"])["path"]
    match chance.randrange(4):
        case 0:
            steps.pop(chance.randrange(len(steps)))
        case 1:
            steps.insert(chance.randrange(len(steps)), chance.choice(steps))
        case 2:
            steps[chance.randrange(len(steps))] = chance.randbytes(32).hex()
        case _:
            steps[0] = steps[0].upper()
    return json.dumps(proof)


def another_key(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """The same tree, signed by somebody else, with or without saying so."""
    key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    real = verifier.PublicKey(proof["public_key"])
    size, root, time = real.read(proof["checkpoint"])
    at = dt.datetime.fromisoformat(time.partition(" ")[2])
    proof["checkpoint"] = sign(Checkpoint(ORIGIN, size, root, at, "x"), key)
    if chance.random() < 0.5:
        proof["public_key"] = public_line(ORIGIN, key.public_key())
    return json.dumps(proof)


def checkpoint(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """A line of the signed note."""
    lines = proof["checkpoint"].split("\n")
    line = chance.randrange(len(lines) - 1)
    lines[line] = chance.choice([lines[line] + "0", "", lines[line][1:], "9" + lines[line]])
    proof["checkpoint"] = "\n".join(lines)
    return json.dumps(proof)


def statement(_text: str, proof: Any, other: Any, chance: random.Random) -> str:
    """Whose it is, said differently; or the statement of another proof."""
    if chance.random() < 0.2:
        proof["statement"], proof["signature"] = other["statement"], other["signature"]
        return json.dumps(proof)
    said = json.loads(proof["statement"])
    name = chance.choice(list(said))
    said[name] = chance.choice([said[name] * 2, "", None, [], [2, 5]])
    proof["statement"] = json.dumps(said)
    return json.dumps(proof)


def omitted(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """A record that somebody would rather not show; the statement goes along or not."""
    gone = proof["entries"].pop(chance.randrange(len(proof["entries"])))
    if chance.random() < 0.5:
        said = json.loads(proof["statement"])
        said["leaves"].remove(gone["leaf"])
        proof["statement"] = json.dumps(said)
    return json.dumps(proof)


def without_the_person(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """All records but the one that says whose the number is; or none at all."""
    proof["entries"] = [e for e in proof["entries"] if '"entry": "person"' not in e["payload"]]
    if chance.random() < 0.3:
        proof["entries"] = []
    return json.dumps(proof)


def twice(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    proof["entries"].append(chance.choice(proof["entries"]))
    return json.dumps(proof)


def more(_text: str, proof: Any, _other: Any, chance: random.Random) -> str:
    """Something that the format does not have."""
    chance.choice([proof, chance.choice(proof["entries"])])["note"] = "trust me"
    return json.dumps(proof)


MUTATORS = {
    f.__name__: f
    for f in (
        flip,
        cut,
        field,
        swapped,
        foreign,
        path,
        another_key,
        checkpoint,
        statement,
        omitted,
        without_the_person,
        twice,
        more,
    )
}


@pytest.mark.parametrize(("name", "value"), [("statement", "agi-app erasure"), ("origin", "agi-app/another")])
async def test_a_statement_about_something_else_proves_nothing(site: Site, name: str, value: str) -> None:
    """Though our own key signed it: for another purpose, or for another database that shares the key."""
    proof = json.loads(await proof_of(site, 2))
    proof["statement"] = json.dumps(json.loads(proof["statement"]) | {name: value})
    proof["signature"] = site.notary.key.sign(proof["statement"].encode()).hex()
    with pytest.raises(verifier.NotGenuine, match="something else"):
        verifier.check_proof(json.dumps(proof), site.notary.public_line)


async def test_the_verifier_runs_by_itself(site: Site, tmp_path: Path) -> None:
    """One file, without agi-app: in another folder, isolated from ours."""
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    write_verifier(alone / "verify.py")
    (alone / "proof.json").write_text(await proof_of(site, 3), encoding="utf-8")
    assert "agi_app" not in [line.split()[1] for line in (alone / "verify.py").read_text().split("\n")
                             if line.startswith(("import ", "from "))]  # fmt: skip

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verify.py", *arguments]
        return subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)

    good = run("proof.json", "--key", site.notary.public_line, "--show")
    assert good.returncode == 0, good.stderr
    assert "I, number 3, agree." in good.stdout
    assert run("proof.json", "--key", public_line(ORIGIN, Ed25519PrivateKey.generate().public_key())).returncode == 1
    assert "compare it" in run("proof.json").stdout
    assert run("nothing.json").returncode == 2


async def test_no_proof_of_a_number_that_is_not_known_or_too_new(site: Site) -> None:
    with pytest.raises(InputError, match="nothing is known"):
        await proof_of(site, 99)
    await site.people(7)
    with pytest.raises(InputError, match="too new"):
        await proof_of(site, 7)


async def test_newer_records_are_counted_and_not_shown(site: Site) -> None:
    async with site.store.connection() as connection:
        await connection.execute(
            "INSERT INTO revocation (person_id, at, reason, via) VALUES (2, now(), 'again', 'key press')"
        )
    made = await prove(site.store, site.notary, number(2))
    assert made.not_covered == 1
    assert "again" not in made.text


async def test_a_regulators_folder_is_genuine_and_masked(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "export"
    made = await export(site.store, site.notary, out, ExportRequest())
    assert made.counts["consent"] == 6
    assert verifier.check_export(out, site.notary.public_line).unchecked == ["tables/person.csv"]
    everything = "".join(
        f.read_text(encoding="utf-8") for f in out.rglob("*.*") if f.suffix in (".csv", ".jsonl", ".json")
    )
    for n in range(1, 7):
        assert number(n) not in everything
    assert (out / "records" / "person.jsonl").read_text() == ""
    about = json.loads((out / "export.json").read_text())
    assert len(about["consistency"]) == 1  # from the first checkpoint to this one
    assert {"README.md", "README.zh-CN.md", "verify.py", "checkpoint", "leaves.bin"} <= {f.name for f in out.iterdir()}
    with pytest.raises(InputError, match="not empty"):
        await export(site.store, site.notary, out, ExportRequest())


async def test_whole_numbers_are_provable(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "export"
    await export(site.store, site.notary, out, ExportRequest(whole_numbers=True))
    verifier.check_export(out, site.notary.public_line)
    assert number(3) in (out / "records" / "person.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda out: (out / "leaves.bin").write_bytes((out / "leaves.bin").read_bytes()[:-32]),
        lambda out: (out / "leaves.bin").write_bytes(bytes(32) + (out / "leaves.bin").read_bytes()[32:]),
        lambda out: replace(out / "records" / "result.jsonl", "human", "bugsy"),
        lambda out: replace(out / "records" / "decision.jsonl", '"leaf": ', '"leaf": 1'),
        lambda out: replace(out / "checkpoint", "time 20", "time 19"),
        lambda out: replace(out / "export.json", '"path": [\n    "', '"path": [\n    "00'),
    ],
)
async def test_a_changed_folder_is_refused(site: Site, tmp_path: Path, change: Any) -> None:
    out = tmp_path / "export"
    await export(site.store, site.notary, out, ExportRequest())
    change(out)
    with pytest.raises((verifier.NotGenuine, IndexError)):
        verifier.check_export(out, site.notary.public_line)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


async def test_a_campaigns_export_has_its_people_only(site: Site, tmp_path: Path) -> None:
    async with site.store.connection() as connection:
        await connection.execute(
            "INSERT INTO campaign (name, spec, flow_file, flow_text)"
            " VALUES ('other', '{\"purpose\": \"survey\", \"caller_id\": \"+99986210000001\"}', 'f', 'f')"
        )
        await connection.execute("UPDATE contact SET campaign = 'other' WHERE external_id IN ('1', '2')")
    made = await export(site.store, site.notary, tmp_path / "other", ExportRequest(campaign="other"))
    assert {k: made.counts[k] for k in ("person", "consent", "revocation", "suppression", "decision", "result")} == {
        "person": 2, "consent": 2, "revocation": 2, "suppression": 2, "decision": 0, "result": 0
    }  # fmt: skip
    made = await export(site.store, site.notary, tmp_path / "checkup", ExportRequest(campaign="checkup"))
    assert (made.counts["person"], made.counts["decision"], made.counts["wording"]) == (4, 6, 4)
    verifier.check_export(tmp_path / "checkup", site.notary.public_line)
