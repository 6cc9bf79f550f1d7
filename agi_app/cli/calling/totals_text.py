"""A campaign's figures as ``report`` and ``campaign status`` print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table

from agi_app.cli.common import counts, out
from agi_app.operations.calling.reports import AgentFigures, Totals
from agi_app.printable import one_line


def totals_view(totals: Totals, below: Sequence[str] = ()) -> Group:
    """A campaign's figures as something that rich can draw, with lines below it."""
    title = one_line(f"{totals.campaign} ({totals.state})")
    view = Table("", "", title=title, title_justify="left", box=None, pad_edge=False)
    for name, value in (
        ("purpose", totals.purpose),
        ("caller ID", f"{totals.caller_id} ({totals.caller_id_proof})"),
        ("approval", totals.approval),
        *(("local caller ID", f"{number} ({proof})") for number, proof in totals.local_caller_ids.items()),
        ("contacts", f"{totals.contacts}: {totals.done} done, {totals.in_call} in a call, {totals.waiting} waiting,"
                     f" {totals.not_called} refused"),
        ("calls", f"{totals.attempts}, answered {totals.answer_rate:.0%}{_by_machines(totals)}"),
        ("outcomes", counts(totals.outcomes)),
        ("dispositions", counts(totals.dispositions)),
        ("refused by rule", counts(totals.refused)),
        *(() if totals.agents is None else agents_rows(totals.agents)),
    ):  # fmt: skip
        view.add_row(name, one_line(value))
    return Group(view, *map(one_line, below))


def agents_rows(agents: AgentFigures) -> Iterator[tuple[str, str]]:
    """The lines about a campaign's agents."""
    for seen in agents.seen:
        yield f"agents {agents.to}", f"{seen.unknown or f'{seen.free} free, {seen.busy} busy'} (worker {seen.worker})"
    handling = "-" if agents.handling_s is None else f"{agents.handling_s:g} s"
    yield f"{agents.pacing} pacing", f"{agents.under_way} calls under way, {agents.waiting} people wait for an agent"
    yield (
        "last 30 days",
        f"answered {agents.answered} of {agents.ended} ({agents.answer_rate:.0%}), handling time {handling},"
        f" abandoned {agents.abandoned} ({agents.abandoned_percent:g} %)",
    )


def _by_machines(totals: Totals) -> str:
    return f", {totals.machine_rate:.0%} of it by machines" if totals.machine_rate else ""


def show_totals(totals: Totals) -> None:
    """Print a campaign's figures."""
    out.print(totals_view(totals))
