"""What the version before migration 0050 stored: reasons as English sentences, of the guard in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("data") / "before_0050.json"
ROWS: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
SENTENCES: list[tuple[str, str, str | None]] = [(rule, text, chinese) for rule, text, chinese in ROWS["sentences"]]
DECISIONS: list[dict[str, Any]] = ROWS["decisions"]
SCREENED: list[tuple[str, str]] = [(inputs, decision) for inputs, decision in ROWS["screened"]]
