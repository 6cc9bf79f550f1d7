"""Prints the tests that failed in pytest's last run, one a line: ``python -m scripts.lib.last_failed``."""

from __future__ import annotations

import json
from pathlib import Path

WHERE = Path(__file__).resolve().parents[2] / ".pytest_cache/v/cache/lastfailed"


def main() -> None:
    """Nothing when none failed, or nobody knows which."""
    failed = json.loads(WHERE.read_text("utf-8")) if WHERE.exists() else {}
    print("\n".join(failed))


if __name__ == "__main__":
    main()
