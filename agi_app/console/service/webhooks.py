"""Webhooks: which programs are told of what, whether that works, and what was sent."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources import webhooks as resource
from agi_app.api.resources.webhooks import DeliveryPage, DeliveryQuery, WebhookAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.given import query_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.service import webhooks as operations

pages = Pages()
TRIED_WITHIN = dt.timedelta(seconds=3)
STATES = {"waiting": template("waits"), "delivered": template("was sent"), "failed": template("was given up")}
WHY = {
    "by hand": template("by hand"),
    "failed": template("it failed for three days"),
    "gone": template("it answered 410"),
}
SAID = {
    "on": template("Events are sent there again."),
    "off": template("Nothing is sent there now; stops wait."),
    "removed": template("The receiver is removed."),
    "tested": template("A test was sent; the log says how it went."),
}


class WebhookData(PageData):
    """A receiver, and what was sent there."""

    webhook: WebhookAnswer
    log: DeliveryPage


@pages.get("/service/webhooks", Scope.WEBHOOKS_MANAGE, Section.SERVICE, template("Webhooks"), proof=True)
async def show(call: PageCall) -> Shown:
    """All receivers, and a form for a new one."""
    return await _webhooks(call)


async def _webhooks(call: PageCall, fault: str = "") -> Shown:
    found = await resource.listed(ApiCall(call.inst, {}, NoQuery(), None))
    said = SAID.get(call.query.get("said", ""), "")
    more = {"fault": fault, "typed": call.form, "events": operations.EVENTS, "why": WHY, "said": said}
    return Shown("service/webhooks.html", found, "agi-app webhook list", 422 if fault else 200, more)


@pages.post("/service/webhooks", Scope.WEBHOOKS_MANAGE, proof=True)
async def add(call: PageCall) -> Shown:
    """Register a receiver; this page shows its secret once."""
    if call.unproved is not None:
        return await _webhooks(call, call.unproved)
    form = call.form
    types = ["*"] if form.get("all") else [name for name in operations.EVENTS if form.get(f"event-{name}")]
    try:
        made = await operations.add(call.inst, form.get("url", "").strip(), types, with_values=bool(form.get("values")))
    except InputError as error:
        return await _webhooks(call, str(error))
    return await _secret(call, made)


async def _secret(call: PageCall, made: operations.NewSecret) -> Shown:
    path = {"webhook": str(made.endpoint.endpoint_id)}
    found = await resource.one(ApiCall(call.inst, path, NoQuery(), None))
    return Shown("service/webhook_secret.html", found, more={"secret": made.secret})


@pages.get("/service/webhooks/{webhook}", Scope.WEBHOOKS_MANAGE, proof=True)
async def one(call: PageCall) -> Shown:
    """A receiver with its log."""
    return await _one(call)


async def _one(call: PageCall, fault: str = "") -> Shown:
    webhook = await resource.one(ApiCall(call.inst, call.path, NoQuery(), None))
    query = query_of(call, DeliveryQuery)
    log = await resource.deliveries(ApiCall(call.inst, call.path, query, None))
    said = SAID.get(call.query.get("said", ""), "")
    more = {"fault": fault, "states": STATES, "why": WHY, "asked": query, "said": said}
    command = f"agi-app webhook show {webhook.endpoint_id}"
    return Shown("service/webhook.html", WebhookData(webhook=webhook, log=log), command, 422 if fault else 200, more)


@pages.post("/service/webhooks/{webhook}/test", Scope.WEBHOOKS_MANAGE)
async def test(call: PageCall) -> Shown | GoTo:
    """Send a test there, and wait a little for how it went."""
    try:
        event = await operations.send_test(call.inst, int(call.path["webhook"]))
    except InputError as error:
        return await _one(call, str(error))
    await operations.outcome(call.inst, event, TRIED_WITHIN)
    return GoTo(f"/service/webhooks/{call.path['webhook']}", "tested")


@pages.post("/service/webhooks/{webhook}/state", Scope.WEBHOOKS_MANAGE)
async def state(call: PageCall) -> GoTo:
    """Send there again, or nothing."""
    number, on = int(call.path["webhook"]), call.form.get("enabled")
    if on not in ("yes", "no"):
        raise InputError(t("this form is not whole; open the page again"))
    await (operations.enable if on == "yes" else operations.disable)(call.inst, number)
    return GoTo(f"/service/webhooks/{number}", "on" if on == "yes" else "off")


@pages.post("/service/webhooks/{webhook}/secret", Scope.WEBHOOKS_MANAGE, proof=True)
async def rotate(call: PageCall) -> Shown:
    """A new secret, which this page shows once."""
    if call.unproved is not None:
        return await _one(call, call.unproved)
    return await _secret(call, await operations.rotate(call.inst, int(call.path["webhook"])))


@pages.post("/service/webhooks/{webhook}/remove", Scope.WEBHOOKS_MANAGE, proof=True)
async def remove(call: PageCall) -> Shown | GoTo:
    """Forget it, with its secrets, what waits for it, and its log."""
    if call.unproved is not None:
        return await _one(call, call.unproved)
    await operations.remove(call.inst, int(call.path["webhook"]))
    return GoTo("/service/webhooks", "removed")


@pages.post("/service/webhooks/{webhook}/again", Scope.WEBHOOKS_MANAGE)
async def again(call: PageCall) -> GoTo:
    """Send an event there again, by its old id."""
    number = int(call.path["webhook"])
    await operations.replay(call.inst, call.form.get("event", ""), endpoint_id=number)
    return GoTo(f"/service/webhooks/{number}")
