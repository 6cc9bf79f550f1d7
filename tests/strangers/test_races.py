"""Races: killed in the middle of a stop, many at once, full disks, a journal that was cut."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.strangers.shop import ANN, BEN, LI, WANG, Shop, clean_environment

pytestmark = pytest.mark.postgres

AWAY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}
COMMAND = [str(Path(sys.executable).with_name("agi-app"))]


def _start(shop: Shop, *argv: str, before: str = "") -> subprocess.Popen[str]:
    """A command as a process of its own."""
    words = [*COMMAND, *argv] if not before else ["bash", "-c", f'{before}; exec "$0" "$@"', *COMMAND, *argv]
    return subprocess.Popen(
        words, cwd=shop.folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.attack("kill -9 of a command in the middle of its stop")
def test_killed_in_a_stop(shop: Shop) -> None:
    """docs/explanation/crash-safety.md: "A stop is kept. It is on the worker's disk before the flow goes on. It reaches
    the database before a worker that knows of it claims anybody else"."""
    journal = shop.folder / "var" / "refusals.jsonl"
    size = journal.stat().st_size if journal.exists() else 0
    with psycopg.connect(shop.url) as owner:
        owner.execute("LOCK TABLE suppression IN ACCESS EXCLUSIVE MODE")
        process = _start(shop, "stop", ANN)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (not journal.exists() or journal.stat().st_size == size):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=120)
        owner.rollback()
    assert journal.stat().st_size > size
    shop.flush()
    assert shop.suppressed(ANN)


@pytest.mark.attack("a journal whose last line was cut by a power cut, and the stop after it")
def test_torn_journal(shop: Shop) -> None:
    """docs/explanation/safety.md: "A stop is first written to a journal on disk (fsync) … A stop survives an outage of
    the database (the journal)"."""
    assert shop.cli("stop", ANN, env=AWAY).code is not None
    journal = shop.folder / "var" / "refusals.jsonl"
    whole = journal.read_bytes()
    assert whole.endswith(b"\n")
    journal.write_bytes(whole + whole[: len(whole) // 2])  # the second line was cut
    shop.cli("stop", WANG, env=AWAY)
    shop.cli("stop", BEN)
    shop.flush()
    lost = [number for number in (ANN, WANG, BEN) if not shop.suppressed(number)]
    assert lost == []


@pytest.mark.parametrize("command", ["stop", "complaint add", "one purpose"])
@pytest.mark.attack("a stop by each command while the database is away")
def test_stop_while_away(shop: Shop, command: str) -> None:
    """docs/how-to/stop-and-suppression.md: "This works while `agi-app run` runs, and also while the database is down:
    the stop waits in the journal on disk"; complaints.md: "The stop is taken first, as final as any other"."""
    argv = {
        "stop": ("stop", ANN, "--reason", "r"),
        "complaint add": ("complaint", "add", ANN, "--text", "angry"),
        "one purpose": ("consent", "withdraw", ANN, "--purpose", "transactional"),
    }[command]
    done = shop.cli(*argv, env=AWAY)
    shop.flush()
    if command == "one purpose" and done.code != 0:
        return  # it was said that it was not taken; only a stop waits in the journal
    assert "C1" in shop.refusals("reminder") or shop.preview("reminder")["waiting"] < 4


@pytest.mark.attack("a stop whose journal has no room on the disk")
def test_full_disk(shop: Shop) -> None:
    """docs/explanation/safety.md: "A stop is first written to a journal on disk (fsync)"; exit-codes.md: "2 | The
    environment is wrong: settings, database, Asterisk, something that protects people"."""
    process = _start(shop, "stop", ANN, before="trap '' XFSZ; ulimit -f 0")
    said = process.communicate(timeout=120)[0]
    assert process.returncode != 0 or shop.suppressed(ANN), said
    journal = shop.folder / "var" / "refusals.jsonl"
    journal.unlink(missing_ok=True)
    journal.symlink_to("/dev/full")
    done = shop.cli("stop", WANG)
    assert done.code != 0 or shop.suppressed(WANG), done


@pytest.mark.attack("eight stops, a consent, an import and an erasure of the same person at once")
def test_all_at_once(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "A stop is final. It applies to every campaign and every node, permanently,
    even if the number is imported again or there is a new consent"."""
    rows = shop.write("again.csv", f"external_id,number\nC1,{ANN}\nC9,{LI}\n")
    processes = [
        _start(shop, "stop", ANN),
        _start(shop, "contacts", "import", "reminder", str(rows)),
        _start(shop, "consent", "import", "some-consent.csv"),
        _start(shop, "erase", ANN, "--reason", "letter"),
        _start(shop, "consent", "withdraw", ANN, "--purpose", "transactional"),
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert "Traceback" not in "".join(said)
    shop.contacts("reminder", ANN)
    shop.consent(ANN)
    assert shop.called("late", f"A,{ANN}") == 0
    said_by_verify = shop.verify()
    assert said_by_verify["ok"], said_by_verify["faults"]


@pytest.mark.attack("an import that is killed, and what it half wrote")
def test_killed_import(shop: Shop) -> None:
    """docs/reference/exit-codes.md: "Nothing is half-written … if one is interrupted, run it again"."""
    numbers = [f"+99986139{n * 37:07d}" for n in range(3000)]
    shop.consent(*numbers)
    rows = "".join(f"K{n},{number}\n" for n, number in enumerate(numbers))
    file = shop.write("many.csv", f"external_id,number\n{rows}")
    process = _start(shop, "contacts", "import", "reminder", str(file))
    time.sleep(1.2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)
    shop.ok("contacts", "import", "reminder", str(file))
    assert shop.sql("SELECT count(*), count(DISTINCT person_id) FROM contact WHERE external_id LIKE 'K%%'") == [
        (3000, 3000)
    ]
    assert shop.verify()["ok"]


@pytest.mark.attack("a second worker's lock taken by somebody else, and a project moved while it works")
def test_checkpoint_file_rolled_back(shop: Shop) -> None:
    """docs/how-to/audit.md: "`checkpoint rolled back` | our file of checkpoints lacks one that we had written to
    it"."""
    file = shop.folder / "var" / "audit" / "checkpoints"
    before = file.read_bytes()
    shop.ok("stop", ANN)
    assert shop.verify()["ok"]
    assert file.read_bytes() != before
    file.write_bytes(before)
    assert not shop.verify_now()["ok"]
    file.unlink()
    assert not shop.verify_now()["ok"]
