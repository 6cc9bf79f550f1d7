"""Who would be called, before anybody is: at once, or as an ask that a worker answers and that a start can name.

A start that names a preview is refused when that is too old or shows other figures than now: who started it would have
agreed to something else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.changed_files import as_edited
from agi_app.campaigns.checks.gateway_ports import limits_of
from agi_app.campaigns.left_by_caps import told_left
from agi_app.campaigns.preview import SAMPLES, Preview, Terms
from agi_app.campaigns.preview import preview as look_ahead
from agi_app.campaigns.project.read_project import Project
from agi_app.errors import ConfigError, InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import current, speaking, t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling.asks import CAMPAIGN
from agi_app.store.calling.campaigns import known_campaign
from agi_app.store.lists import contacts
from agi_app.store.lists.contacts import ContactItem
from agi_app.store.requested_calls import asks as table
from agi_app.store.requested_calls.asks import Ask, NewAsk

__all__ = [
    "SAMPLES",
    "Ask",
    "Example",
    "Preview",
    "ask",
    "asked",
    "examples",
    "figures",
    "figures_of",
    "is_fresh",
    "newest",
    "preview",
    "still_holds",
    "take",
    "told_left",
]
VERB = "preview"
EXAMPLES = "examples"
GOOD_FOR = dt.timedelta(minutes=15)
MOST_CHANGED = 0.05  # of a figure
_COMPARED = ("waiting", "allowed", "later_today", "later", "never")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """One contact that is not called now; ``again_at``: the earliest call, as far as one can tell."""

    rule: str
    contact: ContactItem
    why: str
    again_at: dt.datetime | None


def _untold(_done: int, _total: int) -> None:
    """Nobody watches."""


@reads(Scope.FIGURES_READ)
async def preview(inst: Installation, project: Project, name: str, progress: Progress) -> tuple[Preview, str | None]:
    """Who would be called now, later or never, why, and when it would be through. Calls and stores nothing.

    It is judged as its file is now; the second of what it returns says so when that is not what is stored. Raises
    InputError when the campaign is not in the database, ConfigError for a trunk that there is not, StoreError.
    """
    return await _look(inst, project, name, progress)


async def _look(
    inst: Installation, project: Project, name: str, progress: Progress = _untold
) -> tuple[Preview, str | None]:
    wanted, note = as_edited(project, (await known_campaign(inst.store, name)).campaign)
    trunk = inst.settings.trunks.get(wanted.trunk)
    if trunk is None:
        hint = suggest(wanted.trunk, inst.settings.trunks)
        raise ConfigError(
            t(
                "agi-app.toml: there is no trunk {trunk!r}, which {name} uses{hint}",
                trunk=wanted.trunk,
                name=name,
                hint=hint,
            )
        )
    source = project.flows.get(wanted.flow)
    flow = None if source is None or source.parsed is None else source.parsed.flow
    terms = Terms(wanted, trunk.sandbox, limits_of(trunk), load_ruleset(inst.settings.project), flow)
    return await look_ahead(inst.store, inst.clock, terms, progress), note


def figures(seen: Preview, note: str | None) -> dict[str, Any]:
    """A look ahead for programs, with nobody in it."""
    return {
        "campaign": seen.campaign,
        "now": seen.now.isoformat(timespec="seconds"),
        "note": note,
        "waiting": seen.contacts,
        "allowed": seen.callable_now,
        "refused": seen.contacts - seen.callable_now,
        "later_today": seen.later_today,
        "later": seen.later,
        "never": seen.never,
        "left_by_caps": len(seen.left_by_caps),
        "misspelt_columns": list(seen.misspelt_columns),
        "machine_detection": seen.machines,
        "by_rule": dict(seen.by_rule.most_common()),
        "projection": seen.projection,
    }


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


@noted(Scope.CAMPAIGNS_DRAFT, "campaign preview ask", "campaign")
async def ask(inst: Installation, campaign: str) -> int:
    """Ask a worker for a preview; returns the ask's id, for `asked`. Raises InputError for no campaign, StoreError."""
    await known_campaign(inst.store, campaign)
    return await table.add(inst.store, NewAsk(CAMPAIGN, VERB, campaign, VERB, {"language": current()}), inst.actor)


@reads(Scope.FIGURES_READ)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask for a preview, and its answer. Raises InputError when there is none, StoreError."""
    found = await table.by_id(inst.store, ask_id)
    if found is None or (found.kind, found.verb) != (CAMPAIGN, VERB):
        raise NotThere(t("there is no preview {number}", number=ask_id))
    return found


@reads(Scope.FIGURES_READ)
async def newest(inst: Installation, campaign: str) -> Ask | None:
    """The newest preview of a campaign that a worker has made; None: there is none. Raises StoreError."""
    return await table.newest_done(inst.store, CAMPAIGN, VERB, campaign)


@reads(Scope.CAMPAIGNS_DRAFT)
async def take(inst: Installation, project: Project, given: table.OpenAsk) -> Mapping[str, Any]:
    """The worker's part: the figures. Raises as ``preview``."""
    with speaking(str(given.parameters["language"])):
        seen, note = await _look(inst, project, given.object)
        return {**figures(seen, note), EXAMPLES: _named(seen)}


def _named(seen: Preview) -> dict[str, list[dict[str, Any]]]:
    """Examples by their contacts' numbers here: an erasure leaves nothing of a person in the answer."""
    return {
        rule: [
            {"contact": one.contact_id, "why": one.why, "again": one.again_at and one.again_at.isoformat()}
            for one in found
        ]
        for rule, found in seen.samples.items()
    }


def figures_of(answered: Ask) -> dict[str, Any] | None:
    """The figures of a preview that was asked for; None: there are none."""
    if answered.state != "done" or answered.answer is None:
        return None
    return {name: value for name, value in answered.answer.items() if name != EXAMPLES}


def is_fresh(inst: Installation, answered: Ask) -> bool:
    """Whether a start can still name this preview, as far as its age goes."""
    return answered.answered_at is not None and answered.answered_at >= inst.clock.real_now() - GOOD_FOR


@reads(Scope.PEOPLE_READ)
async def examples(inst: Installation, answered: Ask) -> list[Example]:
    """Who is not called now, and why, at most ``SAMPLES`` by each reason; none whom the database no longer has."""
    told: Mapping[str, Sequence[Mapping[str, Any]]] = (answered.answer or {}).get(EXAMPLES, {})
    wanted = sorted({int(one["contact"]) for found in told.values() for one in found})
    there = {one.contact_id: one for one in await contacts.by_ids(inst.store, wanted)}
    return [
        Example(rule, there[int(one["contact"])], str(one["why"]), _moment(one["again"]))
        for rule, found in told.items()
        for one in found
        if int(one["contact"]) in there
    ]


@reads(Scope.CAMPAIGNS_START)
async def still_holds(inst: Installation, project: Project, campaign: str, ask_id: int) -> None:
    """InputError unless this preview is of the campaign, is a quarter of an hour old at most, and shows what is now.

    Raises ConfigError and StoreError as ``preview``.
    """
    shown = await table.by_id(inst.store, ask_id)
    if shown is None or (shown.kind, shown.verb, shown.object) != (CAMPAIGN, VERB, campaign) or shown.state != "done":
        raise InputError(t("there is no preview {number} of {campaign}", number=ask_id, campaign=campaign))
    if not is_fresh(inst, shown):
        raise InputError(t("the preview is more than a quarter of an hour old; look again, then start"))
    before, now = shown.answer or {}, figures(*await _look(inst, project, campaign))
    changed = [
        f"{name} {before[name]} → {now[name]}"
        for name in _COMPARED
        if abs(now[name] - before[name]) > MOST_CHANGED * before[name]
    ]
    if changed:
        raise InputError(
            t(
                "it is no longer as the preview showed it ({changed}); look again, then start",
                changed=", ".join(changed),
            )
        )
