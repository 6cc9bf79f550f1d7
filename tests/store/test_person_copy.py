"""A copy of what is stored about a person: only after a call that proved the number, and about nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.operations.people.person_copy import write_copy
from agi_app.store.people.person_copy import persons_of, proof_of
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres

PROVED = """
WITH v AS (INSERT INTO verification_call (person_id, shown, trunk, entered_by, proves)
           SELECT person_id, NULL, 'carrier', 'anna', 'rehearsal' FROM person WHERE e164 = %s
           RETURNING verification_id, person_id)
INSERT INTO phone_proof (person_id, verification_id, proved_until, entered_by, recorded_at)
SELECT person_id, verification_id, now() + interval '1 day', 'anna', clock_timestamp() - %s::interval FROM v RETURNING 1
"""


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> Installation:
    wanted = await world.running(campaign(), [1, 2])
    for _ in range(2):
        await world.call(await world.claim_one(wanted))
    return installation_for(world.store, Journal(tmp_path, Clock()), None, tmp_path, Role.COMPLIANCE)


async def test_without_a_call_to_the_number_there_is_no_copy(world: World, desk: Installation, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="agi-app rehearse --prove"):
        await write_copy(desk, number(1), tmp_path / "copy.json")
    await world.value(PROVED, number(2), "0")  # somebody else's
    await world.value(PROVED, number(1), "31 days")  # long ago
    with pytest.raises(InputError, match="in the last 30 days"):
        await write_copy(desk, number(1), tmp_path / "copy.json")
    assert not (tmp_path / "copy.json").exists()
    assert await world.value("SELECT count(*) FROM access_log") == 0
    assert await proof_of(world.store, await persons_of(world.store, number(1)), await world.now()) is None


async def test_a_copy_has_all_of_one_person_and_nothing_of_another(
    world: World, desk: Installation, tmp_path: Path
) -> None:
    await world.value(PROVED, number(1), "1 day")
    made = await write_copy(desk, number(1), tmp_path / "copy.json", reason="letter of March")
    text = made.file.read_text("utf-8")
    told = json.loads(text)
    assert told["number"] == number(1)
    assert told["history"]["consents"][0]["wording"] == "I agree to reminder calls."
    (contact,) = told["stored"]["contacts"]
    assert (contact["external_id"], contact["fields"]) == ("row-1", {"name": "Person 1"})
    (call,) = told["stored"]["calls"]
    assert call["answers"] == {"menu": "yes"}
    assert [row["allowed"] for row in told["stored"]["decisions"]] == [True]
    assert any("我" in line or "同意" in line for line in told["story"]["zh"])
    for stranger in (number(2), "row-2", "Person 2"):
        assert stranger not in text
    assert made.file.stat().st_mode & 0o77 == 0
    noted = await world.store.record("SELECT command, entered_by, reason, numbers FROM access_log")
    assert noted == {"command": "person copy", "entered_by": "anna", "reason": "letter of March", "numbers": 1}
    assert made.proved == "+99986…01"


async def test_only_compliance_hands_out_copies(world: World, desk: Installation, tmp_path: Path) -> None:
    await world.value(PROVED, number(1), "1 day")
    viewer = installation_for(world.store, desk.journal, None, tmp_path, Role.OPERATOR)
    with pytest.raises(Forbidden):
        await write_copy(viewer, number(1), tmp_path / "copy.json")
    with pytest.raises(InputError, match="nothing is stored"):
        await write_copy(desk, number(9), tmp_path / "copy.json")
