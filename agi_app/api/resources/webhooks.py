"""What is sent to other programs: events to webhooks, results of calls to an office's systems; how it went."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from agi_app.api.cursors import page
from agi_app.api.lists import there
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, PageQuery, Routes
from agi_app.model.actors import Scope
from agi_app.operations.service import results
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


class ResultsTargetAnswer(ApiAnswer):
    """A target, and how it fares."""

    target: str
    kind: Literal["folder", "database"]
    campaigns: list[str]
    in_settings: bool = Field(description="agi-app.toml has it")
    known: bool = Field(description="to the workers, as agi-app.toml says it")
    waiting: int
    waiting_since: dt.datetime | None
    given_up: int = Field(description="results that are still in the log")
    sent_in_a_day: int
    failing_since: dt.datetime | None
    fault: str | None = Field(description="why nothing can be sent there")


class ResultsTargetsAnswer(ApiAnswer):
    """All that the workers know."""

    data: list[ResultsTargetAnswer]
    processes: int = Field(description="that send: `agi-app exchange`")


class SentResultAnswer(ApiAnswer):
    """The result of a call for one target."""

    delivery_id: int
    key: str
    call: str
    campaign: str
    id: str
    outcome: str
    version: int
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    recorded_at: dt.datetime
    ended_at: dt.datetime | None
    next_try_at: dt.datetime | None
    file: str | None
    fault: str | None


class SentResultPage(ApiAnswer):
    """The newest first."""

    data: list[SentResultAnswer]
    next: str | None


class SentResultQuery(PageQuery):
    """Which results."""

    limit: int = Field(50, ge=1, le=500, description="the most rows of one page")
    state: Literal["waiting", "delivered", "failed"] | None = None


@routes.get("/results", Scope.FIGURES_READ, ResultsTargetsAnswer)
async def results_targets(call: ApiCall[NoQuery, None]) -> ResultsTargetsAnswer:
    """Where results of calls are sent back to, and how that fares."""
    found = await results.status(call.inst)
    shown = [_shown_target(one, one.row) for one in found.targets if one.row is not None]
    return ResultsTargetsAnswer(data=shown, processes=found.processes)


@routes.get("/results/{target}/deliveries", Scope.PEOPLE_READ, SentResultPage, query=SentResultQuery)
async def sent_results(call: ApiCall[SentResultQuery, None]) -> SentResultPage:
    """What was sent there, what waits and what was given up, the newest first."""

    async def fetch(limit: int, after: int | str | None) -> list[results.ResultDelivery]:
        before = NEWEST if after is None else int(after)
        state = call.query.state
        found = results.log_of(call.inst, call.path["target"], state=state, before=before, limit=limit)
        return await there(found)

    rows, following = await page(call.query, int, fetch, lambda row: row.delivery_id)
    names = SentResultAnswer.model_fields
    data = [SentResultAnswer.model_validate({name: getattr(row, name) for name in names}) for row in rows]
    return SentResultPage(data=data, next=following)


def _shown_target(one: results.TargetStatus, row: results.TargetRow) -> ResultsTargetAnswer:
    same = ("kind", "campaigns", "waiting", "waiting_since", "failing_since", "fault")
    told = {name: getattr(row, name) for name in same}
    told |= {"given_up": row.failed, "sent_in_a_day": row.delivered_in_a_day}
    return ResultsTargetAnswer(target=one.target, in_settings=one.in_settings, known=one.known, **told)
