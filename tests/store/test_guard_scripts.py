"""What callers said: kept, learned when people reported it, and a signal at the next call of whoever says the same."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from agi_app.audit.erasures import sign
from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.config.screening import GuardSettings
from agi_app.guard.case import Action
from agi_app.guard.replay import Replay, replay
from agi_app.screening.judge import Question, Screening, Verdict
from agi_app.store.database.pool import Store
from agi_app.store.people.erasure import Why
from agi_app.store.screening import guard_changes, guard_report, guard_scripts, screened_calls, script_matching
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_scripts import OpeningWords
from tests.fake_clock import FakeClock
from tests.store.audit_site import Site
from tests.store.test_audit_commands import agi_app

pytestmark = pytest.mark.postgres

NOW = dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC)
FIRST, SECOND, THIRD, OTHER = (f"+99986138000{n}101" for n in range(4))
SOUND = Path(__file__).resolve().parents[1] / "speech" / "en-yes.wav"
LOANS = (
    "Hello this is Peter from the credit department your application for a loan of fifty thousand was approved this"
    " morning press one now to speak with an advisor before the offer expires tonight"
)
HEARD = LOANS.replace("department", "apartment").replace("approved", "improved").replace("advisor", "a wiser")
CLINIC = (
    "Good morning this is Sunshine Dental calling to remind Mrs Chen of the appointment on Friday at half past nine"
    " please call us back if the time does not suit you"
)


class Desk:
    """A worker's judgement, with a clock that the test moves."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, FakeClock(NOW)
        self.screening = Screening(store, self.clock, GuardSettings(mailbox=True))

    async def call(self, caller: str | None, says: str = "") -> Verdict:
        """Somebody calls, an hour after the last one, and says this to the mailbox."""
        self.clock.advance(3600)
        verdict = await self.screening.judge(Question(caller, "100", "PJSIP/carrier"))
        await self.screening.records.finish()
        if says:
            await script_matching.take(
                self.store, OpeningWords(self.clock.now(), "voicemail", says, verdict.call_id), "test"
            )
        return verdict

    async def says(self, caller: str) -> tuple[str | None, float | None]:
        """Which known script this caller's last words are of."""
        (found, *_) = await guard_scripts.spoken(self.store, NOW, number=caller)
        return found.script, found.share

    async def is_known(self, caller: str) -> bool:
        """Whether the next call of this number has the signal."""
        decision = (await self.call(caller)).decision
        assert decision is not None
        return "script" in {reason.rule for reason in decision.reasons}


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


async def test_a_reported_caller_gives_its_words_away(desk: Desk) -> None:
    first = await desk.call(FIRST, LOANS)
    await desk.call(THIRD, CLINIC)
    assert await desk.screening.vote(first.call_id, nuisance=True)
    assert not await desk.is_known(SECOND)
    await desk.call(SECOND, HEARD)
    script, share = await desk.says(SECOND)
    assert script is not None
    assert share is not None
    assert 0.4 < share < 1
    assert [await desk.is_known(caller) for caller in (FIRST, SECOND, THIRD)] == [True, True, False]


async def test_the_signal_alone_rejects_nobody_and_can_be_made_again(desk: Desk) -> None:
    await guard_scripts.put(desk.store, "loans", LOANS, ChangedBy("wang", NOW))
    await desk.call(SECOND, HEARD)
    verdict = await desk.call(SECOND)
    assert verdict.action is Action.CHALLENGE
    assert verdict.decision is not None
    assert "loans" in verdict.decision.text("zh-CN")
    found = [d async for page in guard_report.decisions(desk.store, NOW) for d in page]
    assert {replay(d.inputs, d.decision) for d in found} == {Replay.SAME}


async def test_the_numbers_beside_it_have_a_signal(desk: Desk) -> None:
    await guard_scripts.put(desk.store, "loans", LOANS, ChangedBy("wang", NOW))
    for last in "2345":
        await desk.call(f"{FIRST[:-1]}{last}", HEARD)
    verdict = await desk.call(f"{FIRST[:-1]}9")
    assert verdict.decision is not None
    assert "block" in {reason.rule for reason in verdict.decision.reasons}


async def test_who_called_before_the_report_is_known_after_it(desk: Desk) -> None:
    first, _ = await desk.call(FIRST, LOANS), await desk.call(SECOND, HEARD)
    assert not await desk.is_known(SECOND)
    await desk.screening.vote(first.call_id, nuisance=True)
    assert await desk.is_known(SECOND)


async def test_one_report_of_another_call_makes_no_script_two_do(desk: Desk) -> None:
    await desk.call(FIRST, LOANS)
    rang = await desk.call(FIRST)
    await desk.screening.vote(rang.call_id, nuisance=True)
    assert not await guard_scripts.scripts(desk.store)
    desk.clock.advance(60)
    other = await desk.screening.judge(Question(FIRST, "200", "PJSIP/carrier"))
    await desk.screening.records.finish()
    await desk.screening.vote(other.call_id, nuisance=True)
    (script,) = await guard_scripts.scripts(desk.store)
    assert (script.learned, script.text) == (True, LOANS)


async def test_an_appeal_takes_back_what_was_learned(desk: Desk) -> None:
    first, _ = await desk.call(FIRST, LOANS), await desk.call(SECOND, HEARD)
    await desk.screening.vote(first.call_id, nuisance=True)
    assert await desk.is_known(SECOND)
    await desk.screening.vote(first.call_id, nuisance=False)
    assert not await guard_scripts.scripts(desk.store)
    assert not await desk.is_known(SECOND)


async def test_few_words_are_not_kept(desk: Desk) -> None:
    verdict = await desk.call(FIRST, "hello it is me please call back")
    assert not await guard_scripts.spoken(desk.store, NOW)
    await desk.screening.vote(verdict.call_id, nuisance=True)
    assert not await guard_scripts.scripts(desk.store)


async def test_words_go_after_ninety_days_and_scripts_when_nobody_said_them(desk: Desk) -> None:
    first = await desk.call(FIRST, LOANS)
    await desk.screening.vote(first.call_id, nuisance=True)
    await guard_scripts.put(desk.store, "by hand", CLINIC, ChangedBy("wang", NOW))
    desk.clock.advance(80 * 86400)
    await desk.call(SECOND, HEARD)
    desk.clock.advance(11 * 86400)
    assert (await screened_calls.purge(desk.store, desk.clock.now() - dt.timedelta(days=90))) == {
        "opening words": 1, "screened calls": 1, "callers": 1
    }  # fmt: skip
    assert len(await guard_scripts.scripts(desk.store)) == 2, "it was said ten days ago"
    desk.clock.advance(80 * 86400)
    await desk.screening.purge()
    assert [s.name for s in await guard_scripts.scripts(desk.store)] == ["by hand"]


async def test_an_erased_caller_leaves_no_words(desk: Desk, database_url: str, tmp_path: Path) -> None:
    site = Site(desk.store, database_url, tmp_path)
    first = await desk.call(FIRST, LOANS)
    await desk.screening.vote(first.call_id, nuisance=True)
    why = Why(Clock().real_now(), "letter", "wang")
    gone = await guard_changes.erase(desk.store, FIRST, why, lambda e: sign(e, site.notary.key))
    assert gone["learned_script"] == 1
    assert site.ask("SELECT 1 FROM guard_transcript UNION ALL SELECT 1 FROM guard_script") == []


@pytest.mark.slow
def test_a_complaint_with_its_words_makes_a_script(tmp_path: Path, database_url: str) -> None:
    project = tmp_path / "p"
    make_project(project)
    when = (Clock().now() - dt.timedelta(hours=1)).isoformat()
    complaint = ("complaint", "received", FIRST, "--on", OTHER, "--time", when, "--text", "loans")
    short = agi_app(project, database_url, *complaint, "--transcript", "hello there")
    assert (short.returncode, "2 opening words would match too many callers" in short.stderr) == (1, True), short.stderr
    done = agi_app(project, database_url, *complaint, "--transcript", LOANS)
    assert done.returncode == 0, done.stderr
    (script,) = json.loads(agi_app(project, database_url, "guard", "script", "list", "--json").stdout)
    assert script["name"] in done.stdout
    assert (script["learned"], script["calls"]) == (True, 1)
    told = agi_app(project, database_url, "guard", "explain", FIRST)
    assert script["name"] in told.stdout.splitlines()[0], told.stdout
    assert "said (complaint, known script" in told.stdout
    (project / "said.txt").write_text(HEARD, "utf-8")
    with (project / "agi-app.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[speech]\nengine = "scripted"\nmodel = "said.txt"\n')
    spoken_one = ("complaint", "received", SECOND, *complaint[3:], "--recognise")
    assert "needs a recording" in agi_app(project, database_url, *spoken_one).stderr
    heard = agi_app(project, database_url, *spoken_one, "--evidence-file", str(SOUND))
    assert f"by the script {script['name']};" in heard.stdout, heard.stderr
    assert agi_app(project, database_url, "guard", "script", "add", "x", "--text", CLINIC).returncode == 0
    for name in ("x", script["name"]):
        assert agi_app(project, database_url, "guard", "script", "remove", name).returncode == 0
    assert "script" not in agi_app(project, database_url, "guard", "explain", FIRST).stdout.splitlines()[0]
    assert agi_app(project, database_url, "guard", "script", "remove", "x").returncode == 1
