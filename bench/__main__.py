"""``python -m bench BENCH``: measures agi-app on this machine; scripts/bench is the way to call it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from agi_app.config.speech import SpeechSettings
from bench import agents, agi, calls, flow, half_load, main_job, nodes, predictive, prompts
from bench.contacts import claim_pairs, gate, growth, imports
from bench.guard import screening as guard
from bench.long import day, scraped, soak
from bench.output import append, say, table
from bench.service import console
from bench.service import main as service
from bench.service.data import CONTACTS
from bench.speech import machines, response
from bench.speech import recognition as speech
from sandbox.errors import SandboxError
from sandbox.root import ensure_root, ensure_tools

BENCHES = (
    "main-job", "calls", "day", "soak", "agi", "response",
    "import", "gate", "growth", "speech", "flow", "prompts", "predictive", "guard", "machines",
    "nodes", "agents", "service", "console", "scraped",
)  # fmt: skip
Bench = tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], list[str]]]  # a run, and what it did not reach
ONCE = (  # their runs are long
    "calls", "day", "growth", "speech", "response", "agi", "predictive", "guard", "machines", "nodes", "agents",
    "service", "console", "scraped",
)  # fmt: skip
RATES = {"agi": agi.RATE, "day": day.RATE}


def main() -> int:
    """Exit status: 0 every run reached its targets, 1 one did not, 2 the environment is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure agi-app on this machine.")
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--runs", type=int, help="how often; the median is shown (default 3; the longer ones: 1)")
    parser.add_argument(
        "--calls",
        type=int,
        help="calls of a run (main-job: 1200; calls: 6000; soak: 10000; agi: 3000; response: 8 a language;"
        " agents: 300 answered ones each way)",
    )
    parser.add_argument(
        "--half-load", type=float, metavar="RATE", help="calls: only CPU a call at this rate, against another commit"
    )
    parser.add_argument(
        "--against", metavar="COMMIT", help="growth: claims of it, too, in turn; --half-load: default the parent"
    )
    parser.add_argument("--pairs", type=int, help="of trials (--half-load: 6), of turns (growth --against: 40)")
    parser.add_argument("--campaigns", type=int, default=predictive.RUNS, help="predictive: how many are simulated")
    parser.add_argument("--rate", type=float, help="calls offered a second (default 60; agi: 50; day: 28)")
    parser.add_argument("--minutes", type=float, default=10.0, help="day: how long calls are offered (default 10)")
    parser.add_argument(
        "--rows",
        type=int,
        help="import: one file of so many rows; gate, growth, service, console: contacts of the database",
    )
    parser.add_argument(
        "--office", action="store_true", help="growth: contacts with appointments, priorities and second numbers"
    )
    parser.add_argument("--xlsx", action="store_true", help="import --rows: an Excel workbook instead of CSV")
    parser.add_argument("--threads", type=int, default=1, help="speech, response: cores for one utterance (default 1)")
    level = SpeechSettings().level
    parser.add_argument("--level", type=int, default=level, help=f"response: level of the settings (default {level})")
    parser.add_argument(
        "--snoop-channels", type=int, default=0, help="response: snoop_channels of the settings (default 0)"
    )
    parser.add_argument(
        "--noise", type=float, default=response.NOISE_DB, help="response: dB of full scale (default -55)"
    )
    parser.add_argument("--data", type=Path, help="guard: the folder with the data sets")
    parser.add_argument("--json", action="store_true", help="print the results as JSON lines instead of a table")
    parser.add_argument("--out", type=Path, default=Path("var/bench.jsonl"), help="JSON lines are added here")
    options = parser.parse_args()
    options.runs = (1 if options.bench in ONCE else 3) if options.runs is None else options.runs
    options.rate = options.rate or RATES.get(options.bench, 60.0)
    numbers = (options.runs, options.calls or 1, options.rows or 1, options.threads, options.campaigns)
    if min(numbers) < 1 or options.rate <= 0 or options.minutes < day.LEAST_MINUTES:
        parser.error("--minutes must be at least 2, --runs, --calls, --rows, --threads, --campaigns, --rate above zero")
    if options.bench == "guard" and not (options.data and options.data.is_dir()):
        parser.error("guard needs --data DIR, a folder with the data sets")
    for number in (signal.SIGINT, signal.SIGTERM):  # also when a shell in the background had SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        return _repeat(options)
    except SandboxError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("interrupted; everything that was started has ended")
        return 130


def _repeat(options: argparse.Namespace) -> int:
    once, faults = _bench(options)
    records, missed = [], []
    for number in range(1, options.runs + 1):
        record = once()
        append(options.out, record)
        records.append(record)
        missed += [f"run {number}: {fault}" for fault in faults(record)]
    if options.json:
        print("\n".join(map(json.dumps, records)))
    else:
        print("\n".join(map(guard.report, records)) if options.bench == "guard" else table(records))
    say(f"added to {options.out}")
    for fault in missed:
        say(f"MISSED: {fault}")
    return 1 if missed else 0


def _bench(options: argparse.Namespace) -> Bench:
    alone: dict[str, Bench] = {
        "gate": (partial(gate.run, options.rows or gate.LARGE), gate.faults),
        "growth": (
            partial(growth.run_office if options.office else growth.run, options.rows or growth.SIZES[-1]),
            growth.faults,
        ),
        "import": (imports.run, imports.faults),
        "flow": (flow.run, flow.faults),
        "prompts": (prompts.run, prompts.faults),
        "machines": (machines.run, machines.faults),
        "predictive": (partial(predictive.run, options.campaigns), predictive.faults),
        "guard": (partial(guard.run, options.data), guard.faults),
        "speech": (partial(speech.run, options.threads), speech.faults),
    }
    if options.bench == "growth" and options.against:
        wanted = options.rows or claim_pairs.SIZES[-1], options.pairs or claim_pairs.PAIRS
        return partial(claim_pairs.run, options.against, *wanted), claim_pairs.faults
    if options.bench == "import" and options.rows:
        return partial(imports.run_big, options.rows, options.xlsx), imports.faults_of_big
    return alone[options.bench] if options.bench in alone else _bench_of_calls(options)


def _bench_of_calls(options: argparse.Namespace) -> Bench:
    ensure_tools(say)
    root = ensure_root(say)
    if options.bench == "service":
        return partial(service.run, root, options.rows or CONTACTS), service.faults
    if options.bench == "console":
        return partial(console.run, root, options.rows or CONTACTS), console.faults
    if options.bench == "scraped":
        job = main_job.Job(options.calls or 1800, options.rate)
        return partial(scraped.run, root, job, options.pairs or scraped.PAIRS), scraped.faults
    if options.bench == "agents":
        return partial(agents.run, root, options.calls or agents.ANSWERED), agents.faults
    if options.bench == "nodes":
        return partial(nodes.run, root), nodes.faults
    if options.bench == "agi":
        return partial(agi.run, root, options.calls or agi.CALLS, options.rate), agi.faults
    if options.bench == "calls" and options.half_load:
        calls_each = options.calls or half_load.CALLS
        return (
            partial(
                half_load.run,
                root,
                options.half_load,
                options.against or "HEAD^",
                calls_each,
                options.pairs or half_load.PAIRS,
            ),
            half_load.faults,
        )
    if options.bench == "calls":
        return partial(calls.run, root, options.calls or calls.CALLS), calls.faults
    if options.bench == "day":
        return partial(day.run, root, options.minutes, options.rate), day.faults
    if options.bench == "response":
        heard_by = SpeechSettings(threads=options.threads, level=options.level, snoop_channels=options.snoop_channels)
        return partial(response.run, root, options.calls or response.CALLS, options.noise, heard_by), response.faults
    if options.bench == "soak":
        return partial(soak.run, root, main_job.Job(options.calls or 10_000, options.rate)), soak.faults
    return partial(main_job.run, root, main_job.Job(options.calls or 1200, options.rate)), main_job.faults


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
