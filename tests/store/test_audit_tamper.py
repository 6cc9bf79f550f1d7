"""Every kind of tampering below the last checkpoint is found, with its place.

The attacker can write the database, past its triggers, and one copy of the checkpoints. He has neither the key nor the
witness copy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit import checkpoint_files
from agi_app.audit.checkpoint import Checkpoint, sign
from agi_app.audit.tree import Frontier
from agi_app.errors import SafetyError
from agi_app.store.calling import tallies
from agi_app.store.database.pool import Store
from tests.store.audit_site import ORIGIN, Site

pytestmark = pytest.mark.postgres


@pytest.fixture
async def site(store: Store, database_url: str, tmp_path: Path) -> Site:
    """A tree with three signed checkpoints."""
    made = Site(store, database_url, tmp_path)
    for n in range(1, 10, 3):
        await made.people(n, n + 1, n + 2)
        await made.seal()
    return made


def leaf_of(site: Site, kind: str, row: int) -> int:
    """Where a row is in the tree."""
    ((leaf,),) = site.ask(f"SELECT leaf FROM audit_leaf WHERE kind = '{kind}' AND row_id = {row}")
    return int(leaf)


async def test_untouched_it_is_well(site: Site) -> None:
    report = await site.verify()
    assert report.ok
    assert report.faults == []
    ((rows,),) = site.ask("SELECT count(*) FROM audit_leaf")
    assert report.entries == rows
    assert report.not_covered == 0
    assert report.checkpoints == 3


EDITS = [
    ("decision", 5, "UPDATE decision SET allowed = false, rules = '{consent}' WHERE decision_id = 5"),
    ("decision", 5, "UPDATE decision SET decided_at = decided_at - interval '1 day' WHERE decision_id = 5"),
    ("revocation", 4, "UPDATE revocation SET at = at + interval '2 hours' WHERE revocation_id = 4"),
    ("revocation", 4, "UPDATE revocation SET purpose = 'survey' WHERE revocation_id = 4"),
    ("consent", 2, "UPDATE consent SET given_at = given_at - interval '300 days' WHERE consent_id = 2"),
    ("consent", 2, "UPDATE consent SET expires_at = now() WHERE consent_id = 2"),
    ("wording", 3, "UPDATE wording SET text = 'I agree to anything.' WHERE wording_id = 3"),
    ("result", 6, """UPDATE result SET record = jsonb_set(record, '{outcome}', '"busy"') WHERE result_id = 6"""),
    ("person", 7, "UPDATE person SET e164 = '+999861380009999' WHERE person_id = 7"),
    ("suppression", 1, "UPDATE suppression SET number_hash = sha256('x') WHERE suppression_id = 1"),
    ("caller_id_proof", 1, "UPDATE caller_id_proof SET expires_at = 'infinity' WHERE proof_id = 1"),
    ("decision", 5, "UPDATE audit_leaf SET nonce = NULL WHERE kind = 'decision' AND row_id = 5"),
    ("decision", 5, "UPDATE audit_leaf SET hash = sha256('x') WHERE kind = 'decision' AND row_id = 5"),
]


@pytest.mark.parametrize(("table", "row", "statement"), EDITS)
async def test_an_edited_row_is_named(site: Site, table: str, row: int, statement: str) -> None:
    site.attack(statement)
    found = {(f.kind, f.table, f.row, f.leaf): f.text for f in await site.faults()}
    leaf = leaf_of(site, table, row)
    assert f"{table} {row} (leaf {leaf}) was changed" == found["changed", table, row, leaf]


UNREADABLE = [
    "UPDATE consent SET recorded_at = 'infinity', given_at = '-infinity', purpose = 'none' WHERE consent_id = 2",
    "UPDATE caller_id_proof SET proved_at = '4000-01-01 BC' WHERE proof_id = 1",
    "UPDATE decision SET decided_at = 'infinity', recorded_at = '-infinity' WHERE decision_id = 5",
    "UPDATE database_fact SET value = '[1'",
    'UPDATE database_fact SET value = \'{"consent": "all"}\'',
    "INSERT INTO person_link (moved, onto) VALUES ('{NULL}', '{1,2}')",
    "INSERT INTO erasure (at, kind, erased, reason, entered_by, signature)"
    " VALUES ('infinity', 'person', '{}', '', '', '')",
]


@pytest.mark.attack("row 3: values that stop the verifier instead of being found by it")
@pytest.mark.parametrize("statement", UNREADABLE)
async def test_a_value_that_no_program_can_read_is_a_fault_like_any_other(site: Site, statement: str) -> None:
    site.attack(statement)
    assert await site.faults()


REMOVALS = [
    ("decision", 5, "DELETE FROM decision WHERE decision_id = 5"),
    ("suppression", 2, "DELETE FROM suppression WHERE suppression_id = 2"),
    ("revocation", 3, "DELETE FROM revocation WHERE revocation_id = 3"),
]


@pytest.mark.parametrize(("table", "row", "statement"), REMOVALS)
async def test_a_removed_row_is_named(site: Site, table: str, row: int, statement: str) -> None:
    site.attack(statement)
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row, fault.leaf) == ("removed", table, row, leaf_of(site, table, row))


async def test_a_consent_removed_with_its_leaf_leaves_a_hole(site: Site) -> None:
    leaf = leaf_of(site, "consent", 2)
    site.attack("DELETE FROM consent WHERE consent_id = 2", f"DELETE FROM audit_leaf WHERE leaf = {leaf}")
    (fault,) = await site.faults()
    assert (fault.kind, fault.leaf) == ("removed", leaf)


async def test_a_closed_hole_gives_another_root(site: Site) -> None:
    """Delete a row and its leaf, and number the later leaves anew."""
    leaf = leaf_of(site, "consent", 5)
    site.attack(
        "DELETE FROM consent WHERE consent_id = 5",
        f"DELETE FROM audit_leaf WHERE leaf = {leaf}",
        f"UPDATE audit_leaf SET leaf = -leaf WHERE leaf > {leaf}",
        "UPDATE audit_leaf SET leaf = -leaf - 1 WHERE leaf < 0",
    )
    kinds = {f.kind for f in await site.faults()}
    assert kinds == {"truncated", "reordered"}


async def test_two_leaves_in_each_others_place(site: Site) -> None:
    one, two = leaf_of(site, "decision", 4), leaf_of(site, "decision", 6)
    site.attack(
        f"UPDATE audit_leaf SET leaf = -1 WHERE leaf = {one}",
        f"UPDATE audit_leaf SET leaf = {one} WHERE leaf = {two}",
        f"UPDATE audit_leaf SET leaf = {two} WHERE leaf = -1",
    )
    (fault,) = await site.faults()
    assert fault.kind == "reordered"
    first, second = (note.split("\n")[1] for note in checkpoint_files.read(site.notary.file)[:2])
    assert fault.leaf == int(first) <= one < two < int(second)


async def test_a_row_put_in_with_a_made_up_leaf(site: Site) -> None:
    leaf = leaf_of(site, "revocation", 2)
    site.attack(
        f"UPDATE audit_leaf SET leaf = -leaf WHERE leaf >= {leaf}",
        "UPDATE audit_leaf SET leaf = -leaf + 1 WHERE leaf < 0",
        "INSERT INTO revocation (person_id, at, reason, via) VALUES (9, now(), 'made up', 'key press')",
        f"INSERT INTO audit_leaf VALUES ({leaf}, 'revocation', 10, sha256('n'), sha256('h'))",
    )
    faults = await site.faults()
    assert ("changed", "revocation", leaf) in [(f.kind, f.table, f.leaf) for f in faults]
    assert "reordered" in {f.kind for f in faults}


async def test_a_row_put_in_past_the_triggers(site: Site) -> None:
    site.attack("INSERT INTO revocation (person_id, at, reason, via) VALUES (9, now(), 'made up', 'key press')")
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row) == ("inserted", "revocation", 10)


async def test_a_row_and_its_leaf_rewritten_together(site: Site) -> None:
    """The attacker knows the format: row, nonce and hash fit each other."""
    leaf = leaf_of(site, "decision", 6)
    site.attack("UPDATE decision SET campaign = 'other' WHERE decision_id = 6")
    rewrite(site, "decision", 6)
    (fault,) = await site.faults()
    first, second = (int(note.split("\n")[1]) for note in checkpoint_files.read(site.notary.file)[:2])
    assert (fault.kind, fault.leaf) == ("reordered", first)
    assert first <= leaf < second
    assert "decision 6" in fault.text


def rewrite(site: Site, kind: str, row: int) -> None:
    """Make a leaf fit a changed row."""
    from agi_app.store.ledger.audit import Q

    site.attack(
        f"UPDATE audit_leaf l SET hash = sha256('\\x00'::bytea || nonce || convert_to(to_jsonb(x)::text, 'UTF8'))"
        f" FROM ({Q[f'rows_{kind}']}) x WHERE l.kind = '{kind}' AND l.row_id = {row} AND x.id = {row}"
    )


async def test_a_tail_cut_off_with_all_traces_in_the_database(site: Site) -> None:
    notes = checkpoint_files.read(site.notary.file)
    kept = int(notes[1].split("\n")[1])
    cut = f"SELECT row_id FROM audit_leaf WHERE leaf >= {kept} AND kind ="
    site.attack(
        f"DELETE FROM revocation WHERE revocation_id IN ({cut} 'revocation')",
        f"DELETE FROM decision WHERE decision_id IN ({cut} 'decision')",
        f"DELETE FROM audit_leaf WHERE leaf >= {kept}",
        "TRUNCATE audit_checkpoint",
    )
    assert ("truncated", kept) in [(f.kind, f.leaf) for f in await site.faults()]
    checkpoint_files.Writer(site.notary.file).replace(
        notes[:2]
    )  # and his one copy of the checkpoints: the witness knows
    found = [(f.kind, f.leaf) for f in await site.faults()]
    assert ("truncated", kept) in found
    assert "checkpoint rolled back" in [kind for kind, _ in found]
    with pytest.raises(SafetyError, match=f"{kept} audit entries"):
        await site.seal()


@pytest.mark.parametrize("keep", [0, 1, 2])
async def test_an_older_checkpoint_file_put_in_place(site: Site, keep: int) -> None:
    notes = checkpoint_files.read(site.notary.file)
    checkpoint_files.Writer(site.notary.file).replace(notes[:keep])
    site.attack("TRUNCATE audit_checkpoint")
    (fault,) = await site.faults()
    assert fault.kind == "checkpoint rolled back"
    assert fault.table == str(site.notary.file)


async def test_a_checkpoint_forged_with_another_key(site: Site) -> None:
    """Everything is rewritten so that it fits, and signed with a key of the attacker's own."""
    site.attack("UPDATE decision SET campaign = 'other' WHERE decision_id = 6", "TRUNCATE audit_checkpoint")
    rewrite(site, "decision", 6)
    tree = Frontier()
    for _ in tree.extend([bytes(h) for (h,) in site.ask("SELECT hash FROM audit_leaf ORDER BY leaf")]):
        pass
    last = site.notary.read(checkpoint_files.read(site.notary.file)[-1])
    forged = sign(Checkpoint(ORIGIN, tree.size, tree.root, last.at, last.by), Ed25519PrivateKey.generate())
    checkpoint_files.Writer(site.notary.file).replace([forged])
    kinds = [f.kind for f in await site.faults()]
    assert "forged checkpoint" in kinds
    assert "reordered" in kinds
    with pytest.raises(SafetyError, match="another key"):
        await site.seal()


async def test_a_checkpoint_with_another_size_or_root(site: Site) -> None:
    notes = checkpoint_files.read(site.notary.file)
    lines = notes[-1].split("\n")
    lines[1] = str(int(lines[1]) - 1)
    checkpoint_files.Writer(site.notary.file).replace([*notes[:-1], "\n".join(lines)])
    faults = await site.faults()
    assert faults[0].kind == "forged checkpoint"
    assert "wrong signature" in faults[0].text


async def test_an_attempt_that_tells_another_story_than_its_result(site: Site) -> None:
    site.attack("UPDATE attempt SET outcome = 'busy' WHERE attempt_id = 'call-3'")
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row) == ("changed", "attempt", "call-3")
    site.attack('UPDATE attempt SET outcome = \'human\', answers = \'{"menu": "yes", "x": "y"}\'')
    assert len(await site.faults()) == 9
    site.attack('UPDATE attempt SET answers = \'{"menu": "yes"}\'', "UPDATE attempt SET state = 'claimed'")
    assert len(await site.faults()) == 9
    assert await tallies.recount(site.store, correct=True), "the figures do not follow what went round the triggers"


async def test_a_row_that_claims_to_be_old(site: Site) -> None:
    """Written through the triggers, so it gets a leaf; but it was not there when it says it was."""
    async with site.store.connection() as connection:
        await connection.execute(
            "INSERT INTO revocation (person_id, at, reason, via, recorded_at)"
            " VALUES (1, now() - interval '3 days', 'late', 'key press', now() - interval '3 days')"
        )
    await site.seal()
    (fault,) = await site.faults()
    assert (fault.kind, fault.table, fault.row) == ("backdated", "revocation", 10)


async def test_an_erasure_that_is_not_signed_excuses_nothing(site: Site) -> None:
    site.attack("UPDATE consent SET method = '', erased_at = now() WHERE consent_id = 2")
    async with site.store.connection() as connection:
        await connection.execute(
            "INSERT INTO erasure (kind, person_id, erased, reason, entered_by, signature)"
            " VALUES ('person', 2, '{\"consent\": [2]}', 'asked for', 'admin', %s)",
            [Ed25519PrivateKey.generate().sign(b"anything")],
        )
    await site.seal()
    assert {f.kind for f in await site.faults()} == {"forged erasure", "changed", "forged fact"}


async def test_leaves_of_a_kind_that_does_not_exist(site: Site) -> None:
    site.attack("INSERT INTO audit_leaf SELECT max(leaf) + 1, 'nonsense', 1, sha256('n'), sha256('h') FROM audit_leaf")
    (fault,) = await site.faults()
    assert fault.kind == "inserted"
    assert "nonsense" in fault.text


TRUNCATED: Callable[[int], str] = "DELETE FROM audit_leaf WHERE leaf >= {}".format


async def test_a_restored_old_copy_is_seen_and_goes_on_only_openly(site: Site) -> None:
    """A restored backup is not an attack, but it is not hidden either: the restart stays in the proof."""
    from agi_app.proof.sequencer import Sequencer

    kept = int(checkpoint_files.read(site.notary.file)[1].split("\n")[1])
    lost = [f"DELETE FROM {t} WHERE {c} IN (SELECT row_id FROM audit_leaf WHERE leaf >= {kept} AND kind = '{t}')"
            for t, c in (("revocation", "revocation_id"), ("decision", "decision_id"), ("result", "result_id"),
                         ("consent", "consent_id"), ("wording", "wording_id"), ("suppression", "suppression_id"),
                         ("caller_id_proof", "proof_id"), ("person", "person_id"))]  # fmt: skip
    attempts = "DELETE FROM attempt WHERE attempt_id IN ('call-7', 'call-8', 'call-9')"
    site.attack(*lost, attempts, TRUNCATED(kept), f"DELETE FROM audit_checkpoint WHERE size > {kept}")
    site.attack(f"DELETE FROM audit_node WHERE (n + 1) << level > {kept}")
    assert [f.kind for f in await site.faults()] == ["truncated"]
    with pytest.raises(SafetyError, match="audit restart"):
        await site.seal()
    made = await Sequencer(site.store, site.notary).restart()
    assert (made.size, made.lost) != (kept, None)
    await site.people(20, 21)
    await site.seal()
    report = await site.verify()
    assert report.ok
    assert "was restored" in report.notes[0]
    assert report.entries > kept
    await tallies.recount(site.store, correct=True)  # rows were taken away round the triggers
