"""webhook add, list, show, test, rotate, disable, enable, remove, deliveries, replay: events for others' programs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Annotated, Literal

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, warn, with_installation
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.operations.service import webhooks
from agi_app.operations.service.webhooks import DeliveryRow, NewSecret, WebhookEndpoint

app = typer.Typer(help="Events that are sent to other programs as they happen.", no_args_is_help=True)
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The endpoint's number.")]
EndpointOption = Annotated[int | None, typer.Option(help="Of this endpoint alone.")]
TEST_WAIT = dt.timedelta(seconds=20)
ONE_DAY_H = 24.0
STATES = {"waiting": template("waiting"), "delivered": template("delivered"), "failed": template("failed")}


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted: https://…")],
    event: Annotated[
        list[str], typer.Option(help="A type of event, or `campaign.*`, or `*` for all; give it again for another one.")
    ],
    values: Annotated[bool, typer.Option("--values", help="Also send what people answered in calls.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Register where events are sent. Its secret, which the receiver checks signatures with, is shown this once."""
    _show_secret(with_installation(project, webhooks.add, url, event, with_values=values), as_json)


@app.command("list")
def list_endpoints(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show all endpoints, and how they fare."""
    found = with_installation(project, webhooks.endpoints)
    if as_json:
        say_json([dataclasses.asdict(one) for one in found])
        return
    table(
        t("Endpoints"),
        ("id", t("address"), t("events"), t("values"), t("state"), t("waiting")),
        (
            (e.endpoint_id, e.url, " ".join(e.types), t("yes") if e.with_values else t("no"), _state(e), e.waiting)
            for e in found
        ),
    )


@app.command()
def events(as_json: JsonOption = False) -> None:
    """List the types of events, and what each tells."""
    if as_json:
        say_json(dict(webhooks.EVENTS))
    else:
        table(t("Events"), (t("event"), t("tells")), ((name, t(text)) for name, text in webhooks.EVENTS.items()))


@app.command()
def show(endpoint_id: IdArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show one endpoint."""
    _show(with_installation(project, webhooks.endpoint, endpoint_id), as_json)


@app.command("test")
def send_test(endpoint_id: IdArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Send an event webhook.test there and say how it went; `agi-app deliver` must run. Exit 1 when it failed."""
    event = with_installation(project, webhooks.send_test, endpoint_id)
    row = with_installation(project, webhooks.outcome, event, TEST_WAIT)
    if as_json:
        say_json(None if row is None else dataclasses.asdict(row))
    elif row is None or row.tried_at is None:
        warn(t("{event}: not sent within {seconds} seconds", event=event, seconds=round(TEST_WAIT.total_seconds())))
    else:
        say(f"{event}: {_result(row)}")
    raise typer.Exit(0 if row is not None and row.state == "delivered" else 1)


@app.command()
def rotate(
    endpoint_id: IdArgument,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="How long events are signed with the old secret, too.")
    ] = ONE_DAY_H,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a new secret, which is shown this once; the old one stays good for a while."""
    overlap = dt.timedelta(hours=overlap_hours)
    _show_secret(with_installation(project, webhooks.rotate, endpoint_id, overlap=overlap), as_json)


@app.command()
def disable(endpoint_id: IdArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Send nothing there until it is enabled. Stops wait; `replay --since` sends the others again."""
    _show(with_installation(project, webhooks.disable, endpoint_id), as_json)


@app.command()
def enable(endpoint_id: IdArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Send there again, beginning with what waits."""
    _show(with_installation(project, webhooks.enable, endpoint_id), as_json)


@app.command()
def remove(endpoint_id: IdArgument, project: ProjectOption = HERE) -> None:
    """Forget an endpoint, with its secret, what waits for it, and its log."""
    with_installation(project, webhooks.remove, endpoint_id)
    say(t("endpoint {id} is removed", id=endpoint_id))


@app.command()
def deliveries(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="Every try of this event (evt_…).")] = None,
    endpoint: EndpointOption = None,
    state: Annotated[
        Literal["waiting", "delivered", "failed"] | None, typer.Option(help="Those in this state alone.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=webhooks.MOST_LISTED, help="How many of the newest.")] = 50,
    before: Annotated[int | None, typer.Option(help="Older ones than this delivery.")] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what was sent, what came back, and what waits for its next try (UTC)."""
    if event is not None:
        tried = with_installation(project, webhooks.tries, event)
        if as_json:
            say_json([dataclasses.asdict(one) for one in tried])
            return
        rows = ((o.endpoint_id, _at(o.at), f"{o.seconds:.1f}", o.status or "", o.text) for o in tried)
        table(event, (t("endpoint"), t("tried"), t("seconds"), t("status"), t("answer")), rows)
        return
    found = with_installation(
        project, webhooks.deliveries, endpoint_id=endpoint, state=state, before=before, limit=last
    )
    if as_json:
        say_json([dataclasses.asdict(row) for row in found])
        return
    columns = (
        "id",
        t("event"),
        t("type"),
        t("endpoint"),
        t("state"),
        t("tries"),
        t("last try"),
        t("result"),
        t("next try"),
    )
    table(
        t("Deliveries"),
        columns,
        (
            (
                r.delivery_id,
                r.event,
                r.type,
                r.endpoint_id,
                t(STATES[r.state]),
                r.tries,
                _at(r.tried_at),
                _short(r),
                _at(r.next_try_at),
            )
            for r in found
        ),
    )


@app.command()
def replay(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="One event (evt_…).")] = None,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="Events from then on (UTC).")
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="Events before then (UTC).")
    ] = None,
    endpoint: EndpointOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Send an event again, or all of a span, by their old ids: to every endpoint that asks for their types, or one."""
    if event is not None and since is None and until is None:
        number = with_installation(project, webhooks.replay, event, endpoint_id=endpoint)
    elif event is None and since is not None:
        until = None if until is None else until.replace(tzinfo=dt.UTC)
        since = since.replace(tzinfo=dt.UTC)
        number = with_installation(project, webhooks.replay_range, since, until, endpoint_id=endpoint)
    else:
        raise InputError(t("say which event, or the span by --since and --until"))
    say(t("deliveries that begin again: {number}", number=number))


def _show_secret(made: NewSecret, as_json: bool) -> None:
    if as_json:
        say_json(dataclasses.asdict(made.endpoint) | {"secret": made.secret})
        return
    say(t("endpoint {id}: {url}", id=made.endpoint.endpoint_id, url=made.endpoint.url))
    say(t("secret, shown this once: {secret}", secret=made.secret))


def _show(one: WebhookEndpoint, as_json: bool) -> None:
    if as_json:
        say_json(dataclasses.asdict(one))
        return
    say(t("endpoint {id}: {url}", id=one.endpoint_id, url=one.url))
    say(t("state: {state}", state=_state(one)))
    say(t("events: {types}", types=" ".join(one.types)))
    say(t("values: {values}", values=t("yes") if one.with_values else t("no")))
    say(t("waiting: {number}", number=one.waiting))
    say(t("secrets in force: {number}", number=one.secrets))
    say(t("registered {at} UTC by {who}", at=_at(one.created_at), who=one.created_by))


def _state(one: WebhookEndpoint) -> str:
    if not one.enabled:
        why = {"by hand": t("by hand"), "failed": t("it failed for three days"), "gone": t("it answered 410")}
        return t("disabled: {why}", why=why[one.disabled_why or "by hand"])
    return t("enabled") if one.failing_since is None else t("failing since {at} UTC", at=_at(one.failing_since))


def _result(row: DeliveryRow) -> str:
    if row.state == "delivered":
        return t("delivered in {seconds:.1f} s, status {status}", seconds=row.seconds or 0.0, status=row.status)
    return t("failed: {why}", why=_short(row))


def _short(row: DeliveryRow) -> str:
    text = (row.text or "")[:60]
    return text if row.status is None else f"{row.status} {text}".strip()


def _at(time: dt.datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
