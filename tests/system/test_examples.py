"""The two example campaigns with spoken answers, called in a sandbox whose people speak: what stands in the report.

Both run side by side. The scripted recogniser is told what each says; where the extra `whisper` and its model are
installed, they are really understood as well.
"""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agi_app.config.destinations import number_by_trunk
from sandbox.callees import read_callees
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from sandbox.root import ensure_root, ensure_tools
from sandbox.sip import CarrierCall
from sandbox.world import World, settings_toml
from tests.system.conftest import NewDatabase
from tests.system.site import CALLER_ID, EXAMPLES, LETTER, prove_phones, until
from tests.system.watched import WATCHED

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.examples]

CLOCK = "2026-03-03T10:30:00+08:00"
WHISPER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agi-app" / "speech" / "whisper-base"
ADVISOR, BUSY_ADVISOR = "PJSIP/+999861380099959@sandbox-carrier", "PJSIP/+999861380099920@sandbox-carrier"
LATE = "+999861355201754"  # interested, when the advisor is busy
SURVEY_SAID = "很满意\n我打九分\n是的我会的\n不满意\n三分\n不会我不会\n等的时间太长了\n不要再打了\n一般吧\n是的我会的\n"
OFFER_SAID = (
    "我很感兴趣\n我考虑一下\n不需要谢谢\nyes I am very interested\nstop calling me\nI am not interested thank you\n"
)
LATE_SAID = "yes I am very interested\n"
DEADLINE_S = 7  # a slow machine is not what is tested; a person waits no longer for the next question
MOST_S = 420.0


class Trial:
    """One example in a world of its own, driven as its README says."""

    def __init__(self, example: str, campaign: str, folder: Path, database_url: str, engine: str) -> None:
        self.campaign, self._engine, self._database_url = campaign, engine, database_url
        self.project = folder / example
        shutil.copytree(EXAMPLES / example, self.project)
        prompts = self.project / "prompts"
        speaking = read_callees(self.project / "callees.toml", prompts).people
        self.world = World(ensure_root(print), folder / "world", prompts_dir=prompts, speaking=speaking)
        self.app = AgiApp(self.project, folder, lambda _: None, env={**os.environ, "DATABASE_URL": database_url})
        WATCHED.add(self.world.asterisk, [], database_url, self.project / "var")
        # One after the other: the scripted recogniser understands in the order of the calls, and two real ones at once
        # would be late on a machine that is busy with other tests.
        file = self.project / "campaigns" / f"{campaign}.yaml"
        lines = file.read_text("utf-8").splitlines()
        lines = ["pace: {calls_per_second: 2, concurrent: 1}" if n.startswith("pace:") else n for n in lines]
        file.write_text("\n".join(lines) + "\n", "utf-8")

    def configure(self, said: str, advisor: str = ADVISOR) -> None:
        """Write the settings; workers and commands started later go by them."""
        (self.project / "said.txt").write_text(said, "utf-8")
        model = "said.txt" if self._engine == "scripted" else str(WHISPER)
        write_settings(
            self.project,
            f"{settings_toml(self.world.asterisk, trunk='sandbox')}\n"
            f'[destinations.advisor]\nendpoint = "{advisor}"\n\n'
            f'[speech]\nengine = "{self._engine}"\nmodel = "{model}"\ndeadline = {DEADLINE_S}\n\n'
            f'[sandbox]\nclock = "{CLOCK}"\n',
        )

    def prepare(self) -> None:
        """Everything before the first call."""
        self.app.ask("migrate")
        self.app.ask("check")
        advisors = [found[0] for found in map(number_by_trunk, (ADVISOR, BUSY_ADVISOR)) if found]
        asyncio.run(prove_phones(self.project, self._database_url, advisors))
        self.app.ask("callerid", "prove", CALLER_ID, "--letter", str(LETTER))
        self.app.ask("consent", "import", "consent.csv")
        self.app.ask("contacts", "import", self.campaign, "contacts.csv")
        self.app.ask("campaign", "start", self.campaign)

    def is_quiet(self) -> bool:
        """Nobody is called, and nobody is due."""
        status = json.loads(self.app.ask("campaign", "status", self.campaign, "--json"))
        return not status["open_attempts"] and not status["due_now"]

    def report(self) -> dict[str, Any]:
        """``report --format json``."""
        found: dict[str, Any] = json.loads(self.app.ask("report", self.campaign, "--format", "json"))
        return found

    def attempts(self) -> dict[str, dict[str, Any]]:
        """The last call of each contact that was called, by external id."""
        return {a["external_id"]: a for a in self.report()["attempt_list"]}

    def number_of(self, contact: str) -> str:
        """The number of a contact."""
        with (self.project / "contacts.csv").open(encoding="utf-8", newline="") as file:
            return next(row["number"] for row in csv.DictReader(file) if row["external_id"] == contact)

    def calls(self, number: str) -> list[CarrierCall]:
        """What the carrier saw of calls to it."""
        return [c for c in self.world.capture.calls() if c.to_user == number]


@pytest.fixture(scope="module", params=["scripted", "faster-whisper"])
def trials(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Trial, Trial]]:
    """Both campaigns, called to their end."""
    engine = request.param
    if engine != "scripted" and not (importlib.util.find_spec("faster_whisper") and WHISPER.is_dir()):
        pytest.skip("the extra whisper or its model is not installed")
    ensure_tools(print)
    survey = Trial("visit-survey", "march-visits", tmp_path_factory.mktemp("survey"), new_database(), engine)
    offer = Trial("whitening", "march-whitening", tmp_path_factory.mktemp("offer"), new_database(), engine)
    with ExitStack() as stack:
        for trial, said in ((survey, SURVEY_SAID), (offer, OFFER_SAID)):
            stack.enter_context(trial.world)
            trial.configure(said)
            trial.prepare()
        with survey.app.worker("worker.log"):
            with offer.app.worker("worker.log"):
                until("the offers are made", offer.is_quiet, MOST_S, 1.0)
            _while_the_advisor_is_busy(offer)
            until("the survey is done", survey.is_quiet, MOST_S, 1.0)
        yield survey, offer


def _while_the_advisor_is_busy(offer: Trial) -> None:
    offer.configure(LATE_SAID, BUSY_ADVISOR)
    columns = "external_id,number,language,name\n"
    (offer.project / "late.csv").write_text(f"{columns}W4009,{LATE},en,Iris Late\n", "utf-8")
    consent = (offer.project / "consent.csv").read_text("utf-8").splitlines()
    line = consent[4].replace(offer.number_of("W4004"), LATE)
    (offer.project / "late-consent.csv").write_text(f"{consent[0]}\n{line}\n", "utf-8")
    offer.app.ask("consent", "import", "late-consent.csv")
    offer.app.ask("contacts", "import", "march-whitening", "late.csv")
    with offer.app.worker("worker-late.log"):
        until("the late one was called", lambda: "W4009" in offer.attempts() and offer.is_quiet(), MOST_S, 1.0)


def _found(trial: Trial, contacts: str, of: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    attempts = trial.attempts()
    return {contact: of(attempts[contact]) for contact in contacts.split()}


def test_the_survey_has_the_answers_that_were_spoken(trials: tuple[Trial, Trial]) -> None:
    survey, _ = trials
    assert _found(survey, "F3001 F3002 F3003 F3004 F3005", lambda a: a["disposition"]) == {
        "F3001": "happy",
        "F3002": "unhappy",
        "F3003": "opted_out",
        "F3004": "happy",
        "F3005": "no_answer_given",
    }
    answers = _found(survey, "F3001 F3002 F3003 F3004", lambda a: a["answers"])
    assert answers["F3001"] == {"overall": "satisfied", "score": "9", "recommend": "yes"}
    remark = answers["F3002"].pop("remark")
    assert "时间太长" in remark
    assert answers["F3002"] == {"overall": "dissatisfied", "score": "3", "recommend": "no"}
    assert answers["F3003"] == {}
    assert answers["F3004"] == {"overall": "so_so", "score": "8", "recommend": "yes"}
    assert survey.attempts()["F3006"]["outcome"] == "busy"
    totals = survey.report()
    assert totals["refused"] == {"consent_missing": 1, "consent_purpose": 1}


def test_the_offer_is_graded_handed_over_and_called_back(trials: tuple[Trial, Trial]) -> None:
    _, offer = trials
    wanted = "W4001 W4002 W4003 W4004 W4005 W4006 W4007 W4009"
    assert _found(offer, wanted, lambda a: a["disposition"]) == {
        "W4001": "advised",
        "W4002": "call_back",
        "W4003": "not_interested",
        "W4004": "advised",
        "W4005": "opted_out",
        "W4006": "not_interested",
        "W4007": "hung_up",
        "W4009": "call_back",
    }
    assert _found(offer, "W4001 W4002 W4003 W4009", lambda a: a["answers"].get("interest")) == {
        "W4001": "high",
        "W4002": "some",
        "W4003": "none",
        "W4009": "high",
    }
    assert offer.attempts()["W4002"]["answers"]["call_back"] == "2026-03-04T15:00+08:00"
    assert offer.attempts()["W4009"]["answers"]["call_back"] == "2026-03-04T10:00+08:00"
    states = {c["external_id"]: c["state"] for c in offer.report()["contact_list"]}
    assert (states["W4002"], states["W4009"], states["W4001"]) == ("pending", "pending", "done")
    assert offer.report()["refused"] == {"consent_purpose": 1}


def test_a_spoken_stop_in_the_greeting_ends_the_call(trials: tuple[Trial, Trial]) -> None:
    """The carrier sees our BYE long before the greeting and the question would have ended."""
    for trial, contact in zip(trials, ("F3003", "W4005"), strict=True):
        (call,) = trial.calls(trial.number_of(contact))
        assert call.bye_from == "us"
        assert (call.bye_at or 0) - (call.answered_at or 0) < 12
