"""Erasure and retention: what must go goes, what must stay stays, and a later import calls nobody again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import os
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.erasures import Erasure, is_signed, sign
from agi_app.clock import Clock
from agi_app.consent.erase import erase
from agi_app.consent.evidence import EvidenceFiles, KeptFiles
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.purge import EVIDENCE, RECORDINGS, SENT, Purger
from agi_app.errors import InputError
from agi_app.gate.ruleset import Jurisdiction, RuleSet
from agi_app.model.call import CallResult, Outcome
from agi_app.operations.calling.reports import recording
from agi_app.store.calling.call_recordings import RecordingRow, recordings_of
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, stops
from agi_app.store.people.erasure import Erased
from agi_app.store.people.history import person_history
from agi_app.store.screening.screened_calls import PURGED
from tests.store import one
from tests.store.world import (
    HUMAN,
    World,
    campaign,
    consent,
    contact,
    import_contacts,
    installation_for,
    number,
    rule_set,
)

pytestmark = pytest.mark.postgres

KEY = Ed25519PrivateKey.generate()
SCAN = b"a scan of a signed form"
Erase = Callable[..., object]


def signed(erasure: Erasure) -> bytes:
    """The signature of the audit key."""
    return sign(erasure, KEY)


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path)


@pytest.fixture
def kept(tmp_path: Path) -> KeptFiles:
    return KeptFiles.of(tmp_path)


async def erased(store: Store, files: EvidenceFiles, tmp_path: Path, n: int) -> Erased:
    """Erase the n-th person."""
    clock = Clock()
    return await erase(
        store, Journal(tmp_path, clock), KeptFiles.of(tmp_path), clock, number(n),
        reason="letter of May", entered_by="wang", sign=signed,
    )  # fmt: skip


async def _everything(store: Store) -> str:
    """The whole database as text."""
    async with store.connection() as connection:
        tables = await (
            await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).fetchall()
        texts = []
        for table in tables:
            rows = await connection.execute(f"SELECT to_jsonb(t)::text AS row FROM {table['tablename']} t")
            texts += [row["row"] for row in await rows.fetchall()]
    return "\n".join(texts)


async def test_nothing_of_the_person_is_left(world: World, store: Store, files: EvidenceFiles, tmp_path: Path) -> None:
    """Not the number, not their columns, answers or words, in no table; others keep all of theirs."""
    digest = files.keep(SCAN)
    wanted = await world.running(campaign(), [1, 2], consenting=[2])
    theirs = dataclasses.replace(
        consent(1), wording="I, Zhang Wei, agree.", evidence_sha256=digest, evidence_file="zhangwei.pdf",
        source="booking of Zhang Wei", person_key="P-ZHANG",
    )  # fmt: skip
    await consents.import_consents(store, [theirs], "admin", await world.now())
    await import_contacts(
        store, wanted.name, [dataclasses.replace(contact(1, name="Zhang Wei"), external_id="ZW-1")], await world.now()
    )
    for claim in (await world.claim(wanted)).claims:
        who = "Zhang Wei" if claim.number == number(1) else "Person 2"
        await world.call(claim, dataclasses.replace(HUMAN, answers={"who": who}, note=f"{who} spoke"))
    details = stops.Details(method="Zhang Wei's letter", entered_by="wang")
    at = await world.now()
    await stops.revoke(store, number(1), None, at, reason="Zhang Wei said no", via="command line", details=details)

    gone = await erased(store, files, tmp_path, 1)

    left = await _everything(store)
    for trace in (number(1)[1:], "Zhang", "ZHANG", "zhangwei", "ZW-1"):
        assert trace not in left, trace
    assert number(2) in left
    assert "Person 2" in left
    assert gone.rows["consent"] == 1
    assert gone.rows["contact"] >= 1
    assert not files.has(digest)
    told = await person_history(store, number(1))
    assert told is not None
    assert (told.person_id, told.consents, told.calls) == (None, (), ())
    assert told.suppression is not None


async def test_the_number_imported_again_is_not_called(
    world: World, store: Store, files: EvidenceFiles, tmp_path: Path
) -> None:
    """With a new consent and all: the hash on the suppression list outlives the data."""
    wanted = await world.running(campaign(), [1])
    await erased(store, files, tmp_path, 1)
    now = await world.now()
    fresh = dataclasses.replace(consent(1), given_at=now)
    await consents.import_consents(store, [fresh], "admin", now)
    assert (await import_contacts(store, wanted.name, [contact(1)], now)).added == 1
    assert (await world.claim(wanted)).claims == ()
    assert await world.value("SELECT rules FROM decision ORDER BY decision_id DESC LIMIT 1") == ["suppressed"]


async def test_the_signed_row_says_what_went(world: World, store: Store, files: EvidenceFiles, tmp_path: Path) -> None:
    """It names the rows, and only the audit key could have written it."""
    await world.running(campaign(), [1])
    await erased(store, files, tmp_path, 1)
    async with store.connection() as connection:
        (row,) = await (await connection.execute("SELECT * FROM erasure")).fetchall()
    made = Erasure(row["at"], row["kind"], row["person_id"], row["erased"], row["reason"], row["entered_by"])
    assert is_signed(made, row["signature"], KEY.public_key())
    assert (row["kind"], row["reason"], row["entered_by"]) == ("person", "letter of May", "wang")
    assert row["erased"]["consent"] == [await world.value("SELECT consent_id FROM consent")]
    assert await world.value("SELECT bool_and(erased_at IS NOT NULL) FROM consent")


async def test_the_other_number_of_the_person_is_stopped_too(
    world: World, store: Store, files: EvidenceFiles, tmp_path: Path
) -> None:
    """Its records stay, but the stop must not vanish with the first number's hash."""
    wanted = await world.running(campaign(), [1, 2], consenting=[])
    both = [dataclasses.replace(consent(n), person_key="P7") for n in (1, 2)]
    await consents.import_consents(store, both, "admin", await world.now())
    await erased(store, files, tmp_path, 1)
    later = dataclasses.replace(consent(2), given_at=await world.now(), person_key="P7")
    await consents.import_consents(store, [later], "admin", await world.now())
    assert (await world.claim(wanted)).claims == ()
    assert await world.value("SELECT count(DISTINCT at) FROM suppression") == 1  # both as old as the stop
    other = await person_history(store, number(2))
    assert other is not None
    assert len(other.consents) == 2
    assert other.others == ()


async def test_nobody_is_erased_during_a_call(world: World, store: Store, files: EvidenceFiles, tmp_path: Path) -> None:
    """The stop holds at once; the data goes when the call has ended."""
    claim = await world.claim_one(await world.running(campaign(), [1]))
    assert await one.mark(store, claim, world.terms.node)
    with pytest.raises(InputError, match="a call to this person is going on"):
        await erased(store, files, tmp_path, 1)
    assert await stops.is_suppressed(store, number(1))
    told = await person_history(store, number(1))
    assert told is not None
    assert len(told.consents) == 1
    await one.finish(store, claim.attempt_id, HUMAN, None, True)
    assert (await erased(store, files, tmp_path, 1)).rows["consent"] == 1


async def test_an_unknown_number_is_suppressed_all_the_same(store: Store, files: EvidenceFiles, tmp_path: Path) -> None:
    """Doing it twice changes nothing, and needs no row."""
    for _ in range(2):
        assert (await erased(store, files, tmp_path, 9)).rows == {}
    assert await stops.is_suppressed(store, number(9))
    with pytest.raises(InputError, match="--reason"):
        await erase(
            store, Journal(tmp_path, Clock()), KeptFiles.of(tmp_path), Clock(), number(9),
            reason=" ", entered_by="wang", sign=signed,
        )  # fmt: skip


async def test_evidence_that_another_consent_needs_stays(
    world: World, store: Store, files: EvidenceFiles, tmp_path: Path
) -> None:
    """One sign-up sheet may prove the consent of many."""
    digest = files.keep(SCAN)
    given = [dataclasses.replace(consent(n), evidence_sha256=digest, evidence_file="sheet.pdf") for n in (1, 2)]
    await consents.import_consents(store, given, "admin", await world.now())
    assert "evidence" not in (await erased(store, files, tmp_path, 1)).rows
    assert files.read(digest) == SCAN
    assert (await erased(store, files, tmp_path, 2)).rows["evidence"] == 1
    assert not files.has(digest)


# ---- retention


def keeping(days: int) -> RuleSet:
    """The rules of the test world, with a retention for China."""
    base = rule_set()
    china = base.jurisdictions["CN"]
    return dataclasses.replace(
        base,
        jurisdictions={"CN": Jurisdiction("CN", dataclasses.replace(china.rules, keep_records_days=days))},
    )


class Later(Clock):
    """A clock that is some days ahead."""

    def __init__(self, days: int) -> None:
        self._ahead = dt.timedelta(days=days)

    def real_now(self) -> dt.datetime:
        """Ahead."""
        return super().real_now() + self._ahead


async def test_what_was_kept_long_enough_goes_and_the_rest_stays(
    world: World, store: Store, files: EvidenceFiles, kept: KeptFiles
) -> None:
    """A day before the end of retention nothing goes; a day after it columns, answers and evidence do."""
    now = await world.now()
    digest, standing = files.keep(SCAN), files.keep(b"proof of a consent without end")
    ended = dataclasses.replace(
        consent(2), evidence_sha256=digest, evidence_file="a.pdf", expires_at=now + dt.timedelta(hours=1)
    )
    lasting = dataclasses.replace(consent(3), evidence_sha256=standing, evidence_file="b.pdf")
    await consents.import_consents(store, [ended, lasting], "admin", now)
    await world.call(await world.claim_one(await world.running(campaign(), [1])))

    early = Purger(store, kept, keeping(100), Later(99), signed)
    assert set((await early.purge("wang")).values()) == {0}

    late = Purger(store, kept, keeping(100), Later(102), signed)
    due = await late.purge("wang", dry_run=True)
    screened = dict.fromkeys(PURGED.values(), 0)
    assert due == {EVIDENCE: 1, RECORDINGS: 0, "contact columns": 1, "answers": 1, SENT: 0} | screened
    assert files.has(digest)
    assert await late.purge("wang") == due
    assert set((await late.purge("wang")).values()) == {0}
    assert (files.has(digest), files.has(standing)) == (False, True)
    assert await world.value("SELECT fields::text || state FROM contact") == "{}done"
    assert await world.value("SELECT answers::text FROM attempt") == "{}"
    assert await world.value("SELECT outcome FROM attempt") == "human"
    assert await world.value("SELECT count(*) FROM consent") == 3
    assert await world.value("SELECT count(*) FROM erasure WHERE kind = 'retention'") == 3


async def test_a_file_that_no_consent_names_goes_once_it_is_old(
    store: Store, files: EvidenceFiles, kept: KeptFiles
) -> None:
    """A young one may belong to an import that has not ended."""
    digest = files.keep(SCAN)
    purger = Purger(store, kept, keeping(100), Clock(), signed)
    assert (await purger.purge("wang"))[EVIDENCE] == 0
    (file,) = files.folder.rglob("*.enc")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert (await purger.purge("wang"))[EVIDENCE] == 1
    assert not files.has(digest)


async def test_without_a_retention_nothing_goes(world: World, store: Store, kept: KeptFiles) -> None:
    """A country whose rules say nothing keeps for ever."""
    await world.call(await world.claim_one(await world.running(campaign(), [1])))
    purger = Purger(store, kept, keeping(0), Later(20_000), signed)
    assert set((await purger.purge("wang")).values()) == {0}


async def test_what_came_while_the_person_was_erased_goes_with_the_next_purge(
    world: World, store: Store, files: EvidenceFiles, kept: KeptFiles, tmp_path: Path
) -> None:
    """A late result, or an import in the same moment, writes for a person who is gone."""
    await world.call(await world.claim_one(await world.running(campaign(), [1])))
    await erased(store, files, tmp_path, 1)
    async with store.connection() as connection:
        await connection.execute('UPDATE contact SET fields = \'{"name": "Zhang Wei"}\'')
        await connection.execute('UPDATE attempt SET answers = \'{"who": "Zhang Wei"}\'')
    await Purger(store, kept, keeping(1000), Clock(), signed).purge("wang")
    assert "Zhang" not in await _everything(store)


# ---- recordings


async def _recorded(world: World, store: Store, kept: KeptFiles) -> RecordingRow:
    """A call in which the person left a message."""
    message = kept.recordings.keep_call("message", "message", b"\x00\x10" * 8000)
    claim = await world.claim_one(await world.running(campaign(), [1]))
    await world.call(claim, CallResult(Outcome.ANSWERED, answers={"message": "recorded"}, recordings=(message,)))
    (row,) = await recordings_of(store, claim.campaign)
    assert (row.attempt_id, row.name, row.kind, row.seconds) == (claim.attempt_id, "message", "message", 1.0)
    assert row.sha256 is not None
    assert kept.recordings.has(row.sha256)
    return row


async def test_a_recording_is_erased_with_the_person(
    world: World, store: Store, files: EvidenceFiles, kept: KeptFiles, tmp_path: Path
) -> None:
    row = await _recorded(world, store, kept)
    assert (await erased(store, files, tmp_path, 1)).rows["recording"] == 1
    assert row.sha256 is not None
    assert not kept.recordings.has(row.sha256)
    (left,) = await recordings_of(store, "checkup")
    assert left.sha256 is None
    assert await world.value("SELECT erased->'recording' = jsonb_build_array(1) FROM erasure WHERE kind = 'person'")


async def test_a_recording_goes_with_the_answers_of_its_call(world: World, store: Store, kept: KeptFiles) -> None:
    row = await _recorded(world, store, kept)
    assert row.sha256 is not None
    assert (await Purger(store, kept, keeping(100), Later(99), signed).purge("wang"))[RECORDINGS] == 0
    late = Purger(store, kept, keeping(100), Later(102), signed)
    assert (await late.purge("wang", dry_run=True))[RECORDINGS] == 1
    assert kept.recordings.has(row.sha256)
    assert (await late.purge("wang"))[RECORDINGS] == 1
    assert not kept.recordings.has(row.sha256)
    assert (await late.purge("wang"))[RECORDINGS] == 0


async def test_a_recording_that_no_call_names_goes_once_it_is_old(store: Store, kept: KeptFiles) -> None:
    """A crash between the file and its row leaves one."""
    kept.recordings.keep_call("message", "message", bytes(320))
    purger = Purger(store, kept, keeping(100), Clock(), signed)
    assert (await purger.purge("wang"))[RECORDINGS] == 0
    (file,) = kept.recordings.folder.rglob("*.enc")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert (await purger.purge("wang"))[RECORDINGS] == 1
    assert not file.exists()


async def test_listening_to_a_recording_is_noted_first(
    world: World, store: Store, kept: KeptFiles, tmp_path: Path
) -> None:
    row = await _recorded(world, store, kept)
    desk = installation_for(store, Journal(tmp_path, Clock()), data=tmp_path)
    wav = await recording(desk, "checkup", row.recording_id, reason="a complaint")
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getframerate(), sound.readframes(sound.getnframes())) == (8000, b"\x00\x10" * 8000)
    noted = await world.value("SELECT concat_ws('|', command, entered_by, reason, person_ids) FROM access_log")
    assert noted == f"report --recording {row.recording_id}|anna|a complaint|{{{row.person_id}}}"
    with pytest.raises(InputError, match="has no recording 77"):
        await recording(desk, "checkup", 77, reason="a complaint")
