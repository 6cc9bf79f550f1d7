"""What a quota counts: the dispositions of the flow that it names, or what the flow calls completed."""

from __future__ import annotations

import pytest

from agi_app.campaigns.campaign_file.load import parse_campaign
from agi_app.campaigns.checks.quota_dispositions import with_dispositions
from agi_app.campaigns.checks.rule_catalogue import EXAMPLES
from agi_app.errors import Problem
from agi_app.flow.load import load_flow


def counted(quota: str, *dispositions: str, more: str = "") -> tuple[str, ...] | str:
    """What counts for a campaign whose flow sets these dispositions, or what is said of it."""
    steps = "".join(f"    - set: {{disposition: {name}}}\n" for name in dispositions)
    flow = load_flow(EXAMPLES["flow"].replace("  bye:\n", f"  bye:\n{steps}"), "f.yaml")
    text = f"{EXAMPLES['campaign']}{more}quota: {{by: contact.group, completed: 5{quota}}}\n"
    found = with_dispositions(parse_campaign(text, "c.yaml"), flow)
    if isinstance(found, Problem):
        return str(found)
    assert found.campaign.quota is not None
    return found.campaign.quota.dispositions


@pytest.mark.parametrize(
    ("dispositions", "expected"),
    [
        ((), ("completed",)),  # the engine's word for a flow that came to its end
        (("completed", "done"), ("completed",)),
        (("later", "done"), ("done",)),
        (("已完成", "以后"), ("已完成",)),
    ],
)
def test_the_flow_says_what_is_completed(dispositions: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert counted("", *dispositions) == expected


def test_nothing_is_guessed_of_a_flow_with_other_words() -> None:
    told = counted("", "refused", "later")
    assert told == (
        "c.yaml:7:1: campaign/quota-disposition quota: which calls are completed? Add disposition: with what flow"
        ' "example" then sets (later, refused)'
    )


def test_the_author_says_which_count() -> None:
    assert counted(", disposition: [yes_please, later]", "yes_please", "later", "done") == ("yes_please", "later")
    assert counted(", disposition: completed", "later") == ("completed",)
    assert counted(", disposition: talked", more="dialled_by: agents\n") == ("talked",)


def test_a_disposition_that_the_flow_never_sets_is_a_fault() -> None:
    told = counted(", disposition: confirmd", "confirmed")
    assert told == (
        'c.yaml:7:42: campaign/quota-disposition disposition: flow "example" never sets "confirmd"; did you mean'
        ' "confirmed"?'
    )
    assert "never sets" in counted(", disposition: opted_out", "confirmed")
    assert "never sets" in counted(", disposition: talked", "confirmed")
