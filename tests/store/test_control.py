"""Start, pause, resume and stop: what must be true before, and what a person is told when it is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import Project, read_project
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import AuthorError, InputError
from agi_app.flow.load import load_with_parts
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import campaigns
from agi_app.store.calling.campaigns import load_campaign, save_campaign
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.people import caller_ids
from tests.fake_clock import FakeClock
from tests.store.world import contact, import_contacts, installation_for

pytestmark = pytest.mark.postgres
NAME = "march-checkup"
NOW = dt.datetime(2026, 3, 4, 2, 0, tzinfo=dt.UTC)


class Desk:
    """An operator with a project, a clock and a database."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.clock = FakeClock(NOW)
        self.inst = installation_for(store, Journal(folder, self.clock), self.clock)

    @property
    def project(self) -> Project:
        return read_project(self.folder, {"sandbox"})

    async def start(self, name: str = NAME) -> campaigns.StartedCampaign:
        await accounts.add_first(self.store, "anna")
        begun = await campaigns.start(self.inst, self.project, name)
        assert isinstance(begun, campaigns.StartedCampaign)
        return begun

    async def change(self, state: CampaignState, name: str = NAME) -> None:
        change = {
            CampaignState.PAUSED: campaigns.pause,
            CampaignState.RUNNING: campaigns.resume,
            CampaignState.STOPPED: campaigns.stop,
        }
        await change[state](self.inst, name)

    async def state(self) -> CampaignState:
        stored = await load_campaign(self.store, NAME)
        assert stored is not None
        return stored.state

    async def prove(self, days: int = 90) -> None:
        e164 = self.project.campaigns[NAME].parsed.campaign.caller_id
        proof = caller_ids.CallerIdProof(e164, "letter", "x.pdf", "00", "Ann", NOW, NOW + dt.timedelta(days=days))
        await caller_ids.add_proof(self.store, proof, NOW)

    async def add_contact(self) -> None:
        await save_campaign(self.store, self.project.campaigns[NAME].parsed.campaign, "", "")
        await import_contacts(self.store, NAME, [contact(1)], NOW)

    def edit(self, old: str, new: str, file: str = "campaigns/march-checkup.yaml") -> None:
        text = (self.folder / file).read_text("utf-8")
        assert old in text
        (self.folder / file).write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    make_project(tmp_path / "mine")
    return Desk(store, tmp_path / "mine")


async def test_a_campaign_starts_when_all_is_there(desk: Desk) -> None:
    await desk.prove()
    await desk.add_contact()
    assert await desk.start() == campaigns.StartedCampaign(contacts=1, left=1)
    stored = await load_campaign(desk.store, NAME)
    assert stored is not None
    assert stored.state is CampaignState.RUNNING
    assert "checkup-reminder" in stored.flow_text


THANKS = """\
flow: thanks
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
start: thanks
nodes:
  thanks:
    - play: thanks
    - return: done
"""


async def test_the_flows_that_a_flow_calls_are_stored_with_it_and_judged_with_it(desk: Desk) -> None:
    """A worker runs the calls as they were when the campaign was started, whatever the files say later."""
    await desk.prove()
    await desk.add_contact()
    desk.edit("- play: thanks", "- call: {flow: thanks}", "flows/checkup.yaml")
    (desk.folder / "flows" / "thanks.yaml").write_text(THANKS.replace("play: thanks", "plya: thanks"), "utf-8")
    with pytest.raises(AuthorError, match="flow/unknown-flow"):
        await desk.start()
    (desk.folder / "flows" / "thanks.yaml").write_text(THANKS, "utf-8")
    await desk.start()
    stored = await load_campaign(desk.store, NAME)
    assert stored is not None
    assert stored.sub_flows == {"flows/thanks.yaml": THANKS}
    flow = load_with_parts(stored.flow_text, stored.flow_file, stored.sub_flows)
    assert list(flow.parts) == ["thanks"]


async def test_every_number_that_may_be_shown_needs_a_proof(desk: Desk) -> None:
    """A local number that nobody proved is named; a rehearsal's proof is none."""
    local = "+999862155500002"
    desk.edit("caller_id:", f'local_caller_ids: {{"+9998621": "{local}"}}\ncaller_id:')
    await desk.prove()
    await desk.add_contact()
    rehearsal = caller_ids.CallerIdProof(local, "rehearsal", None, None, "Ann", NOW, NOW + dt.timedelta(days=90))
    await caller_ids.add_proof(desk.store, rehearsal, NOW)
    with pytest.raises(InputError) as raised:
        await desk.start()
    only = f"campaigns/{NAME}.yaml: local_caller_ids {local}: has no ownership proof; `agi-app callerid prove {local}`"
    assert str(raised.value).startswith(f"{only} records one by a call, while `agi-app run` runs; with the carrier's")
    assert str(raised.value).endswith(f"`agi-app callerid prove {local} --letter FILE`")
    await caller_ids.add_proof(desk.store, dataclasses.replace(rehearsal, kind="letter"), NOW)
    await desk.start()


async def test_a_campaign_whose_days_are_past_does_not_start(desk: Desk) -> None:
    """At the very end of its last day it is over."""
    await desk.prove()
    await desk.add_contact()
    day = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
    desk.edit("caller_id:", f"zone: Asia/Shanghai\nends: {day}\ncaller_id:")
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, ZoneInfo("Asia/Shanghai"))
    desk.clock.advance((end - NOW).total_seconds() - 1)
    await desk.start()
    desk.clock.advance(1)
    with pytest.raises(
        InputError, match=f"campaigns/{NAME}.yaml: ends: the campaign has been over since {end:%Y-%m-%d} 00:00"
    ):
        await desk.start()


async def test_each_thing_that_is_missing_is_named_with_the_command_for_it(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"no ownership proof; `agi-app callerid prove \+999"):
        await desk.start()
    await desk.prove(days=1)
    with pytest.raises(InputError, match=f"agi-app contacts import {NAME} FILE"):
        await desk.start()
    await desk.add_contact()
    desk.clock.advance(2 * 86400)
    with pytest.raises(InputError, match="the proof has expired"):
        await desk.start()
    with pytest.raises(InputError, match=f"no campaign 'other'; known here: {NAME}"):
        await desk.start("other")


@pytest.mark.parametrize("broken", ["flow", "campaign", "prompt"])
async def test_a_faulty_file_starts_nothing_and_is_shown_with_its_line(desk: Desk, broken: str) -> None:
    await desk.prove()
    await desk.add_contact()
    if broken == "flow":
        desk.edit("start: ", "begin: ", "flows/checkup.yaml")
    elif broken == "campaign":
        desk.edit("trunk: sandbox", "trunk: nowhere")
    else:
        (desk.folder / "prompts" / "en" / "greeting.wav").write_bytes(b"RIFF")
    with pytest.raises(AuthorError, match=r"^\w+/.*:\d+:\d+: \w+/"):
        await desk.start()
    stored = await load_campaign(desk.store, NAME)
    assert stored is not None
    assert stored.state is CampaignState.DRAFT


async def test_a_fault_elsewhere_does_not_stop_this_campaign(desk: Desk) -> None:
    await desk.prove()
    await desk.add_contact()
    (desk.folder / "flows" / "other.yaml").write_text("flow: [")
    await desk.start()
    assert await desk.state() is CampaignState.RUNNING


async def test_a_change_of_the_file_counts_from_the_next_start(desk: Desk) -> None:
    """An edit, and an import after it, must not change a campaign that runs."""
    await desk.prove()
    await desk.add_contact()
    await desk.start()
    before = await load_campaign(desk.store, NAME)
    desk.edit("calls_per_second: ", "calls_per_second: 1")
    await import_contacts(desk.store, NAME, [contact(2)], NOW)
    assert await load_campaign(desk.store, NAME) == before
    await desk.start()
    after = await load_campaign(desk.store, NAME)
    assert before is not None
    assert after is not None
    assert after.campaign.pace.calls_per_second != before.campaign.pace.calls_per_second


async def test_pause_resume_and_stop_do_what_they_say(desk: Desk) -> None:
    await desk.prove()
    await desk.add_contact()
    with pytest.raises(InputError, match="is draft: there is nothing to pause"):
        await desk.change(CampaignState.PAUSED)
    with pytest.raises(InputError, match=f"is draft, not paused; `agi-app campaign start {NAME}`"):
        await desk.change(CampaignState.RUNNING)
    await desk.start()
    for state in (CampaignState.PAUSED, CampaignState.RUNNING, CampaignState.STOPPED):
        await desk.change(state)
        assert await desk.state() is state
    with pytest.raises(InputError, match="is stopped, not paused"):
        await desk.change(CampaignState.RUNNING)
    await desk.start()
    assert await desk.state() is CampaignState.RUNNING
    with pytest.raises(InputError, match="there is no campaign 'other'"):
        await desk.change(CampaignState.STOPPED, "other")
