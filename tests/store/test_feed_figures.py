"""What Prometheus reads of feeds: how old what they brought is, what came of the rows, and how runs ended."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agi_app.api.event_stream import EventStream
from agi_app.api.metrics import Metrics
from agi_app.operations.calling import feeds
from agi_app.store.service import figures
from tests.store.feed_office import CONSENTING, FEED, FeedOffice, row
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres


@pytest.fixture
async def office(world: World, tmp_path: Path) -> FeedOffice:
    made = await FeedOffice(world, tmp_path).open()
    await world.running(campaign(), [], consenting=CONSENTING)
    return made


async def scraped(office: FeedOffice) -> dict[tuple[str, ...], float]:
    """Each figure of feeds by its name and labels, the feed first."""
    text = (await Metrics(EventStream(office.wang)).text(office.wang)).decode()
    return {
        (sample.name.removeprefix("agi_app_feed_"), sample.labels.pop("feed"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("agi_app_feed_")
    }


async def test_prometheus_reads_how_a_feed_fares(office: FeedOffice) -> None:
    await office.ask()
    assert await scraped(office) == {}, "it was never started"
    await office.approve()
    found = await scraped(office)
    assert (found["late", FEED], found["state", FEED, "checkup", "started"]) == (1, 1)
    assert ("good_age_seconds", FEED) not in found, "it had no good run"
    await office.brings(*map(row, range(1, 21)), "row-21,12")
    found = await scraped(office)
    assert (found["late", FEED], found["read", FEED]) == (0, 1)
    assert 0 <= found["good_age_seconds", FEED] < 60
    assert (found["rows", FEED, "added"], found["rows", FEED, "rejected"]) == (20, 1)
    assert (found["runs", FEED, "done"], found["runs", FEED, "refused"], found["runs", FEED, "failed"]) == (1, 0, 0)


async def test_what_went_wrong_is_counted_and_the_last_good_run_stays(office: FeedOffice) -> None:
    await office.started()
    await office.brings(*map(row, range(1, 21)))
    await office.brings(row(1), name="less.csv")
    assert (await scraped(office))["runs", FEED, "refused"] == 1
    assert (await scraped(office))["rows", FEED, "added"] == 20
    await office.store.execute("UPDATE feed_run SET times = 3 WHERE state = 'refused'")
    assert (await scraped(office))["runs", FEED, "refused"] == 3, "one failure, again and again"
    await office.store.execute("UPDATE feed_run SET ended_at = now() - interval '25 hours'")
    assert (await scraped(office))["runs", FEED, "done"] == 0
    (seen,) = await figures.feeds(office.store, office.clock.now() + dt.timedelta(hours=2))
    assert seen.is_late
    assert (seen.good_s or 0) >= 7200


async def test_a_paused_feed_is_told_and_one_that_ended_is_not(office: FeedOffice) -> None:
    await office.started()
    await feeds.pause(office.wang, FEED)
    found = await scraped(office)
    assert found["state", FEED, "checkup", "paused"] == 1
    assert ("state", FEED, "checkup", "started") not in found
    await feeds.end(dataclasses.replace(office.wang), FEED)
    assert await scraped(office) == {}
