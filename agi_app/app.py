"""The only place where objects are built and joined, and where their order of start and stop is decided.

``run_worker`` builds the service around an open ``Installation`` and an Asterisk that ``take_over`` locked:
store → lock → inherited calls ended → journal flushed → Asterisk's events → sweep → dialling.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from typing import Any, Concatenate, ParamSpec, TypeVar

from agi_app import asked, log
from agi_app.alerts.watch import AlertWatch
from agi_app.calls.interrupted import sweep_rule
from agi_app.calls.rendered_speech import Voice
from agi_app.calls.speech_services import SpeechServices
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.project.meanings_files import load_meanings
from agi_app.campaigns.prompts_ready import prepare_prompts
from agi_app.campaigns.served_lines import served_lines
from agi_app.changed_settings import BY_WORKER, taken_over
from agi_app.config.settings import Settings
from agi_app.consent import restored_backup
from agi_app.consent.dialled_calls import DialledCalls
from agi_app.consent.erase import signer
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.opt_outs import Stops
from agi_app.consent.purge import Purger
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.agents.transfer_to_agent import Transfers
from agi_app.dialer.inbound.inbound_call import LineServices
from agi_app.dialer.inbound.line_calls import LineCalls
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.loop import Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator
from agi_app.dialer.probes.call_back_probe import CallBacks
from agi_app.dialer.requested_calls.agent_first import AgentCalls
from agi_app.dialer.requested_calls.queue import RequestedCalls, Taker
from agi_app.dialer.requested_calls.rehearsal import Rehearsals
from agi_app.dialer.requested_calls.verification_calls import VerificationCalls
from agi_app.dialer.running_campaigns import RunningCampaigns
from agi_app.dialer.worker import daily_upkeep
from agi_app.dialer.worker.asks import Asks
from agi_app.dialer.worker.feed_runs import FeedRuns
from agi_app.dialer.worker.figures import WorkerFigures
from agi_app.dialer.worker.health import Health, Worker
from agi_app.dialer.worker.key_connection import KeyWatch
from agi_app.dialer.worker.prompt_watch import PromptWatch
from agi_app.dialer.worker.speech_backends import SpeechBackends
from agi_app.dialer.worker.start import TakenOver, ari_settings, owner_of
from agi_app.dialer.worker.supervision import Supervision
from agi_app.dialer.worker.switch_watch import keep_switch
from agi_app.dialer.worker.tally_upkeep import fold_tallies, recount_tallies
from agi_app.dialer.worker.trunk_watch import TrunkWatch
from agi_app.errors import first_of_ours
from agi_app.event_loop import end_all, spare_collections, told_to_end
from agi_app.exchange import results_targets
from agi_app.flow.answers.pinyin import warm
from agi_app.gate.ruleset import RuleSet
from agi_app.installation import Installation
from agi_app.messages import speaking, t
from agi_app.monitoring.measures import Measures
from agi_app.monitoring.server import MonitorServer
from agi_app.monitoring.traces import traces_of
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.bridges import remove_empty
from agi_app.pbx.event_router import Router
from agi_app.pbx.inbound_calls import Inbound
from agi_app.pbx.own_phones import check_destinations
from agi_app.pbx.reconcile import reconcile
from agi_app.pbx.trunks import asker, check_trunks
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.playable import Playable
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.synthesise import Renderer
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.recordings.copies import Copies
from agi_app.screening.service import ScreeningService
from agi_app.service_manager import ServiceManager
from agi_app.settings_again import SettingsAgain
from agi_app.speech.recognizer import recognizer_of
from agi_app.speech.recognizer_pool import SpeechPool
from agi_app.store.calling import dead_workers, decision_texts, nodes
from agi_app.store.database import catalog, progress
from agi_app.store.database.locks import WorkerLock
from agi_app.store.people import contacts

P = ParamSpec("P")
T = TypeVar("T")
CONNECT_WAIT_S = 15.0
IDLE_CONNECTIONS = 6  # housekeeping, dialer, requested calls, audit tree, figures, urgent asks: each asks in turn

_log = log.get("app")


async def run_worker(inst: Installation, taken: TakenOver, manager: ServiceManager) -> None:
    """Drive the Asterisk that ``take_over`` locked until SIGINT or SIGTERM; raises what makes it impossible.

    ``manager`` is told when it is ready, what it does, and that it lives.
    """
    try:
        with speaking("en"):  # what is stored is the same in each language; it is told again when shown
            await _run_locked(inst, taken, manager)
    except BaseExceptionGroup as group:
        raise first_of_ours(group) from group


Work = Callable[[], Coroutine[Any, Any, None]]  # what goes on until it is cancelled
_Told = tuple[Callable[[], int], Callable[[], int], Callable[[], Mapping[str, float]]]  # what figures ask for


class _Present:
    """The installation with the settings that hold now."""

    def __init__(self, inst: Installation) -> None:
        self.inst = inst

    def given(self, work: Callable[Concatenate[Installation, P], T]) -> Callable[P, T]:
        """The work, done on the installation as it is then."""
        return lambda *args, **kwargs: work(self.inst, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A worker's objects, joined; nothing of it runs yet."""

    node: Node
    worker: Worker
    dialer: Dialer
    lines: LineCalls
    requested: RequestedCalls
    present: _Present
    spoken: tuple[Renderer, Voice]
    at_once: tuple[Work, ...]
    when_ready: tuple[Work, ...]  # Asterisk is connected and looked through


async def _run_locked(inst: Installation, taken: TakenOver, manager: ServiceManager) -> None:
    lock = taken.lock
    await inst.store.keep_ready(IDLE_CONNECTIONS)
    await catalog.check(inst.store)
    restored_backup.compare(restored_backup.read(inst.settings.data), await progress.progress(inst.store))
    sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
    await sequencer.check()
    await nodes.register_node(inst.store, lock.entityid, f"{platform.node()} {inst.settings.asterisk.url}")
    await results_targets.register(inst.store, inst.settings)
    measures = Measures()
    stops = Stops(inst.store, inst.journal, inst.clock, lock.entityid, measures)
    if flushed := await stops.flush():
        _log.info("stops and wrong numbers of the journal are in the database", count=flushed)
    present = _Present(inst)
    await _asks(present, lock, stops).keep_stops()
    async with recognizer_of(inst.settings.speech, inst.settings.project) as recognizer:
        parts = await _build(present, taken, stops, recognizer, sequencer, measures)
        spare_collections()
        renderer, voice = parts.spoken
        with closing(renderer), closing(voice):
            async with stops.flushed_in_the_end(), asyncio.TaskGroup() as group:
                await _serve(inst, parts, group, manager)
                await sequencer.finish()
                await parts.node.traces.finish()
    if not stops.pending:
        await nodes.forget_node(inst.store, lock.entityid)  # nobody needs to wait for our journal


async def _build(
    present: _Present,
    taken: TakenOver,
    stops: Stops,
    recognizer: SpeechPool | None,
    sequencer: Sequencer,
    measures: Measures,
) -> _Parts:
    """Join the parts, and note which rules they judge by."""
    inst, settings, lock, inbound = present.inst, present.inst.settings, taken.lock, Inbound()
    screening = ScreeningService(settings, inst.store, inst.clock, measures)
    ari = Ari(ari_settings(settings), inst.clock)
    router = Router(lambda channel_id, _: ari.hang_up_soon(channel_id), inbound.take)
    keep = KeptFiles.of(settings.data).recordings.keep_call
    sound = SpeechBackends.of(ari, settings.speech, recognizer, load_meanings(settings.project), keep, measures)
    _hear(ari, router, inbound, screening, sound)
    if recognizer is not None:
        await asyncio.to_thread(warm)  # the sounds of Chinese words; a call must not wait for them
    node = await _node(inst, lock, ari, router, measures)
    worker = _worker(node, stops, lock, sequencer, settings)
    playable, renderer, voice = _sounds(inst)
    dialer, originator = _dialer(inst, node, worker, stops, playable, voice, sound.speech)
    lines = LineCalls(node, stops, LineServices(playable, voice, Transfers(node, dialer.agents).run, sound.speech))
    requested = RequestedCalls(node, _takers(inst, node, stops, dialer, originator, voice), worker.waiting_reason)
    at_once: tuple[Work, ...] = (
        ari.run,
        partial(inbound.run, ari, lines.serve),
        lines.run,
        sound.run,
        partial(screening.run, ari, sound.spool),
        KeyWatch(settings, worker.health, node.key_began).run,
        node.late_keys.run,
        stops.run,
        _asks(present, lock, stops).run,
        inst.store.keep_server,
        AlertWatch(inst.store, inst.clock, lambda: present.inst.settings).run,
        _monitor(settings, node, worker, dialer, stops, (*_queues(recognizer, screening), sequencer.ages)).run,
        FeedRuns(inst.store, inst.clock, lock.entityid, present.given(asked.take_run)).run,
    )
    when_ready = (*_housekeeping(inst, node, worker, dialer, sequencer, taken), _upkeep(present), requested.run)
    return _Parts(node, worker, dialer, lines, requested, present, (renderer, voice), at_once, when_ready)


def _worker(node: Node, stops: Stops, lock: WorkerLock, sequencer: Sequencer, settings: Settings) -> Worker:
    within_s = settings.asterisk.calls_end_within
    return Worker(node, stops, lock, Health(), settings.data, sequencer.waiting_reason, within_s)


def _upkeep(present: _Present) -> Work:
    """What is taken away each day, by the settings that hold then."""
    return partial(daily_upkeep.keep_short, present.inst.store, lambda: present.inst.settings)


async def _node(inst: Installation, lock: WorkerLock, ari: Ari, router: Router, measures: Measures) -> Node:
    """What the parts of this worker hand around."""
    note = DialledCalls(inst.settings.data, inst.clock, inst.store.hash_number).soon
    traces = traces_of(inst.settings.traces, lock.entityid, metadata.version("agi-app"))
    name, rules, live = lock.entityid, await _rules(inst), LiveCalls()
    made = Node(name, inst.store, ari, router, inst.clock, rules, live, measures=measures, note_calls=note)
    return replace(made, traces=traces)


def _sounds(inst: Installation) -> tuple[Playable, Renderer, Voice]:
    """The prompts that can be played, who makes what is to be said, and the voice that says it."""
    settings, prompts = inst.settings, inst.settings.project / "prompts"
    playable = Playable(prompts, settings.asterisk.prompts_path, inst.clock.monotonic)
    renderer = Renderer(prompts, *voice_settings(settings.project), playable, inst.clock)
    return playable, renderer, Voice(renderer.media)


def _queues(recognizer: SpeechPool | None, screening: ScreeningService) -> tuple[Callable[[], int], Callable[[], int]]:
    """How many utterances wait, and how many questions about calls that come in got no answer."""
    return (lambda: 0 if recognizer is None else recognizer.waiting), (lambda: screening.unanswered)


def _monitor(
    settings: Settings, node: Node, worker: Worker, dialer: Dialer, stops: Stops, told: _Told
) -> MonitorServer:
    """What answers who watches this worker; ``told`` are the last of the figures' arguments."""
    figures = WorkerFigures(node, worker, dialer, stops, *told)
    return MonitorServer(settings.monitor, lambda: [*worker.all_holdings()], figures.text)


def _asks(present: _Present, lock: WorkerLock, stops: Stops) -> Asks:
    """What people ask for by the console, done by the operations as the accounts that ask."""
    prepare, do, finish = present.given(asked.prepare), present.given(asked.do), present.given(asked.finish)
    return Asks(present.inst.store, lock.entityid, stops.keep, prepare, do, finish)


def _hear(ari: Ari, router: Router, inbound: Inbound, screening: ScreeningService, sound: SpeechBackends) -> None:
    """Who gets the events of Asterisk, and what happens at each connect."""

    async def prepare(connected: Ari) -> None:
        screening.follow.lose_all()
        await reconcile(connected, router, sound.spool, sound.taps)
        await remove_empty(connected)
        await sound.spool.sweep()
        await inbound.collect(connected, router)

    def on_event(frame: Frame) -> None:
        screening.see(frame)
        if not sound.handle(frame):
            router.handle(frame)

    ari.join(on_event, prepare)


def _housekeeping(
    inst: Installation, node: Node, worker: Worker, dialer: Dialer, sequencer: Sequencer, taken: TakenOver
) -> tuple[Work, ...]:
    """What looks after the database, the Asterisk and its trunks while calls go on."""
    console, days = inst.settings.console_folder, inst.settings.guard.keep_days
    kept = KeptFiles.of(inst.settings.data, console)
    purger = Purger(inst.store, kept, node.ruleset, inst.clock, signer(sequencer.notary.key), screened_days=days)
    return (
        partial(keep_switch, taken.switch, worker.health),
        sequencer.run,
        partial(worker.listen, dialer),
        partial(worker.keep_house, dialer),
        purger.run,
        partial(Copies(console).run, inst.clock),
        partial(fold_tallies, inst.store),
        partial(recount_tallies, inst.store),
        PromptWatch(inst.settings, node.ari, inst.clock, worker.health).run,
        TrunkWatch(inst.settings, dialer.lines.breakers).run,
        partial(dialer.lines.reserve.run, node.ari),
        dialer.agents.run,
        partial(owner_of(inst.settings).keep, node.ari),
    )


def _takers(
    inst: Installation, node: Node, stops: Stops, dialer: Dialer, originator: Originator, voice: Voice
) -> tuple[Taker, ...]:
    project, trunks = inst.settings.project, inst.settings.trunks
    catalog = partial(read_catalog, project / "prompts", *voice_settings(project))
    return (
        VerificationCalls(node, trunks, stops.take),
        CallBacks(node, trunks),
        Rehearsals(node, trunks, originator, voice, prompts=catalog),
        AgentCalls(node, dialer, originator),
    )


async def _rules(inst: Installation) -> RuleSet:
    """The rules to judge by, noted in the database; contacts that older rules refused are decided again."""
    rules = load_ruleset(inst.settings.project)
    await decision_texts.remember_ruleset(inst.store, rules)
    await contacts.wake_old_rules(inst.store, rules.version, inst.clock.now())
    return rules


async def _serve(inst: Installation, parts: _Parts, group: asyncio.TaskGroup, manager: ServiceManager) -> None:
    """Connect, tidy up, call until told to end, then end everything in order."""
    node, worker, dialer = parts.node, parts.worker, parts.dialer
    background = [group.create_task(work()) for work in parts.at_once]
    await node.ari.connected(CONNECT_WAIT_S)
    for name, why in (await check_trunks(asker(node.ari), inst.settings.trunks)).items():
        _log.warning("trunk cannot carry calls", trunk=name, reason=why)
        dialer.lines.breakers[name].absent = t("{why}; then start `agi-app run` again", why=why)
    await check_destinations(asker(node.ari), inst.settings.trunks, inst.settings.destinations)
    project = await asyncio.to_thread(prepare_prompts, inst.settings.project, inst.settings.trunks)
    await parts.lines.open(served_lines(project, inst.settings.lines))
    swept = await dead_workers.sweep(inst.store, node.entityid, sweep_rule(inst.clock))
    if swept.released or swept.interrupted:
        _log.warning("found attempts of an earlier run", released=swept.released, interrupted=swept.interrupted)
    background += [group.create_task(work()) for work in parts.when_ready]
    again = SettingsAgain(inst.settings, partial(_take, parts), manager, inst.clock)
    supervision = Supervision(manager, worker, dialer, inst.clock)
    with told_to_end(lambda: node.live.stop_all("the worker was asked twice to end"), again.ask) as told:
        dialling = group.create_task(dialer.run())
        background += [group.create_task(work()) for work in (supervision.run, again.run)]
        await told.wait()
        worker.begin_to_end(dialer)
        manager.end(supervision.status())
        parts.requested.close()
        await parts.lines.close()
        await worker.drain(dialer)
        await parts.requested.ended()
        if len(node.live):  # the database does not take their results: the next start finds them interrupted
            dialling.cancel()
        await asyncio.wait([dialling])
    await end_all(background)


async def _take(parts: _Parts, new: Settings) -> Settings:
    """Let the worker go by what of new settings needs no restart; prompts and flows of lines are read again, too.

    Raises ConfigError, StoreError: then nothing has changed.
    """
    inst = parts.present.inst
    holds = taken_over(inst.settings, new, BY_WORKER)
    project = await asyncio.to_thread(prepare_prompts, holds.project, holds.trunks)
    await results_targets.register(inst.store, holds)
    parts.present.inst = replace(inst, settings=holds)
    parts.worker.calls_end_within = holds.asterisk.calls_end_within
    parts.dialer.change(holds.trunks, holds.asterisk.calls_per_second, holds.asterisk.concurrent)
    await parts.lines.change(served_lines(project, holds.lines))
    return holds


def _dialer(
    inst: Installation,
    node: Node,
    worker: Worker,
    stops: Stops,
    playable: Playable,
    voice: Voice,
    speech: SpeechServices,
) -> tuple[Dialer, Originator]:
    agents = AgentWatch.of(node, inst.settings, worker.waiting_reason)
    originator = Originator(
        node,
        media=playable,
        voice=voice,
        store_opt_out=stops.take,
        agents=agents,
        may_dial=worker.may_dial,
        speech=speech,
    )
    asterisk = inst.settings.asterisk
    lines = RunningCampaigns(inst.store, inst.settings.trunks, speech, asterisk.calls_per_second)
    dialer = Dialer(
        node, lines, originator, agents=agents, waiting_reason=worker.waiting_reason, concurrent=asterisk.concurrent
    )
    return dialer, originator
