"""Webhooks: where events are sent, how it went, and events sent again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from agi_app.api.cursors import page
from agi_app.api.lists import there
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, PageQuery, Routes
from agi_app.model.actors import Scope
from agi_app.operations.service import webhooks as operations

routes = Routes()
NEWEST = 2**62
EventType = Annotated[str, Field(pattern=r"^([a-z_]{1,30}\.([a-z_]{1,30}|\*)|\*)$")]
EventId = Annotated[str, Field(pattern=r"^evt_[0-9a-f-]{32,36}$")]


class WebhookAnswer(ApiAnswer):
    """One receiver; its secret is not shown. ``types`` has ``*`` alone for all."""

    endpoint_id: int
    url: str
    types: list[str]
    with_values: bool
    enabled: bool
    disabled_why: str | None
    created_by: str
    created_at: dt.datetime
    secrets: int = Field(description="in force: two while one is replaced")


class WebhooksAnswer(ApiAnswer):
    """All of them."""

    data: list[WebhookAnswer]


class SecretAnswer(ApiAnswer):
    """A receiver with its newest secret, which is shown this once; in a repeated answer it is empty."""

    webhook: WebhookAnswer
    secret: str


class NewWebhook(Given):
    """Where events are to be sent, and which."""

    url: str = Field(pattern=r"^https://[!-~]{1,500}$")
    types: list[EventType] = Field(min_length=1, max_length=50)
    with_values: bool = Field(False, description="also what people answered in calls")


class WebhookChange(Given):
    """Whether events are sent there."""

    enabled: bool


class DeliveryAnswer(ApiAnswer):
    """A delivery with its last try."""

    delivery_id: int
    event: str
    type: str
    recorded_at: dt.datetime
    endpoint_id: int
    state: str
    tries: int
    next_try_at: dt.datetime | None
    tried_at: dt.datetime | None
    seconds: float | None
    status: int | None
    text: str | None


class DeliveryPage(ApiAnswer):
    """The newest first."""

    data: list[DeliveryAnswer]
    next: str | None


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    limit: int = Field(50, ge=1, le=500, description="the most rows of one page")
    state: Literal["waiting", "delivered", "failed"] | None = None


class EventAnswer(ApiAnswer):
    """An event that is sent."""

    event: str


class Redelivery(Given):
    """Which event is to be sent again."""

    event: EventId


class RedeliveryAnswer(ApiAnswer):
    """To how many receivers."""

    deliveries: int


def _shown(one: operations.WebhookEndpoint) -> WebhookAnswer:
    return WebhookAnswer.model_validate({name: getattr(one, name) for name in WebhookAnswer.model_fields})


def _without_secret(answer: SecretAnswer) -> SecretAnswer:
    return answer.model_copy(update={"secret": ""})


@routes.get("/webhooks", Scope.WEBHOOKS_MANAGE, WebhooksAnswer)
async def listed(call: ApiCall[NoQuery, None]) -> WebhooksAnswer:
    """Where events are sent."""
    return WebhooksAnswer(data=[_shown(one) for one in await operations.endpoints(call.inst)])


@routes.get("/webhooks/{webhook}", Scope.WEBHOOKS_MANAGE, WebhookAnswer)
async def one(call: ApiCall[NoQuery, None]) -> WebhookAnswer:
    """One receiver."""
    return _shown(await operations.endpoint(call.inst, int(call.path["webhook"])))


@routes.post("/webhooks", Scope.WEBHOOKS_MANAGE, SecretAnswer, body=NewWebhook, keeps=_without_secret)
async def add(call: ApiCall[NoQuery, NewWebhook]) -> SecretAnswer:
    """Register a receiver. Its secret, with which it checks signatures, is shown this once."""
    given = call.body
    made = await operations.add(call.inst, given.url, given.types, with_values=given.with_values)
    return SecretAnswer(webhook=_shown(made.endpoint), secret=made.secret)


@routes.edit("PATCH", "/webhooks/{webhook}", Scope.WEBHOOKS_MANAGE, WebhookAnswer, body=WebhookChange)
async def change(call: ApiCall[NoQuery, WebhookChange]) -> WebhookAnswer:
    """Send there again, or send nothing."""
    to = operations.enable if call.body.enabled else operations.disable
    return _shown(await to(call.inst, int(call.path["webhook"])))


@routes.edit("DELETE", "/webhooks/{webhook}", Scope.WEBHOOKS_MANAGE, None, status=204)
async def remove(call: ApiCall[NoQuery, None]) -> None:
    """Forget a receiver, with its secrets, what waits for it, and its log."""
    await operations.remove(call.inst, int(call.path["webhook"]))


@routes.post("/webhooks/{webhook}/secrets", Scope.WEBHOOKS_MANAGE, SecretAnswer, keeps=_without_secret)
async def rotate(call: ApiCall[NoQuery, None]) -> SecretAnswer:
    """A new secret; for a day each event is signed with the old one, too."""
    made = await there(operations.rotate(call.inst, int(call.path["webhook"])))
    return SecretAnswer(webhook=_shown(made.endpoint), secret=made.secret)


@routes.post("/webhooks/{webhook}/test", Scope.WEBHOOKS_MANAGE, EventAnswer, status=202)
async def test(call: ApiCall[NoQuery, None]) -> EventAnswer:
    """Send an event `webhook.test` there."""
    webhook = int(call.path["webhook"])
    await there(operations.endpoint(call.inst, webhook))
    return EventAnswer(event=await operations.send_test(call.inst, webhook))


@routes.get("/webhooks/{webhook}/deliveries", Scope.WEBHOOKS_MANAGE, DeliveryPage, query=DeliveryQuery)
async def deliveries(call: ApiCall[DeliveryQuery, None]) -> DeliveryPage:
    """What was sent there, what came back, and what waits for its next try, the newest first."""
    webhook = int(call.path["webhook"])
    await there(operations.endpoint(call.inst, webhook))

    async def fetch(limit: int, after: int | str | None) -> list[operations.DeliveryRow]:
        before = NEWEST if after is None else int(after)
        state = call.query.state
        return await operations.deliveries(call.inst, endpoint_id=webhook, state=state, before=before, limit=limit)

    rows, following = await page(call.query, int, fetch, lambda row: row.delivery_id)
    names = DeliveryAnswer.model_fields
    data = [DeliveryAnswer.model_validate({name: getattr(row, name) for name in names}) for row in rows]
    return DeliveryPage(data=data, next=following)


@routes.post("/webhooks/redeliveries", Scope.WEBHOOKS_MANAGE, RedeliveryAnswer, body=Redelivery, status=202)
async def redeliver(call: ApiCall[NoQuery, Redelivery]) -> RedeliveryAnswer:
    """Send an event again, by its old id, to every receiver that asks for its type."""
    return RedeliveryAnswer(deliveries=await operations.replay(call.inst, call.body.event))
