"""Which of the slower tests a change touches, nearest first; scripts/test runs all unit tests anyway.

    python scripts/lib/changed_tests.py REF        # prints their files; on standard error, what led to them

A test is near when it changed, or imports what changed, or imports what imports that; further on nearly everything
imports everything. A test that gives a command (`"pause"`) counts as one that imports the command's operation. A file
that is no Python counts as a change of the modules and tests that name it, or else its folder, and SQL as one of its
module. What runs in the worker is imported by no test that makes calls: ALWAYS has some for it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp

from agi_app.cli.command_list import COMMANDS, GROUPS

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("agi_app", "bench", "chaos", "office", "release", "sandbox", "tests", "witness")
NEAR = 2  # imports from a test to what changed
UNIT = ("tests.unit.", "tests.flows.", "tests.gate.", "tests.sandbox.")
DOCS = ("tests/test_docs.py", "tests/test_glossary.py", "tests/test_whole_script.py")
FOLDERS = ("tests", "tests/slow", "tests/store", "tests/asterisk")  # the quicker ones, in this order
CALLS = ("tests/system/test_keys.py", "tests/system/test_next_day.py", "tests/system/test_restart.py")
BY_NAME_NOWHERE = ("docs/", "scripts/")  # their names are common words
EVERYTHING = ("pyproject.toml", "requirements", "scripts/test", "scripts/lib/", "tests/conftest.py")
# beginning of a changed file's name -> tests that concern it, whatever imports what
ALWAYS = {
    "README": DOCS,
    "CHANGELOG": DOCS,
    "docs/": DOCS,
    "scripts/": ("tests/test_docs.py",),
    ".importlinter": ("tests/test_architecture.py",),
    "tests/architecture_rules.py": ("tests/test_architecture.py",),
    "agi_app/": ("tests/slow/test_operations_shape.py", "tests/test_docs.py"),
    "dialplan/": ("tests/asterisk/test_inbound.py", "tests/asterisk/test_screening.py", "tests/system/test_line.py"),
    "sandbox/": CALLS,
    "examples/": ("tests/slow/test_starter.py", "tests/test_whole_script.py"),
    **dict.fromkeys(
        ("agi_app/app.py", "agi_app/calls/", "agi_app/dialer/", "agi_app/flow/engine/", "agi_app/gate/", "agi_app/pbx/",
         "agi_app/store/calling/", "agi_app/store/database/"), CALLS
    ),
}  # fmt: skip


def changed_files(ref: str) -> list[str]:
    """What differs from where this branch left ``ref``: committed, not committed, and not added yet."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    base = git("merge-base", ref, "HEAD").strip()
    names = git("diff", "--name-only", base) + git("ls-files", "--others", "--exclude-standard")
    return sorted(set(names.splitlines()))


def module_of(file: str) -> str:
    """``agi_app/store/people/stops.py``, or ``.sql``, as a module."""
    return file.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


def words_of_commands() -> dict[str, set[str]]:
    """Module of the command line -> the first words of its commands."""
    found: dict[str, set[str]] = {}
    for word, (module, _) in (COMMANDS | GROUPS).items():
        found.setdefault(f"agi_app.cli.{module}", set()).add(word)
    return found


class Imports:
    """Who imports whom, and what the tests say."""

    def __init__(self, graph: grimp.ImportGraph, texts: dict[str, str]) -> None:
        self._graph, self._texts = graph, texts

    def near(self, files: Iterable[str]) -> dict[str, int]:
        """Each module that is near one of them -> how many imports away."""
        found = {module: 0 for file in files for module in self._changed(file)}
        for far in range(NEAR + 1):
            commands = [one for one, at in found.items() if at == far and one in self._commands]
            for module in commands:
                found |= {test: max(far, 1) for test in self._who_give(module) if test not in found}
            if far < NEAR:
                level = [one for one, at in found.items() if at == far]
                importers = set().union(*(self._importers(one) for one in level))
                found |= {one: far + 1 for one in importers if one not in found}
        return found

    _commands = words_of_commands()

    def _changed(self, file: str) -> set[str]:
        """The modules that count as changed."""
        if file.endswith((".py", ".sql")) and module_of(file) in self._texts:
            module = module_of(file)
            below = module.removesuffix("conftest") if module.endswith(".conftest") else "\0"
            return {module} | {one for one in self._texts if one.startswith(below)}
        path = Path(file)
        by_name = path.suffix not in ("", ".py") and not file.startswith(BY_NAME_NOWHERE)
        for name in (path.name, path.parent.name) if by_name else ():
            if name and (named := {one for one, text in self._texts.items() if name in text}):
                return named
        return set()

    def _importers(self, module: str) -> set[str]:
        return self._graph.find_modules_that_directly_import(module) if module in self._graph.modules else set()

    def _who_give(self, command: str) -> set[str]:
        said = re.compile("|".join(f'"{re.escape(word)}"' for word in self._commands[command]))
        return {one for one, text in self._texts.items() if one.startswith("tests.") and said.search(text)}


def texts_of(packages: Iterable[str]) -> dict[str, str]:
    """Module -> its text."""
    paths = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return {module_of(str(path.relative_to(ROOT))): path.read_text(encoding="utf-8") for path in paths}


def chosen(files: list[str], imports: Imports) -> dict[str, int]:
    """The slower test files that these touch -> how many imports away; the nearest first."""
    found = imports.near(files)
    tests = {
        f"{module.replace('.', '/')}.py": far
        for module, far in found.items()
        if module.rpartition(".")[2].startswith("test_") and not module.startswith(UNIT)
    }
    for begins, always in ALWAYS.items():
        if any(file.startswith(begins) for file in files):
            tests |= {test: min(1, tests.get(test, 1)) for test in always}
    return dict(sorted(tests.items(), key=lambda item: (item[1], _takes_long(item[0]), item[0])))


def _takes_long(test: str) -> int:
    folder = test.rpartition("/")[0]
    return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)


def main() -> int:
    """Exit 2 when ``REF`` is no commit."""
    try:
        files = changed_files(sys.argv[1])
    except subprocess.CalledProcessError as error:
        print(f"error: {error.stderr.strip()}", file=sys.stderr)
        return 2
    tests = chosen(files, Imports(grimp.build_graph(*PACKAGES, cache_dir=None), texts_of(PACKAGES)))
    print(f"changed files: {len(files)}; files of slower tests near them: {len(tests)}", file=sys.stderr)
    for far, what in enumerate(("changed", "import what changed, or give its command", "one import further")):
        if names := [test.removeprefix("tests/") for test, at in tests.items() if at == far]:
            print(f"  {what}: {', '.join(names)}", file=sys.stderr)
    for file in (file for file in files if file.startswith(EVERYTHING)):
        print(f"  {file} touches every test: run scripts/test", file=sys.stderr)
    print("\n".join(tests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
