"""Quotas and follow-ups as people type them: the import, the status, the preview, and a list made of another one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.operations.people import contacts
from agi_app.operations.project import project_files
from agi_app.store.calling import campaigns
from agi_app.store.people import caller_ids, consents
from tests.store.test_audit_commands import agi_app
from tests.store.world import LONG_AGO, World, consent, number

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
LIST = "external_id,number,name,area\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clinic with two campaigns of one flow; the first has a quota."""
    folder = tmp_path / "clinic"
    make_project(folder)
    (file,) = (folder / "campaigns").glob("*.yaml")
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}quota: {{by: contact.area, completed: {{north: 1, south: 9}}, disposition: confirmed}}\n")
    (folder / "campaigns" / "april.yaml").write_text(text.replace("campaign: march-checkup", "campaign: april"))
    return folder


async def called(world: World, project: Path) -> None:
    """Persons 1, 2 and 3 are called and say different things; 4 is of a group that has its number by then."""
    wanted = contacts.campaign_of(project_files.read(project), "march-checkup").source.parsed.campaign
    assert wanted.quota is not None
    assert wanted.quota.dispositions == ("confirmed",)
    rows = [
        f"P{n},{number(n)},Person {n},{area}" for n, area in ((1, "north"), (2, "south"), (3, "south"), (4, "north"))
    ]
    (project / "list.csv").write_text(LIST + "\n".join([*rows, f"P5,{number(5)},Person 5,west"]) + "\n")
    await consents.import_consents(world.store, [consent(n) for n in range(1, 6)], "admin", await world.now())


async def test_a_quota_from_the_import_to_the_status_and_then_a_follow_up(
    world: World, project: Path, database_url: str
) -> None:
    await called(world, project)
    (project / "other.csv").write_text(f"external_id,number,Area\nP9,{number(9)},north\n")

    def run(*words: str, code: int = 0, lang: str = "en") -> str:
        done = agi_app(project, database_url, "--lang", lang, *words)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert "quota" not in run("check", ".")
    told = run("contacts", "import", "march-checkup", "other.csv")
    assert 'the quota goes by contact.area, and this file has no such column; did you mean "Area"?' in told
    run("contacts", "import", "march-checkup", "list.csv")
    seen = json.loads(run("campaign", "preview", "march-checkup", "--json"))
    assert seen["by_rule"]["quota_group"] == 2, "one without a group, and one of a group without a number"
    assert "until 2 groups of the quota have the 10 that they lack" in str(seen["projection"]["assumptions"])

    wanted = (await campaigns.known_campaign(world.store, "march-checkup")).campaign
    await campaigns.set_state(world.store, "march-checkup", CampaignState.RUNNING, None, await world.now())
    await _proved(world, wanted.caller_id)
    said = {1: "confirmed", 2: "change_requested", 3: "change_requested"}
    for _ in range(3):
        for claimed in (await world.claim(_open(wanted), 9)).claims:
            n = int(claimed.number[-2:])
            await world.call(claimed, CallResult(Outcome.HUMAN, disposition=said[n]))
    status = run("campaign", "status", "march-checkup")
    assert "by contact.area, confirmed is completed" in status
    assert "1 of 1 completed, 0 in a call, 0 waiting, closed" in status
    assert "0 of 9 completed, 0 in a call, 0 waiting" in status
    assert "quota_group: 2 contacts" in status
    assert "quota_reached: 1 contact" in status
    assert "已完成 1 个，配额 1 个；通话中 0 个，等待 0 个，已关闭" in run(
        "campaign", "status", "march-checkup", lang="zh"
    )
    figures = json.loads(run("campaign", "status", "march-checkup", "--json"))["quota"]
    assert figures["groups"][0] == {
        "group": "", "wanted": None, "completed": 0, "under_way": 0, "waiting": 0, "closed": True,
    } or figures["groups"][0]["group"] == "north"  # fmt: skip

    ask = ("campaign", "follow-up", "april", "--from", "march-checkup", "--where", 'disposition == "change_requested"')
    looked = run(*ask, "--dry-run")
    assert "march-checkup: 6 contacts, 2 match" in looked
    assert "april: 2 contacts would be added; nothing was stored" in looked
    assert "april: 2 contacts added, 0 rejected" in run(*ask)
    again = run(*ask, lang="zh")
    assert "march-checkup：6 个联系人，2 个符合" in again
    assert "2 个联系人已在 april 中，不变" in again
    every = json.loads(run(*ask[:-1], "attempts >= 0", "--dry-run", "--json"))
    assert (every["matched"], every["left_out"], every["there"]) == (6, {"waiting": 3}, 2)
    wrong = run(*ask[:-1], "dispo == 1", code=1)
    assert 'at character 1 of the condition: "dispo" is no name here' in wrong
    assert "there is no campaign" in run("campaign", "follow-up", "may", *ask[3:], code=1)
    listed = run("report", "imports")
    assert "follow-up of march-checkup.csv" in listed.replace("\n", "")
    assert os.listdir(project).count("follow-up of march-checkup.csv") == 0, "no file is left"


def _open(wanted: Campaign) -> Campaign:
    return dataclasses.replace(wanted, windows=(), jurisdictions=("CN",))


async def _proved(world: World, caller_id: str) -> None:
    now = await world.now()
    proof = caller_ids.CallerIdProof(
        caller_id, "letter", "letter.pdf", "00", "admin", LONG_AGO, now + dt.timedelta(days=90)
    )
    await caller_ids.add_proof(world.store, proof, now)
