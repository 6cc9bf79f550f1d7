"""``quota`` of a campaign's file: what may be written, and what is said of what may not."""

from __future__ import annotations

import pytest

from agi_app.campaigns.campaign_file.load import load_campaign
from agi_app.campaigns.campaign_file.quota_part import MOST_GROUPS
from agi_app.campaigns.campaign_file.schema import campaign_schema
from agi_app.errors import AuthorError
from agi_app.messages import speaking
from agi_app.model.campaign import Quota

GOOD = "campaign: c\npurpose: survey\njurisdictions: [CN]\nflow: f\ntrunk: t\ncaller_id: '+999862155500001'\n"


def quota(text: str) -> Quota | None:
    """The quota of a campaign."""
    return load_campaign(f"{GOOD}quota: {text}\n", "c.yaml").quota


def test_one_number_for_each_group_or_each_with_its_own() -> None:
    assert quota("{by: contact.group, completed: 50}") == Quota("group", 50, (), ())
    named = quota("{by: contact.区域, completed: {south: 30, north: 50, 3: 0}, disposition: done}")
    assert named == Quota("区域", None, (("3", 0), ("north", 50), ("south", 30)), ("done",))
    several = quota("{by: contact.group, completed: 1, disposition: [done, partly, done]}")
    assert several is not None
    assert several.dispositions == ("done", "partly")
    assert load_campaign(GOOD, "c.yaml").quota is None
    many = {f"g{n}": n for n in range(MOST_GROUPS)}
    found = quota(f"{{by: contact.group, completed: {many}}}")
    assert found is not None
    assert len(found.groups) == MOST_GROUPS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{by: group, completed: 5}", '7:9: campaign/quota by: "group" is not a column of the contacts; write'),
        ("{by: [a], completed: 5}", "by: [a] is not a column of the contacts; write contact.group"),
        ("{by: contact.number, completed: 5}", "contacts have no groups by number; name one of your columns"),
        ("{by: contact.group, completed: 0}", "7:28: campaign/quota completed: 0 is not a whole number from 1 to 1000"),
        ("{by: contact.group, completed: 50%}", 'completed: "50%" is not a whole number from 1 to 10000000'),
        ("{by: contact.group, completed: true}", "completed: true is not a whole number"),
        ("{by: contact.group, completed: {}}", "completed: name 1 to 1000 groups, each with its number"),
        ("{by: contact.group, completed: {north: -1}}", "7:40: campaign/quota north: -1 is not a whole number from 0"),
        ('{by: contact.group, completed: {"a ": 5}}', '"a " is no value of a column: 1 to 200 characters'),
        ("{by: contact.group}", 'schema/missing-key the key "completed" is missing here'),
        ("{by: contact.group, completed: 5, disposition: []}", "disposition: this must not be empty"),
        ("{by: contact.group, completed: 5, disposition: 5}", "disposition: this must be"),
        ("{by: contact.group, completed: 5, dispositon: x}", 'unknown key "dispositon"; did you mean "disposition"?'),
        ("50", "quota: this must be a mapping"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_how_to_mend_it(text: str, told: str) -> None:
    with pytest.raises(AuthorError) as fault:
        quota(text)
    assert told in str(fault.value)
    with speaking("zh"), pytest.raises(AuthorError) as fault:
        quota(text)
    assert told not in str(fault.value), "there is a Chinese text, too"


def test_editors_know_it() -> None:
    schema = campaign_schema()
    assert schema["properties"]["quota"]["description"]
    assert {"by", "completed", "disposition"} == set(schema["$defs"]["QuotaFile"]["properties"])
