"""A database that the version before migration 0050 filled: its decisions stay sealed, are told, and are made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from agi_app.audit import standalone_verifier as verifier
from agi_app.campaigns.calling_rules.decision_replay import replay_decisions
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.consent.person_record_text import story
from agi_app.model.campaign import CampaignState
from agi_app.proof.export import ExportRequest, export, prove
from agi_app.reports.csv_and_json import contact_record
from agi_app.store.calling import campaigns, reports
from agi_app.store.calling.decision_texts import remember_ruleset, spec_of, version_of_spec
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.versions import FOLDER
from agi_app.store.people.history import person_history
from tests.store.audit_site import ORIGIN, Site
from tests.store.conftest import open_store
from tests.store.world import World, campaign, number
from tests.unit.gate.before_0050 import DECISIONS
from tests.unit.gate_cases import CAMPAIGN, window

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("before_0059")]
DECIDED_BY = campaign(
    windows=(window("10:30", "11:00"),), caller_id=CAMPAIGN.caller_id, jurisdictions=CAMPAIGN.jurisdictions, retry={}
)


async def fill(store: Store) -> None:
    """Each contact was judged once, by the version before; the campaign runs."""
    rules, spec = load_ruleset(), spec_of(DECIDED_BY)
    await remember_ruleset(store, rules)
    await campaigns.save_campaign(store, DECIDED_BY, "flows/reminder.yaml", "flow: reminder\n")
    await campaigns.set_state(store, DECIDED_BY.name, CampaignState.RUNNING, None, store.clock.real_now())
    async with store.transaction() as connection:
        run = connection.execute
        await run(
            "INSERT INTO campaign_version (version, campaign, spec) VALUES (%s, 'checkup', %s)",
            (version_of_spec(spec), spec),
        )
        for n, row in enumerate(DECISIONS):
            await run(
                "INSERT INTO person (e164, number_hash, region, zones) VALUES (%s, %s, 'CN', '{Asia/Shanghai}')",
                (number(n), store.hash_number(number(n))),
            )
            await run(
                "INSERT INTO decision (contact_id, person_id, campaign, allowed, rules, reasons, inputs,"
                " ruleset_version, campaign_version, decided_at, clock)"
                " SELECT 0, person_id, 'checkup', %s, %s, %s, %s, %s, %s, %s, 'system' FROM person WHERE e164 = %s",
                (row["allowed"], row["rules"], Jsonb(row["reasons"]), Jsonb(row["inputs"]), rules.version,
                 version_of_spec(spec), row["decided_at"], number(n)),
            )  # fmt: skip
            await run(
                "INSERT INTO contact (campaign, external_id, person_id, fields, due_at, last_decision_id)"
                " SELECT 'checkup', %s, person_id, '{}', clock_timestamp(), decision_id FROM decision"
                " ORDER BY decision_id DESC LIMIT 1",
                (f"c{n}",),
            )


async def test_decisions_of_the_version_before_verify_are_told_and_are_made_again(new_url: str, tmp_path: Path) -> None:
    before = tmp_path / "schema"
    before.mkdir()
    for file in FOLDER.glob("00[0-4]*.sql"):
        shutil.copy(file, before)
    store = await open_store(new_url, check_schema=False)
    try:
        await migrate(store, before)
        site = Site(store, new_url, tmp_path, ORIGIN)
        await fill(store)
        await site.seal()
        assert "0050_reasons" in await migrate(store)

        report = await site.verify()
        assert report.ok, report.faults
        replayed = await replay_decisions(store)
        assert (replayed.same, replayed.mismatches) == (len(DECISIONS), [])
        told = {row.external_id: contact_record(row)["reason"] for row in await reports.contact_rows(store, "checkup")}
        assert told == {f"c{n}": "; ".join(r["text"] for r in row["reasons"]) for n, row in enumerate(DECISIONS)}
        await _in_chinese(store)
        await _goes_on(site, store)
        await _handed_out(site, store, tmp_path / "export")
    finally:
        await store.close()


async def _in_chinese(store: Store) -> None:
    """The person who said stop on 2026-03-04."""
    stopped = next(n for n, row in enumerate(DECISIONS) if "suppressed" in row["rules"])
    found = await person_history(store, number(stopped))
    assert found is not None
    assert "此人已于 2026-03-04 拒绝来电" in "\n".join(story(found, "zh", store.clock.real_now()))


async def _goes_on(site: Site, store: Store) -> None:
    """The campaign is in mid-run: each contact is judged anew, and what is written now are values."""
    world = World(store)
    world.rules = load_ruleset()
    refused = (await world.claim(DECIDED_BY)).refused
    assert refused == len(DECISIONS)
    new = site.ask(f"SELECT reasons -> 0 FROM decision WHERE decision_id > {len(DECISIONS)}")
    assert len(new) == refused
    assert all("text" not in reason for (reason,) in new)
    await site.seal()
    assert (await site.verify()).ok
    assert (await replay_decisions(store)).ok


async def _handed_out(site: Site, store: Store, folder: Path) -> None:
    """An outsider's check takes both forms, and a change of either is found."""
    await export(store, site.notary, folder, ExportRequest())
    assert verifier.check_export(folder, site.notary.public_line).unchecked == ["tables/person.csv"]  # it is masked
    assert "| `suppressed` | the person said stop on {at} |" in (folder / "README.md").read_text(encoding="utf-8")
    assert "| `suppressed` | 此人已于 {at} 拒绝来电 |" in (folder / "README.zh-CN.md").read_text(encoding="utf-8")
    proof = (await prove(store, site.notary, number(0))).text
    _, entries = verifier.check_proof(proof, site.notary.public_line)
    old, new = (entry["reasons"][0] for entry in entries if entry["entry"] == "decision")
    assert ("text" in old, "text" in new) == (True, False)
    site.attack("""UPDATE decision SET reasons = jsonb_set(reasons, '{0,values}', '{"at": "2026-01-01"}')""")
    refused = sum(bool(row["reasons"]) for row in DECISIONS)
    assert len(await site.faults()) == refused + len(DECISIONS)
