"""The command line of the judge.

    python -m office.judge scenario.json calls.json feed_runs.json results.json --run run.json --output verdict.json

Ends with 0 if every figure but `doubtful` is 0, else with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from office.judge.evidence import Evidence
from office.judge.model import Json
from office.judge.told import told
from office.judge.verdict import is_good, judged


def main(argv: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(argv)
    run: Json = _read(asked.run) if asked.run else {}
    if asked.ratio is not None:
        run = run | {"ratio": asked.ratio}
    evidence = Evidence(_read(asked.scenario), _read(asked.calls), _read(asked.feed_runs), _read(asked.results), run)
    verdict = judged(evidence)
    if asked.explain:
        for appointment in asked.explain:
            print("\n".join(told(evidence, appointment)))
        return 0
    if asked.output:
        asked.output.write_text(json.dumps(verdict, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        figures = {k: v for k, v in verdict.items() if not k.endswith("details")}
        print(json.dumps(figures, ensure_ascii=False))
    else:
        print(json.dumps(verdict, ensure_ascii=False, indent=1))
    return 0 if is_good(verdict) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m office.judge", description="Judge a clinic's fortnight.")
    for name in ("scenario", "calls", "feed_runs", "results"):
        parser.add_argument(name, type=Path)
    parser.add_argument(
        "--run", type=Path, help="how it was run: ratio, skipped, until, entered (clinics-fortnight.md)"
    )
    parser.add_argument("--ratio", type=float, help="rules seconds a real second; instead of the one in --run")
    parser.add_argument(
        "--explain", metavar="ID", action="append", default=[], help="tell what is known of an appointment"
    )
    parser.add_argument("--output", type=Path, help="where to write the verdict with all sentences")
    return parser


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
