"""Webhooks: which programs are told of what, how it went, and events sent again (docs/how-to/webhooks.md).

The audit records each change: which endpoint, and who made it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.authoring.suggestions import suggest
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.webhook_events import ALL, EVENTS, GROUPS, TEST, chosen
from agi_app.operations.acting import noted, reads
from agi_app.store.webhooks import deliveries as table
from agi_app.store.webhooks import endpoints as stored
from agi_app.store.webhooks.deliveries import DeliveryRow, TryRow
from agi_app.store.webhooks.endpoints import WebhookEndpoint
from agi_app.webhooks.signature import shown
from agi_app.webhooks.targets import fault_in

__all__ = [
    "EVENTS",
    "DeliveryRow",
    "NewSecret",
    "TryRow",
    "WebhookEndpoint",
    "add",
    "deliveries",
    "disable",
    "enable",
    "endpoint",
    "endpoints",
    "outcome",
    "remove",
    "replay",
    "replay_range",
    "rotate",
    "send_test",
    "tries",
]
MOST_ENDPOINTS = 50
SECRET_BYTES = 32
LONGEST_OVERLAP = dt.timedelta(days=7)
MOST_LISTED = 1000
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and its newest secret, which is shown this once."""

    endpoint: WebhookEndpoint
    secret: str  # whsec_…


async def _state(inst: Installation, endpoint_id: int) -> object:
    return await stored.endpoints(inst.store, inst.clock.real_now(), endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook add", "url")
async def add(inst: Installation, url: str, types: Sequence[str], *, with_values: bool = False) -> NewSecret:
    """Register where events of these types are sent; ``with_values``: also what people answered.

    Raises InputError for an address or a type that cannot be, StoreError.
    """
    settings = inst.settings.webhooks
    if (fault := fault_in(url, settings.networks, allow_http=settings.allow_http)) is not None:
        raise InputError(f"{url}: {fault}")
    names, unknown = chosen(types)
    if unknown or not names:
        raise _no_event(unknown[0] if unknown else "")
    if len(await endpoints(inst)) >= MOST_ENDPOINTS:
        raise InputError(t("there are {most} endpoints, which is the most; remove one first", most=MOST_ENDPOINTS))
    secret = secrets.token_bytes(SECRET_BYTES)
    made = await stored.add(inst.store, url, names, secret, with_values=with_values, by=inst.actor.account)
    return NewSecret(await _endpoint(inst, made), shown(secret))


@reads(Scope.WEBHOOKS_MANAGE)
async def endpoints(inst: Installation) -> list[WebhookEndpoint]:
    """All endpoints, without their secrets. Raises StoreError."""
    return await stored.endpoints(inst.store, inst.clock.real_now())


@reads(Scope.WEBHOOKS_MANAGE)
async def endpoint(inst: Installation, endpoint_id: int) -> WebhookEndpoint:
    """One endpoint. Raises InputError when there is none of that number, StoreError."""
    return await _endpoint(inst, endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook rotate", "endpoint_id")
async def rotate(inst: Installation, endpoint_id: int, *, overlap: dt.timedelta = dt.timedelta(days=1)) -> NewSecret:
    """A new secret; for as long as ``overlap`` (a week at most) each event is signed with the old one, too.

    Raises InputError, StoreError.
    """
    if not dt.timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InputError(t("an old secret is good for {days} days at most", days=LONGEST_OVERLAP.days))
    await _endpoint(inst, endpoint_id)
    secret = secrets.token_bytes(SECRET_BYTES)
    await stored.rotate(inst.store, endpoint_id, secret, inst.clock.real_now() + overlap)
    return NewSecret(await _endpoint(inst, endpoint_id), shown(secret))


@noted(Scope.WEBHOOKS_MANAGE, "webhook disable", "endpoint_id", state=_state)
async def disable(inst: Installation, endpoint_id: int) -> WebhookEndpoint:
    """Send nothing there; stops wait, other events can be sent again. Raises InputError, StoreError."""
    await _endpoint(inst, endpoint_id)
    await stored.disable(inst.store, endpoint_id, "by hand")
    return await _endpoint(inst, endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook enable", "endpoint_id", state=_state)
async def enable(inst: Installation, endpoint_id: int) -> WebhookEndpoint:
    """Send there again, beginning with what waits. Raises InputError, StoreError."""
    await _endpoint(inst, endpoint_id)
    await stored.enable(inst.store, endpoint_id, inst.clock.real_now())
    return await _endpoint(inst, endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook remove", "endpoint_id", state=_state)
async def remove(inst: Installation, endpoint_id: int) -> None:
    """Forget it, with its secrets, what waits for it, and its log. Raises InputError, StoreError."""
    if not await stored.remove(inst.store, endpoint_id):
        raise _none(endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook test", "endpoint_id")
async def send_test(inst: Installation, endpoint_id: int) -> str:
    """Send an event ``webhook.test`` there; returns its id. Raises InputError, also when it is disabled, StoreError."""
    if not (await _endpoint(inst, endpoint_id)).enabled:
        raise InputError(t("endpoint {id} is disabled; enable it first", id=endpoint_id))
    if not await stored.sender_alive(inst.store):
        raise InputError(t("no process delivers events: start `agi-app deliver`"))
    return await table.tell_one(inst.store, endpoint_id, TEST)


@reads(Scope.WEBHOOKS_MANAGE)
async def outcome(inst: Installation, event: str, wait: dt.timedelta) -> DeliveryRow | None:
    """The newest delivery of an event once it was tried, or as it is after that time. Raises StoreError."""
    until = inst.clock.monotonic() + wait.total_seconds()
    while True:
        found = await table.deliveries(inst.store, event=event, limit=1)
        if (found and found[0].tried_at is not None) or inst.clock.monotonic() >= until:
            return found[0] if found else None
        await asyncio.sleep(LOOK_EVERY_S)


@reads(Scope.WEBHOOKS_MANAGE)
async def deliveries(
    inst: Installation,
    *,
    endpoint_id: int | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[DeliveryRow]:
    """The newest deliveries with their last tries; ``before`` is the delivery_id that a page begins below.

    ``state``: waiting, delivered or failed. Raises StoreError.
    """
    limit = max(1, min(limit, MOST_LISTED))
    return await table.deliveries(inst.store, endpoint_id=endpoint_id, state=state, before=before, limit=limit)


@reads(Scope.WEBHOOKS_MANAGE)
async def tries(inst: Installation, event: str) -> list[TryRow]:
    """Every try of one event. Raises InputError when it is not kept, StoreError."""
    await _kept(inst, event)
    return await table.tries(inst.store, event)


@noted(Scope.WEBHOOKS_MANAGE, "webhook replay", "event")
async def replay(inst: Installation, event: str, *, endpoint_id: int | None = None) -> int:
    """Send one event again, by its old id; returns to how many endpoints. Raises InputError, StoreError."""
    await _kept(inst, event)
    return await table.replay(inst.store, inst.clock.real_now(), event=event, endpoint_id=endpoint_id)


@noted(Scope.WEBHOOKS_MANAGE, "webhook replay range", "endpoint_id")
async def replay_range(
    inst: Installation, since: dt.datetime, until: dt.datetime | None = None, *, endpoint_id: int | None = None
) -> int:
    """Send all events of a span again; returns how many deliveries that are. Raises InputError, StoreError."""
    if until is not None and until <= since:
        raise InputError(t("--until must be later than --since"))
    if endpoint_id is not None:
        await _endpoint(inst, endpoint_id)
    return await table.replay(inst.store, inst.clock.real_now(), since=since, until=until, endpoint_id=endpoint_id)


def _no_event(word: str) -> InputError:
    if ALL not in word:
        return InputError(t("there is no event {word!r}{hint}", word=word, hint=suggest(word, EVENTS)))
    told = "{word!r} names no events: write one type, * for all, or all of a group: {groups}"
    return InputError(t(told, word=word, groups=", ".join(GROUPS)))


async def _endpoint(inst: Installation, endpoint_id: int) -> WebhookEndpoint:
    found = await stored.endpoints(inst.store, inst.clock.real_now(), endpoint_id)
    if not found:
        raise _none(endpoint_id)
    return found[0]


async def _kept(inst: Installation, event: str) -> None:
    if table.uid_of(event) is None or not await table.exists(inst.store, event):
        raise InputError(t("there is no event {event!r}; `agi-app webhook deliveries` shows their ids", event=event))


def _none(endpoint_id: int) -> InputError:
    return InputError(t("there is no endpoint {id}; `agi-app webhook list` shows all", id=endpoint_id))
