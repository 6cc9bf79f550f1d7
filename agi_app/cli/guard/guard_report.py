"""guard explain, report, replay, appeal, complain: what the guard did, why, and whether it was right."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, login_name, say, say_json, table, with_installation
from agi_app.errors import InputError
from agi_app.guard.call import read_caller
from agi_app.guard.case import Action
from agi_app.guard.decide import GuardDecision
from agi_app.guard.replay import Replay, replay, unpack_decision
from agi_app.installation import Installation
from agi_app.model.phone import mask
from agi_app.screening import script_matching
from agi_app.screening.judge import Question, Screening
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.screening import guard_report as reports
from agi_app.store.screening import guard_scripts
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_report import ActionTotal, JudgedCall
from agi_app.store.screening.guard_scripts import Spoken, StoredScript

DaysOption = Annotated[int, typer.Option(min=1, help="How many days back.")]
NumbersOption = Annotated[bool, typer.Option("--numbers", help="Show whole numbers; that is noted (access log).")]
WhoOption = Annotated[str, typer.Option(help="Who says it; default: the login name.")]
LanguageOption = Annotated[str, typer.Option(help="Language of the reasons: en or zh-CN.")]
KEPT_AWAY = (Action.REJECT.value, Action.VOICEMAIL.value)
_MISTAKES = {
    "appealed": "somebody here said that it was no nuisance",
    "dialled_later": "somebody here dialled the number later",
    "passed_later": "the caller passed a challenge later",
    "talked_later": "somebody here talked with the caller later",
    "reported": "was let through and reported as a nuisance",
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (explain, report, appeal, complain):
        app.command()(command)
    app.command("replay")(replay_)


def explain(
    number: Annotated[str, typer.Argument(help="A caller's number, or withheld.")],
    project: ProjectOption = HERE,
    line: Annotated[str, typer.Option(help="The number of ours that it calls.")] = "",
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a call of this number now, and what became of its last ones, each with its reasons."""

    async def work(inst: Installation) -> tuple[GuardDecision, list[JudgedCall], list[Spoken]]:
        guard, now = inst.settings.guard, inst.clock.now()
        caller, _ = read_caller(number, guard.region or None)
        if caller is not None:
            await log_access(inst.store, Access("guard explain", 1))
        decision = await Screening(inst.store, inst.clock, guard).explain(Question(number, line, ""))
        since = now - dt.timedelta(days=guard.keep_days)
        if caller is None:
            return decision, [], []
        said = await guard_scripts.spoken(inst.store, since, number=caller, limit=20)
        return decision, await reports.calls(inst.store, since, number=caller, limit=20), said

    decision, past, said = with_installation(project, work)
    if as_json:
        calls = [_plain_call(call, language, whole=True) for call in past]
        say_json({"now": _plain(decision), "calls": calls, "said": [dataclasses.asdict(one) for one in said]})
        return
    say(f"now: {decision.text(language)} ({decision.score} points)")
    for call in past:
        say(f"{call.at:%Y-%m-%d %H:%M} UTC to {call.called}: {_why(call, language)}{_outcome(call)}")
    for one in said:
        known = f"known script {one.script} ({one.share:.0%} of {one.words} words)" if one.script else "no known script"
        say(f"{one.at:%Y-%m-%d %H:%M} UTC said ({one.source}, {known}): {one.text}")


def report(
    project: ProjectOption = HERE,
    days: DaysOption = 7,
    numbers: NumbersOption = False,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Show what was blocked, who was challenged and passed, and which decisions were probably wrong."""

    async def work(inst: Installation) -> tuple[list[ActionTotal], list[list[JudgedCall]], list[StoredScript]]:
        since = inst.clock.now() - dt.timedelta(days=days)
        found = [
            await reports.calls(inst.store, since, actions=KEPT_AWAY),
            await reports.calls(inst.store, since, passed=True),
            await reports.suspected(inst.store, since),
        ]
        if numbers:
            shown = {call.number for calls in found for call in calls if call.number}
            await log_access(inst.store, Access("guard report", len(shown)))
        return await reports.totals(inst.store, since), found, await guard_scripts.scripts(inst.store)

    totals, (blocked, passed, suspected), scripts = with_installation(project, work)
    heard = [one for one in scripts if one.calls]
    if as_json:
        say_json(
            {
                "days": days,
                "totals": [dataclasses.asdict(total) for total in totals],
                "blocked": [_plain_call(call, language, whole=numbers) for call in blocked],
                "passed": [_plain_call(call, language, whole=numbers) for call in passed],
                "suspected": [_plain_call(call, language, whole=numbers) for call in suspected],
                "scripts": [dataclasses.asdict(one) for one in heard],
            }
        )
        return
    columns = ("action", "calls", "unjudged", "challenge passed", "failed", "reported", "appealed")
    table(f"The last {days} days", columns, (dataclasses.astuple(total) for total in totals))
    _calls_table("Blocked or sent to the mailbox", blocked, language, numbers)
    _calls_table("Challenged and passed", passed, language, numbers)
    _calls_table("Suspected mistakes", suspected, language, numbers)
    _scripts_table(heard)


def _scripts_table(heard: Sequence[StoredScript]) -> None:
    if not heard:
        return
    say("")
    rows = ((s.name, s.calls, s.callers, f"{s.heard_at:%Y-%m-%d}") for s in heard)
    table("Known scripts that were heard", ("script", "calls", "callers", "last"), rows)


def _calls_table(title: str, calls: Sequence[JudgedCall], language: str, whole: bool) -> None:
    say("")
    table(
        title,
        ("when (UTC)", "caller", "to", "why", "call"),
        (
            (f"{c.at:%Y-%m-%d %H:%M}", _shown(c.number, whole), c.called,
             _MISTAKES[c.mistake] + "; " + _why(c, language) if c.mistake else _why(c, language), c.call_id)
            for c in calls
        ),
    )  # fmt: skip


def _shown(number: str | None, whole: bool) -> str:
    return "withheld" if number is None else number if whole else mask(number)


def _why(call: JudgedCall, language: str) -> str:
    return unpack_decision(call.decision).text(language) if call.decision else f"{call.action}: {call.unjudged}"


def _outcome(call: JudgedCall) -> str:
    said = [
        f"challenge {call.challenge}" if call.challenge else "",
        f"talked {call.talked_s:.0f} s" if call.answered and call.talked_s else "",
        "reported" if call.reported_at else "",
        "appealed" if call.appealed_at else "",
    ]
    text = ", ".join(filter(None, said))
    return f" [{text}]" if text else ""


def _plain(decision: GuardDecision) -> dict[str, Any]:
    return dataclasses.asdict(decision)


def _plain_call(call: JudgedCall, language: str, *, whole: bool) -> dict[str, Any]:
    found = dataclasses.asdict(call) | {"number": _shown(call.number, whole), "why": _why(call, language)}
    del found["decision"]
    return found


def appeal(
    call: Annotated[str, typer.Argument(help="A caller's number, or the id of a call.")],
    project: ProjectOption = HERE,
    entered_by: WhoOption = "",
) -> None:
    """Say that a caller is no nuisance: reports before count no more, and for 30 days it is marked at most."""
    _vote(project, call, login_name(entered_by), nuisance=False)
    say(f"{call}: no nuisance")


def complain(
    call: Annotated[str, typer.Argument(help="A caller's number, or the id of a call.")],
    project: ProjectOption = HERE,
    entered_by: WhoOption = "",
) -> None:
    """Say that a caller is a nuisance, as the key * after the call does."""
    _vote(project, call, login_name(entered_by), nuisance=True)
    say(f"{call}: reported")


def _vote(project: Path, call: str, who: str, *, nuisance: bool) -> None:
    async def work(inst: Installation) -> bool:
        number, _ = read_caller(call, inst.settings.guard.region or None)
        found = await reports.find_call(inst.store, call) or (number and await reports.find_call(inst.store, number))
        return bool(found) and await script_matching.voted(
            inst.store, str(found), nuisance, ChangedBy(who, inst.clock.now())
        )

    if not with_installation(project, work):
        raise InputError(f"{call}: no call of it is kept; `agi-app guard report` lists calls")


def replay_(
    project: ProjectOption = HERE,
    days: DaysOption = 90,
    as_json: JsonOption = False,
) -> None:
    """Make every stored decision again from what it was judged by; exit 1 when one comes out otherwise."""

    async def work(inst: Installation) -> tuple[Counter[Replay], list[str]]:
        results: Counter[Replay] = Counter()
        different = []
        async for stored in reports.decisions(inst.store, inst.clock.now() - dt.timedelta(days=days)):
            result = replay(stored.inputs, stored.decision)
            results[result] += 1
            if result is Replay.DIFFERENT:
                different.append(stored.call_id)
        return results, different

    results, different = with_installation(project, work)
    if as_json:
        say_json(
            {"ok": not different, **{kind.name.lower(): results[kind] for kind in Replay}, "different_ids": different}
        )
    else:
        say(
            f"{results[Replay.SAME]} decisions made again came out the same, {len(different)} did not,"
            f" {results[Replay.OTHER_VERSION]} were made by another version of the guard"
        )
        for call_id in different:
            say(f"call {call_id}: the row was changed, or the program is not what its version says")
    raise typer.Exit(1 if different else 0)
