"""One run: a world, a campaign with a fault in it, the drain, the verdict."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from chaos.faults import Fault
from chaos.judge import Evidence, Verdict, collect, judge, missing_stops, open_calls
from chaos.people import Template
from chaos.supervisor import WorkerFailed
from chaos.world import World
from sandbox.errors import SandboxError

CALLS_TIMEOUT_S = 30.0
TRAP_TIMEOUT_S = 30.0
DRAIN_TIMEOUT_S = 100.0
SETTLE_S = 1.0  # what a leftover call would need to be seen
SETTLE_TIMEOUT_S = 10.0  # a BYE on a busy machine; a call that is stuck stays longer


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of a campaign of faults; ``step`` None means a random moment."""

    fault: type[Fault]
    step: str | None
    seed: int
    quick: bool = False
    nodes: int = 1  # how many share the campaign at least; the fault is about the first

    @property
    def name(self) -> str:
        nodes = f"-{self.nodes}-nodes" if self.nodes > 1 else ""
        return f"{self.fault.name}-{self.step or 'any'}-{self.seed}{nodes}"


def run(plan: Plan, root: Path, folder: Path, template: Template, code: Path) -> Verdict:
    """Run it; SandboxError when the harness itself, not the product, failed."""
    fault = plan.fault(quick=plan.quick)
    nodes, apart = max(fault.nodes, plan.nodes), fault.apart or plan.nodes > 1
    world = World(root, folder, template, code, nodes=nodes, seed=plan.seed, apart=apart)
    world.agents = fault.agents
    world.disks = dict.fromkeys(fault.disks, Path())
    if plan.quick:
        world.calls_per_second = 6.0
    with world:
        try:
            return _played(plan, world, fault)
        except WorkerFailed as error:
            return Verdict(calls=len(world.sip.calls()), problems=[str(error)])


def _played(plan: Plan, world: World, fault: Fault) -> Verdict:
    chance = random.Random(f"{plan.fault.name}/{plan.step}/{plan.seed}")
    fault.prepare(world)
    start_s = _start_workers(world)
    stopper = _Stopper(world, chance)
    stopper.start()
    _strike(plan, world, fault, chance)
    fault.hold(world)
    drained = not fault.drains or _drain(world, fault)
    stopper.end()
    problems = [*stopper.problems, *fault.check(world)]
    if not drained:
        reasons = {line.get("reason") for w in world.workers for line in w.lines()[-20:] if line.get("reason")}
        problems.append(f"still calls to make or open after {DRAIN_TIMEOUT_S:.0f} s; last said: {reasons}")
    evidence = _settled(world, fault) if fault.drains else collect(world)
    problems += _end_workers(world)
    evidence.rows = world.rows()  # who had lost the database stores results when it is back, maybe only now
    world.sip.stop()
    world.invites.stop()
    world.media.stop()
    verdict = judge(world, fault, evidence, start_s)
    verdict.problems = [*problems, *verdict.problems]
    return verdict


def _start_workers(world: World) -> float:
    """How long the slowest took from its start until it dialled: the pace of this machine just now."""
    began = time.monotonic()
    for node in world.nodes:
        node.worker.start(wait=False)
    for node in world.nodes:
        node.worker.wait_until_dialling()
    return time.monotonic() - began


def _settled(world: World, fault: Fault) -> Evidence:
    """What is there when nothing is left over, or when that does not come."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    time.sleep(SETTLE_S)
    while True:
        evidence = collect(world)
        left = (
            evidence.channels
            or evidence.open_attempts
            or evidence.held_slots
            or missing_stops(world, evidence)  # the worker looks for those of other processes twice a second
            or open_calls(world.sip.calls(), fault)
        )
        if not left or time.monotonic() > deadline:
            return evidence
        time.sleep(0.5)


def _strike(plan: Plan, world: World, fault: Fault, chance: random.Random) -> None:
    count = len(world.template.numbers) // len(world.nodes) ** 2  # the other node may be the quicker one
    early = chance.randrange(max(1, count // 8), max(2, count // 2))
    if not world.await_calls(early, CALLS_TIMEOUT_S):
        raise WorkerFailed(f"only {world.steps.seen['made']} calls in {CALLS_TIMEOUT_S:.0f} s before any fault")

    def act() -> None:
        fault.struck_at = time.time()
        fault.strike(world)

    if plan.step is None:
        time.sleep(chance.random() * (0.5 if plan.quick else 2.0))  # few calls are soon over
        act()
        return
    world.steps.arm(plan.step, chance.randrange(1, 4), act)
    if not world.steps.sprung.wait(TRAP_TIMEOUT_S):
        raise SandboxError(f"the step {plan.step} did not come in {TRAP_TIMEOUT_S:.0f} s, so there was no fault")


def _drain(world: World, fault: Fault) -> bool:
    """Until nobody is left to call and nothing is open, twice in a row; False when that does not come."""
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    restart_at = time.monotonic() + 5.0 if fault.mended_by_restart else None
    quiet = 0
    while time.monotonic() < deadline:
        if restart_at is not None and time.monotonic() > restart_at:
            restart_at = None
            world.node.worker.terminate()  # what its message asks the operator for
        with contextlib.suppress(Exception):
            quiet = quiet + 1 if not world.open_attempts() and not world.still_to_call() else 0
            if quiet >= 2:
                return True
        time.sleep(0.5)
    return False


def _end_workers(world: World) -> list[str]:
    problems = []
    for worker in world.workers:
        if not worker.running:
            continue
        starting = not worker.came_up  # then it has not said yet what a SIGTERM shall do
        status = worker.stop()
        if status != 0 and not (starting and status == -signal.SIGTERM):
            problems.append(f"{worker.project.name}: told to end after the drain, the worker ended with {status}")
    return problems


class _Stopper:
    """Takes stops of people by hand, twice in a run: some before the fault, some while it lasts."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self.problems: list[str] = []
        self._end = threading.Event()
        numbers = list(world.template.numbers)
        some = [n for n in numbers[len(numbers) // 3 :] if n[-2:] not in ("09", "12")]
        chosen = chance.sample(some, min(len(some), max(2, len(numbers) // 12)))
        half = len(chosen) // 2
        self._rounds = [(chance.uniform(1.0, 4.0), chosen[:half]), (chance.uniform(2.0, 5.0), chosen[half:])]
        self._thread = threading.Thread(target=self._run, name="chaos-stopper", daemon=True)

    def start(self) -> None:
        """Begin; ends by itself."""
        self._thread.start()

    def end(self) -> None:
        """Wait for the last one."""
        self._end.set()
        self._thread.join(130.0)

    def _run(self) -> None:
        for number, (wait, numbers) in enumerate(self._rounds):
            if self._end.wait(wait):
                return
            file = self._world.folder / f"stops-{number}.txt"
            file.write_text("".join(f"{n}\n" for n in numbers))
            # With the database away the command fails and takes no stop; the journal tells which were taken.
            try:
                self._world.app().run("stop", "--file", str(file))
            except SandboxError as error:  # it did not end
                self.problems.append(str(error))
