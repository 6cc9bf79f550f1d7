"""Parts of a campaign file, each read alone."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from agi_app.authoring.schema import duration_within
from agi_app.campaigns.campaign_file.load import load_campaign
from agi_app.campaigns.campaign_file.machine_part import MachineDetectionFile
from agi_app.model.campaign import Agents, Pacing
from agi_app.model.machine_detection import MachineAction, Tuning

GOOD = "campaign: c\npurpose: survey\njurisdictions: [CN]\nflow: f\ntrunk: t\ncaller_id: '+999862155500001'\n"


def test_agents_are_progressive_unless_the_file_says_otherwise() -> None:
    assert load_campaign(f"{GOOD}agents: {{to: sales}}\n", "c.yaml").agents == Agents("sales", Pacing.PROGRESSIVE, 1.0)
    assert load_campaign(GOOD, "c.yaml").agents is None


def test_machine_detection_has_the_usual_tuning_and_a_message_only_to_leave() -> None:
    found = MachineDetectionFile.model_validate({"action": "hang_up"}).parsed()
    assert (found.action, found.tuning) == (MachineAction.HANG_UP, Tuning())
    for wrong in ({"action": "hang_up", "message": "sorry"}, {"action": "leave_message"}):
        with pytest.raises(ValidationError):
            MachineDetectionFile.model_validate(wrong)


@pytest.mark.parametrize(("text", "good"), [("2s", True), ("9s", False), ("a while", False)])
def test_a_duration_has_its_bounds(text: str, good: bool) -> None:
    bounds = duration_within(dt.timedelta(seconds=1), dt.timedelta(seconds=5), "{found} is not within 1s to 5s")
    if good:
        assert bounds.func(text) == dt.timedelta(seconds=2)  # type: ignore[call-arg]
        return
    with pytest.raises(ValueError, match=r"1s to 5s|write"):
        bounds.func(text)  # type: ignore[call-arg]
