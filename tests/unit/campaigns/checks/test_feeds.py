"""What `check` says of feeds: their campaign, their query, their columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.checks.feeds import check_feeds
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.settings import load_settings, trunk_names

QUERY = 'database_url_file = "db"\nquery_file = "q.sql"\n'
ALL = 'columns = {external_id = "no", number = "tel", name = "n", date = "d", time = "t"}\n'
CHANGES = 'mode = "changes"\nids_query_file = "i.sql"\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeds") / "p"
    make_project(folder)
    (folder / "q.sql").write_text("SELECT 1")
    (folder / "since.sql").write_text("SELECT 1 WHERE changed >= %(since)s")
    (folder / "i.sql").write_text("SELECT 1")
    (folder / "empty.sql").write_text(" \n")
    (folder / "link").symlink_to(folder)
    return folder


def found(made: Path, feed: str, campaign: str = "march-checkup") -> list[str]:
    file = made / "agi-app.toml"
    before = file.read_text()
    try:
        file.write_text(before + f'\n[feeds.a]\ncampaign = "{campaign}"\n{feed}')
        project = read_project(made, trunk_names(made))
        lines = file.read_text().split("\n")
        problems = [one for one in project.problems if one.rule.startswith("feed/")]
        assert all(lines[one.line - 1] == "[feeds.a]" for one in problems)
        return [f"{one.rule} {one.message}" for one in problems]
    finally:
        file.write_text(before)


def test_a_feed_that_is_right(made: Path) -> None:
    assert found(made, 'folder = "out"\n') == []
    assert found(made, QUERY) == []
    assert found(made, QUERY.replace("q.sql", "since.sql") + CHANGES) == []


@pytest.mark.parametrize(
    ("feed", "campaign", "words"),
    [
        ('folder = "out"\n', "march-chekup", "feed/unknown-campaign feeds.a: campaign: there is no campaign"),
        ('folder = "link"\n', "march-checkup", "link is a symbolic link, and no approval covers where it leads"),
        (QUERY.replace("q.sql", "none.sql"), "march-checkup", "feed/query feeds.a: query_file: none.sql is not there"),
        (QUERY.replace("q.sql", "empty.sql"), "march-checkup", "empty.sql is empty"),
        (QUERY + CHANGES, "march-checkup", "q.sql does not ask for %(since)s"),
        (QUERY.replace("q.sql", "since.sql"), "march-checkup", 'only the query of mode = "changes" may'),
        ('folder = "out"\ncolumns = {external_id = "no", name = "n"}\n', "march-checkup", "number is not taken"),
    ],
)
def test_what_is_wrong_with_a_feed(made: Path, feed: str, campaign: str, words: str) -> None:
    assert any(words in one for one in found(made, feed, campaign)), found(made, feed, campaign)


def test_no_feed_no_fault(made: Path) -> None:
    assert list(check_feeds(made, load_settings(made).feeds, {}, {})) == []
