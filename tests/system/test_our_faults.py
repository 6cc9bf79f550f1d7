"""Nobody is burnt by our fault: a wrong password, prompts nobody hears, an Asterisk that goes away, a mute trunk."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from agi_app.dialer.circuit_breaker import FAULTS_TO_OPEN, MUTE_TO_HOLD
from agi_app.dialer.unplayed_prompts import MOST_IN_A_ROW
from sandbox.asterisk import Asterisk
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World
from tests.asterisk.far_end import FarEnd, Manner
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
SPEAKS, MUTE, UNAUTHORIZED, PROXY_UNAUTHORIZED = 1, 2, 41, 47
MANNERS = {
    SPEAKS: Manner(),
    MUTE: Manner(sends=None),
    UNAUTHORIZED: Manner(status=401, headers=('WWW-Authenticate: Digest realm="carrier", nonce="n"',)),
    PROXY_UNAUTHORIZED: Manner(status=407, headers=('Proxy-Authenticate: Digest realm="carrier", nonce="n"',)),
}
NewPlace = Callable[[str], Site]


class Carrier:
    """A carrier that does by the last two digits of a number; it lives in a thread of its own."""

    def __init__(self) -> None:
        self.far_end = FarEnd(lambda number: MANNERS[int(number[-2:])])
        self._up, self._end = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self.far_end:
            self._up.set()
            await self._end.wait()

    def __enter__(self) -> Carrier:
        self._thread.start()
        assert self._up.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def called(self, numbers: list[str]) -> int:
        """How many INVITEs it took to any of these."""
        wanted = {number.removeprefix("+") for number in numbers}
        return sum(number in wanted for number in self.far_end.invites)


@pytest.fixture(scope="module")
def carrier() -> Iterator[Carrier]:
    with Carrier() as running:
        yield running


@pytest.fixture(scope="module")
def asterisk(carrier: Carrier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One whose carrier can do anything, with a copy of the prompts that a test may spoil."""
    ensure_tools(print)
    folder = tmp_path_factory.mktemp("ours")
    shutil.copytree(BULK / "prompts", folder / "prompts")
    address = ("127.0.0.1", carrier.far_end.port)
    with Asterisk(ensure_root(print), folder / "asterisk", carrier=address, prompts_dir=folder / "prompts") as running:
        yield running


@pytest.fixture(scope="module")
def new_place(asterisk: Asterisk, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> NewPlace:
    """A project of that Asterisk; what its carrier saw, the carrier tells."""

    def make(name: str) -> Site:
        site = Site(tmp_path_factory.mktemp(name), cast("World", None), asterisk, new_database())
        site.prepare()
        return site

    return make


def held_by(site: Site, campaign: str, words: str) -> str:
    """The reason in the campaign's status that has these words; empty: none has."""
    texts = [hold["text"] for hold in site.status(campaign)["waiting_reasons"]]
    return next((text for text in texts if words in text), "")


def untouched(site: Site, campaign: str) -> bool:
    """Whether no contact is done and no call counts against anybody."""
    counted = site.sql(f"SELECT count(*) FROM attempt WHERE campaign = '{campaign}' AND counts")[0][0]
    return site.status(campaign)["done"] == 0 and counted == 0


@pytest.mark.parametrize("suffix", [UNAUTHORIZED, PROXY_UNAUTHORIZED])
def test_a_wrong_password_burns_nobody_and_pauses_the_trunk(new_place: NewPlace, carrier: Carrier, suffix: int) -> None:
    """Thirty people, and a carrier that challenges every call: by its own count few are tried, and none is used up."""
    site = new_place(f"password{suffix}")
    numbers = people(*[suffix] * 30)
    site.consent(numbers)
    site.add("password", numbers, rate=10, concurrent=1)
    with site.worker():
        until(
            "the trunk is paused",
            lambda: bool(held_by(site, "password", "does not accept the trunk's password")),
            30,
            0.5,
        )
        until("it was tried again", lambda: carrier.called(numbers) > FAULTS_TO_OPEN, 40, 0.5)
        answer = f"SIP {'401' if suffix == UNAUTHORIZED else '407'}"
        until("that call failed, too", lambda: bool(held_by(site, "password", answer)), 15, 0.5)
    assert carrier.called(numbers) <= FAULTS_TO_OPEN + 2
    outcomes = {a["outcome"] for a in site.report("password")["attempt_list"] if a["outcome"] != "cancelled"}
    assert outcomes == {"failed"}
    assert untouched(site, "password")


def test_prompts_that_asterisk_does_not_find_call_nobody(new_place: NewPlace, carrier: Carrier) -> None:
    site = new_place("path")
    numbers = people(*[SPEAKS] * 10)
    site.consent(numbers)
    site.add("path", numbers, flow="bulk", rate=10)
    settings = site.project / "agi-app.toml"
    right = settings.read_text("utf-8")
    settings.write_text(right.replace(site.asterisk.prompts_path, "/nowhere/prompts"), "utf-8")
    holding = site.app.start("run")  # it never dials, which `site.worker` would wait for
    try:
        until("the status says so", lambda: bool(held_by(site, "path", "no prompt would be heard")), 60, 0.5)
        assert "prompts_path" in held_by(site, "path", "/nowhere/prompts")
    finally:
        holding.terminate()
        holding.communicate(timeout=120)
    assert carrier.called(numbers) == 0
    assert untouched(site, "path")
    settings.write_text(right, "utf-8")
    with site.worker():
        until("everybody was called once it was mended", lambda: site.status("path")["done"] == len(numbers), 60, 1.0)


def test_a_prompt_that_fails_in_calls_pauses_the_campaign_and_leaves_the_people_to_be_called(
    new_place: NewPlace, carrier: Carrier
) -> None:
    """The trial plays another one; the greeting alone is lost on its way to Asterisk."""
    site = new_place("greeting")
    numbers = people(*[SPEAKS] * 10)
    site.consent(numbers)
    site.add("greeting", numbers, flow="bulk", rate=2, concurrent=1)
    assert site.asterisk.prompts_dir is not None
    lost = [*Path(site.asterisk.prompts_dir).glob("*/greeting.wav")]
    for file in lost:
        file.rename(file.with_suffix(".lost"))
    try:
        with site.worker():
            until("it is paused", lambda: site.status("greeting")["state"] == "paused", 40, 0.5)
            why = held_by(site, "greeting", "a prompt could not be played")
            assert "agi-app campaign resume" in why
    finally:
        for file in lost:
            file.with_suffix(".lost").rename(file)
    assert carrier.called(numbers) == MOST_IN_A_ROW
    assert site.status("greeting")["done"] == 0
    called = [c for c in site.report("greeting")["contact_list"] if c["disposition"] == "prompt_failed"]
    assert {c["state"] for c in called} == {"pending"}
    assert {c["due_at"][:10] for c in called} == {"2026-03-04"}, "the next day"


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_an_asterisk_that_goes_away_in_mid_call_interrupts_and_blames_no_prompt(
    new_place: NewPlace, carrier: Carrier, how: str
) -> None:
    site = new_place(how)
    numbers = people(*[SPEAKS] * 9)
    site.consent(numbers)
    site.add(how, numbers, rate=20)
    with site.worker():
        answered = f"SELECT count(*) FROM attempt WHERE campaign = '{how}' AND state = 'dialling'"
        until("all are on", lambda: site.sql(answered)[0][0] == len(numbers) == carrier.called(numbers), 30)
        getattr(site.asterisk, how)()
        site.asterisk.start()
        until("all calls have ended", lambda: site.status(how)["open_attempts"] == 0, 40, 0.5)
    seen = {(a["outcome"], a["disposition"]) for a in site.report(how)["attempt_list"]}
    assert seen == {("interrupted", None)}


def test_three_silent_answers_hold_the_trunk_and_say_how_to_go_on(new_place: NewPlace, carrier: Carrier) -> None:
    site = new_place("mute")
    numbers = people(*[MUTE] * 8)
    site.consent(numbers)
    site.add("mute", numbers, rate=10, concurrent=1)
    with site.worker():
        until("it is held", lambda: bool(held_by(site, "mute", "brought no sound at all")), 60, 0.5)
        assert "the first sound ends this" in held_by(site, "mute", "brought no sound at all")
    assert carrier.called(numbers) == MUTE_TO_HOLD
    listed = [a for a in site.report("mute")["attempt_list"] if a["outcome"] != "cancelled"]
    assert {a["outcome"] for a in listed} == {"no_media"}
    called = [c for c in site.report("mute")["contact_list"] if c["outcome"] == "no_media"]
    assert {(c["state"], c["due_at"][:10]) for c in called} == {("pending", "2026-03-04")}
