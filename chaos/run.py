"""One run: a world, a campaign with a fault in it, the drain, the verdict."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.faults import Fault
from chaos.judge import Verdict, collect, judge
from chaos.people import Template
from chaos.world import World
from sandbox.errors import SandboxError

TRAP_TIMEOUT_S = 15.0  # a step that does not come: strike anyway
DRAIN_TIMEOUT_S = 100.0
SETTLE_S = 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of a campaign of faults; ``step`` None means a random moment."""

    fault: type[Fault]
    step: str | None
    seed: int
    quick: bool = False

    @property
    def name(self) -> str:
        return f"{self.fault.name}-{self.step or 'any'}-{self.seed}"


def run(plan: Plan, root: Path, folder: Path, template: Template, code: Path) -> Verdict:
    """Run it; SandboxError when the harness itself, not the product, failed."""
    chance = random.Random(f"{plan.fault.name}/{plan.step}/{plan.seed}")
    fault = plan.fault(quick=plan.quick)
    with _world(plan, fault, root, folder, template, code) as world:
        fault.prepare(world)
        for node in world.nodes:
            node.worker.start()
        stopper = _Stopper(world, chance)
        stopper.start()
        _strike(plan, world, fault, chance)
        fault.hold(world)
        drained = not fault.drains or _drain(world, fault)
        stopper.end()
        problems = fault.check(world)
        if not drained:
            reasons = {line.get("reason") for w in world.workers for line in w.lines()[-20:] if line.get("reason")}
            problems = [*problems, f"still calls to make or open after {DRAIN_TIMEOUT_S:.0f} s; last said: {reasons}"]
        if fault.drains:
            time.sleep(SETTLE_S)
        evidence = collect(world)
        problems += _end_workers(world)
        world.sip.stop()
        world.media.stop()
        verdict = judge(world, fault, evidence)
        verdict.problems = [*problems, *verdict.problems]
        return verdict


@contextlib.contextmanager
def _world(plan: Plan, fault: Fault, root: Path, folder: Path, template: Template, code: Path) -> Iterator[World]:
    """A world that is up; a second try when a free port was taken by somebody else meanwhile."""
    try:
        world = _started(plan, fault, root, folder, template, code)
    except SandboxError:
        shutil.rmtree(folder, ignore_errors=True)
        world = _started(plan, fault, root, folder, template, code)
    with contextlib.ExitStack() as stack:
        stack.push(world.__exit__)
        yield world


def _started(plan: Plan, fault: Fault, root: Path, folder: Path, template: Template, code: Path) -> World:
    world = World(root, folder, template, code, nodes=fault.nodes, seed=plan.seed)
    world.disks = dict.fromkeys(fault.disks, Path())
    if plan.quick:
        world.calls_per_second = 6.0
    return world.__enter__()


def _strike(plan: Plan, world: World, fault: Fault, chance: random.Random) -> None:
    count = len(world.template.numbers)
    early = chance.randrange(max(1, count // 8), max(2, count // 2))
    if not world.await_calls(early, 30.0):
        raise SandboxError(f"only {world.steps.seen['marked']} calls in 30 s before any fault; see {world.folder}")

    def act() -> None:
        fault.struck_at = time.time()
        fault.strike(world)

    if plan.step is None:
        time.sleep(chance.random() * 2.0)
        act()
        return
    world.steps.arm(plan.step, chance.randrange(1, 4), act)
    if not world.steps.sprung.wait(TRAP_TIMEOUT_S):
        act()
        fault.problems.append(f"the step {plan.step} did not come in {TRAP_TIMEOUT_S:.0f} s; struck anyway")


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
        status = worker.stop()
        if status != 0:
            problems.append(f"{worker.project.name}: told to end after the drain, the worker ended with {status}")
    return problems


class _Stopper:
    """Takes stops of people by hand, twice in a run: some before the fault, some while it lasts."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
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
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._world.app().run("consent", "revoke", "--file", str(file))
