"""feed start, approve, pause, end, run, check, status, log: contacts and consents from a system of the office."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, secret_of, table, warn, with_installation
from agi_app.config.feed_definition import FEED_IS, RUN_IS, FeedDefinition, FeedKind, FeedState, RunState
from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.messages import t, template
from agi_app.messages.retold import retold
from agi_app.operations.calling import approvals, feeds
from agi_app.operations.calling.feeds import ApprovalAsked, FeedRun, FeedStatus
from agi_app.operations.project import project_files
from agi_app.printable import count_of

VERIFIED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.2
ASK_EVERY = 10  # looks: whether the processes live that it needs
RUN_WITHIN_S = 300.0
WAITS = 4  # the exit code of what waits for a second person
WHAT = {"run": template("a run"), "check": template("a check")}
WAITING = {"run": template("run {number} waits: {why}"), "check": template("check {number} waits: {why}")}
app = typer.Typer(help="Feeds: contacts and consents that come from a system of yours.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The feed's name: NAME of [feeds.NAME] in agi-app.toml.")]


@app.command()
def start(feed: Name, project: ProjectOption = HERE) -> None:
    """Let a feed run as agi-app.toml says it; another account approves it. A paused one goes on."""
    begun = with_installation(project, feeds.start, project_files.read(project), feed)
    if isinstance(begun, ApprovalAsked):
        say(t("feed {feed} waits for a second person", feed=feed))
        say(t("another account approves it: `agi-app feed approve {feed}`", feed=feed))
        raise typer.Exit(WAITS)
    say(t("feed {feed} is started; `agi-app exchange` reads it", feed=feed))


@app.command()
def approve(feed: Name, project: ProjectOption = HERE) -> None:
    """Approve a feed that another account asked for, with your own secret; a running worker verifies it."""
    wanted = with_installation(project, feeds.asked, feed)
    if wanted is None:
        raise InputError(t("nobody waits for an approval of feed {name}", name=feed))
    say(t("{account} asks for feed {feed}:", account=wanted.asked_by, feed=feed))
    for line in described(wanted.definition):
        say(f"  {line}")
    with_installation(project, _approved, feed, secret_of(t("your secret")), wanted.request)
    say(t("feed {feed} is started, approved by you", feed=feed))


async def _approved(inst: Installation, feed: str, secret: str, request: int) -> None:
    """Wait until a worker has verified the secret."""
    ask = await feeds.approve(inst, feed, secret, request=request)
    found = await approvals.approved(inst, ask)
    for _ in range(round(VERIFIED_WITHIN_S / LOOK_EVERY_S)):
        if found.state != "waiting":
            break
        await asyncio.sleep(LOOK_EVERY_S)
        found = await approvals.approved(inst, ask)
    if found.state == "refused":
        raise InputError(str((found.answer or {})["text"]))
    if found.state == "waiting":
        raise ConfigError(t("no worker has verified it yet; one that runs does, and `agi-app feed status` says so"))


@app.command()
def pause(feed: Name, project: ProjectOption = HERE) -> None:
    """Read nothing more. Its campaign calls nobody as soon as the last good run is too old."""
    with_installation(project, feeds.pause, feed)
    say(t("feed {feed} is paused; `agi-app feed start {feed}` lets it go on", feed=feed))


@app.command()
def end(feed: Name, project: ProjectOption = HERE) -> None:
    """Take a feed away from its campaign, for good. The campaign is paused; its contacts stay as they are."""
    paused = with_installation(project, feeds.end, feed)
    say(t("feed {feed} has ended", feed=feed))
    if paused:
        say(t("its campaign is paused: look at its contacts, then `agi-app campaign resume`"))


@app.command()
def run(
    feed: Name,
    project: ProjectOption = HERE,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also when more than 10 % of the contacts would be cancelled.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read it now, and say the result; exit 1 when it was refused or failed."""
    _follow(project, with_installation(project, feeds.run, feed, confirmed=yes), as_json)


@app.command()
def check(feed: Name, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Say what a run would do by agi-app.toml as it is now. Nothing of it is stored, and no approval is needed."""
    _follow(project, with_installation(project, feeds.check, feed), as_json)


def _follow(project: ProjectOption, run_id: int, as_json: bool) -> None:
    found = with_installation(project, _ended, run_id)
    if as_json:
        say_json(run_record(found))
    else:
        say(told(found))
        for line in faults_of(found):
            warn(line)
    raise typer.Exit(0 if found.state == "done" else 1)


async def _ended(inst: Installation, run_id: int) -> FeedRun:
    found = await feeds.came_of(inst, run_id)
    for turn in range(round(RUN_WITHIN_S / LOOK_EVERY_S)):
        if found.is_over:
            return found
        if turn % ASK_EVERY == 0 and (why := await feeds.lacks(inst, found)) is not None:
            raise ConfigError(t(WAITING[found.what], number=run_id, why=why))
        await asyncio.sleep(LOOK_EVERY_S)
        found = await feeds.came_of(inst, run_id)
    why = t("{told}; `agi-app feed log` says when it is done", told=told(found))
    raise ConfigError(t(WAITING[found.what], number=run_id, why=why))


@app.command()
def status(
    feed: Annotated[str | None, typer.Argument(help="One feed; without it all.")] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show how feeds stand: since when their facts are good, what the last run did, and what they wait for."""
    one = with_installation(project, feeds.status, feed) if feed is not None else None
    found = [one] if one is not None else with_installation(project, feeds.listed)
    if as_json:
        records = [status_record(each) for each in found]
        say_json(records[0] if one is not None else records)
    elif one is not None:
        for line in status_lines(one):
            say(line)
    else:
        rows = ((s.name, _state(s), _minute(s.feed.as_of if s.feed else None), " ".join(_marks(s))) for s in found)
        table(t("Feeds"), (t("name"), t("state"), t("good as of (UTC)"), t("what to know")), rows)


@app.command()
def log(
    feed: Name,
    project: ProjectOption = HERE,
    last: Annotated[int, typer.Option(min=1, max=feeds.MOST_RUNS, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the newest runs of a feed, with their results (UTC)."""
    found = with_installation(project, feeds.newest_runs, feed, last)
    if as_json:
        say_json([run_record(one) for one in found])
        return
    rows = (
        (r.run_id, _minute(_at(r)), t(WHAT[r.what]), t(RUN_IS[RunState(r.state)]), told(r, brief=True)) for r in found
    )
    table(t("Runs of {feed}", feed=feed), ("id", t("as of (UTC)"), t("what it was"), t("state"), t("result")), rows)


def described(definition: FeedDefinition) -> Iterator[str]:
    """What is approved, for the person who approves it."""
    if definition.kind is FeedKind.CONSENTS:
        yield t(
            "consents for {purpose}, to the wording {wording}", purpose=definition.purpose, wording=definition.wording
        )
    else:
        yield t(
            "contacts of campaign {campaign}, mode {mode}", campaign=definition.campaign, mode=definition.mode.value
        )
        yield t("at most {most} new contacts a day without another approval", most=definition.most_a_day)
        minutes = round(definition.max_age_s / 60)
        yield t("the campaign holds when its facts are older than {minutes} minutes", minutes=minutes)
    yield t("read from {source}", source=definition.source)
    for ours, theirs in definition.columns.items():
        yield t("column {ours} = {theirs}", ours=ours, theirs=theirs)
    for title, query in ((t("query:"), definition.query), (t("query of all ids:"), definition.ids_query)):
        if query:
            yield title
            yield from (f"  {line}" for line in query.splitlines())


def told(found: FeedRun, *, brief: bool = False) -> str:
    """One run in a sentence."""
    result = feeds.result_of(found)
    if found.state in ("wanted", "waiting"):
        return t("waits for `agi-app exchange`") if found.state == "wanted" else t("read, and waits for a worker")
    if found.state != "done":
        text = feeds.told_of(found)
        times = t(" ({times} times)", times=found.times) if found.times > 1 else ""
        return text + times
    names = ("added", "updated", "unchanged", "cancelled", "rejected")
    counts = {name: int(result.get(name, 0)) for name in names}
    figures = t(
        "{rows}: {added} added, {updated} updated, {unchanged} unchanged, {cancelled} cancelled, {rejected} rejected",
        rows=count_of(int(result.get("rows", 0)), "row"),
        **counts,
    )
    if brief:
        return figures
    what = t("a run would do this:") if found.what == "check" else t("run {number}:", number=found.run_id)
    return f"{what} {figures}"


def faults_of(found: FeedRun) -> Iterator[str]:
    """The rows that were not taken, and what else should be known."""
    result = feeds.result_of(found)
    for one in result.get("faults", ()):
        yield t("row {line}, column {column}: {text}", line=one["line"], column=one["column"], text=retold(one["text"]))
    for note in result.get("notes", ()):
        yield t("note: {note}", note=retold(note))


def status_lines(one: FeedStatus) -> Iterator[str]:
    """One feed for people, the most important first."""
    yield t("feed {name} {state}", name=one.name, state=_state(one))
    if (stored := one.feed) is not None and stored.as_of is not None:
        yield t("good as of {at} UTC", at=_minute(stored.as_of))
    if one.is_late:
        yield t("its campaign calls nobody until there is a good run")
    elif stored is not None and stored.fresh_until is not None and stored.campaign and stored.state != "ended":
        yield t("without another good run its campaign calls nobody from {at} UTC on", at=_minute(stored.fresh_until))
    if one.changed:
        yield t(
            "agi-app.toml or its query says something else than what was approved: `agi-app feed start {name}`",
            name=one.name,
        )
    if one.fault:
        yield t("its settings cannot be used: {fault}", fault=one.fault)
    if one.waits_for is not None:
        told_by = t("asked for by {account}, nobody has approved it", account=one.waits_for.asked_by)
        yield t("{told}: `agi-app feed approve {name}`", told=told_by, name=one.name)
    if stored is not None and stored.state == "started" and not stored.is_read:
        yield t("no process reads it: start `agi-app exchange`")
    if one.last is not None:
        yield t(
            "last run (as of {at} UTC): {told}",
            at=_minute(_at(one.last)),
            told=told(one.last, brief=True),
        )
    if one.last_check is not None:
        at = _minute(_at(one.last_check))
        said = told(one.last_check, brief=True)
        yield t("last check (as of {at} UTC), of which nothing is stored: {told}", at=at, told=said)


def status_record(one: FeedStatus) -> dict[str, Any]:
    """One feed for scripts."""
    stored = None if one.feed is None else dataclasses.asdict(one.feed)
    kept = ("kind", "campaign", "state", "started_at", "as_of", "fresh_until", "most_a_day", "is_read", "reader")
    waits = None
    if one.waits_for is not None:
        waits = {
            "request": one.waits_for.request,
            "asked_by": one.waits_for.asked_by,
            "asked_at": one.waits_for.asked_at,
        }
    return {
        "name": one.name,
        **{name: None if stored is None else stored[name] for name in kept},
        "is_late": one.is_late,
        "changed": one.changed,
        "fault": one.fault,
        "waits_for": waits,
        "last": None if one.last is None else run_record(one.last),
        "last_check": None if one.last_check is None else run_record(one.last_check),
    }


def run_record(found: FeedRun) -> dict[str, Any]:
    """One run for scripts."""
    shown = ("run_id", "feed", "what", "state", "as_of", "file", "rows", "times", "made_at", "ended_at", "asked_by")
    return {**{name: getattr(found, name) for name in shown}, "result": json.loads(found.result or "{}")}


def _state(one: FeedStatus) -> str:
    return t(FEED_IS[FeedState.NEW if one.feed is None else FeedState(one.feed.state)])


def _marks(one: FeedStatus) -> Iterator[str]:
    if one.is_late:
        yield t("late: its campaign holds;")
    if one.changed:
        yield t("changed;")
    if one.waits_for is not None:
        yield t("waits for a second person;")
    if one.feed is not None and one.feed.state == "started" and not one.feed.is_read:
        yield t("nobody reads it;")
    if one.last is not None and one.last.state in ("refused", "failed"):
        yield told(one.last, brief=True)


def _at(found: FeedRun) -> dt.datetime:
    """How old the facts of a run are; of one that could not be read, when it ended."""
    return found.as_of or found.ended_at or found.made_at


def _minute(at: dt.datetime | None) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}" if at else ""
