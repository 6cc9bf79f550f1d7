"""The command line of the witness: see scripts/witness."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from witness import judge
from witness.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/witness")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", metavar="PATTERN")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="agi-app-witness-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    say(f"logs: {folder}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when it was started in the background
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    verdict = asyncio.run(run(folder, quick=asked.quick, only=asked.only, seed=asked.seed, say=say))
    details = table(verdict, folder)
    (folder / "verdict.txt").write_text(details, "utf-8")
    if asked.json:
        print(json.dumps(verdict.summary()))
    else:
        print(details)
    say(f"the details: {folder / 'verdict.txt'}")
    return 0 if verdict.is_good(whole=not asked.quick and asked.only is None) else 1


def table(verdict: judge.Verdict, folder: Path) -> str:
    """What a person reads: each wrong case with what was seen and expected, then the counts."""
    lines: list[str] = []
    for title, found in (("WRONG", verdict.wrong), ("FAULTS OF ASTERISK", verdict.documented)):
        for name, problems in sorted(found.items()):
            lines += [
                f"{title}: {name}",
                f"    by: {verdict.why.get(name, '')}",
                *(f"    {problem}" for problem in problems[:12]),
            ]
            if len(problems) > 12:
                lines.append(f"    … and {len(problems) - 12} more")
    for title, texts in (
        ("INVITE WITHOUT PERMIT", verdict.intruders),
        ("STOP LOST", verdict.stops_lost),
        ("DEAD AIR", verdict.dead_air),
        ("MISMATCH", verdict.mismatches),
    ):
        lines += [f"{title}: {text}" for text in texts]
    lines.append(
        f"logs in {folder}: carrier/sip.log (all SIP), carrier/carrier.jsonl, run.log, asterisk/log/messages.log"
    )
    lines += [f"{key:24} {value}" for key, value in verdict.summary().items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
