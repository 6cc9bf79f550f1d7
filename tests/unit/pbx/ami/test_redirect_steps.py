"""Which steps of a dialplan follow a redirect, and where a call may get to."""

from __future__ import annotations

from typing import Any, cast

import pytest

from agi_app.pbx.ami.connection import ActionRefused, Ami
from agi_app.pbx.ami.redirect_steps import Step, contexts_of, following, leads_to, told


def step(application: str, data: str = "", context: str = "here") -> Step:
    return Step(context, "s", application, data)


@pytest.mark.parametrize(
    ("application", "data", "follows"),
    [
        ("Dial", "PJSIP/desk", True),
        ("Dial", "PJSIP/desk,30", True),
        ("Dial", "PJSIP/desk,30,tr", True),
        ("Dial", "PJSIP/desk,30,i", False),
        ("dial", "PJSIP/desk,30,tiF(agi-app-after-call^s^1)", False),
        ("Dial", "PJSIP/desk,30,F(a-within^i^1)", True),  # the i of an argument is none
        ("Dial", "PJSIP/desk,30,${DIAL_OPTIONS}", True),  # nobody knows
        ("Queue", "sales,n,,,60", True),
        ("Queue", "sales,ni,,,60", False),
        ("Queue", "sales", True),
        ("Playback", "hello", False),
    ],
)
def test_an_i_among_the_options_ends_it(application: str, data: str, follows: bool) -> None:
    assert step(application, data).follows is follows


@pytest.mark.parametrize(
    ("application", "data", "contexts"),
    [
        ("Goto", "a,s,1", ["a"]),
        ("Goto", "s,1", []),
        ("Goto", "label", []),
        ("GotoIf", "$[1 = 1]?a,s,1:b,${EXTEN},1", ["a", "b"]),
        ("GotoIf", "$[1]?label", []),
        ("Gosub", "agi-app-ask,s,1(screen,${called})", ["agi-app-ask"]),
        ("Dial", "Local/7@phones/n&Local/8@more,20", ["phones", "more"]),
        ("Dial", "PJSIP/7@carrier", []),
    ],
)
def test_where_a_step_leads(application: str, data: str, contexts: list[str]) -> None:
    assert leads_to(step(application, data)) == contexts


def test_the_context_of_what_a_destination_dials() -> None:
    assert contexts_of("Local/advisers@agi-app-queue/n") == ["agi-app-queue"]
    assert contexts_of("PJSIP/front-desk") == []


class Asterisk:
    """A dialplan as ShowDialPlan tells it: (context, extension, application, data), or (context, included)."""

    def __init__(self, *lines: tuple[str, ...]) -> None:
        self.lines = lines
        self.asked: list[str] = []

    async def ask(self, question: str, **values: str) -> list[dict[str, Any]]:
        self.asked.append(values["Context"])
        here = [line for line in self.lines if line[0] == values["Context"]]
        if not here:
            raise ActionRefused("Did not find context")
        told = [
            {"Context": line[0], "IncludeContext": line[1]}
            if len(line) == 2
            else {"Context": line[0], "Extension": line[1], "Application": line[2], "AppData": line[3]}
            for line in here
        ]
        return [{"Response": "Success"}, *({"Event": "ListDialplan", **one} for one in told)]


async def test_what_a_call_may_reach_is_followed_once_and_nothing_else() -> None:
    plan = Asterisk(
        ("in", "local"),
        ("in", "_X.", "Goto", "away,s,1"),
        ("local", "1", "Dial", "PJSIP/a,30"),
        ("local", "in"),  # round and round
        ("away", "s", "Dial", "PJSIP/b,30,i"),
        ("elsewhere", "s", "Dial", "PJSIP/c"),
    )
    found = await following(cast(Ami, plan), ["in", "in", "nowhere"])
    assert [(one.context, one.data) for one in found] == [("local", "PJSIP/a,30")]
    assert plan.asked == ["in", "nowhere", "local", "away"]


def test_many_places_are_told_shortly() -> None:
    steps = [step("Dial", context=f"c{n}") for n in range(5)]
    assert told([*steps, steps[0]]) == "Dial in [c0] s, Dial in [c1] s, Dial in [c2] s and 2 more"
