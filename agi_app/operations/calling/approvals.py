"""The two-person rule: which starts need a second person, who has asked, and the approval that a worker verifies.

Nobody approves their own, whatever their roles. The second person's secret is sealed to the workers where it is typed,
with the request that it is good for. Only a worker opens it, and only then the campaign runs. The audit has all of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from agi_app.consent.account_secrets import fits, seal, unseal, workers_key
from agi_app.errors import ConfigError, InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope, scopes_of
from agi_app.model.approvals import WHY, StartTexts, most_approved, why_approval
from agi_app.model.campaign import Campaign, CampaignState, is_unchanged
from agi_app.operations.acting import noted, reads, works_alone
from agi_app.printable import count_of
from agi_app.store.calling import approvals as table
from agi_app.store.calling import tallies
from agi_app.store.calling.approvals import StartRequest
from agi_app.store.calling.campaigns import (
    StoredCampaign,
    known_campaign,
    load_campaign,
    save_campaign,
    set_state,
    unapproved,
)
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk

MOST_WRONG = 5  # secrets of an account
WITHIN = dt.timedelta(minutes=15)
GOES_ON = (CampaignState.RUNNING, CampaignState.PAUSED)  # what comes beyond an approval waits meanwhile


class WrongSecret(InputError):
    """The secret is not that of the account; the next ones are not looked at for a while after some of them."""


@dataclass(frozen=True, slots=True)
class ApprovalWanted:
    """A start that waits for a second person; ``why`` are sentences."""

    request: int
    campaign: str
    why: Sequence[str]
    asked_by: str
    contacts: int


async def second_person(
    inst: Installation, wanted: Campaign, texts: StartTexts, contacts: int
) -> ApprovalWanted | int | None:
    """A request, where the start needs a second person; else how many contacts it is good for (None: no limit)."""
    above, stored = inst.settings.approve_above, await load_campaign(inst.store, wanted.name)
    runs = stored is not None and stored.state in GOES_ON
    changed = runs and stored is not None and not (
        is_unchanged(stored.campaign, wanted)
        and (stored.flow_text, dict(stored.sub_flows)) == (texts.flow_text, dict(texts.sub_flows))
    )  # fmt: skip
    more = stored is not None and await unapproved(inst.store, wanted.name) > 0
    why = why_approval(wanted.purpose, contacts, above, changed=changed, more=more)
    alone = await works_alone(inst)
    if not why:
        return None if alone else above
    request = await table.request(inst.store, wanted.name, why, contacts, texts, inst.actor.account, alone=alone)
    if alone:
        await table.approve(inst.store, request, inst.actor, inst.actor.account, alone=True)
        return None
    return _wanted(inst, request, wanted.name, why, inst.actor.account, contacts)


def _wanted(
    inst: Installation, request: int, campaign: str, why: Sequence[str], asked_by: str, contacts: int
) -> ApprovalWanted:
    above = inst.settings.approve_above
    sentences = [t(WHY[one], contacts=contacts, above=above) for one in why]
    return ApprovalWanted(request, campaign, sentences, asked_by, contacts)


@reads(Scope.FIGURES_READ)
async def waiting(inst: Installation) -> list[StartRequest]:
    """The starts that wait for a second person. Raises StoreError."""
    return await table.waiting(inst.store)


@reads(Scope.FIGURES_READ)
async def of_campaign(inst: Installation, campaign: str) -> ApprovalWanted | None:
    """The start of a campaign that waits for a second person; None: there is none. Raises StoreError."""
    found = await table.newest(inst.store, campaign)
    if found is None or found.approved_by is not None:
        return None
    return _wanted(inst, found.request_id, campaign, found.why, found.asked_by, found.contacts)


@reads(Scope.FIGURES_READ)
async def may_approve(inst: Installation, wanted: ApprovalWanted) -> list[str]:
    """The accounts that can approve it: enabled, of a role that may, with a secret, and not who asked. Raises
    StoreError."""
    return [
        one.name
        for one in await accounts.all_accounts(inst.store)
        if Scope.CAMPAIGNS_APPROVE in scopes_of(one.role_set) and one.has_credential and one.name != wanted.asked_by
    ]


@reads(Scope.CAMPAIGNS_APPROVE)
async def sealed_approval(inst: Installation, wanted: StartRequest, secret: str) -> bytes:
    """The secret of who asks, sealed to the workers for this request alone. Raises ConfigError, InputError."""
    _open(wanted, inst.actor.account, inst.clock.real_now())
    return await sealed_secret(inst, secret, _good_for(wanted, inst.actor.account))


@reads(Scope.CAMPAIGNS_APPROVE)
async def sealed_secret(inst: Installation, secret: str, good_for: Mapping[str, str | int]) -> bytes:
    """The secret of who asks, sealed to the workers and good for this alone. Raises ConfigError, StoreError."""
    if (public := await table.key_of(inst.store)) is None:
        raise ConfigError(
            t("no worker has run here yet, and only a worker can verify an approval: start `agi-app run`")
        )
    return await asyncio.to_thread(seal, public, secret, dict(good_for))


@noted(Scope.CAMPAIGNS_APPROVE, "campaign approve", "campaign")
async def approve(inst: Installation, campaign: str, secret: str, *, request: int | None = None) -> int:
    """Hand the approval of the campaign's newest start to a worker; returns the id of that ask, for ``approved``.

    ``request``: only if that one is still the newest. Raises InputError when there is nothing to approve, when it is
    one's own or there is no worker's key yet (ConfigError), StoreError. Whether the secret is right, a worker says.
    """
    await known_campaign(inst.store, campaign)
    wanted = await table.newest(inst.store, campaign)
    if wanted is None or (request is not None and wanted.request_id != request):
        raise InputError(t("nobody waits for an approval of {campaign}", campaign=campaign))
    sealed = await sealed_approval(inst, wanted, secret)
    parameters = {"request": wanted.request_id, "preview": wanted.fingerprint.hex()}
    new = NewAsk("approval", "approve", campaign, "approval", parameters, sealed=sealed)
    return await asks.add(inst.store, new, inst.actor)


@reads(Scope.CAMPAIGNS_APPROVE)
async def approved(inst: Installation, ask: int) -> Ask:
    """How far an approval is: ``state`` waiting, done or refused. Raises InputError, StoreError."""
    found = await asks.by_id(inst.store, ask)
    if found is None or found.kind != "approval":
        raise NotThere(t("there is no ask {number}", number=ask))
    return found


@noted(Scope.CAMPAIGNS_APPROVE, "campaign approved", "campaign")
async def take(inst: Installation, campaign: str, parameters: Mapping[str, object], sealed: bytes) -> int:
    """The worker's part: verify the approval of ``inst.actor``, and let the campaign run as it was asked for.

    One that runs already may have got more contacts since: those beyond the approved number go on waiting. Returns how
    many contacts it has. Raises InputError when it is not good, WrongSecret, StoreError.
    """
    await table.lock_campaign(inst.store, campaign)
    wanted = await table.newest(inst.store, campaign)
    if wanted is None or wanted.request_id != parameters.get("request"):
        raise InputError(t("this start of {campaign} no longer waits; ask for it again", campaign=campaign))
    _open(wanted, inst.actor.account, inst.clock.real_now())
    await verify_secret(inst, sealed, _good_for(wanted, inst.actor.account))
    total = (await tallies.of_campaign(inst.store, campaign)).total
    stored = await known_campaign(inst.store, campaign)
    spec = msgspec.json.decode(wanted.spec, type=Campaign)
    limit = most_approved(spec.purpose, wanted.contacts, inst.settings.approve_above)
    not_asked = total > limit and stored.state not in GOES_ON
    if not_asked or wanted.fingerprint != wanted.texts.fingerprint(wanted.contacts):
        raise InputError(
            t(
                "{campaign} has {total} contacts now, and {asked} were to be approved; ask for the start again",
                campaign=campaign,
                total=total,
                asked=wanted.contacts,
            )
        )
    if not await table.approve(inst.store, wanted, inst.actor, wanted.asked_by, alone=False):
        raise InputError(t("this start of {campaign} is approved already", campaign=campaign))
    await save_campaign(inst.store, spec, wanted.flow_file, wanted.flow_text, wanted.sub_flows)
    await set_state(inst.store, campaign, CampaignState.RUNNING, None, inst.clock.now(), limit)
    return total


@reads(Scope.CAMPAIGNS_APPROVE)
async def verify_secret(inst: Installation, sealed: bytes, good_for: Mapping[str, str | int]) -> None:
    """The worker's part: whether this is the secret of ``inst.actor``, sealed for this alone.

    Raises InputError when it is not good, WrongSecret, ConfigError, StoreError.
    """
    account = inst.actor.account
    if await table.wrong_secrets(inst.store, account, WITHIN) >= MOST_WRONG:
        raise InputError(t("{account} gave too many wrong secrets; wait a quarter of an hour", account=account))
    if inst.key is None:
        raise ConfigError(t("only a worker verifies an approval"))
    secret = unseal(workers_key(inst.key), sealed, dict(good_for))
    credential = await accounts.credential_of(inst.store, account)
    if credential is None:
        raise InputError(t("{account} has set no secret; `agi-app account secret` does", account=account))
    if not await asyncio.to_thread(fits, secret, credential):
        raise WrongSecret(t("this is not the secret of {account}", account=account))


def _open(wanted: StartRequest, approver: str, now: dt.datetime) -> None:
    """InputError unless this account may still approve this request."""
    name = wanted.campaign
    if wanted.approved_by is not None:
        raise InputError(t("this start of {campaign} is approved already", campaign=name))
    if wanted.asked_by == approver:
        raise InputError(t("{account} asked for this start: another person approves it", account=approver))
    if wanted.asked_at < now - table.GOOD_FOR:
        raise InputError(t("this start of {campaign} was asked for more than three days ago; ask again", campaign=name))


def _good_for(wanted: StartRequest, approver: str) -> dict[str, str | int]:
    """What a secret is sealed with: it is good for nothing else."""
    return {"request": wanted.request_id, "preview": wanted.fingerprint.hex(), "account": approver}


async def standing(store: Store, stored: StoredCampaign) -> str:
    """By whom the campaign's start was approved, in words for a report, and who waits for more. Raises StoreError."""
    told = _standing(await table.newest(store, stored.campaign.name), stored)
    if not (waits := await unapproved(store, stored.campaign.name)):
        return told
    who = count_of(waits, "contact waits", "contacts wait")
    return t("{told}; {who} for another approval", told=told, who=who)


def _standing(newest: StartRequest | None, stored: StoredCampaign) -> str:
    if stored.state is CampaignState.DRAFT and newest is None:
        return t("not started yet")
    if newest is None:
        return t("not needed") if stored.most_contacts is not None else t("alone: one person approves their own starts")
    if newest.alone:
        return t("alone: {account} approved their own start", account=newest.asked_by)
    if newest.approved_by is None:
        return t("asked for by {account}, nobody has approved it", account=newest.asked_by)
    return t("asked for by {asked}, approved by {approved}", asked=newest.asked_by, approved=newest.approved_by)
