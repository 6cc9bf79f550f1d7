"""Whether each line of the settings has a flow that may answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from agi_app.config.lines import InboundLineSettings
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import Problem
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.messages import t


def check_inbound_lines(
    folder: Path, lines: Mapping[str, InboundLineSettings], flows: Mapping[str, Flow], unread: Collection[str] = ()
) -> Iterator[Problem]:
    """Every line whose flow is not there, or is not for incoming calls; ``unread`` flow files cannot be read."""
    text = (folder / SETTINGS_FILE).read_text(encoding="utf-8") if lines else ""
    for name, line in lines.items():
        flow, fault = flows.get(line.flow), None
        if flow is None:
            fault = ("line/unknown-flow", no_such_flow(line.flow, flows, unread))
        elif not flow.is_line or flow.is_called:
            why = t("give its opt_out a without_number") if not flow.is_line else t("other flows call it")
            fault = ("line/flow", t('"{flow}" is not a flow for calls that come in: {why}', flow=line.flow, why=why))
        if fault is not None:
            yield Problem(SETTINGS_FILE, _line_of(text, name), 1, fault[0], f"lines.{name}: flow: {fault[1]}")


def _line_of(text: str, name: str) -> int:
    """Where a line's table begins in the settings; 1 when it is written another way."""
    found = re.search(rf'^\s*\[\s*lines\s*\.\s*"?{re.escape(name)}"?\s*\]', text, re.MULTILINE)
    return 1 if found is None else text.count("\n", 0, found.start() + len(found[0])) + 1
