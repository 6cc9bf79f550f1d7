"""Mutated flow files: whatever stands in one, the checks end soon and say clearly, at a place inside the file."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from agi_app.campaigns.checks.rule_catalogue import EXAMPLES, catalogue
from agi_app.errors import AuthorError, Problem
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.diagram.draw import draw
from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.simulator import Simulation
from agi_app.printable import one_line

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 5  # failing cases that are shown
STEP = 5_000  # cases between two words on the terminal
SECONDS = 2.0  # one file
WORDS = (
    *("flow", "languages", "identify", "business", "opt_out", "key", "confirm", "phrases", "start", "nodes", "play"),
    *("prompt", "barge_in", "gather", "keys", "digits", "min", "max", "end_key", "timeout", "attempts", "save", "on"),
    *("no_input", "no_match", "entered", "branch", "when", "goto", "else", "set", "disposition", "hangup", "say"),
    *("text", "value", "as", "record", "transfer", "call_back", "collect", "null", "true", "false", "yes", "~", "0"),
    *("-1", "1e9", ".inf", "0x10", "5s", "61s", "999999s", "1.5", "en", "zh-CN", "zh", "contact.age", "now.time"),
    *('"9"', "'9'", "[]", "{}", "[a]", "{a: b}", "&a", "*a", "!!str", "!x", "---", "...", "|", ">", "#", "%", "@"),
    *("`", "\t", ":", "-", "?", ",", "九", "\ufeff", "\x00", "\x1b[2J", "\x85", "\u2028", "\ud800", "é", "𝔘"),
)
INPUTS = ("listen", "silence", "1", "2", "9", "*9", "123#", "hangup")


def bases() -> list[str]:
    """The flow files that are spoilt: those of the examples, the tests and the rules."""
    files = sorted([*ROOT.glob("examples/*/flows/*.yaml"), *(ROOT / "tests" / "flows").glob("*.yaml")])
    texts = [file.read_text(encoding="utf-8") for file in files if not file.name.endswith(".case.yaml")]
    return [EXAMPLES["flow"], *texts]


def case(seed: int, index: int, texts: list[str]) -> str:
    """One spoilt file; the same seed and index make the same one."""
    chance = random.Random(f"{seed}/{index}")
    text = chance.choice(texts)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        text = chance.choice(MUTATIONS)(text, chance)
    return text


def _line_twice(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return "\n".join(lines)


def _line_away(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _lines_swapped(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _indented(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = " " * chance.choice((1, 2, 4)) + lines[at] if chance.random() < 0.5 else lines[at].removeprefix("  ")
    return "\n".join(lines)


def _word(text: str, chance: random.Random) -> str:
    """A word instead of another one, or between two."""
    words = text.split(" ")
    at = chance.randrange(len(words))
    words[at : at + chance.randrange(2)] = [chance.choice(WORDS)]
    return " ".join(words)


def _word_of_the_file(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words[chance.randrange(len(words))] = chance.choice(words)
    return " ".join(words)


def _character(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    new = chance.choice(("", chance.choice(":-[]{},\"'#&*!|>%@`\t\n \\9aé九"), chr(chance.randrange(0x110000))))
    return text[:at] + new + text[at + chance.randrange(2) :]


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _part_moved(text: str, chance: random.Random) -> str:
    begin, end = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    part, at = text[begin : min(end, begin + 200)], chance.randrange(len(text) + 1)
    return text[:at] + part + text[at:]


def _deep(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(("[", "{a: ", "- ", "'", "(")) * chance.choice((3, 50, 500)) + text[at:]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    *(_line_twice, _line_away, _lines_swapped, _indented, _word, _word, _word_of_the_file, _word_of_the_file),
    *(_character, _character, _cut, _part_moved, _deep),
)


class Slow(Exception):
    """A file took longer than ``SECONDS``."""


@contextmanager
def _in_time() -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise Slow(f"took longer than {SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fault_of(text: str, chance: random.Random) -> tuple[str | None, int, bool]:
    """What is wrong with how the checks take this file, if anything; how many problems they found; whether it ran."""
    try:
        with _in_time():
            problems, runs = _problems(text, chance)
    except Exception as error:  # noqa: BLE001 - any exception is what is looked for
        return f"{type(error).__name__}: {error}", 0, False
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not problems and not runs:
        return "no problem, and not run either", 0, False
    return next((wrong for problem in problems if (wrong := _unclear(problem, lines))), None), len(problems), runs


def _problems(text: str, chance: random.Random) -> tuple[list[Problem], bool]:
    """The problems of a file; one that has none that forbid a call is called and drawn, too."""
    try:
        parsed = parse_flow(text.encode("utf-8", "surrogatepass"), "f.yaml")
    except AuthorError as error:
        return list(error.problems), False
    facts = PromptFacts(True, "Hello, this is an automated call.", 8000, 1, 2, 3.0)
    prompts = {(language, "greeting"): facts for language in parsed.flow.languages}
    problems = check_flow(parsed, prompts)
    draw(parsed, prompts)
    fit = not any(
        p.severity == "error" and not p.rule.startswith(("flow/prompt", "flow/bus", "flow/opt-out-not"))
        for p in problems
    )
    if fit:
        simulation = Simulation(parsed.flow, prompts, {"age": "41"})
        simulation.start()
        for _ in range(40):
            simulation.feed(chance.choice(INPUTS[:-1]))
        simulation.feed("hangup")
        if not simulation.finished:
            raise AssertionError("the call goes on after its end")
    return problems, fit


def _unclear(problem: Problem, lines: list[str]) -> str | None:
    if problem.rule not in catalogue():
        return f"a rule that is not in the catalogue: {problem}"
    if not 1 <= problem.line <= max(1, len(lines)):
        return f"the line is not in the file: {problem}"
    if not 1 <= problem.column <= len(lines[problem.line - 1]) + 1:
        return f"the column is not in line {problem.line}: {problem}"
    if not problem.message.strip() or one_line(problem.message) != problem.message:
        return f"no clear message: {problem!r}"
    return None


def run(cases: int, seed: int, only: int | None) -> int:
    """Try ``cases`` spoilt files of ``seed``, or the one named ``only``; prints what failed, returns the status."""
    texts, failed, called, found, began = bases(), 0, 0, 0, time.monotonic()
    index = 0
    for index in [only] if only is not None else range(cases):
        text = case(seed, index, texts)
        fault, problems, calls = fault_of(text, random.Random(index))
        found, called = found + problems, called + calls
        if fault or only is not None:
            print(f"case {index}: {fault or 'no fault'}")
        if only is not None:
            print(text)
        failed += fault is not None
        if failed == ENOUGH:
            break
        if index and index % STEP == 0:
            print(f"{index} of {cases} files, {index / (time.monotonic() - began):.0f} a second", file=sys.stderr)
    count = 1 if only is not None else min(cases, index + 1)
    print(
        f"seed {seed}: {count} files, {found} problems, {called} fit to call with, {failed} failed,"
        f" {time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0
