"""A campaign's list made of another one's contacts: for the same purpose, without anybody who must not be called again.

It is an import like any other: by the same rules, into the same limits, noted with where it comes from. Nothing of
consent is copied: the gate judges each person when they are to be called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from agi_app.authoring.suggestions import suggest
from agi_app.contacts.follow_up_list import LEFT_OUT, FollowUpList, condition
from agi_app.contacts.import_batches import BATCH, ImportSummary
from agi_app.errors import InputError, Problem
from agi_app.event_loop import in_background
from agi_app.flow.syntax.expressions import Compare, Expression, In, Literal, Logic, Name, Not, Term
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import current, speaking, t
from agi_app.model.actors import Scope
from agi_app.model.reason_text import WORDS
from agi_app.operations.acting import imported_by, noted, reads
from agi_app.operations.people.contacts import KIND, WrittenCampaign, import_made
from agi_app.store.calling.campaigns import known_campaign, load_campaign
from agi_app.store.people.follow_ups import former_contacts
from agi_app.store.people.imported_files import MadeFrom
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

__all__ = ["LEFT_OUT", "FollowUp", "FollowUpSummary", "ask", "asked", "follow_up", "look", "take"]
MAKE, LOOK = "follow_up", "follow_up_check"  # verbs of an ask
MOST_ASKED = BATCH  # contacts that a worker takes at once: they are one transaction


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Whose contacts are wanted, and which of them."""

    from_campaign: str
    where: str

    @property
    def reason(self) -> str:
        """For the note of who asked for it."""
        return f"{self.from_campaign}: {self.where}"


@dataclass(frozen=True, slots=True)
class FollowUpSummary:
    """What a follow-up found, and what it did. ``matched`` = left out + ``there`` + ``chosen``."""

    campaign: str
    from_campaign: str
    where: str
    contacts: int  # of the other campaign
    matched: int
    left_out: Mapping[str, int]  # reason (``LEFT_OUT``) -> contacts
    there: int  # in the campaign already: they stay as they are
    chosen: int
    added: int = 0
    rejected: int = 0  # by the import, as rows of a file would be
    problems: tuple[Problem, ...] = ()  # of the first of these
    notes: tuple[str, ...] = ()


@reads(Scope.CONTACTS_IMPORT)
async def look(inst: Installation, campaign: WrittenCampaign, wanted: FollowUp) -> FollowUpSummary:
    """What ``follow_up`` would find; nothing is stored.

    Raises InputError for a faulty condition, a campaign that there is not, and another purpose; StoreError.
    """
    with ExitStack() as stack:
        return (await _gather(inst, campaign, wanted, stack))[0]


@noted(Scope.CONTACTS_IMPORT, "campaign follow-up", "campaign")
async def follow_up(inst: Installation, campaign: WrittenCampaign, wanted: FollowUp) -> FollowUpSummary:
    """Add the wanted contacts of the other campaign to this one. Who is there already stays as they are.

    Raises as ``look``, and AuthorError when the list will not do as a whole (then nothing was written).
    """
    return await _follow_up(inst, campaign, wanted, None)


async def _follow_up(
    inst: Installation, campaign: WrittenCampaign, wanted: FollowUp, most: int | None
) -> FollowUpSummary:
    with ExitStack() as stack:
        found, chosen = await _gather(inst, campaign, wanted, stack)
        if most is not None and found.chosen > most:
            told = t(
                "{chosen} contacts are to be added, and at most {most} are taken at once; narrow the condition, or run"
                " `agi-app campaign follow-up`",
                chosen=found.chosen,
                most=most,
            )
            raise InputError(told)
        if not found.chosen:
            return found
        made = await in_background(chosen.file, f"follow-up of {wanted.from_campaign}.csv")
        source = MadeFrom(wanted.from_campaign, wanted.where, found.matched, dict(found.left_out))
        done = await import_made(inst, campaign, made, replace(imported_by(inst), made_from=source))
        return _with_import(found, done)


def _with_import(found: FollowUpSummary, done: ImportSummary) -> FollowUpSummary:
    notes = (*found.notes, *done.notes)
    return replace(found, added=done.added, rejected=done.rejected, problems=done.problems, notes=notes)


async def _gather(
    inst: Installation, campaign: WrittenCampaign, wanted: FollowUp, stack: ExitStack
) -> tuple[FollowUpSummary, FollowUpList]:
    expression = condition(wanted.where)
    await _judge_purpose(inst, campaign, wanted.from_campaign)
    gathered = FollowUpList(expression, stack)
    answers = any(name.startswith("answers.") for name in expression.names)
    async for some in former_contacts(inst.store, wanted.from_campaign, campaign.name, answers=answers):
        await in_background(gathered.add, some)
    summary = FollowUpSummary(
        campaign.name,
        wanted.from_campaign,
        wanted.where,
        gathered.contacts,
        gathered.matched,
        {why: gathered.left_out[why] for why in LEFT_OUT if gathered.left_out[why]},
        gathered.there,
        gathered.chosen,
        notes=tuple(_notes(expression, gathered, wanted.from_campaign)),
    )
    return summary, gathered


async def _judge_purpose(inst: Installation, campaign: WrittenCampaign, former: str) -> None:
    """InputError when people would be called for another purpose than that for which they were on the list."""
    if former == campaign.name:
        raise InputError(t("a campaign cannot follow up itself: name another one behind --from"))
    held = (await known_campaign(inst.store, former)).campaign.purpose
    stored = await load_campaign(inst.store, campaign.name)
    for purpose in (campaign.source.parsed.campaign.purpose, stored.campaign.purpose if stored else held):
        if purpose is not held:
            told = t(
                "{former} is for {held} calls and {campaign} for {purpose} ones: a list is for one purpose, as consents"
                " are; nothing was done",
                former=former,
                held=_word(held.value),
                campaign=campaign.name,
                purpose=_word(purpose.value),
            )
            raise InputError(told)


def _word(purpose: str) -> str:
    return purpose if current() == "en" else WORDS["held"].get(purpose, purpose)


def _notes(expression: Expression, found: FollowUpList, former: str) -> Iterator[str]:
    """What may be a slip: a disposition or a column that no contact has."""
    known = [name for name in found.dispositions if name]
    for name, text in _compared(expression.root):
        if name == "disposition" and text not in known:
            hint = suggest(text, known) if known else ""
            yield t('no contact of {former} has the disposition "{text}"{hint}', former=former, text=text, hint=hint)
    for name in sorted(expression.names):
        column = name.removeprefix("contact.")
        if column != name and column not in found.columns:
            hint = suggest(column, found.columns)
            yield t("no contact of {former} has the column {column}{hint}", former=former, column=column, hint=hint)
    for title in found.unusable:
        yield t("the column {title} is left out: a list has its numbers and ids in it", title=title)


def _compared(term: Term) -> Iterator[tuple[str, str]]:
    """Each name that is asked to be a text, with that text."""
    match term:
        case Logic():
            yield from (pair for part in term.terms for pair in _compared(part))
        case Not():
            yield from _compared(term.term)
        case Compare("=="):
            yield from (*_pair(term.left, [term.right]), *_pair(term.right, [term.left]))
        case In():
            yield from _pair(term.left, term.options)


def _pair(name: object, texts: Iterable[object]) -> Iterator[tuple[str, str]]:
    for text in texts:
        if isinstance(name, Name) and isinstance(text, Literal) and isinstance(text.value, str):
            yield name.name, text.value


@noted(Scope.CONTACTS_IMPORT, "campaign follow-up ask", "campaign")
async def ask(inst: Installation, campaign: WrittenCampaign, wanted: FollowUp, *, dry_run: bool) -> int:
    """Ask a worker for a follow-up, or with ``dry_run`` for what it would find; returns the ask's id.

    Raises as ``look``.
    """
    condition(wanted.where)
    await _judge_purpose(inst, campaign, wanted.from_campaign)
    told = {"from": wanted.from_campaign, "where": wanted.where, "language": current()}
    verb = LOOK if dry_run else MAKE
    return await asks.add(inst.store, NewAsk(KIND, verb, campaign.name, wanted.reason, told), inst.actor)


@reads(Scope.CONTACTS_IMPORT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask for a follow-up, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND or found.verb not in (MAKE, LOOK):
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.CONTACTS_IMPORT)  # the follow-up itself is noted
async def take(inst: Installation, campaign: WrittenCampaign, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part, in the transaction of who calls; returns counts and faults without whole numbers.

    Raises as ``follow_up``, and InputError for more contacts than one transaction takes.
    """
    told = given.parameters
    wanted = FollowUp(str(told["from"]), str(told["where"]))
    with speaking(str(told["language"])):
        done = await (look if given.verb == LOOK else follow_up_asked)(inst, campaign, wanted)
    faults = [
        {"line": one.line, "column": one.column, "rule": one.rule, "text": without_numbers(one.message)}
        for one in done.problems
    ]
    counts = {name: getattr(done, name) for name in ("contacts", "matched", "there", "chosen", "added", "rejected")}
    notes = [without_numbers(note) for note in done.notes]
    return {**counts, "left_out": dict(done.left_out), "faults": faults, "notes": notes}


@noted(Scope.CONTACTS_IMPORT, "campaign follow-up", "campaign")
async def follow_up_asked(inst: Installation, campaign: WrittenCampaign, wanted: FollowUp) -> FollowUpSummary:
    """As ``follow_up``, of so many contacts as one transaction takes. Raises as that."""
    return await _follow_up(inst, campaign, wanted, MOST_ASKED)
