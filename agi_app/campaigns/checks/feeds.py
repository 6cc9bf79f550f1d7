"""Whether each feed of the settings has its campaign, its query and the columns that its campaign reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.config.feeds import FeedSettings, linked_part
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import Problem
from agi_app.flow.check.impossible_values import columns_read
from agi_app.flow.language.definition import Flow
from agi_app.messages import t

MUST = ("external_id", "number")
SINCE = "%(since)s"


def check_feeds(
    folder: Path,
    feeds: Mapping[str, FeedSettings],
    campaigns: Mapping[str, CampaignDocument],
    flows: Mapping[str, Flow],
    unread: Collection[str] = (),
) -> Iterator[Problem]:
    """The faults of all feeds; ``unread`` campaign files cannot be read, so that one of them may be the feed's."""
    text = (folder / SETTINGS_FILE).read_text(encoding="utf-8") if feeds else ""
    for name, feed in feeds.items():
        faults = [*_folder_faults(folder, feed), *_query_faults(folder, feed)]
        if feed.kind == "contacts":
            campaign = campaigns.get(feed.campaign)
            if campaign is None and not unread:
                near = suggest(feed.campaign, campaigns)
                told = t("there is no campaign {name!r}{near}", name=feed.campaign, near=near)
                faults.append(("campaign", "feed/unknown-campaign", told))
            elif campaign is not None:
                faults += _column_faults(feed, campaign, flows.get(campaign.campaign.flow))
        for setting, rule, reason in faults:
            yield Problem(SETTINGS_FILE, _line_of(text, name), 1, rule, f"feeds.{name}: {setting}: {reason}")


def _folder_faults(project: Path, feed: FeedSettings) -> Iterator[tuple[str, str, str]]:
    if feed.folder is not None and (link := linked_part(project, feed.folder)) is not None:
        told = "{link} is a symbolic link, and no approval covers where it leads; name the folder itself"
        yield "folder", "feed/folder", t(told, link=link)


def _query_faults(folder: Path, feed: FeedSettings) -> Iterator[tuple[str, str, str]]:
    for setting, file in (("query_file", feed.query_file), ("ids_query_file", feed.ids_query_file)):
        if file is None:
            continue
        try:
            query = (folder / file).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError):
            yield setting, "feed/query", t("{file} is not there, or is no text", file=file)
            continue
        changes = setting == "query_file" and feed.mode == "changes"
        if not query:
            yield setting, "feed/query", t("{file} is empty; write the SELECT of the feed into it", file=file)
        elif changes and SINCE not in query:
            told = "{file} does not ask for {since}: each run would bring everything"
            yield setting, "feed/query", t(told, file=file, since=SINCE)
        elif not changes and feed.kind == "contacts" and SINCE in query:
            told = '{file} asks for {since}, which only the query of mode = "changes" may'
            yield setting, "feed/query", t(told, file=file, since=SINCE)


def _column_faults(feed: FeedSettings, campaign: CampaignDocument, flow: Flow | None) -> list[tuple[str, str, str]]:
    """Columns that must be there or that the flow reads, and that a feed with ``columns`` leaves out."""
    if not feed.columns:
        return []
    due = campaign.campaign.due
    must = [*MUST, *((due.column,) if due is not None else ())]
    wanted = dict.fromkeys(must) | dict.fromkeys(columns_read(flow) if flow else ())
    return [
        ("columns", "feed/columns", t("{column} is not taken, and the campaign needs it", column=column))
        for column in wanted
        if column not in feed.columns
    ]


def _line_of(text: str, name: str) -> int:
    """Where a feed's table begins in the settings; 1 when it is written another way."""
    found = re.search(rf'^\s*\[\s*feeds\s*\.\s*"?{re.escape(name)}"?\s*\]', text, re.MULTILINE)
    return 1 if found is None else text.count("\n", 0, found.start() + len(found[0])) + 1
