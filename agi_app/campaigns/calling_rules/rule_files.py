"""Loads the calling rules: those that ship with the program and those of the project's ``rules/`` folder.

A project's file narrows the shipped rules of its country, or adds a country that has none; one that
loosens is refused. The version is a hash of the names and texts of all files and of the holidays
they mean: a decision that names it can be made again by exactly these values.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from agi_app.authoring.schema import validate
from agi_app.authoring.yaml_lines import load
from agi_app.campaigns.calling_rules import calendars
from agi_app.campaigns.calling_rules.calendars import CalendarKey
from agi_app.campaigns.calling_rules.strictest import Builder, Dates, Parsed, RuleFile
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.file_kinds import why
from agi_app.gate.rule_file import DEFAULT, JurisdictionFile
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t

VERSION_DIGITS = 12
SHIPPED, OWN_FOLDER = "agi_app/rules/", "rules/"
LIBRARY, EXTRA = "holidays", "agi-app[calendars]"  # what knows more of them, and what brings it
CALENDARS = "calendars.json"  # of a rule set's files: the holidays as dates


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rule set and, for reports, the files that each country's rules come from."""

    ruleset: RuleSet
    files: Mapping[str, tuple[RuleFile, ...]]  # region -> its own files, then the default


def load_ruleset(project: Path | None = None) -> RuleSet:
    """The rules to judge by; raises AuthorError (``file:line:column``) if a file is wrong or loosens a rule."""
    return load_rulebook(project).ruleset


def load_rulebook(project: Path | None = None) -> RuleBook:
    """The rules with where they come from; ``project`` is the project folder."""
    return read_rulebook(shipped_files() | own_files(project))


def shipped_files() -> dict[str, bytes]:
    """Name -> text of the rules that come with the program, and the holidays that they mean."""
    folder = resources.files("agi_app") / "rules"
    rules = {SHIPPED + item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".yaml")}
    return {**rules, CALENDARS: (folder / CALENDARS).read_bytes()}


def own_files(project: Path | None) -> dict[str, bytes]:
    """Name -> text of the project's own rules."""
    if project is None:
        return {}
    try:
        return {OWN_FOLDER + path.name: path.read_bytes() for path in sorted((project / "rules").glob("*.y*ml"))}
    except OSError as error:
        raise InputError(
            t("{filename}: cannot be read: {strerror}", filename=error.filename, strerror=why(error))
        ) from error


def read_ruleset(files: Mapping[str, bytes]) -> RuleSet:
    """The rule set of these files (name -> content); raises AuthorError with the faults of all of them."""
    return read_rulebook(files).ruleset


def read_rulebook(files: Mapping[str, bytes]) -> RuleBook:
    """As ``read_ruleset``. Holidays come from the file ``calendars.json`` as far as it has them, else the library."""
    parsed = _parse({name: text for name, text in files.items() if name != CALENDARS})
    dates, faults = _dates(parsed, _stored(files[CALENDARS]) if CALENDARS in files else {})
    texts = {**files, CALENDARS: plain_dates(dates)}
    builder = Builder(parsed, dates, faults)
    jurisdictions = {region: builder.jurisdiction(region) for region in builder.regions()}
    if builder.problems:
        raise AuthorError(*builder.problems)
    named = {name: text.decode() for name, text in sorted(texts.items())}
    sources = {region: builder.sources(region) for region in jurisdictions}
    return RuleBook(RuleSet(version_of(texts), jurisdictions, named), sources)


def version_of(files: Mapping[str, bytes]) -> str:
    """Twelve hex digits that change with any byte or name of the files."""
    parts = (part for name in sorted(files) for part in (name.encode(), files[name]))
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:VERSION_DIGITS]


def _parse(files: Mapping[str, bytes]) -> Parsed:
    problems: list[Problem] = []
    found: dict[tuple[bool, str], RuleFile] = {}
    for name in sorted(files):
        try:
            rule_file = _parse_one(name, files[name])
        except AuthorError as error:
            problems += error.problems
            continue
        document, region, own = rule_file.document, rule_file.values.jurisdiction, not name.startswith(SHIPPED)
        if own and region == DEFAULT:
            message = t("the default rules belong to the program; write a file for the country")
            problems.append(document.problem(("jurisdiction",), "rules/default", message))
        first = found.setdefault((own, region), rule_file)
        if first is not rule_file:
            message = t(
                "{region} already has rules in {file}; write one file for each jurisdiction",
                region=region,
                file=first.document.file,
            )
            problems.append(document.problem(("jurisdiction",), "rules/duplicate", message))
    if problems:
        raise AuthorError(*problems)
    return found


@lru_cache(maxsize=64)
def _parse_one(name: str, text: bytes) -> RuleFile:
    document = load(text, name)
    return RuleFile(validate(JurisdictionFile, document), document)


def _dates(parsed: Parsed, known: Dates) -> tuple[Dates, dict[str, str]]:
    """Every calendar that a file or, for its country, the default means; and why some cannot be told."""
    general = parsed.get((False, DEFAULT))
    keys = set()
    for rule_file in parsed.values():
        region = rule_file.values.jurisdiction
        if region == DEFAULT:
            continue
        wanted = rule_file.closed_days
        if general is not None and rule_file.values.closed_days is None:
            wanted += general.values.closed_days or ()
        keys |= {key for value in wanted if (key := calendars.key_of(value, region)) is not None}
    return calendars_of(sorted(keys), known)


def calendars_of(keys: Sequence[CalendarKey], known: Dates) -> tuple[Dates, dict[str, str]]:
    """The calendars of these keys, first of those ``known``; and why some cannot be told."""
    found = {str(key): known[str(key)] for key in keys if str(key) in known}
    missing = [key for key in keys if str(key) not in known]
    if not missing:
        return found, {}
    if importlib.util.find_spec(LIBRARY) is None:
        told = "this installation has no calendar of {country}: install {extra}, or list the closed days as dates"
        return found, {str(key): t(told, country=key.country, extra=EXTRA) for key in missing}
    from agi_app.campaigns.calling_rules import holiday_dates  # noqa: PLC0415 - slow to import, and seldom needed

    faults = {str(key): fault for key in missing if (fault := holiday_dates.fault_of(key)) is not None}
    return found | {str(key): holiday_dates.expand(key) for key in missing if str(key) not in faults}, faults


def plain_dates(dates: Dates) -> bytes:
    """The file ``calendars.json`` with these."""
    return json.dumps({name: calendars.to_plain(dates[name]) for name in sorted(dates)}, separators=(",", ":")).encode()


@lru_cache(maxsize=8)
def _stored(text: bytes) -> Dates:
    return {name: calendars.from_plain(plain) for name, plain in json.loads(text).items()}
