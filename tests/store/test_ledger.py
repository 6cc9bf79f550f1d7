"""The consent ledger: wordings, evidence, refusals with their details, whose numbers belong together, who looked."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.person_record_text import story
from agi_app.errors import InputError, StoreError
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Purpose
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.versions import FOLDER
from agi_app.store.people import consents, stops, wordings
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.people.history import PersonHistory, person_history
from tests.store.conftest import Cluster, open_store
from tests.store.world import LONG_AGO, World, campaign, consent, number

pytestmark = pytest.mark.postgres

WORDS = "I agree to reminder calls."


async def told(store: Store, n: int) -> PersonHistory:
    """The story of the n-th person, who must be known."""
    found = await person_history(store, number(n))
    assert found is not None
    return found


async def test_an_old_database_keeps_its_consents(cluster: Cluster, tmp_path: Path) -> None:
    """Rows of the first version point to their wording afterwards; the same row again is still the same consent."""
    for file in sorted(FOLDER.glob("000[1-4]_*.sql")):
        shutil.copy(file, tmp_path)
    cluster.run("CREATE DATABASE old")
    store = await open_store(cluster.url("old"), check_schema=False)
    try:
        await migrate(store, tmp_path)
        given = consent(1)
        values = (given.wording, given.method, given.given_at, given.source, consents.content_hash(given))
        async with store.connection() as connection:
            await connection.execute(
                "INSERT INTO person (e164, number_hash, region, zones) VALUES (%s, %s, 'CN', '{Asia/Shanghai}')",
                (number(1), store.hash_number(number(1))),
            )
            await connection.execute(
                "INSERT INTO consent (person_id, purpose, wording, method, given_at, source, content_hash, recorded_by)"
                " SELECT person_id, 'transactional', %s, %s, %s, %s, %s, 'admin' FROM person",
                values,
            )
        await migrate(store)
        (kept,) = (await told(store, 1)).consents
        assert (kept.wording, kept.wording_label, kept.seller) == (WORDS, None, None)
        again = await consents.import_consents(store, [given], "admin", LONG_AGO)
        assert (again.added, again.already_there) == (0, 1)
    finally:
        await store.close()
        cluster.run("DROP DATABASE old WITH (FORCE)")


async def test_a_text_is_kept_once_and_a_registered_one_shows_its_name(world: World, store: Store) -> None:
    """Whether the file gave the name or the text."""
    now = await world.now()
    english = dataclasses.replace(consent(1), language="en")
    await wordings.register(store, "form/1", "en", WORDS, "admin")
    await consents.import_consents(
        store, [english, dataclasses.replace(consent(2), language="en"), consent(3)], "admin", now
    )
    assert await world.value("SELECT count(*) FROM wording") == 2  # the third said no language
    assert [c.wording_label for c in (await told(store, 1)).consents] == ["form/1"]
    assert [c.wording_label for c in (await told(store, 3)).consents] == [None]
    (listed,) = await wordings.registered(store)
    assert (listed.label, listed.consents, listed.text) == ("form/1", 2, WORDS)


async def test_a_registered_text_is_never_changed(store: Store) -> None:
    """The same again is fine; other words need another version."""
    first = await wordings.register(store, "form/1", "en", WORDS, "admin")
    assert await wordings.register(store, "form/1", "en", WORDS, "somebody") == first
    await wordings.register(store, "form/1", "zh-CN", "我同意。", "admin")
    with pytest.raises(InputError, match="give the new text a new version"):
        await wordings.register(store, "form/1", "en", WORDS + " And more.", "admin")
    for label in ("form", "/1", "form/", "a/b/c"):
        with pytest.raises(InputError, match="NAME/VERSION"):
            await wordings.register(store, label, "en", WORDS, "admin")


@pytest.mark.parametrize("table", ["wording", "access_log", "consent", "revocation"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET entered_by = 'another'"])
async def test_the_ledger_is_append_only(world: World, store: Store, table: str, change: str) -> None:
    """Also for whoever may erase: an erasure empties a row once, and marks it."""
    await consents.import_consents(store, [consent(1)], "admin", await world.now())
    await stops.revoke(store, number(1), None, LONG_AGO, reason="no", via="test")
    await log_access(store, Access("test", 1))
    for erasing in ("off", "on"):
        with pytest.raises(StoreError):
            await _run(store, erasing, change.format(table))


async def _run(store: Store, erasing: str, statement: str) -> None:
    async with store.transaction() as connection:
        await connection.execute("SELECT set_config('agi_app.erasing', %s, true)", (erasing,))
        await connection.execute(statement)


async def test_a_refusal_keeps_how_it_was_said_and_by_whom_it_was_entered(world: World, store: Store) -> None:
    await consents.import_consents(store, [consent(1)], "admin", await world.now())
    details = stops.Details("letter", "post room", "file 7", bytes(32), "letter.pdf", "wang")
    await stops.revoke(store, number(1), None, LONG_AGO, reason="stop it", via="command line", details=details)
    (said,) = (await told(store, 1)).revocations
    assert (said.method, said.source, said.evidence, said.entered_by) == ("letter", "post room", "file 7", "wang")
    assert (said.evidence_file, said.evidence_sha256, said.at) == ("letter.pdf", "00" * 32, LONG_AGO)


async def test_consents_with_one_person_id_make_one_person(world: World, store: Store) -> None:
    """A stop on one of the numbers withdraws what was agreed to for the other; the consents stay apart."""
    both = [dataclasses.replace(consent(n), person_key="P7") for n in (1, 2)]
    await consents.import_consents(store, [*both, consent(3)], "admin", await world.now())
    assert [o.number for o in (await told(store, 1)).others] == [number(2)]
    assert (await told(store, 3)).others == ()
    await stops.revoke(store, number(2), None, await world.now(), reason="no", via="key")
    first = await told(store, 1)
    assert [c.revoked_at is not None for c in first.consents] == [True]
    assert [r.number for r in first.revocations] == [number(2)]


async def test_the_story_answers_the_question_of_a_regulator(world: World, store: Store) -> None:
    """When and in which words they agreed, when they refused, how many seconds and calls after it."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    await world.call(claim, CallResult(Outcome.HUMAN, disposition="confirmed"))
    said_at = await world.now()
    await stops.revoke(store, number(1), None, said_at, reason="the opt-out key was pressed", via="key")
    found = await told(store, 1)
    (refusal,) = refusals(found)
    assert (refusal.calls_after, refusal.calls_after_recorded) == (0, 0)
    assert refusal.seconds_to_last_invite is not None
    assert -60 < refusal.seconds_to_last_invite < 0
    english, chinese = ("\n".join(story(found, language, said_at)) for language in ("en", "zh"))
    assert f"“{WORDS}”" in english
    assert "calls after it: 0" in english
    assert f"“{WORDS}”" in chinese
    assert "此后的呼叫次数：0" in chinese


async def test_a_marketing_consent_opens_no_survey(world: World, store: Store) -> None:
    """Purposes never leak into each other, in either direction."""
    survey = await world.running(campaign(purpose=Purpose.SURVEY), [1, 2], consenting=[])
    given = [consent(1, Purpose.MARKETING), consent(2, Purpose.SURVEY)]
    await consents.import_consents(store, given, "admin", await world.now())
    assert [c.number for c in (await world.claim(survey)).claims] == [number(2)]


async def test_a_look_at_whole_numbers_is_noted(world: World, store: Store) -> None:
    await log_access(store, Access("consent show", 1, [5], entered_by="wang", reason="complaint 12"))
    noted = await world.value(
        "SELECT command || ' ' || entered_by || ' ' || reason || ' ' || person_ids[1] FROM access_log"
    )
    assert noted == "consent show wang complaint 12 5"
    assert await world.value("SELECT os_user FROM access_log")
    await log_access(store, Access("report", 5000, list(range(5000))))
    assert await world.value("SELECT cardinality(person_ids) FROM access_log WHERE numbers = 5000") == 0
