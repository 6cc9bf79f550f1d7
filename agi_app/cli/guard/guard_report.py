"""guard explain, report, replay, appeal, complain: what the guard did, why, and whether it was right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation
from agi_app.messages import current, t
from agi_app.model.phone import mask
from agi_app.operations.guard import guard_calls
from agi_app.operations.guard.guard_calls import GuardDecision, JudgedCall, Replay, StoredScript, why

app = typer.Typer()
DaysOption = Annotated[int, typer.Option(min=1, help="How many days back.")]
NumbersOption = Annotated[bool, typer.Option("--numbers", help="Show whole numbers; that is noted (access log).")]
LanguageOption = Annotated[
    str, typer.Option(help="Language of the reasons: en or zh-CN; default: that of all messages.")
]
REASONS_IN = {"en": "en", "zh": "zh-CN"}  # language of messages -> of reasons
_MISTAKES = {
    "appealed": "somebody here said that it was no nuisance",
    "dialled_later": "somebody here dialled the number later",
    "passed_later": "the caller passed a challenge later",
    "talked_later": "somebody here talked with the caller later",
    "reported": "was let through and reported as a nuisance",
}


@app.command()
def explain(
    number: Annotated[str, typer.Argument(help="A caller's number, or withheld.")],
    project: ProjectOption = HERE,
    line: Annotated[str, typer.Option(help="The one of your numbers that it calls.")] = "",
    language: LanguageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what would happen to a call from this number now, and what happened to its last calls, with the reasons."""
    language = language or REASONS_IN[current()]
    seen = with_installation(project, guard_calls.explain, number, line=line)
    decision, past, said = seen.now, seen.calls, seen.said
    if as_json:
        calls = [_plain_call(call, language, whole=True) for call in past]
        say_json({"now": _plain(decision), "calls": calls, "said": said})
    else:
        say(t("now: {text} ({score} points)", text=decision.text(language), score=decision.score))
        for call in past:
            say(
                t(
                    "{at:%Y-%m-%d %H:%M} UTC to {called}: {why}{outcome}",
                    at=call.at,
                    called=call.called,
                    why=why(call, language),
                    outcome=_outcome(call),
                )
            )
        for one in said:
            known = (
                t(
                    "known script {script} ({share:.0%} of {words} words)",
                    script=one.script,
                    share=one.share,
                    words=one.words,
                )
                if one.script
                else t("no known script")
            )
            say(
                t(
                    "{at:%Y-%m-%d %H:%M} UTC said ({source}, {known}): {text}",
                    at=one.at,
                    source=one.source,
                    known=known,
                    text=one.text,
                )
            )


@app.command()
def report(
    project: ProjectOption = HERE,
    days: DaysOption = 7,
    numbers: NumbersOption = False,
    language: LanguageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what was blocked, who was challenged and passed, and which decisions were probably wrong."""
    language = language or REASONS_IN[current()]
    found = with_installation(project, guard_calls.report, days, whole_numbers=numbers)
    if as_json:
        say_json(
            {
                "days": days,
                "totals": found.totals,
                "blocked": [_plain_call(call, language, whole=numbers) for call in found.blocked],
                "passed": [_plain_call(call, language, whole=numbers) for call in found.passed],
                "suspected": [_plain_call(call, language, whole=numbers) for call in found.suspected],
                "scripts": found.scripts,
            }
        )
    else:
        columns = ("action", "calls", "unjudged", "challenge passed", "failed", "reported", "appealed")
        table(t("The last {days} days", days=days), columns, (dataclasses.astuple(total) for total in found.totals))
        _calls_table(t("Blocked or sent to the mailbox"), found.blocked, language, numbers)
        _calls_table(t("Challenged and passed"), found.passed, language, numbers)
        _calls_table(t("Suspected mistakes"), found.suspected, language, numbers)
        _scripts_table(found.scripts)


def _scripts_table(heard: Sequence[StoredScript]) -> None:
    if not heard:
        return
    say("")
    rows = ((s.name, s.calls, s.callers, f"{s.heard_at:%Y-%m-%d}") for s in heard)
    table(t("Known scripts that were heard"), ("script", "calls", "callers", "last"), rows)


def _calls_table(title: str, calls: Sequence[JudgedCall], language: str, whole: bool) -> None:
    say("")
    table(
        title,
        ("when (UTC)", "caller", "to", "why", "call"),
        (
            (
                f"{c.at:%Y-%m-%d %H:%M}",
                _shown(c.number, whole),
                c.called,
                t(_MISTAKES[c.mistake]) + "; " + why(c, language) if c.mistake else why(c, language),
                c.call_id,
            )
            for c in calls
        ),
    )


def _shown(number: str | None, whole: bool) -> str:
    return "withheld" if number is None else number if whole else mask(number)


def _outcome(call: JudgedCall) -> str:
    said = [
        t("challenge {challenge}", challenge=call.challenge) if call.challenge else "",
        t("talked {talked_s:.0f} s", talked_s=call.talked_s) if call.answered and call.talked_s else "",
        "reported" if call.reported_at else "",
        "appealed" if call.appealed_at else "",
    ]
    text = ", ".join(filter(None, said))
    return f" [{text}]" if text else ""


def _plain(decision: GuardDecision) -> dict[str, Any]:
    told = [
        {"rule": r.rule, "family": r.family, "weight": r.weight, "values": r.values}
        | {language: r.told(language) for language in ("en", "zh")}
        for r in decision.reasons
    ]
    return dataclasses.asdict(decision) | {"reasons": told}


def _plain_call(call: JudgedCall, language: str, *, whole: bool) -> dict[str, Any]:
    found = dataclasses.asdict(call) | {"number": _shown(call.number, whole), "why": why(call, language)}
    del found["decision"]
    return found


@app.command()
def appeal(
    call: Annotated[str, typer.Argument(help="A caller's number, or the id of a call.")],
    project: ProjectOption = HERE,
) -> None:
    """Say that a caller is not a nuisance: earlier reports no longer count, and for 30 days it is at most marked."""
    with_installation(project, guard_calls.vote, call, nuisance=False)
    say(t("{call}: no nuisance", call=call))


@app.command()
def complain(
    call: Annotated[str, typer.Argument(help="A caller's number, or the id of a call.")],
    project: ProjectOption = HERE,
) -> None:
    """Say that a caller is a nuisance, as the key * after the call does."""
    with_installation(project, guard_calls.vote, call, nuisance=True)
    say(t("{call}: reported", call=call))


@app.command("replay")
def replay_(
    project: ProjectOption = HERE,
    days: DaysOption = 90,
    as_json: JsonOption = False,
) -> None:
    """Make every stored decision again from its stored facts; exit 1 when one comes out differently."""
    results, different = with_installation(project, guard_calls.replay_decisions, days)
    if as_json:
        say_json(
            {"ok": not different, **{kind.name.lower(): results[kind] for kind in Replay}, "different_ids": different}
        )
    else:
        say(
            t(
                "{same} decisions made again came out the same, {different} did not, {other} were made by"
                " another version of the guard",
                same=results[Replay.SAME],
                different=len(different),
                other=results[Replay.OTHER_VERSION],
            )
        )
        for call_id in different:
            say(t("call {call_id}: the row was changed, or the program is not what its version says", call_id=call_id))
    raise typer.Exit(1 if different else 0)
