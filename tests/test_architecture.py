"""The shape of the code base: import contracts, and rules about the text itself.

The tests marked `architecture` break each import contract once in a copy of the package and see
`lint-imports` refuse it, so that a contract which checks nothing cannot stay unnoticed.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import architecture_rules as rules

pytestmark = pytest.mark.architecture  # reads every file: not part of the fast unit tests

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "agi_app"
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MOST_UNIMPORTED = 38
# modules that no test imports -> what does test them; tests/slow imports every command and every operation, tests/api
# asks every route, tests/console every page
CALLS = "its calls, on a real Asterisk"
NEEDS_DATABASE = "what it asks of a real PostgreSQL: tests/store"
OWN_PROCESS = "it runs in a process of its own, which the tests start"
UNIMPORTED = {
    "agi_app.calls.listening.call_recording": "tests/unit/calls/listening hears whole calls",
    "agi_app.calls.listening.heard_in_call": "tests/unit/calls/listening hears whole calls",
    "agi_app.campaigns.calling_rules.strictest": "tests/unit/campaigns/calling_rules loads whole rule files",
    "agi_app.contacts.tables.xlsx_child": OWN_PROCESS,
    "agi_app.contacts.tables.xlsx_messages": OWN_PROCESS,
    "agi_app.dialer.agents.destination_legs": CALLS,
    "agi_app.dialer.probes.amd_probe": "doctor, on a real Asterisk",
    "agi_app.dialer.probes.call_back_probe": "doctor, on a real Asterisk",
    "agi_app.dialer.probes.routes_out": "doctor, on a real Asterisk",
    "agi_app.dialer.requested_calls.agent_first": CALLS,
    "agi_app.dialer.requested_calls.verification_calls": CALLS,
    "agi_app.dialer.worker.speech_backends": CALLS,
    "agi_app.pbx.agi.probe": "doctor, on a real Asterisk",
    "agi_app.pbx.ari.agent_phones": CALLS,
    "agi_app.pbx.dead_mans_switch_process": OWN_PROCESS,
    "agi_app.pbx.inbound_channel": CALLS,
    "agi_app.pbx.leftover_calls": CALLS,
    "agi_app.proof.fact_stamps": NEEDS_DATABASE,
    "agi_app.proof.stored_tree": NEEDS_DATABASE,
    "agi_app.screening.decision_writer": NEEDS_DATABASE,
    "agi_app.screening.service": CALLS,
    "agi_app.speech.recognizer_process": OWN_PROCESS,
    "agi_app.speech.sherpa": "imported where its extra is installed",
    "agi_app.speech.whisper": "imported where its extra is installed",
    "agi_app.store.database.dump": NEEDS_DATABASE,
    "agi_app.store.database.plans": NEEDS_DATABASE,
    "agi_app.store.database.locks": NEEDS_DATABASE,
    "agi_app.store.database.erased_traces": NEEDS_DATABASE,
    "agi_app.store.ledger.audit_check": NEEDS_DATABASE,
    "agi_app.store.ledger.audit_facts": NEEDS_DATABASE,
    "agi_app.store.lists.campaigns": NEEDS_DATABASE,
    "agi_app.store.lists.contacts": NEEDS_DATABASE,
    "agi_app.store.lists.records": NEEDS_DATABASE,
    "agi_app.store.service.api_tokens": NEEDS_DATABASE,
    "agi_app.store.requested_calls.call_backs": NEEDS_DATABASE,
    "agi_app.store.requested_calls.staff_calls": NEEDS_DATABASE,
}
UNIT_TESTED_BESIDE = {"bench", "office", "release", "sandbox", "scripts", "witness"}  # have unit tests, too
# path -> why this one file may be longer
LONG_FILES: dict[str, str] = {
    "agi_app/audit/standalone_verifier.py": "an outsider gets it as one file",
    "agi_app/calls/attempt.py": "one state machine: all that decides what an attempt is stands in one place",
}
# name of a public class -> why more than one module defines it
SHARED_CLASS_NAMES: dict[str, str] = {}
# path:function -> why this one function may be longer
COMMAND = "a command: most of it is its options, one a line"
MESSAGES = "its messages are templates, with a line for each value"
LONG_FUNCTIONS: dict[str, str] = {
    "agi_app/cli/calling/report_calls.py:calls": "a command: most of it is its options, one a line",
    "agi_app/cli/project/simulate.py:simulate": "a command: most of it is its options, one a line",
    "agi_app/cli/calling/campaign.py:show_preview": MESSAGES,
    "agi_app/cli/guard/allow_and_block.py:show": COMMAND,
    "agi_app/cli/guard/guard_report.py:explain": COMMAND,
    "agi_app/cli/main.py:main": MESSAGES,
    "agi_app/cli/people/complaint.py:received": COMMAND,
    "agi_app/cli/people/consent.py:add": COMMAND,
    "agi_app/cli/people/suppression.py:import_": COMMAND,
    "agi_app/cli/service/audit.py:export": COMMAND,
    "agi_app/cli/service/webhook.py:deliveries": COMMAND,
    "agi_app/cli/wrong_arguments.py:_better": MESSAGES,
    "agi_app/contacts/do_not_call_import.py:import_list": MESSAGES,
    "agi_app/contacts/importer.py:import_contacts_file": MESSAGES,
    "agi_app/pbx/trunks.py:faults": MESSAGES,
    "agi_app/prompts/tts_engines.py:_run": MESSAGES,
    "agi_app/proof/verify.py:_checkpoints": MESSAGES,
    "sandbox/asterisk.py:_write_configuration": MESSAGES,
    "sandbox/callees.py:_turn": MESSAGES,
    "sandbox/callees.py:person": MESSAGES,
}

CONTRACTS = configparser.ConfigParser()
CONTRACTS.read(ROOT / ".importlinter", encoding="utf-8")
PURE = CONTRACTS["importlinter:contract:pure"]["source_modules"].split()
IMPURE = CONTRACTS["importlinter:contract:pure"]["forbidden_modules"].split()

# package -> the layers of its rooms and of the modules beside them; None for agi_app itself
LAYERS = {
    section.get("containers", "").removeprefix("agi_app").removeprefix("."): section["layers"].split("\n")[1:]
    for section in CONTRACTS.values()
    if section.get("type") == "layers"
}
ROOMS = [package for package in LAYERS if package]
MAX_MODULES = 22  # of a folder, __init__.py included

# contract, file in the copy (made if absent), line added to it, words the report must hold
BREACHES = [
    ("layers", "errors.py", "import agi_app.config", "agi_app.errors is not allowed to import agi_app.config"),
    ("layers", "model/phone.py", "import agi_app.gate.decide", "agi_app.model is not allowed to import agi_app.gate"),
    ("layers", "flow/engine/session.py", "import agi_app.store", "agi_app.flow is not allowed to import agi_app.store"),
    ("layers", "store/database/pool.py", "import agi_app.pbx", "agi_app.store is not allowed to import agi_app.pbx"),
    ("layers", "calls/runner.py", "import agi_app.dialer", "agi_app.calls is not allowed to import agi_app.dialer"),
    ("layers", "dialer/loop.py", "import agi_app.app", "agi_app.dialer is not allowed to import agi_app.app"),
    ("layers", "doctor.py", "import agi_app.cli", "agi_app.doctor is not allowed to import agi_app.cli"),
    ("layers", "newcomer/__init__.py", "", "agi_app.newcomer"),
    ("faces", "cli/people/stops.py", "import agi_app.store.people.stops", "agi_app.cli is not allowed to import"),
    ("faces", "api/resources/stops.py", "import agi_app.store.people.stops", "agi_app.api is not allowed to import"),
    ("faces", "console/today.py", "import agi_app.store.people.stops", "agi_app.console is not allowed to import"),
    ("no_calls", "console/today.py", "import agi_app.pbx.originate", "agi_app.console is not allowed to import"),
    ("faces", "cli/main.py", "from agi_app.dialer import loop", "agi_app.cli.main -> agi_app.dialer"),
    ("no_calls", "operations/people/stops.py", "import agi_app.pbx.originate", "agi_app.operations is not allowed"),
    (
        "no_calls",
        "operations/people/stops.py",
        "from agi_app.dialer import loop",
        "is not allowed to import agi_app.dialer",
    ),
    ("service", "cli/service/console.py", "import agi_app.dialer.loop", "is not allowed to import agi_app.dialer"),
    ("service", "installation.py", "import agi_app.pbx.ari", "is not allowed to import agi_app.pbx"),
    ("service", "cli/service/console.py", "import agi_app.asked", "is not allowed to import agi_app.asked"),
    ("no_calls", "operations/calling/reports.py", "import agi_app.calls.runner", "agi_app.operations is not allowed"),
    *[
        (room.partition("/")[0], f"{room}.py", f"import agi_app.{above}", f"is not allowed to import agi_app.{above}")
        for room, above in (
            ("flow/language/steps", "flow.engine"),
            ("flow/engine/session", "flow.simulation"),
            ("dialer/agents/transfer_to_agent", "dialer.originator"),
            ("dialer/originator", "dialer.worker"),
            ("store/database/pool", "store.calling"),
            ("store/calling/claims", "store.screening"),
            ("pbx/ari/connection", "pbx.channel"),
            ("campaigns/checks/rule_catalogue", "campaigns.project"),
            ("calls/listening/utterances", "calls.runner"),
            ("contacts/tables/xlsx", "contacts.columns"),
            ("cli/people/contacts", "cli.guard"),
            ("config/trunks", "config.settings"),
            ("operations/people/stops", "operations.calling"),
            ("api/resources/stops", "api.app"),
            ("console/today", "console.app"),
        )
    ],
    *[(room, f"{room}/newcomer/__init__.py", "", f"agi_app.{room}.newcomer") for room in ROOMS],
    ("database", "dialer/loop.py", "import psycopg", "agi_app.dialer.loop -> psycopg"),
    ("database", "doctor.py", "from psycopg_pool import AsyncConnectionPool", "agi_app.doctor -> psycopg_pool"),
    ("layers", "webhooks/post.py", "import agi_app.dialer", "agi_app.webhooks is not allowed to import agi_app.dialer"),
    ("no_calls", "webhooks/post.py", "import agi_app.pbx.originate", "agi_app.webhooks is not allowed to import"),
    ("layers", "exchange/others_database.py", "import agi_app.dialer", "agi_app.exchange is not allowed to import"),
    ("no_calls", "exchange/others_database.py", "import agi_app.pbx.originate", "agi_app.exchange is not allowed"),
    ("database", "exchange/service.py", "import psycopg", "agi_app.exchange.service -> psycopg"),
    ("network", "store/database/pool.py", "import aiohttp", "agi_app.store.database.pool -> aiohttp"),
    ("originate", "campaigns/preview.py", "import agi_app.pbx.originate", "agi_app.campaigns.preview"),
    ("originate", "pbx/ari/connection.py", "from agi_app.pbx import originate", "agi_app.pbx.ari.connection"),
    ("originate", "doctor.py", "from agi_app.pbx.originate import place", "agi_app.doctor"),
]


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Yield (path below the clone, text) of each Python file."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def lint_imports(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [f"--contract={name}" for name in contracts]
    cache = ["--no-cache"] if folder == ROOT else ["--cache-dir", str(folder / "cache")]  # a breach changes one file
    command = [str(LINT_IMPORTS), "--no-logo", *cache, *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


# Besides the operations, what a face may import: words and types, messages, text for a terminal, the settings that say
# which database and whose keys an operation works on, what opens those, writing a file, the log, what systemd hears.
OF_A_FACE = {
    "api",
    "atomic_files",
    "authoring",
    "changed_settings",
    "cli",
    "config",
    "console",
    "errors",
    "installation",
    "log",
    "messages",
    "model",
    "operations",
    "printable",
    "service_manager",
    "settings_again",
    "shared_files",
    "system_journal",
}


def test_a_face_may_import_nothing_new() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    forbidden = CONTRACTS["importlinter:contract:faces"]["forbidden_modules"].split()
    assert {f"agi_app.{name}" for name in modules - OF_A_FACE - {"__init__"}} == set(forbidden)


def test_architecture_page_shows_the_layers_of_the_contracts() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for package, layers in LAYERS.items():
        lines = [layer.replace(" | ", " · ").replace(" : ", " · ") for layer in layers]
        assert "".join(f"{line}\n" for line in lines) in blocks, f"the layers of {package or 'agi_app'}"


def test_architecture_page_lists_every_room() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    rooms = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.glob("*/*/__init__.py")}
    assert set(re.findall(r"^\| `([a-z_]+/[a-z_]+)/` \|", text, re.MULTILINE)) == rooms


def test_no_folder_holds_more_modules_than_can_be_looked_over() -> None:
    modules = [*PACKAGE.rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    folders = Counter(path.parent for path in modules)
    assert {str(f.relative_to(ROOT)): n for f, n in folders.items() if n > MAX_MODULES} == {}
    with_rooms = {path.parent.parent.name for path in PACKAGE.glob("*/*/__init__.py")}
    assert with_rooms <= set(ROOMS), "a package with rooms has layers of its own"


def test_unit_tests_stand_where_their_modules_stand() -> None:
    """A folder of tests for each room, with the room's name; beside the shared helpers only tests of agi_app's root."""
    unit = ROOT / "tests" / "unit"
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    rooms = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py")}
    assert {str(f) for f in folders - rooms if f.parts[0] not in UNIT_TESTED_BESIDE} == set()
    strays = {path.name for path in unit.glob("test_*.py") if not (PACKAGE / path.name.removeprefix("test_")).exists()}
    assert strays == set()


def test_every_test_outside_of_the_unit_part_has_a_mark_that_puts_it_into_another() -> None:
    """Without one scripts/test would run it nowhere."""
    part = re.compile(r"pytest\.mark\.(asterisk|postgres|slow|architecture|chaos|witness|examples)\b")
    unit = ("tests/unit/", "tests/flows/", "tests/gate/", "tests/sandbox/")
    texts = {name: text for name, text in sources("tests") if Path(name).name.startswith("test_")}
    assert len(texts) > 300
    assert {name for name, text in texts.items() if not name.startswith(unit) and not part.search(text)} == set()


def test_modules_that_no_test_imports_are_few_and_each_has_its_reason() -> None:
    texts = [text for _, text in sources("tests")]
    imported = set().union(*(rules.imports(text) for text in texts))
    modules = {name.removesuffix(".py").replace("/", ".") for name, _ in sources("agi_app") if "__init__" not in name}
    walked = ("agi_app.api.", "agi_app.cli.", "agi_app.console.", "agi_app.operations.")
    left = {name for name in modules - imported if not name.startswith(walked)}
    assert left - set(UNIMPORTED) == set(), "import it in a test of its own"
    assert set(UNIMPORTED) - left == set(), "no longer needed in the list"
    assert len(UNIMPORTED) <= MOST_UNIMPORTED


def test_every_contract_has_a_breach_below() -> None:
    contracts = {name.rpartition(":")[2] for name in CONTRACTS.sections() if ":contract:" in name}
    assert contracts == {"pure"} | {contract for contract, *_ in BREACHES}


@pytest.fixture(scope="module")
def package_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "agi_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


@contextmanager
def broken(package_copy: Path, where: str, line: str) -> Iterator[None]:
    """A file of the copy, made if absent, with this line at its end."""
    path = package_copy / where
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    try:
        path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
        yield
    finally:
        path.write_text(before, encoding="utf-8") if before is not None else path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


@pytest.mark.parametrize(("contract", "where", "line", "words"), BREACHES)
def test_a_breach_is_refused(package_copy: Path, contract: str, where: str, line: str, words: str) -> None:
    with broken(package_copy, f"agi_app/{where}", line):
        result = lint_imports(package_copy, contract)
    report = re.sub(r"\s+", " ", result.stdout)
    assert result.returncode == 1, report + result.stderr
    assert "BROKEN" in report
    assert words in report


@pytest.mark.parametrize("first", range(len(IMPURE)))
def test_nothing_pure_reaches_a_clock_or_a_file(package_copy: Path, first: int) -> None:
    """Each module of the contract is broken, all of them at once, each by another import; together by all of them."""
    imports = {module: IMPURE[(first + n) % len(IMPURE)] for n, module in enumerate(PURE)}
    with ExitStack() as breaches:
        for module, name in imports.items():
            path = package_copy / module.replace(".", "/")
            where = str((path / "breach.py" if path.is_dir() else path.with_suffix(".py")).relative_to(package_copy))
            breaches.enter_context(broken(package_copy, where, f"import {name}"))
        result = lint_imports(package_copy, "pure")
    report = re.sub(r"\s+", " ", result.stdout)
    assert result.returncode == 1, report + result.stderr
    missing = [f"{m} {name}" for m, name in imports.items() if f"{m} is not allowed to import {name}" not in report]
    assert missing == [], report


def test_purity_holds_through_other_modules(package_copy: Path) -> None:
    """Not only the pure file itself: what it imports may not reach the clock either."""
    path = package_copy / "agi_app/errors.py"
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\nimport time\n", encoding="utf-8")
    (package_copy / "agi_app/flow/breach.py").write_text("import agi_app.errors\n", encoding="utf-8")
    try:
        result = lint_imports(package_copy, "pure")
    finally:
        path.write_text(before, encoding="utf-8")
        (package_copy / "agi_app/flow/breach.py").unlink()
    assert "agi_app.flow is not allowed to import time" in re.sub(r"\s+", " ", result.stdout)


def test_only_originate_can_make_asterisk_call() -> None:
    found = {name: hits for name, text in sources("agi_app") if (hits := rules.originations(text))}
    found.pop("agi_app/pbx/originate.py", None)
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        'ari.request("POST", "channels", body=body)',
        'ari.request("POST", f"channels/{channel_id}", body=body)',
        'session.post(f"/ari/channels?endpoint={endpoint}")',
        'frame = {"type": "RESTRequest", "method": "POST", "uri": "channels/create"}',
        'ari.request(method, uri="channels")',
        'ari.request("POST", f"channels/{channel_id}/dial")',
        'ari.request("POST", of + "/dial")',
        'uri = f"channels/{channel_id}"',
        'manager.send_action({"Action": "Originate", "Channel": channel})',
        'writer.write("Action: originate\\r\\nChannel: x\\r\\n")',
        'manager.send_action({"Action": "Command", "Command": f"channel originate {x}"})',
        'Path("/var/spool/asterisk/outgoing/a.call").write_text(call)',
    ],
)
def test_a_hidden_way_to_call_is_found(text: str) -> None:
    assert rules.originations(text)


@pytest.mark.parametrize(
    "text",
    [
        'ari.request("GET", "channels")',
        'ari.request("DELETE", f"channels/{channel_id}")',
        'ari.request("POST", f"channels/{channel_id}/play", body=body)',
    ],
)
def test_reading_hanging_up_and_playing_are_no_calls(text: str) -> None:
    assert not rules.originations(text)


def test_only_the_gate_makes_a_permit() -> None:
    found = {name: hits for name, text in sources("agi_app") if (hits := rules.permits_made(text))}
    found.pop("agi_app/gate/decide.py", None)
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "Permit('a', '+999', '+999', 't', 1.0)",
        "gate.permit.Permit(attempt_id='a')",
        "Permit.__new__(Permit)",
        "make = partial(Permit, 'a')",
        "from agi_app.gate.permit import Permit as Slip",
    ],
)
def test_a_forged_permit_is_found(text: str) -> None:
    assert rules.permits_made(text)
    assert not rules.permits_made("def place(leg: Permit) -> bool: return isinstance(leg, Permit)")


def test_package_init_files_are_empty_and_present() -> None:
    """An import in `__init__` would pull asyncio into pure modules; a folder without one goes unchecked."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").is_file()] == []
    filled = [name for name, text in sources("agi_app") if name.endswith("__init__.py") and text.strip()]
    # It takes the time zones of the pinned package, for whatever is imported; and all that speaks imports one function.
    assert filled == ["agi_app/__init__.py", "agi_app/messages/__init__.py"]
    (imports,) = re.findall(
        r"^(?:from|import) .*$", (PACKAGE / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert imports == "from zoneinfo import reset_tzpath"


def test_sql_stands_in_sql_files_of_the_store() -> None:
    found = {name: hits for name, text in sources("agi_app") if (hits := rules.sql_strings(text))}
    assert not found
    strays = [path for path in PACKAGE.rglob("*.sql") if PACKAGE / "store" not in path.parents]
    assert strays == []


def test_sql_in_python_is_found_and_prose_is_not() -> None:
    for sql in ("SELECT id FROM person", "  insert into x values (1)", "with due as (select 1) delete from due"):
        assert rules.sql_strings(f"run({sql!r})")
    assert not rules.sql_strings("fail('Select another number from the list', 'update the file and set it')")


def test_files_and_functions_are_short() -> None:
    long_files, long_functions = {}, {}
    for name, text in sources("agi_app", "sandbox", "scripts"):
        if (lines := text.count("\n")) > MAX_FILE_LINES:
            long_files[name] = lines
        for function, length in rules.long_functions(text, MAX_FUNCTION_LINES).items():
            long_functions[f"{name}:{function}"] = length
    assert {n: v for n, v in long_files.items() if n not in LONG_FILES} == {}
    assert {n: v for n, v in long_functions.items() if n not in LONG_FUNCTIONS} == {}
    stale = [*(n for n in LONG_FILES if n not in long_files), *(n for n in LONG_FUNCTIONS if n not in long_functions)]
    assert stale == [], "no longer needed in the allow-list"


def test_no_public_class_name_is_defined_twice() -> None:
    """Who reads or searches for a name must not have to find out first which of several things it is."""
    where: dict[str, list[str]] = {}
    for path, text in sources("agi_app"):
        for name in rules.public_classes(text):
            where.setdefault(name, []).append(path)
    twice = {name: paths for name, paths in where.items() if len(paths) > 1}
    assert {name: paths for name, paths in twice.items() if name not in SHARED_CLASS_NAMES} == {}
    assert [name for name in SHARED_CLASS_NAMES if name not in twice] == [], "no longer needed in the allow-list"


NO_HOSTS = [sys.executable, str(ROOT / "scripts/lib/no_hosts.py")]


def test_no_committed_file_names_a_registry() -> None:
    result = subprocess.run(NO_HOSTS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("host", ["files.py{}thonhosted.org", "registry.np{}mjs.org", "deb.deb{}ian.org", "gh{}cr.io"])
def test_a_registry_name_is_found(tmp_path: Path, host: str) -> None:
    name = host.format("")
    (tmp_path / "a.txt").write_text(f"fine\nget it from {name}/x\n", encoding="utf-8")
    result = subprocess.run([*NO_HOSTS, str(tmp_path / "a.txt")], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"a.txt:2: names a registry: {name}" in result.stdout
