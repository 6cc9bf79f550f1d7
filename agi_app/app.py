"""The only place where objects are built and joined, and where their order of start and stop is decided.

``run_worker`` builds the service around an open ``Installation``:
store → lock → journal flushed → Asterisk → inherited calls ended → sweep → dialling.
"""

from __future__ import annotations

import asyncio
import platform
import signal
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agi_app import log
from agi_app.calls.orphans import sweep_rule
from agi_app.calls.voice import Voice
from agi_app.campaigns.ready import RULE, make_ready
from agi_app.campaigns.rules import load_ruleset
from agi_app.config import Settings
from agi_app.consent import checkpoint
from agi_app.consent.erase import signer
from agi_app.consent.evidence import EvidenceFiles
from agi_app.consent.purge import Purger
from agi_app.consent.revoke import Stops
from agi_app.dialer.internal import InternalCalls
from agi_app.dialer.lines import Lines
from agi_app.dialer.live import LiveCalls
from agi_app.dialer.loop import Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.place import Placer
from agi_app.dialer.rehearse import Rehearsals
from agi_app.dialer.worker import Health, Worker
from agi_app.errors import AgiAppError, OtherWorkerError
from agi_app.installation import Installation
from agi_app.model.call import Claim
from agi_app.pbx.ari import Ari
from agi_app.pbx.bridges import remove_empty
from agi_app.pbx.http import AriSettings, probe
from agi_app.pbx.inbound import Inbound
from agi_app.pbx.reconcile import reconcile
from agi_app.pbx.router import Router
from agi_app.pbx.trunks import asker, check_trunks
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.playable import Playable
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.synthesise import Renderer
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store import checks, contacts, nodes, progress, sweep, texts
from agi_app.store.locks import WorkerLock

CONNECT_WAIT_S = 15.0
ASK_AGAIN_S = 1.0
IDLE_CONNECTIONS = 5  # housekeeping, dialer, verification calls, rehearsals, audit tree: each asks the database in turn

_log = log.get("app")


def ari_settings(settings: Settings) -> AriSettings:
    """The connection to Asterisk as the settings say."""
    asterisk = settings.asterisk
    return AriSettings(
        url=asterisk.url,
        username=asterisk.username,
        password=settings.ari_password(),
        app=asterisk.app,
        request_timeout=asterisk.request_timeout,
    )


async def run_worker(inst: Installation) -> None:
    """Drive this node's Asterisk until SIGINT or SIGTERM; raises what makes it impossible."""
    await checks.assert_durable(inst.store)
    entityid = inst.settings.asterisk.entityid or (await probe(ari_settings(inst.settings))).entity_id
    lock = await inst.store.worker_lock(entityid)
    if lock is None:
        raise OtherWorkerError(
            f"another worker drives Asterisk {entityid}; one Asterisk has one worker. Is `agi-app run` running already?"
            " If that is another Asterisk, give each its own entityid in asterisk.conf"
        )
    try:
        await _run_locked(inst, lock)
    except BaseExceptionGroup as group:
        raise _first_of_ours(group) from group
    finally:
        await lock.release()


@dataclass(frozen=True, slots=True)
class _Parts:
    """A worker's objects, joined; nothing of it runs yet."""

    node: Node
    stops: Stops
    inbound: Inbound
    worker: Worker
    dialer: Dialer
    rehearsals: Rehearsals
    voice: Voice
    renderer: Renderer


async def _run_locked(inst: Installation, lock: WorkerLock) -> None:
    entityid = lock.entityid
    await inst.store.keep_ready(IDLE_CONNECTIONS)
    checkpoint.compare(checkpoint.read(inst.settings.data), await progress.progress(inst.store))
    await nodes.register_node(inst.store, entityid, f"{platform.node()} {inst.settings.asterisk.url}")
    stops = Stops(inst.store, inst.journal, inst.clock, entityid)
    flushed = await stops.flush()
    if flushed:
        _log.info("stops of the journal are in the database", count=flushed)
    parts = await _build(inst, lock, stops)
    with closing(parts.renderer), closing(parts.voice):
        async with stops.flushed_in_the_end(), asyncio.TaskGroup() as group:
            await _serve(inst, entityid, parts, group)
    if not stops.pending:
        await nodes.forget_node(inst.store, entityid)  # nobody needs to wait for our journal


async def _build(inst: Installation, lock: WorkerLock, stops: Stops) -> _Parts:
    """Join the parts, and note which rules they judge by."""
    inbound = Inbound()
    router = Router(lambda channel_id, _: ari.hang_up_soon(channel_id), inbound.take)

    async def prepare(connected: Ari) -> None:
        await reconcile(connected, router)
        await remove_empty(connected)
        await inbound.collect(connected)

    ari = Ari(ari_settings(inst.settings), inst.clock, on_event=router.handle, prepare=prepare)
    rules = load_ruleset(inst.settings.project)
    node = Node(lock.entityid, inst.store, ari, router, inst.clock, rules, LiveCalls())
    await texts.remember_ruleset(inst.store, rules)
    await contacts.wake_old_rules(inst.store, rules.version, inst.clock.now())
    health = Health()
    worker = Worker(node, stops, lock, health, inst.settings.data)
    prompts = inst.settings.project / "prompts"
    playable = Playable(prompts, inst.settings.asterisk.prompts_path, inst.clock.monotonic)
    renderer = Renderer(prompts, *voice_settings(inst.settings.project), playable, inst.clock)
    voice = Voice(renderer.media)
    dialer, placer = _dialer(inst, node, worker, stops, health, playable, voice)
    catalog = partial(read_catalog, prompts, *voice_settings(inst.settings.project))
    rehearsals = Rehearsals(node, inst.settings.trunks, placer, voice, prompts=catalog, hold=worker.hold)
    return _Parts(node, stops, inbound, worker, dialer, rehearsals, voice, renderer)


async def _serve(inst: Installation, entityid: str, parts: _Parts, group: asyncio.TaskGroup) -> None:
    """Connect, tidy up, call until told to end, then end everything in order."""
    node, worker, dialer = parts.node, parts.worker, parts.dialer
    background = [group.create_task(work) for work in (node.ari.run(), parts.stops.run(), parts.inbound.run(node.ari))]
    await node.ari.connected(CONNECT_WAIT_S)
    await check_trunks(asker(node.ari), inst.settings.trunks)
    await asyncio.to_thread(_prepare_prompts, inst.settings.project, inst.settings.trunks)
    swept = await sweep.sweep(inst.store, entityid, sweep_rule(inst.clock))
    if swept.released or swept.interrupted:
        _log.warning("found attempts of an earlier run", released=swept.released, interrupted=swept.interrupted)
    notary = await Notary.open(inst.settings, inst.store)
    sequencer = Sequencer(inst.store, notary)
    internal = InternalCalls(node, inst.settings.trunks, hold=worker.hold, take_stop=parts.stops.take)
    purger = Purger(inst.store, EvidenceFiles(inst.settings.data), node.ruleset, inst.clock, signer(notary.key))
    works = (sequencer.run(), worker.listen(dialer), worker.keep_house(dialer), internal.run(), purger.run())
    background += [group.create_task(work) for work in (*works, parts.rehearsals.run())]
    with _told_to_end(node.live) as told:
        dialling = group.create_task(dialer.run())
        await told.wait()
        await asyncio.gather(internal.close(), parts.rehearsals.close())
        await worker.drain(dialer)
        if len(node.live):  # the database does not take their results: the next start finds them interrupted
            dialling.cancel()
        await asyncio.wait([dialling])
    await _end_all(background)
    await sequencer.finish()


async def _end_all(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait; a library may swallow a cancellation (Python before 3.12), so ask again."""
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        _, ending = await asyncio.wait(ending, timeout=ASK_AGAIN_S)


@contextmanager
def _told_to_end(live: LiveCalls) -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one hangs up at once."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        if told.is_set():
            live.stop_all("the worker was told twice to end")
        told.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, tell)
    try:
        yield told
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _first_of_ours(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The fault to show of those that ended the worker: another worker first, then any of ours."""
    leaves: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        fault = todo.pop()
        if isinstance(fault, BaseExceptionGroup):
            todo.extend(fault.exceptions)
        else:
            leaves.append(fault)
    for kind in (OtherWorkerError, AgiAppError):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return group


def _prepare_prompts(project: Path, trunks: Collection[str]) -> None:
    """Make ready what callers hear, before anybody is called; a bad file is a fault of the flows that play it only."""
    for problem in make_ready(project, trunks).problems:
        if problem.rule == RULE:
            _log.warning("a prompt cannot be made ready", file=problem.file, line=problem.line, reason=problem.message)


def _dialer(
    inst: Installation, node: Node, worker: Worker, stops: Stops, health: Health, playable: Playable, voice: Voice
) -> tuple[Dialer, Placer]:
    async def store_opt_out(claim: Claim, how: str) -> None:
        await stops.take(claim.number, how)

    placer = Placer(
        node,
        media=playable,
        voice=voice,
        destinations=inst.settings.destinations,
        store_opt_out=store_opt_out,
        may_dial=lambda: worker.hold() is None and not dialer.closing,
    )
    dialer = Dialer(node, Lines(inst.store, inst.settings.trunks), placer, hold=worker.hold, nodes=lambda: health.nodes)
    return dialer, placer
