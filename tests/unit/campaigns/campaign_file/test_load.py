"""Campaign files: what a good one means, and that every bad one is explained at its line."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from agi_app.campaigns.campaign_file.load import check_campaign, load_campaign, parse_campaign
from agi_app.errors import AuthorError
from agi_app.model.campaign import Campaign, Pace, Purpose, Window
from agi_app.model.machine_detection import MachineAction, MachineDetection, Tuning

GOOD = """\
campaign: march-checkup
purpose: transactional
jurisdictions: [CN, GB]
flow: checkup-reminder
trunk: carrier-a
caller_id: "+442079460123"
pace: {calls_per_second: 5, concurrent: 60}
window: {days: [mon, fri], from: "09:30", to: 17:30}
retry: {no_answer: [1d, 2d], congestion: [5m]}
ring_time: 20s
max_call: 2m
region: CN
"""


def faults(text: str) -> list[str]:
    with pytest.raises(AuthorError) as caught:
        load_campaign(text, "c.yaml")
    return [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]


def test_a_good_campaign() -> None:
    """Every key of the file arrives in the model."""
    assert load_campaign(GOOD, "c.yaml") == Campaign(
        name="march-checkup",
        purpose=Purpose.TRANSACTIONAL,
        flow="checkup-reminder",
        trunk="carrier-a",
        caller_id="+442079460123",
        jurisdictions=("CN", "GB"),
        pace=Pace(5.0, 60),
        windows=(Window(frozenset({0, 4}), dt.time(9, 30), dt.time(17, 30)),),
        retry={"no_answer": (dt.timedelta(days=1), dt.timedelta(days=2)), "congestion": (dt.timedelta(minutes=5),)},
        ring_time=dt.timedelta(seconds=20),
        max_call=dt.timedelta(minutes=2),
        region="CN",
    )


def test_machine_detection_arrives_in_the_model() -> None:
    """The action alone is enough; what is written replaces the usual tuning."""
    (detection,) = (load_campaign(f"{GOOD}machine_detection: {{action: hang_up}}\n", "c.yaml").machine_detection,)
    assert detection == MachineDetection(MachineAction.HANG_UP)
    text = (
        "machine_detection:\n  action: leave_message\n  message: voicemail\n  message_after: 1500ms\n"
        "  message_within: 20s\n  tuning: {greeting: 1800ms, maximum_number_of_words: 4}\n"
    )
    assert load_campaign(GOOD + text, "c.yaml").machine_detection == MachineDetection(
        MachineAction.LEAVE_MESSAGE,
        "voicemail",
        dt.timedelta(milliseconds=1500),
        dt.timedelta(seconds=20),
        Tuning(greeting=1800, maximum_number_of_words=4),
    )
    again = GOOD.replace("no_answer: [1d, 2d]", "machine: [1d]")
    assert load_campaign(f"{again}machine_detection: {{action: hang_up}}\n", "c.yaml").retry["machine"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("machine_detection: {action: leave}", "schema/value action: "),
        ("machine_detection: {action: hang_up, message: voicemail}", "campaign/machine-detection"),
        ("machine_detection: {action: hang_up, message_after: 2s}", "campaign/machine-detection"),
        ("machine_detection: {action: leave_message}", "campaign/machine-detection"),
        ("machine_detection: {action: hang_up, tuning: {greeting: 1ms}}", "is not within 500ms to 10000ms"),
    ],
)
def test_a_detection_that_cannot_be_meant_is_refused(line: str, fault: str) -> None:
    (found,) = faults(f"{GOOD}{line}\n")
    assert fault in found, found


@pytest.mark.parametrize("detection", ["", "machine_detection: {action: leave_message, message: voicemail}\n"])
def test_a_machine_is_not_called_again_without_detection_or_after_a_message(detection: str) -> None:
    (found,) = faults(GOOD.replace("no_answer: [1d, 2d]", "machine: [1d]") + detection)
    assert "campaign/retry" in found


def test_the_optional_keys_have_defaults() -> None:
    """Six lines are a campaign; two windows may be given as a list."""
    campaign = load_campaign("".join(GOOD.splitlines(keepends=True)[:6]), "c.yaml")
    assert (campaign.pace, campaign.windows, campaign.retry) == (Pace(), (), {})
    assert (campaign.ring_time, campaign.max_call) == (dt.timedelta(seconds=30), dt.timedelta(seconds=120))
    two = GOOD.replace(
        '{days: [mon, fri], from: "09:30", to: 17:30}', "[{from: 09:00, to: 11:00}, {from: 14:00, to: 17:00}]"
    )
    assert [len(window.days) for window in load_campaign(two, "c.yaml").windows] == [7, 7]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "purpose: transactional",
            "purpose: rehearsal",
            "2:1: campaign/rehearsal purpose: a campaign cannot be a rehearsal",
        ),
        (
            "transactional",
            "marketting",
            '2:1: campaign/purpose purpose: "marketting" is not a purpose; did you mean "marketing"?',
        ),
        ("purpose: transactional\n", "", '1:1: schema/missing-key the key "purpose" is missing here'),
        (
            "[CN, GB]",
            "[CN, UK]",
            '3:21: campaign/country jurisdictions: "UK" is not a country code; did you mean "GB"?',
        ),
        ("[CN, GB]", "[cn]", '3:17: campaign/country jurisdictions: "cn" is not a country code; did you mean "CN"?'),
        (
            "[CN, GB]",
            "[XX]",
            '3:17: campaign/country jurisdictions: "XX" is not a country code; write two capital letters',
        ),
        (
            "[CN, GB]",
            "[NO, no, 5]",
            '3:21: campaign/country jurisdictions: "no" is not a country code; did you mean "NO"?',
        ),
        ("[CN, GB]", "[]", "3:1: schema/value jurisdictions: this must not be empty"),
        (
            '"+442079460123"',
            "+442079460123",
            '6:1: campaign/caller-id caller_id: 442079460123 is not a number with + and country code; write "+4420',
        ),
        ("+442079460123", "02079460123", '6:1: campaign/caller-id caller_id: "02079460123" is not a number with + and'),
        pytest.param(
            "+442079460123",
            "1-800-FLOWERS",
            '6:1: campaign/caller-id caller_id: "1-800-FLOWERS" is not a number with + and country code; letters',
            marks=pytest.mark.attack("row 22: a caller ID of letters"),
        ),
        ("concurrent: 60", "concurrent: 0", "7:29: schema/value concurrent: this must be greater than or equal to 1"),
        (
            "concurrent: 60",
            "concurent: 60",
            '7:29: schema/unknown-key unknown key "concurent"; did you mean "concurrent"?',
        ),
        (
            "calls_per_second: 5",
            "calls_per_second: 0",
            "7:8: schema/value calls_per_second: this must be greater than 0",
        ),
        ("calls_per_second: 5", "calls_per_second: .inf", "7:8: schema/value calls_per_second: this must be a number"),
        ("[mon, fri]", "[mon, friday]", '8:22: schema/value days: "friday" does not fit; write fri'),
        ('"09:30"', "9:30", '8:28: campaign/time from: "9:30" is not a time of day; write "09:30"'),
        ("17:30}", "09:30}", '8:43: campaign/window to: "to" must be later than "from"'),
        (
            "congestion: [5m]",
            "rejected: [5m]",
            "9:30: campaign/retry rejected: this outcome is not retried: a person who declines",
        ),
        (
            "congestion: [5m]",
            "bussy: [5m]",
            '9:30: campaign/retry bussy: this outcome is not retried; did you mean "busy"?',
        ),
        ("congestion: [5m]", "busy: [5]", "9:37: schema/duration busy: 5 is not a duration"),
        ("congestion: [5m]", "busy: [31d]", '9:37: schema/duration busy: "31d" is not within 1s to 30d'),
        ("ring_time: 20s", "ring_time: 60s", '10:1: schema/duration ring_time: "60s" is not within 15s to 45s'),
        ("max_call: 2m", "max_call: 1h", '11:1: schema/duration max_call: "1h" is not within 15s to 600s'),
        ("region: CN", "region: DE", '12:1: campaign/region region: "DE" is not one of the jurisdictions'),
    ],
)
def test_a_faulty_key_is_explained_where_it_stands(old: str, new: str, fault: str) -> None:
    """Line and column are those of the key that must change."""
    found = faults(GOOD.replace(old, new, 1))
    assert any(line.startswith(fault) for line in found), found


def test_local_numbers_are_of_their_own_place() -> None:
    """A prefix for anything but the place of the number would be a way to rotate."""
    good = GOOD + 'local_caller_ids: {"+4420": "+442079460124", "+9998621": "+999862155500002"}\n'
    local = (("+4420", "+442079460124"), ("+9998621", "+999862155500002"))
    assert load_campaign(good, "a.yaml").local_caller_ids == local
    for entry, fault in (
        ('"+4477": "+442079460124"', "+442079460124 does not begin with +4477"),
        ('"44": "+442079460124"', 'write how the called numbers begin, in quotes: "+"'),
        ('"+4420": "02079460124"', "is not a number with + and country code"),
    ):
        (found,) = faults(GOOD + f"local_caller_ids: {{{entry}}}\n")
        assert re.search(r"^\d+:\d+: campaign/(local-)?caller-id .*" + re.escape(fault), found), found


def test_the_flow_and_the_trunk_must_exist() -> None:
    """Near names are suggested; without settings the trunk is not judged."""
    source = parse_campaign(GOOD, "c.yaml")
    assert [str(problem) for problem in check_campaign(source, ["checkup-remainder"], {"carrier-b"})] == [
        'c.yaml:4:1: campaign/unknown-flow flow: no flow file has the name "checkup-reminder"; '
        'did you mean "checkup-remainder"?',
        'c.yaml:5:1: campaign/unknown-trunk trunk: the settings have no trunk with the name "carrier-a"; '
        'did you mean "carrier-b"?',
    ]
    assert not [*check_campaign(source, ["checkup-reminder"], None)]
