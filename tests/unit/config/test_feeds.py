"""The settings of a feed: what each kind needs, and what is said of a slip."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.config.feeds import FeedSettings, seconds_of
from agi_app.config.settings import load_settings
from agi_app.errors import ConfigError

FOLDER = '[feeds.a]\ncampaign = "checkup"\nfolder = "out"\n'
DATABASE = '[feeds.a]\ncampaign = "checkup"\ndatabase_url_file = "db"\nquery_file = "q.sql"\n'


def fault(tmp_path: Path, text: str) -> str:
    (tmp_path / "agi-app.toml").write_text(text)
    with pytest.raises(ConfigError) as told:
        load_settings(tmp_path)
    return str(told.value)


def feed(tmp_path: Path, text: str) -> FeedSettings:
    (tmp_path / "agi-app.toml").write_text(text)
    return load_settings(tmp_path).feeds["a"]


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("5min", 300), ("5m", 300), ("1 h", 3600), ("7d", 604800)])
def test_times_are_written_with_their_unit(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["5", "five min", "1.5h", "", "9s", "8d", "-5min", "5 minutes"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a"):
        seconds_of(text)


def test_a_folder_and_a_database(tmp_path: Path) -> None:
    found = feed(tmp_path, FOLDER)
    assert (found.kind, found.mode, found.every_s, found.max_age, found.most_a_day) == (
        "contacts",
        "whole",
        300,
        "1h",
        200,
    )
    changes = feed(tmp_path, DATABASE + 'mode = "changes"\nids_query_file = "i.sql"\noverlap = "1h"\n')
    assert changes.mode == "changes"
    consents = feed(
        tmp_path, '[feeds.a]\nkind = "consents"\nfolder = "c"\npurpose = "survey"\nwording = "form/2"\nevery = "2h"\n'
    )
    assert consents.purpose == "survey"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[feeds.a]\ncampaign = "c"\n', "give exactly one of folder, database_url and database_url_file"),
        (FOLDER + 'database_url_file = "db"\n', "give exactly one of"),
        (FOLDER + 'query_file = "q.sql"\n', "a folder has files"),
        ('[feeds.a]\ncampaign = "c"\ndatabase_url_file = "db"\n', "query_file is missing"),
        ('[feeds.a]\nfolder = "out"\n', "campaign is missing"),
        (FOLDER + 'mode = "changes"\n', "a folder brings whole lists"),
        (DATABASE + 'mode = "changes"\n', "needs ids_query_file"),
        (DATABASE + 'ids_query_file = "i.sql"\n', 'ids_query_file is for mode = "changes"'),
        (DATABASE + 'mode = "changes"\nids_query_file = "i"\ncolumns = {number = "n"}\n', "needs a column status"),
        (FOLDER + 'columns = {number = "n", external_id = "n"}\n', "n is taken twice"),
        (FOLDER + 'every = "2h"\n', "every is longer than max_age"),
        (FOLDER + 'wording = "form/2"\n', "one of contacts never brings consents"),
        (FOLDER + 'purpose = "marketing"\n', "purpose"),
        ('[feeds.a]\nkind = "consents"\nfolder = "c"\n', "needs purpose and wording"),
        (
            FOLDER.replace("campaign", 'kind = "consents"\ncampaign') + 'purpose = "survey"\nwording = "f/1"\n',
            "campaign is not",
        ),
        (FOLDER + FOLDER.replace("feeds.a", "feeds.b"), "two feeds bring contacts of checkup"),
        (FOLDER + "most_a_day = 0\n", "most_a_day"),
        (FOLDER + 'max_age = "soon"\n', "write a whole number and its unit"),
    ],
)
def test_what_does_not_fit_together_is_said(tmp_path: Path, text: str, words: str) -> None:
    told = fault(tmp_path, text)
    assert words in told
    assert "agi-app.toml:" in told, "with its place"


@pytest.mark.attack("a marketing consent by a feed")
def test_consents_for_marketing_never_come_by_a_feed(tmp_path: Path) -> None:
    text = '[feeds.a]\nkind = "consents"\nfolder = "c"\npurpose = "marketing"\nwording = "form/2"\n'
    assert "feeds.a.purpose" in fault(tmp_path, text)
