"""A project with people, calls and accounts, its API served on a real socket with the service's rights."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import psycopg
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agi_app import asked
from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.config.feed_definition import FeedDefinition, FeedKind, FeedMode
from agi_app.config.settings import Settings, load_settings
from agi_app.console.app import make_console
from agi_app.dialer.worker.asks import Asks
from agi_app.errors import StoreError
from agi_app.installation import Installation, installation
from agi_app.model.actors import Actor, Role, Scope, scopes_of
from agi_app.model.approvals import StartTexts
from agi_app.operations.calling import approvals as start_approvals
from agi_app.operations.calling import asks, previews
from agi_app.operations.guard import guard_lists, guard_scripts
from agi_app.operations.people import complaint_asks, complaints, consents, contacts
from agi_app.operations.people.contacts import SentFile, WrittenCampaign
from agi_app.operations.project import drafts, project_files
from agi_app.operations.project.drafts import DraftOf
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.operations.service import accounts, audit, tokens, webhooks
from agi_app.store.calling import approvals
from agi_app.store.database import service_rights
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json
from agi_app.store.exchange import results
from agi_app.store.feeds import feeds, runs
from agi_app.store.requested_calls import asks as waiting_asks
from tests.store.world import World, campaign, number

T = TypeVar("T")
PROXY = "127.0.0.2"  # who comes from there is a proxy, and believed
FEED = "appointments"
CAMPAIGN = "checkup"
FLOW = "checkup-reminder"
WORDS = "this is the tax office your account will be closed press one now to speak to an officer"
ROLES = tuple(Role)
CSV = f"external_id,number,language,name\nsent-1,{number(61)},en,Person 61\n"
CONSENT = {"number": number(7), "purpose": "survey", "wording": "I agree.", "method": "web form", "source": "site"}


@dataclass
class Site:
    """What a test asks, and as whom."""

    url: str = ""
    inst: Installation = field(init=False)
    tokens: dict[Role, str] = field(default_factory=dict)  # all scopes of the role
    ids: dict[Role, str] = field(default_factory=dict)
    drafts: dict[str, bytes] = field(default_factory=dict)  # of the flow, and of the campaign
    _loop: asyncio.AbstractEventLoop = field(init=False)

    def run(self, work: Callable[[Installation], Awaitable[T]]) -> T:
        """Do something in the served installation, as its first account."""

        async def go() -> T:
            return await work(self.inst)

        return asyncio.run_coroutine_threadsafe(go(), self._loop).result(60)

    def headers(self, role: Role) -> dict[str, str]:
        """Those of a request of an account with this one role."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}


def settings_for(folder: Path, database_url: str) -> Settings:
    """Those of a new project, on this database."""
    make_project(folder)
    file = folder / "campaigns" / "march-checkup.yaml"
    text = file.read_text(encoding="utf-8").replace("campaign: march-checkup", f"campaign: {CAMPAIGN}")
    file.with_name(f"{CAMPAIGN}.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder).model_copy(update={"database_url": database_url})


@contextmanager
def served(
    folder: Path, database_url: str, change: Callable[[Settings], Settings] = lambda settings: settings
) -> Iterator[Site]:
    """A site, from when it answers until the block ends; ``change`` of the settings of a new project."""
    site, ready, over = Site(), threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_serve(site, change(settings_for(folder, database_url)), ready, over))
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="api", daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        if failed:
            raise failed[0]
        yield site
    finally:
        over.set()
        thread.join(30)


async def _serve(site: Site, settings: Settings, ready: threading.Event, over: threading.Event) -> None:
    async with installation(settings) as inst:
        site._loop = asyncio.get_running_loop()
        site.inst = inst
        await seed(site)
        url = psycopg.conninfo.make_conninfo(settings.database_url, user=service_rights.CONSOLE.name)
        store = await Store.open(url, settings.data, clock=Clock(), hash_number=_no_key)
        nobody = Actor("agi-app console", frozenset(), "api")
        serving = dataclasses.replace(inst, store=store, actor=nobody, key=cast(Any, None), journal=cast(Any, None))
        console = settings.console.model_copy(update={"trusted_proxies": (f"{PROXY}/32",)})
        runner = web.AppRunner(make_console(serving, console), access_log=None)
        await runner.setup()
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        assert listening._server is not None
        site.url = f"http://127.0.0.1:{listening._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        ready.set()
        await asyncio.to_thread(over.wait)
        await runner.cleanup()
        await store.close()


def _no_key(_number: str) -> bytes:
    raise StoreError("the service has no suppression key")


async def seed(site: Site) -> None:
    """One of each: what every route that shows something has to show."""
    inst = site.inst
    for role in ROLES:
        await accounts.add(inst, f"the-{role.value}", [role])
        made = await tokens.create(inst, f"the-{role.value}", "tests", scopes_of(frozenset({role})), 30)
        site.tokens[role], site.ids[role] = made.text, made.row.token_id
    await results.register(inst.store, [results.ResultTarget("clinic", "folder", (CAMPAIGN,), 30)])
    world = World(inst.store)
    wanted = await world.running(campaign(CAMPAIGN), range(1, 9), consenting=range(1, 6))
    await world.call(await world.claim_one(wanted))
    await world.claim(wanted)
    await complaints.add(inst, number(6), "They called at night.", source="telephone")
    await consents.add_wording(inst, "form/1", "I agree to reminder calls.", language="en")
    await guard_lists.put(inst, "+999861390000001", allow=False, reason="nuisance", days=30)
    await guard_lists.set_line(inst, "100", level="strict")
    await guard_scripts.add(inst, "tax office", WORDS)
    await webhooks.add(inst, "https://hooks.example/agi-app", ["person.stopped"])
    await webhooks.add(inst, "https://hooks.example/removed", ["campaign.started"])
    await asks.ask(inst, CAMPAIGN, "pause", reason="too many calls")
    await feeds.know(inst.store, FeedDefinition(FEED, FeedKind.CONTACTS, CAMPAIGN, FeedMode.WHOLE, "folder /srv/out"))
    await runs.want(inst.store, FEED, "check", "li.na")
    await consents.ask(inst, CONSENT)
    texts = StartTexts(as_json(wanted), "flows/reminder.yaml", "flow: reminder\n", {})
    await approvals.keep_key(inst.store, X25519PrivateKey.generate().public_key().public_bytes_raw())
    await approvals.request(inst.store, CAMPAIGN, ["marketing"], 8, texts, "the-operator", alone=False)
    supervisor = Actor("the-supervisor", frozenset({Role.SUPERVISOR}), "api")
    await start_approvals.approve(dataclasses.replace(inst, actor=supervisor), CAMPAIGN, "correct horse battery")
    await contacts.ask(inst, written(inst), SentFile("contacts.csv", CSV.encode()), dry_run=True)
    await previews.ask(inst, CAMPAIGN)
    await _drafts(site)
    await complaint_asks.ask_note(inst, 1, "We wrote back.")
    await audit.checkpoint(inst)
    inst.settings.console_folder.mkdir(mode=0o700, exist_ok=True)
    (inst.settings.console_folder / "database-url").touch()
    for _ in range(2):
        await report_of(site, inst)


async def report_of(site: Site, inst: Installation, role: Role = Role.COMPLIANCE, **asked: Any) -> int:
    """A report that this role's account asked for by the service, made."""
    actor = Actor(f"the-{role.value}", frozenset({role}), "api", shown=site.tokens[role])
    days = CallsRequest(dt.date(2020, 1, 1), dt.date(2100, 1, 1), **asked)
    number = await jobs.ask(dataclasses.replace(inst, actor=actor), days, TableFormat.JSON)
    await jobs.run_next(inst)
    return number


async def _drafts(site: Site) -> None:
    """A text of the flow that was published (asks 6 and 7), and a draft of it (8) and of the campaign (9)."""
    inst, operator = site.inst, frozenset({Role.OPERATOR})
    who = Actor("the-operator", operator, "api", token=site.ids[Role.OPERATOR], shown=site.tokens[Role.OPERATOR])
    acting = dataclasses.replace(inst, actor=who)
    flow, project = DraftOf("flow", FLOW), project_files.read(inst.settings.project)
    text = await drafts.shown(acting, project, flow) + b"# published\n"
    kept, _ = await drafts.save(acting, project, flow, text)
    await drafts.publish(acting, flow, kept.sha256, reason="clearer words")
    await answer_asks(inst, after=kept.ask_id - 1)
    for of in (flow, DraftOf("campaign", CAMPAIGN)):
        project = project_files.read(inst.settings.project)
        text = await drafts.shown(acting, project, of) + b"# draft\n"
        await drafts.save(acting, project, of, text)
        site.drafts[of.kind] = text


def written(inst: Installation) -> WrittenCampaign:
    """The campaign by its file."""
    return contacts.campaign_of(project_files.read(inst.settings.project), CAMPAIGN)


async def answer_asks(inst: Installation, after: int = 0) -> None:
    """Do what waits, behind an ask or all of it, as a worker does."""

    async def keep(_number: str, _how: str) -> None:
        raise AssertionError("no stop was asked for")

    worker = Asks(inst.store, "node-1", keep, partial(asked.prepare, inst), partial(asked.do, inst))
    while (found := await waiting_asks.look(inst.store, after)) is not None:
        after = found.ask_id
        await worker._take(found)


async def token_of(inst: Installation, role: Role, *scopes: Scope, days: int = 1) -> str:
    """A token of the role's account for these scopes alone."""
    return (await tokens.create(inst, f"the-{role.value}", "narrow", scopes, days)).text


def at(hour: int) -> str:
    """A time of today's past as requests have it."""
    return dt.datetime(2026, 1, 5, hour, tzinfo=dt.UTC).isoformat()


Json = dict[str, Any]
