"""Whether the results targets of the settings name campaigns that are there, and statements that can put a row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from agi_app.authoring.bound_statement import fault_in, names_in
from agi_app.authoring.suggestions import suggest
from agi_app.config.results import FIELDS, ResultsSettings
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import Problem
from agi_app.messages import t

_DO_NOTHING = re.compile(r"\bdo\s+nothing\b", re.IGNORECASE)
_INSERT = re.compile(r"\s*(--[^\n]*\n\s*)*insert\b", re.IGNORECASE)


def check_results_targets(
    folder: Path, targets: Mapping[str, ResultsSettings], campaigns: Collection[str]
) -> Iterator[Problem]:
    """Every target whose campaign is not there, or whose statement cannot be sent or would not do its work."""
    settings = (folder / SETTINGS_FILE).read_text(encoding="utf-8") if targets else ""
    for name, target in targets.items():
        at = (SETTINGS_FILE, _line_of(settings, name), 1)
        for campaign in target.campaigns:
            if campaign not in campaigns:
                told = t(
                    'there is no campaign "{campaign}"{more}', campaign=campaign, more=suggest(campaign, campaigns)
                )
                yield Problem(*at, "results/unknown-campaign", f"results.{name}: campaigns: {told}")
        if target.kind == "database":
            yield from _statement(folder, name, target, at)


def _statement(folder: Path, name: str, target: ResultsSettings, at: tuple[str, int, int]) -> Iterator[Problem]:
    text, where = target.statement, f"results.{name}: statement: "
    if target.statement_file is not None:
        try:
            text = (folder / target.statement_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            told = t("{file} cannot be read: {error}", file=target.statement_file, error=error)
            yield Problem(*at, "results/statement", f"results.{name}: statement_file: {told}")
            return
        at, where = (str(target.statement_file), 1, 1), ""
    if (fault := fault_in(text, FIELDS)) is not None:
        if target.statement_file is not None:
            before = text[: fault[0]]
            at = (at[0], before.count("\n") + 1, fault[0] - (before.rfind("\n") + 1) + 1)
        yield Problem(*at, "results/statement", where + fault[1])
        return
    if _DO_NOTHING.search(text):
        told = t("DO NOTHING changes no row, so a result that is sent again would never count as delivered")
        yield Problem(*at, "results/do-nothing", where + told, "warning")
    if _INSERT.match(text) and "key" not in names_in(text):
        told = t("has no %(key)s: a result that is sent again after a crash would be there twice")
        yield Problem(*at, "results/no-key", where + told, "warning")


def _line_of(text: str, name: str) -> int:
    """Where a target's table begins in the settings; 1 when it is written another way."""
    found = re.search(rf'^\s*\[\s*results\s*\.\s*"?{re.escape(name)}"?\s*\]', text, re.MULTILINE)
    return 1 if found is None else text.count("\n", 0, found.start() + len(found[0])) + 1
