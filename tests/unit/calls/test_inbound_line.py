"""A line: which number it is, what its flow may do, and that stops are on disk before the caller hears so."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from agi_app.calls.inbound_line import InboundLine, caller_number, line_of
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.lines import InboundLineSettings
from agi_app.config.trunks import PortSettings
from agi_app.dialer.inbound.call_limits import too_many
from agi_app.dialer.inbound.inbound_call import InboundCall
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import KeyPressed, OptOutStored, PromptFinished, StopStored
from agi_app.flow.engine.session import Session
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.steps import GotoStep
from agi_app.flow.load import load_flow
from agi_app.flow.syntax.names_and_limits import MAX_STOPS_PER_CALL
from agi_app.model.phone import country_and_zones, parse

NUMBER = "+999862155500001"
FLOW = load_flow(
    """\
flow: line
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: stopped, without_number: other}
start: welcome
nodes:
  welcome:
    - language: {prompt: welcome, keys: {"1": zh-CN, "2": en}, attempts: 1}
    - gather: {prompt: menu, keys: {"2": other}}
      on: {other: other, no_input: bye}
  other:
    - stop_number: {prompt: key_in, confirm: {prompt: right}, attempts: 2}
      on: {stopped: done, no_input: bye, no_match: wrong}
  done:
    - play: done
    - goto: bye
  wrong:
    - play: wrong
    - goto: bye
  bye:
    - hangup
""",
    "line.yaml",
)


class Talk:
    """A call to the line, key by key; what plays is heard out only where the test says so."""

    def __init__(self, *, shown: bool = True, region: str | None = "GB", flow: Flow = FLOW) -> None:
        self.session = Session.begin(flow, {}, caller=Caller(shown, region))
        self.last = self.session.start()

    def keys(self, digits: str) -> Talk:
        for digit in digits:
            self.last = self.session.handle(KeyPressed(digit))
            self.session = Session.restore(FLOW, self.session.state)  # whatever it knows survives being kept
        return self

    def hear(self) -> Talk:
        self.last = self.session.handle(PromptFinished(str(self.session.state["playback"])))
        return self

    @property
    def plays(self) -> tuple[str, str] | None:
        found = [c for c in self.last if isinstance(c, do.PlayPrompt)]
        return (found[0].prompt, found[0].language) if found else None


def test_the_welcome_is_said_in_each_language_until_a_key_chooses() -> None:
    talk = Talk()
    assert talk.plays == ("welcome", "zh-CN")
    talk.hear()
    talk.last = talk.session.handle(KeyPressed("5"))  # a wrong key: the next language
    assert talk.plays == ("welcome", "en")
    assert talk.keys("2").plays == ("menu", "en")


def test_who_chooses_nothing_goes_on_in_the_first_language() -> None:
    talk = Talk().hear().keys("5").hear().keys("5")
    assert talk.plays == ("menu", "zh-CN")


def test_9_stops_the_number_that_the_call_shows() -> None:
    talk = Talk().keys("9")
    assert do.StoreOptOut("key") in talk.last
    assert talk.session.handle(OptOutStored()) == [do.PlayPrompt("p2", "stopped", "zh-CN")]


def test_9_of_a_caller_without_a_number_asks_for_one_and_stores_nothing_yet() -> None:
    talk = Talk(shown=False).keys("9")
    assert talk.plays == ("key_in", "zh-CN")
    assert not talk.session.opted_out
    talk.keys("07700900123#1")
    assert talk.last[-1] == do.StoreStop("+447700900123")
    assert talk.session.opted_out is False


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("07700900123", "+447700900123"),
        ("00447700900123", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("0099986138000110", "+99986138000110"),
        ("0012125550123", "+12125550123"),
    ],
)
def test_a_keyed_number_is_read_by_the_country_of_the_line(typed: str, number: str) -> None:
    talk = Talk().keys("22" + typed + "#")
    (said,) = [c for c in talk.last if isinstance(c, do.SayPieces)]
    assert "".join(str(part.name).removeprefix("num/") for part in said.parts) == typed  # type: ignore[union-attr]
    assert talk.keys("1").last[-1] == do.StoreStop(number)
    assert talk.session.handle(KeyPressed("1")) == [], "nothing counts until it is stored"
    talk.last = talk.session.handle(StopStored())
    assert talk.plays == ("done", "en")


def test_what_is_no_number_or_is_not_right_is_asked_for_again_and_then_left() -> None:
    talk = Talk().keys("22" + "99999#")
    assert talk.plays == ("key_in", "en")
    talk.keys("07700900123#2")
    assert talk.plays == ("wrong", "en")
    assert not any(isinstance(c, do.StoreStop) for c in talk.last)


def test_one_call_stops_a_few_numbers_and_not_a_whole_town() -> None:
    again = FLOW.model_copy(update={"nodes": {**FLOW.nodes, "done": [GotoStep(goto="other")]}})
    session = Session.begin(again, {}, caller=Caller(True, "GB"))
    session.start()
    stored = []
    for key in "22" + "07700900123#1" * (MAX_STOPS_PER_CALL + 1):
        stops = [c for c in session.handle(KeyPressed(key)) if isinstance(c, do.StoreStop)]
        stored += stops
        if stops:
            session.handle(StopStored())
    assert len(stored) == MAX_STOPS_PER_CALL


@pytest.mark.parametrize(
    ("called", "found"),
    [
        (NUMBER, True),
        (NUMBER.removeprefix("+"), True),
        (f"00{NUMBER.removeprefix('+')}", True),
        ("02155500001", True),
        ("2155500001", True),
        ("55500001", False),
        ("+999862155500002", False),
        ("", False),
    ],
)
def test_carriers_write_our_number_in_several_ways(called: str, found: bool) -> None:
    line = InboundLine("main", NUMBER, FLOW, "", 10, 600.0)
    assert (line_of(called, [line]) is line) is found


def test_a_number_that_two_lines_end_with_is_nobodys() -> None:
    lines = [InboundLine(n, number, FLOW, "", 1, 60.0) for n, number in (("a", NUMBER), ("b", "+999442155500001"))]
    assert line_of("02155500001", lines) is None
    assert line_of("+999442155500001", lines) is lines[1]


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("+447700900123", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("07700900123", "+447700900123"),
        ("anonymous", None),
        ("1001", None),
        ("", None),
        ("Unknown", None),
    ],
)
def test_what_a_call_shows_is_a_number_or_none(shown: str, number: str | None) -> None:
    found = caller_number(shown, "GB")
    assert (None if found is None else found.e164) == number


def test_a_service_number_has_a_country_too() -> None:
    """A freephone number of ours: nobody may be called there, but people call it."""
    assert country_and_zones("+448081570001") == ("GB", ["Europe/London"])


def test_check_names_lines_without_a_lawful_flow(tmp_path: Path) -> None:
    project = tmp_path / "p"
    make_project(project)
    assert read_project(project, {"sandbox"}).problems == []
    file = project / "agi-app.toml"
    good = file.read_text("utf-8")
    file.write_text(
        good.replace('flow = "who-called"', 'flow = "checkup-reminder"')
        + '\n[lines.other]\nnumber = "+999862155500002"\nflow = "who-caled"\n',
        "utf-8",
    )
    (project / "campaigns" / "wrong.yaml").write_text(
        (project / "campaigns" / "march-checkup.yaml")
        .read_text("utf-8")
        .replace("campaign: march-checkup", "campaign: wrong")
        .replace("flow: checkup-reminder", "flow: who-called"),
        "utf-8",
    )
    found = {(p.rule, p.file) for p in read_project(project, {"sandbox"}).problems}
    assert found == {
        ("line/flow", "agi-app.toml"),
        ("line/unknown-flow", "agi-app.toml"),
        ("campaign/line-flow", "campaigns/wrong.yaml"),
    }
    lines = {p.rule: p.line for p in read_project(project, {"sandbox"}).problems}
    text = file.read_text("utf-8").splitlines()
    assert text[lines["line/flow"] - 1] == "[lines.main]"
    assert text[lines["line/unknown-flow"] - 1] == "[lines.other]"


def test_a_full_line_and_a_caller_that_redials_leave_room_for_others() -> None:
    """Each line counts for itself; callers without a number cannot be told apart."""
    mine, other = (InboundLine(name, NUMBER, FLOW, "", 3, 60.0) for name in ("mine", "other"))

    def call(line: InboundLine, caller: str | None) -> InboundCall:
        return InboundCall(line, None if caller is None else parse(caller), dt.datetime(2026, 3, 3, tzinfo=dt.UTC))

    twice = [call(mine, "+447700900123"), call(other, "+447700900123")]
    assert "2 calls from this number" in too_many(call(mine, "+447700900123"), twice)
    assert too_many(call(mine, "+447700900124"), twice) == ""
    hidden = [call(mine, None), call(mine, None)]
    assert too_many(call(mine, None), hidden) == ""
    assert "3 calls at once" in too_many(call(mine, None), [*hidden, call(mine, None)])
    assert too_many(call(other, None), [*hidden, call(mine, None)]) == ""


@pytest.mark.attack("row 22: a caller who shows letters is taken for a number, and somebody else's calls are stopped")
@pytest.mark.parametrize("shown", ["1-800-FLOWERS", "+1800FLOWERS", "Clinic", "2015550101x5", "+1 201 555 O101"])
def test_letters_that_a_call_shows_are_no_number(shown: str) -> None:
    assert caller_number(shown, "US") is None


@pytest.mark.attack("row 22: a caller ID of letters")
@pytest.mark.parametrize("number", ["+1800FLOWERS", "Clinic", "+8621５５５００００１", "+99986215550٠001"])
def test_a_line_has_a_number_of_plain_digits(number: str) -> None:
    """A number in other digits would never be the one that is called, nor a proved one."""
    with pytest.raises(ValidationError):
        InboundLineSettings(number=number, flow="line")
    with pytest.raises(ValidationError):
        PortSettings(number=number)
