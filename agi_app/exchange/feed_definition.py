"""What a feed of the settings is now, as a whole: it is compared with what was approved."""

from __future__ import annotations

from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.config.feed_definition import FeedDefinition, FeedKind, FeedMode
from agi_app.config.feeds import linked_part, seconds_of
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError
from agi_app.exchange import others_address
from agi_app.file_kinds import no_such_file
from agi_app.messages import t

LONGEST_QUERY = 100_000  # bytes


def definition_of(settings: Settings, name: str) -> FeedDefinition:
    """The feed as settings and its query files say it now. Blocks.

    Raises InputError when the settings have none of this name, ConfigError when a file of it cannot be read.
    """
    if name not in settings.feeds:
        raise no_such("feed", name, settings.feeds)
    feed, folder = settings.feeds[name], settings.project
    if feed.folder is None:
        source = _place(name, settings.feed_database_url(name))
    else:
        source = _folder(name, folder, feed.folder)
    kind = FeedKind(feed.kind)
    return FeedDefinition(
        name=name,
        kind=kind,
        campaign=feed.campaign,
        mode=FeedMode(feed.mode),
        source=source,
        query=_text(folder, feed.query_file),
        ids_query=_text(folder, feed.ids_query_file),
        columns=dict(feed.columns),
        most_a_day=feed.most_a_day if kind is FeedKind.CONTACTS else 0,
        max_age_s=seconds_of(feed.max_age),
        overlap_s=seconds_of(feed.overlap),
        purpose=feed.purpose or "",
        wording=feed.wording,
    )


def _folder(name: str, project: Path, written: Path) -> str:
    """As it is written: nodes may have the project elsewhere."""
    if (link := linked_part(project, written)) is not None:
        told = (
            "folder of feed {name}: {link} is a symbolic link, and no approval covers where it leads; name the folder"
            " itself"
        )
        raise ConfigError(t(told, name=name, link=link))
    return f"folder {written.as_posix()}"


def _text(folder: Path, file: Path | None) -> str:
    """The query of a file."""
    if file is None:
        return ""
    try:
        content = (folder / file).read_bytes()
        if len(content) > LONGEST_QUERY:
            raise ConfigError(t("{file}: is longer than a query: {most} bytes at most", file=file, most=LONGEST_QUERY))
        text = content.decode("utf-8-sig").strip()
    except FileNotFoundError:
        raise ConfigError(no_such_file(folder / file)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(t("{file}: cannot be read: {error}", file=file, error=error)) from error
    if not text:
        raise ConfigError(t("{file}: is empty; write the SELECT of the feed into it", file=file))
    return text


def _place(name: str, address: str) -> str:
    """Host, database and user, without the password."""
    if (fault := others_address.fault_in(address)) is not None:
        raise ConfigError(t("the address of the database of feed {name}: {fault}", name=name, fault=fault))
    return str(others_address.place(address))
