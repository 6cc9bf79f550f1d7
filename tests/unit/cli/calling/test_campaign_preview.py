"""What ``campaign preview`` judges by, and what it prints."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.campaigns.campaign_file.load import parse_campaign
from agi_app.campaigns.changed_files import as_edited, differs
from agi_app.campaigns.forecast import Projection
from agi_app.campaigns.preview import Preview, Sample
from agi_app.campaigns.project.read_project import Project, Source
from agi_app.cli.calling.campaign import preview_record, show_preview
from agi_app.errors import Problem
from agi_app.model.campaign import CampaignState, Pace
from agi_app.printable import plain
from agi_app.store.calling.campaigns import StoredCampaign

FILE = "campaigns/poll.yaml"
TEXT = """\
campaign: poll
purpose: survey
jurisdictions: [CN]
flow: poll
trunk: sandbox
caller_id: "+999862155500001"
pace: {calls_per_second: 2, concurrent: 60}
"""
NOW = dt.datetime(2026, 3, 3, 2, tzinfo=dt.UTC)
SEEN = Preview(
    "poll",
    NOW,
    contacts=9,
    callable_now=4,
    later_today=2,
    later=1,
    never=2,
    by_rule=Counter({"window_campaign": 3, "consent_missing": 2}),
    samples={
        "window_campaign": [
            Sample(n, f"W{n}", "window_campaign: outside", NOW + dt.timedelta(hours=1)) for n in range(3)
        ],
        "consent_missing": [Sample(9, "C1", "consent_missing: there is no recorded consent", None)],
    },
    projection=Projection(NOW + dt.timedelta(hours=5), 9, 0.5, ("a call takes 40 s",)),
)


def project_with(text: str) -> Project:
    """A project of one campaign file."""
    document = parse_campaign(text, FILE)
    return Project(Path("unused"), campaigns={document.campaign.name: Source(document, text, FILE)})


def test_a_file_that_says_what_is_stored_brings_no_note() -> None:
    project = project_with(TEXT)
    stored = project.campaigns["poll"].parsed.campaign
    assert as_edited(project, stored) == (stored, None)


def test_a_file_says_what_a_version_without_zones_stored_of_it() -> None:
    """After an upgrade no file differs that nobody has edited; with a day in it, it does."""
    project = project_with(f"{TEXT}zone: Asia/Shanghai\n")
    stored = replace(project.campaigns["poll"].parsed.campaign, zone=None)
    assert as_edited(project, stored) == (stored, None)
    row = StoredCampaign(stored, CampaignState.RUNNING, None, "", "")
    assert differs(project, row) is None
    dated = project_with(f"{TEXT}zone: Asia/Shanghai\nends: 2026-03-31\n")
    assert as_edited(dated, stored)[0] == dated.campaigns["poll"].parsed.campaign
    assert FILE in (differs(dated, row) or "")


def test_a_flow_with_the_line_ends_of_windows_is_what_is_stored_of_it(tmp_path: Path) -> None:
    """What is stored has the line ends of the file."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "poll.yaml").write_bytes(b"flow: poll\r\n")
    project = replace(project_with(TEXT), folder=tmp_path)
    campaign = project.campaigns["poll"].parsed.campaign
    stored = StoredCampaign(campaign, CampaignState.RUNNING, None, "flows/poll.yaml", "flow: poll\r\n")
    assert differs(project, stored) is None
    assert "flows/poll.yaml" in (differs(project, replace(stored, flow_text="flow: poll\n")) or "")


def test_an_edited_file_is_judged_and_named() -> None:
    edited = project_with(TEXT)
    stored = replace(edited.campaigns["poll"].parsed.campaign, pace=Pace(1, 60))
    judged, note = as_edited(edited, stored)
    assert judged.pace == Pace(2, 60)
    assert note is not None
    assert FILE in note
    assert "campaign start poll" in note


def test_without_a_usable_file_the_stored_one_is_judged_and_that_is_said() -> None:
    stored = project_with(TEXT).campaigns["poll"].parsed.campaign
    broken = Project(Path("unused"), problems=[Problem(FILE, 3, 1, "campaign/key", "is not a key")])
    judged, note = as_edited(broken, stored)
    assert judged is stored
    assert note is not None
    assert f"{FILE}:3:1" in note
    _, note = as_edited(Project(Path("unused")), stored)
    assert note is not None
    assert "no file" in note


def test_the_json_has_every_figure_and_no_more_names_than_asked_for() -> None:
    record = json.loads(json.dumps(preview_record(SEEN, None, 2), default=plain))
    assert record["waiting"] == record["allowed"] + record["refused"] == 9
    assert record["refused"] == record["later_today"] + record["later"] + record["never"]
    assert record["by_rule"] == {"window_campaign": 3, "consent_missing": 2}
    assert [s["external_id"] for s in record["samples"]["window_campaign"]] == ["W0", "W1"]
    assert record["samples"]["consent_missing"][0]["again"] is None
    assert record["projection"]["calls"] == 9


def test_the_text_says_now_later_never_why_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    show_preview(SEEN, "judged as campaigns/poll.yaml is now", 5)
    said = capsys.readouterr().out
    assert said.startswith("judged as campaigns/poll.yaml is now\n4 contacts would be called now, 5 not\n")
    assert "Of the 5 not called now: 2 can be called later today, 1 on a later day, 2 never" in said
    assert "Projected end: about 2026-03-03 07:00 (UTC)" in said
    assert "earliest call (UTC)" in said
    assert "2026-03-03 03:00" in said
    assert "a call takes 40 s" in said
    assert "C1" in said


def test_times_are_told_in_the_zone_of_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    show_preview(replace(SEEN, zone="Asia/Shanghai"), None, 5)
    said = capsys.readouterr().out
    assert "Projected end: about 2026-03-03 15:00 (Asia/Shanghai)" in said
    assert "earliest call (Asia/Shanghai)" in said
    assert "2026-03-03 11:00" in said
    assert "UTC" not in said


def test_nobody_to_call_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = Preview("poll", NOW, contacts=2, never=2, projection=Projection(None, 0, 0.5, ()))
    show_preview(nobody, None, 0)
    assert "There is nobody to call" in capsys.readouterr().out


def test_what_machines_get_is_said_where_somebody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    show_preview(SEEN, None, 0)
    assert "Machines" not in capsys.readouterr().out
    show_preview(replace(SEEN, machines="hang_up"), None, 0)
    assert "Machines that answer: hang_up" in capsys.readouterr().out
    assert preview_record(SEEN, None, 0)["machine_detection"] is None


def test_a_misspelt_column_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    told = 'the flow reads contact.nmae, which is not here; did you mean "name"?'
    show_preview(replace(SEEN, misspelt_columns=(told,)), None, 0)
    assert f"\n{told} Then fix the flow, not the rows\n" in capsys.readouterr().out
    assert preview_record(SEEN, None, 0)["misspelt_columns"] == []
