"""All faults, and which runs a campaign makes of them."""

from __future__ import annotations

from chaos import agent_faults as a
from chaos import faults as f
from chaos import host_faults as h
from chaos import trunk_faults as t
from chaos import worker_faults as w
from chaos.run import Plan
from sandbox.errors import SandboxError

FAULTS: tuple[type[f.Fault], ...] = (
    f.KillWorker, f.KillAsterisk, f.KillDatabase, f.RestartWorker, f.RestartAsterisk, f.RestartDatabase,
    f.AriClosed, f.AriHalfOpen, f.AriUnreachable, f.AriDeaf, f.EventsMixed,
    f.DatabaseSlow, f.DatabaseReadOnly, f.DatabaseGoneAtKey,
    h.DiskFullJournal, h.DiskFullDatabase, h.DiskFullSpool,
    h.WorkerClockForward, h.WorkerClockBack, h.DatabaseClockForward, h.DatabaseClockBack,
    h.BothClocksForward, h.BothClocksBack,
    t.TrunkStorm, t.TrunkSilent, t.NoMedia, t.LateAnswer,
    a.AgentsKillWorker, a.AgentsKillAsterisk, a.AgentsAmiClosed,
    w.SecondWorker, w.TakenOver, w.Rush, w.NodeDies, w.NodeCutOff, w.RestoredBackup,
)  # fmt: skip


def plan_of(fault: str, step: str | None, seed: int, *, quick: bool, nodes: int = 1) -> Plan:
    """The run of a fault that is known by its name."""
    found = next((known for known in FAULTS if known.name == fault), None)
    if found is None:
        raise SandboxError(f"no such fault: {fault}; scripts/chaos --list shows them")
    return Plan(found, step, seed, quick, nodes)


def plans(only: list[str] | None, step: str | None, seed: int, *, quick: bool, nodes: int = 1) -> list[Plan]:
    """The runs: in a quick campaign each fault once, in a full one at each step of an attempt's life too.

    With two ``nodes`` a second one works on the same campaigns, and the faults hit the first.
    """
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise SandboxError(f"no such fault: {', '.join(unknown)}; scripts/chaos --list shows them")
    chosen = [known[name] for name in only] if only else list(FAULTS)
    found = []
    for fault in chosen:
        if step is not None:
            found.append(Plan(fault, step, seed, quick, nodes))
        elif quick:
            found.append(Plan(fault, fault.steps[seed % len(fault.steps)], seed, quick, nodes))
        else:
            found += [Plan(fault, at, seed, nodes=nodes) for at in fault.steps]
            more = fault.seeds - 1 if fault.steps == (None,) else 0
            found += [Plan(fault, None, seed + n, nodes=nodes) for n in range(1, 1 + more)]
    return sorted(found, key=lambda plan: not plan.fault.long)
