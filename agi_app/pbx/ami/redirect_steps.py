"""Which steps of a dialplan follow a redirect: each Dial and Queue without the option ``i``, as AMI shows them.

A telephone that answers 302 chooses whom Asterisk calls next where the ``i`` is missing. Only what is written out can
be detected: options that come from a variable count as missing, and a context that a variable names is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agi_app.messages import t
from agi_app.pbx.ami.connection import ActionRefused, Ami

MOST_CONTEXTS = 100  # that are looked at
_OPTIONS_AT = {"dial": 2, "queue": 1}  # which argument holds the options, counted from 0
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_JUMPS = ("goto", "gotoif", "gosub", "gosubif")
_LOCAL = re.compile(r"Local/[^@&,]*@([\w-]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One priority of an extension."""

    context: str
    extension: str
    application: str
    data: str

    @property
    def follows(self) -> bool:
        """Whether a redirect of who is called here is followed."""
        if (at := _OPTIONS_AT.get(self.application.lower())) is None:
            return False
        arguments = self.data.split(",")
        return "i" not in _IN_PARENTHESES.sub("", arguments[at] if len(arguments) > at else "")


async def following(ami: Ami, contexts: Iterable[str]) -> list[Step]:
    """Those steps of these contexts, and of the ones that they lead to. Raises AsteriskError."""
    found, seen, todo = [], set[str](), list(dict.fromkeys(contexts))
    while todo and len(seen) < MOST_CONTEXTS:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        steps, includes = await _context(ami, name)
        found += [step for step in steps if step.follows]
        todo += [*includes, *(led for step in steps for led in leads_to(step))]
    return found


def leads_to(step: Step) -> list[str]:
    """The contexts that this step names: of a jump, or of a Local channel that it dials."""
    if step.application.lower() in _JUMPS:
        return [part[0] for part in _targets(step.data) if len(part) == 3]
    return contexts_of(step.data)


def contexts_of(dialled: str) -> list[str]:
    """Where in the dialplan the Local channels among these endpoints run."""
    return _LOCAL.findall(dialled)


def _targets(data: str) -> list[list[str]]:
    """``context,extension,priority`` of each place where a jump may go."""
    branches = data.rpartition("?")[2].split(":")
    return [[one.strip() for one in branch.partition("(")[0].split(",")] for branch in branches]


def told(steps: Collection[Step], most: int = 3) -> str:
    """The places, in words."""
    places = list(dict.fromkeys(f"{step.application} in [{step.context}] {step.extension}" for step in steps))
    return ", ".join(places[:most]) + (t(" and {places} more", places=len(places) - most) if len(places) > most else "")


async def _context(ami: Ami, name: str) -> tuple[list[Step], list[str]]:
    """Its steps, and the contexts that it includes."""
    try:
        answers = await ami.ask("ShowDialPlan", Context=name)
    except ActionRefused:  # there is none of that name, or the user may not look
        return [], []
    lines = [message for message in answers if message.get("Event") == "ListDialplan"]
    steps = [
        Step(line["Context"], line.get("Extension", ""), line["Application"], line.get("AppData", ""))
        for line in lines
        if "Application" in line
    ]
    return steps, [line["IncludeContext"] for line in lines if "IncludeContext" in line]
