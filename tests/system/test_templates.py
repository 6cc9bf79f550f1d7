"""The templates of `agi-app init --template`, all in one project as the page tells: each calls its sample people."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.project_templates import TEMPLATES
from agi_app.flow.check.graph import first_prompts
from agi_app.flow.language.asking_steps import GatherStep
from agi_app.flow.load import load_flow
from sandbox.callees import read_callees
from sandbox.commands import AgiApp
from sandbox.project import write_settings
from sandbox.root import ensure_root, ensure_tools
from sandbox.speaker import Person
from sandbox.world import World, line_toml, settings_toml
from tests.system.conftest import NewDatabase
from tests.system.site import CALLER_ID, until
from tests.system.watched import WATCHED

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CLOCK = "2026-03-03T10:00:00+08:00"  # that of `scripts/sandbox up`
EVENING = "2026-03-03T18:05:00+08:00"  # `not_after` of the deliveries is 18:00
MOST_S = 110.0
DESKS = {"front-desk": "answers"}

NOT_REACHED = "+999861380377124"  # a delivery to somebody whose network answers 503: `retry` has it in five minutes

# Numbers that end in 01: the sandbox's person who presses 1 after 1.5 s, in the greeting, and nothing later.
PRIVATE = {"appointment": "+999861380377201", "delivery": "+999861380377301", "recall": "+999861380377401"}
PRIVATE |= {
    "payment-reminder": "+999861380377501"
}  # the templates that ask who it is -> somebody who presses too early

# What the sample people of each come to, in the order of its list.
COMES_TO = {
    "appointment": ["confirmed", "change_requested", "wrong_number", "opted_out"],
    "delivery": ["at_home", "safe_place", "wrong_number", "opted_out"],
    "recall": ["understood", "wants_callback", "wrong_number", "opted_out"],
    "survey": ["answered", "later", "wrong_number", "opted_out"],
    "closing-notice": ["heard", "heard", "wrong_number", "opted_out"],
    "school-notice": ["understood", "understood", "wrong_number", "opted_out"],
    "payment-reminder": ["will_pay", "wants_callback", "wrong_number", "opted_out"],
}
ANSWERS = {
    "appointment": {"answer": "confirm"},
    "survey": {"service": "5", "hours": "yes", "recommend": "yes"},
    "payment-reminder": {"birthday": "0305", "answer": "will_pay"},
}


class Called:
    """One project with every template, and what came of its calls."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.project, self._database_url = folder / "project", database_url
        self.people: dict[str, list[dict[str, str]]] = {}
        speaking: dict[str, Person] = {}
        for name in TEMPLATES:
            new = folder / name
            make_project(new, name)
            if not self.project.exists():
                shutil.copytree(new, self.project)
            for kind in ("flows", "campaigns"):
                shutil.copy(new / kind / f"{name}.yaml", self.project / kind)
            subprocess.run(["cp", "-rn", str(new / "prompts"), str(self.project)], check=True)
            self._lists_of(new, name)
            speaking |= read_callees(new / "callees.toml", new / "prompts").people
            with (new / "contacts.csv").open(encoding="utf-8", newline="") as file:
                self.people[name] = list(csv.DictReader(file))
        prompts = self.project / "prompts"
        self.world = World(ensure_root(print), folder / "world", prompts_dir=prompts, speaking=speaking, desks=DESKS)
        self.app = AgiApp(self.project, folder, lambda _: None, env={**os.environ, "DATABASE_URL": database_url})
        WATCHED.add(self.world.asterisk, [], database_url, self.project / "var")

    def run(self) -> None:
        """As the page of each template says, from the settings to the last call."""
        self._set_clock(CLOCK)
        self.app.ask("migrate")
        self.app.ask("check")
        self.app.ask("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
        self.app.ask("consent", "import", "consents.csv")
        for name in TEMPLATES:
            self.app.ask("contacts", "import", name, f"{name}.csv")
            self.app.ask("campaign", "start", name)
        everybody = sum(map(len, self.people.values())) + 1 + len(PRIVATE)
        with self.app.worker("worker.log"):
            until("everybody was called", lambda: self._calls_over() == everybody, MOST_S, 1.0)

    def evening_comes(self) -> None:
        """The deliveries have been made; the campaign still runs."""
        self._set_clock(EVENING)
        with self.app.worker("evening.log"):
            until("who was not reached is out of date", lambda: self.state(NOT_REACHED) == "expired", 20.0, 1.0)

    def heard_out_s(self, name: str) -> float:
        """How long the greeting in Chinese takes and the question behind it, as often as the flow asks it."""
        flow = load_flow((self.project / "flows" / f"{name}.yaml").read_bytes(), name)
        (asks,) = (step.gather for _, step in flow.steps_of(GatherStep) if step.gather.prompt == "who")
        (first,) = first_prompts(flow)
        return self._seconds(first.prompt) + asks.attempts * self._seconds("who")

    def _seconds(self, prompt: str) -> float:
        with wave.open(str(self.project / "prompts" / "zh-CN" / f"{prompt}.wav"), "rb") as file:
            return file.getnframes() / file.getframerate()

    def state(self, number: str) -> str:
        """What became of a contact of the deliveries."""
        report = json.loads(self.app.ask("report", "delivery", "--format", "json"))
        (state,) = [one["state"] for one in report["contact_list"] if one["external_id"] == number.removeprefix("+")]
        return str(state)

    def _set_clock(self, clock: str) -> None:
        reach = f"{settings_toml(self.world.asterisk, trunk='sandbox')}\n{line_toml(self.project, DESKS)}\n"
        write_settings(self.project, f'{reach}[sandbox]\nclock = "{clock}"\n')

    def _lists_of(self, new: Path, name: str) -> None:
        """The contacts of a template, and its consents behind those of the others; and some more people."""
        contacts, consents = ((new / f"{kind}.csv").read_text("utf-8").splitlines() for kind in ("contacts", "consent"))
        number = contacts[1].split(",")[1]
        for other in (*([NOT_REACHED] if name == "delivery" else ()), *([PRIVATE[name]] if name in PRIVATE else ())):
            contacts.append(f"{other[1:]}{contacts[1].removeprefix('1').replace(number, other)}")
            consents.append(consents[1].replace(number, other))
        (self.project / f"{name}.csv").write_text("\n".join(contacts) + "\n", "utf-8")
        all_consents = self.project / "consents.csv"
        with all_consents.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in consents[1 if file.tell() else 0 :])

    def _calls_over(self) -> int:
        with psycopg.connect(self._database_url) as connection:
            found = connection.execute("SELECT count(*) FROM attempt WHERE state = 'ended'").fetchone()
        return found[0] if found else 0


@pytest.fixture(scope="module")
def called(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    """All of them were called, at once."""
    ensure_tools(print)
    project = Called(tmp_path_factory.mktemp("templates"), new_database())
    with ExitStack() as stack:
        stack.enter_context(project.world)
        project.run()
        yield project


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_sample_people_come_to_what_its_flow_says(called: Called, name: str) -> None:
    report = json.loads(called.app.ask("report", name, "--format", "json"))
    attempts = {one["external_id"]: one for one in report["attempt_list"]}
    assert [attempts[person["external_id"]]["disposition"] for person in called.people[name]] == COMES_TO[name]
    assert len(report["attempt_list"]) == len(called.people[name]) + (name == "delivery") + (name in PRIVATE)
    assert ANSWERS.get(name, {}).items() <= attempts["1"]["answers"].items()
    assert report["refused"] == {}
    numbers = [call.to_user for call in called.world.capture.calls()]
    assert [numbers.count(person["number"]) for person in called.people[name]] == [1] * len(called.people[name])


@pytest.mark.parametrize("name", PRIVATE)
def test_a_key_pressed_in_the_greeting_confirms_nothing(called: Called, name: str) -> None:
    """On the line: somebody pressed 1 before the question who they are, then nothing; the call told nothing."""
    report = json.loads(called.app.ask("report", name, "--format", "json"))
    (attempt,) = [one for one in report["attempt_list"] if one["external_id"] == PRIVATE[name][1:]]
    assert (attempt["outcome"], attempt["disposition"], attempt["answers"]) == ("answered", "not_confirmed", {})
    (call,) = [one for one in called.world.capture.calls() if one.to_user == PRIVATE[name]]
    assert call.answered_at is not None
    assert call.open_until - call.answered_at > called.heard_out_s(name), "the question was asked to its end, each time"


def test_on_the_evening_of_the_delivery_nobody_is_called_again(called: Called) -> None:
    """`retry` would have it five minutes later; by then `not_after` has come."""
    assert called.state(NOT_REACHED) == "pending"
    called.evening_comes()
    assert [call.to_user for call in called.world.capture.calls()].count(NOT_REACHED) == 1
