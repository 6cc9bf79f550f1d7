"""A stop by a link: only by one of ours, until its day, and then the same stop as every other."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.stop_links import StopLink, opened, sealed
from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.operations.people.stop_links import good_until, make_stop_link, stop_by_link
from agi_app.store.people.history import person_history
from agi_app.store.people.stops import is_suppressed
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres

KEY, OTHER = SuppressionKey(bytes(32)), SuppressionKey(bytes(31) + b"1")
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
LINK = StopLink(bytes(range(32)), NOW + dt.timedelta(days=1))


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return replace(installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path), key=KEY)


def test_a_link_says_whose_calls_it_stops_to_us_alone() -> None:
    text = sealed(KEY, LINK)
    assert opened(KEY, text, NOW) == LINK
    assert LINK.number_hash not in base64.urlsafe_b64decode(text + "===")
    assert text != sealed(KEY, LINK), "two links to one person are not the same"
    with pytest.raises(InputError, match="no link of ours"):
        opened(OTHER, text, NOW)
    with pytest.raises(InputError, match="was good until 2026-11-29"):
        opened(KEY, text, LINK.until)


def test_a_link_with_any_other_sign_is_none() -> None:
    text = sealed(KEY, LINK)
    for place in range(len(text) - 1):  # the last sign has bits that say nothing
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(InputError):
            opened(KEY, changed, NOW)
    for other in ("", "x", text[:-4], text + "AAAA", "Ж" * 91, "=" * 91, "A" * 91, "A" * 10_000):
        with pytest.raises(InputError):
            opened(KEY, other, NOW)


async def test_whoever_opens_it_is_never_called_again(world: World, desk: Installation) -> None:
    wanted = await world.running(campaign(), [1, 2])
    claim = await world.claim_one(wanted)
    text, until = await make_stop_link(desk, number(1))
    assert number(1)[1:] not in text
    assert await good_until(desk, text) == until.replace(microsecond=0)
    assert not await is_suppressed(world.store, number(1)), "a page that is shown stops nothing"
    answer = await stop_by_link(desk, text)
    assert (answer.ended, answer.waiting) == (1, None)
    assert await world.value("SELECT state FROM attempt WHERE attempt_id = %s", claim.attempt_id) == "ended"
    found = await person_history(world.store, number(1))
    assert found is not None
    (refusal,) = found.revocations
    assert (refusal.purpose, refusal.method, refusal.reason) == (None, "link", "said by a link")
    assert await is_suppressed(world.store, number(1))
    assert not await is_suppressed(world.store, number(2))
    assert (await stop_by_link(desk, text)).ended == 0, "opened twice"


async def test_a_number_that_nobody_knows_is_stopped_too(world: World, desk: Installation) -> None:
    text, _ = await make_stop_link(desk, number(7))
    await stop_by_link(desk, text)
    assert await is_suppressed(world.store, number(7))
    assert await person_history(world.store, number(7)) is not None


async def test_neither_number_nor_link_is_in_the_note_of_who_did_it(world: World, desk: Installation) -> None:
    text, _ = await make_stop_link(desk, number(1))
    await stop_by_link(desk, text)
    noted: Any = await world.value("SELECT jsonb_agg(to_jsonb(a))::text FROM action a")
    assert number(1) not in noted
    assert text not in noted


async def test_a_process_without_the_key_says_so(desk: Installation) -> None:
    with pytest.raises(ConfigError, match="has no key"):
        await good_until(replace(desk, key=None), "x")


@pytest.mark.parametrize("days", [0, 367, -1])
async def test_a_link_that_is_good_for_ever_is_not_made(desk: Installation, days: int) -> None:
    with pytest.raises(InputError, match="1 to 366 days"):
        await make_stop_link(desk, number(1), days)
