"""The option --campaign with a name that no campaign has."""

from __future__ import annotations

import datetime as dt
import io
from typing import cast

import pytest

from agi_app.contacts.complaint_file import ComplaintRow, parse_complaints
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import InputError
from agi_app.store.calling import campaigns
from agi_app.store.database.pool import Store

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("known", "near"),
    [
        (["march-checkup"], "; known here: march-checkup"),
        (["aprils"], '; did you mean "aprils"?'),
        ([], "; there is none at all"),
    ],
)
async def test_it_says_which_there_are(monkeypatch: pytest.MonkeyPatch, known: list[str], near: str) -> None:
    async def names(_: Store) -> list[str]:
        return known

    monkeypatch.setattr(campaigns, "campaign_names", names)
    store = cast(Store, None)
    with pytest.raises(InputError) as found:
        await campaigns.option_names_one(store, "april")
    told = f"--campaign april: there is no campaign 'april' in the database{near}; nothing was done"
    assert str(found.value) == told
    for fine in (None, "", *known):
        await campaigns.option_names_one(store, fine)


def test_a_row_of_complaints_about_no_campaign_has_its_number_all_the_same() -> None:
    """Whoever complains is not called again, whatever becomes of the case."""
    text = "number,text,campaign\n+999861380000101,too often,april\n+999861380000202,too late,march\n"
    rows = parse_complaints(Table(io.BytesIO(text.encode()), "c.csv"), NOW, ["march"])
    rejected, taken = rows
    assert isinstance(rejected, ComplaintRow)
    assert rejected.number.e164 == "+999861380000101"
    assert rejected.fault is not None
    told = 'c.csv:2:28: complaints/campaign campaign "april" is not a campaign; known here: march'
    assert str(rejected.fault.problem("c.csv")) == told
    assert isinstance(taken, ComplaintRow)
    assert taken.fault is None
    assert taken.campaign == "march"
