"""Loads the calling rules that ship with the program (``agi_app/rules/*.yaml``) for the gate.

The version is a hash of the names and bytes of all rule files: a decision that names it can be
checked against exactly the values it was made by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources

from agi_app.errors import AuthorError, Problem
from agi_app.gate.ruleset import JurisdictionFile, RuleSet, build
from agi_app.yaml_lines import Document, load, validate

VERSION_DIGITS = 12


def load_ruleset() -> RuleSet:
    """The shipped rule set; raises AuthorError (``file:line:column``) if a file of it was damaged."""
    folder = resources.files("agi_app") / "rules"
    files = [item for item in folder.iterdir() if item.name.endswith(".yaml")]
    return read_ruleset({f"rules/{item.name}": item.read_bytes() for item in files})


def read_ruleset(files: Mapping[str, bytes]) -> RuleSet:
    """The rule set of these files (name -> content); raises AuthorError with the faults of all of them."""
    problems: list[Problem] = []
    rules: dict[str, tuple[JurisdictionFile, Document]] = {}
    for name in sorted(files):
        try:
            document = load(files[name], name)
            rule_file = validate(JurisdictionFile, document)
        except AuthorError as error:
            problems += error.problems
            continue
        first = rules.setdefault(rule_file.jurisdiction, (rule_file, document))[1]
        if first is not document:
            message = f"{rule_file.jurisdiction} has rules already, in {first.file}; one file a jurisdiction"
            problems.append(document.problem(("jurisdiction",), "rules/duplicate", message))
    if problems:
        raise AuthorError(*problems)
    return build(version_of(files), [rule_file for rule_file, _ in rules.values()])


def version_of(files: Mapping[str, bytes]) -> str:
    """Twelve hex digits that change with any byte or name of the files."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:VERSION_DIGITS]
