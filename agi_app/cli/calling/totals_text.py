"""A campaign's figures as ``report`` and ``campaign status`` print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table

from agi_app.cli.common import counts, out
from agi_app.messages import t
from agi_app.operations.calling.reports import AgentFigures, NumberFigures, QuotaFigures, Totals
from agi_app.printable import one_line

MOST_GROUPS = 50  # shown


def totals_view(totals: Totals, below: Sequence[str] = ()) -> Group:
    """A campaign's figures as something that rich can draw, with lines below it."""
    title = one_line(f"{totals.campaign} ({totals.state})")
    view = Table("", "", title=title, title_justify="left", box=None, pad_edge=False)
    for name, value in _rows(totals):
        view.add_row(name, one_line(value))
    return Group(view, *map(one_line, below))


def _rows(totals: Totals) -> Iterator[tuple[str, str]]:
    people = t(
        "{contacts}: {done} done, {in_call} in a call, {waiting} waiting, {refused} refused",
        contacts=totals.contacts,
        done=totals.done,
        in_call=totals.in_call,
        waiting=totals.waiting,
        refused=totals.not_called,
    )
    people += t(", {expired} expired", expired=totals.expired) if totals.expired else ""
    people += t(", {cancelled} cancelled", cancelled=totals.cancelled) if totals.cancelled else ""
    machines = t(", {rate:.0%} of it by machines", rate=totals.machine_rate) if totals.machine_rate else ""
    calls = t(
        "{calls}, answered {rate:.0%}{machines}", calls=totals.attempts, rate=totals.answer_rate, machines=machines
    )
    yield t("purpose"), totals.purpose
    yield t("caller ID"), f"{totals.caller_id} ({totals.caller_id_proof})"
    yield t("approval"), totals.approval
    for number, proof in totals.local_caller_ids.items():
        yield t("local caller ID"), f"{number} ({proof})"
    yield t("contacts"), people
    yield t("calls"), calls
    if len(totals.numbers) > 1:
        yield from numbers_rows(totals.numbers)
    yield t("outcomes"), counts(totals.outcomes)
    yield t("dispositions"), counts(totals.dispositions)
    yield t("refused by rule"), counts(totals.refused)
    if totals.quota is not None:
        yield from quota_rows(totals.quota)
    if totals.agents is not None:
        yield from agents_rows(totals.agents)


def numbers_rows(numbers: Sequence[NumberFigures]) -> Iterator[tuple[str, str]]:
    """The lines about calls by the order of the contacts' numbers."""
    for one in numbers:
        figures = t(
            "{called}, {rang} rang, {answered} answered, {reached} reached a person",
            called=one.called,
            rang=one.rang,
            answered=one.answered,
            reached=one.reached,
        )
        yield t("calls to number {place}", place=one.place), figures


def quota_rows(quota: QuotaFigures) -> Iterator[tuple[str, str]]:
    """The lines about the groups of a campaign's quota, the open ones first."""
    yield t("quota"), t("by {by}, {said} is completed", by=quota.by, said=t(" or ").join(quota.dispositions))
    groups = sorted(quota.groups, key=lambda one: one.closed)
    for one in groups[:MOST_GROUPS]:
        state = t(", closed") if one.closed else ""
        name = one.group or t("(empty)")
        if one.wanted is None:
            yield name, t("{waiting} waiting; the quota names no number for it", waiting=one.waiting)
            continue
        yield (
            name,
            t(
                "{completed} of {wanted} completed, {under_way} in a call, {waiting} waiting{state}",
                completed=one.completed,
                wanted=one.wanted,
                under_way=one.under_way,
                waiting=one.waiting,
                state=state,
            ),
        )
    if len(groups) > MOST_GROUPS:
        yield "…", t("{more} more groups; --json has all", more=len(groups) - MOST_GROUPS)


def agents_rows(agents: AgentFigures) -> Iterator[tuple[str, str]]:
    """The lines about a campaign's agents."""
    for seen in agents.seen:
        yield (
            t("agents {to}", to=agents.to),
            t(
                "{free} (worker {worker})",
                free=seen.unknown or t("{free} free, {busy} busy", free=seen.free, busy=seen.busy),
                worker=seen.worker,
            ),
        )
    handling = "-" if agents.handling_s is None else f"{agents.handling_s:g} s"
    yield (
        t("{pacing} pacing", pacing=agents.pacing),
        t(
            "{under_way} calls under way, {waiting} people wait for an agent",
            under_way=agents.under_way,
            waiting=agents.waiting,
        ),
    )
    yield (
        t("last 30 days"),
        t(
            "answered {answered} of {ended} ({rate:.0%}), handling time {handling}, abandoned"
            " {abandoned} ({percent:g} %)",
            answered=agents.answered,
            ended=agents.ended,
            rate=agents.answer_rate,
            handling=handling,
            abandoned=agents.abandoned,
            percent=agents.abandoned_percent,
        ),
    )


def show_totals(totals: Totals) -> None:
    """Print a campaign's figures."""
    out.print(totals_view(totals))
