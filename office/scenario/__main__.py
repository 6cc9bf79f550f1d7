"""The command line that makes a scenario.

python -m office.scenario --seed 1 --output scenario.json
python -m office.scenario --seed 1 --appointments 80 --steady --output short.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from office.scenario.make import counts, scenario


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m office.scenario", description="Make a clinic's fortnight.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--appointments", type=int, default=500)
    parser.add_argument("--steady", action="store_true", help="each number does the same at every ring")
    parser.add_argument("--slots", choices=["few", "many"], default="few", help="5 or 15 appointment times a day")
    parser.add_argument("--pace", type=float, default=1, help="calls a second; less: an opening's last part is longer")
    parser.add_argument("--output", type=Path, default=Path("scenario.json"))
    asked = parser.parse_args(argv)
    made = scenario(asked.seed, asked.appointments, asked.steady, asked.slots == "many", asked.pace)
    asked.output.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts(made)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
