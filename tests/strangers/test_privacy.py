"""What is left of people: after an erasure, in logs and messages, and on the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.strangers.shop import ANN, CONSENT_TITLES, LI, WANG, Shop

pytestmark = pytest.mark.postgres

NAME, PAPER, CASE_ID = "Zhaoyajing", "paper-of-Zhaoyajing", "patient-Zhaoyajing"
DIGITS = ANN.removeprefix("+")


def _in_the_database(shop: Shop, *needles: str) -> list[str]:
    """The tables whose rows have one of these."""
    found = []
    for (table,) in shop.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        with psycopg.connect(shop.url) as connection, connection.cursor().copy(f"COPY {table} TO STDOUT") as rows:
            text = b"".join(bytes(part) for part in rows).decode()
        found += [f"{table}: {needle}" for needle in needles if needle in text]
    return found


def _on_the_disk(shop: Shop, *needles: str) -> list[str]:
    """The files of the data folder that have one of these."""
    return [
        f"{file.relative_to(shop.folder)}: {needle}"
        for file in (shop.folder / "var").rglob("*")
        if file.is_file()
        for needle in needles
        if needle.encode() in file.read_bytes() or needle in file.name
    ]


@pytest.mark.attack("a number that every command has seen, looked for after its erasure")
def test_erased_everywhere(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "nothing is stored about this number but its place on lists of keyed hashes";
    screen-incoming-calls.md: "`agi-app erase NUMBER` removes a number from all of it"."""
    scan = str(shop.write("scan.txt", f"{PAPER} {ANN}"))
    rows = f"external_id,number,name,person_id\n{CASE_ID},{ANN},{NAME},{CASE_ID}-key\n"
    shop.ok("contacts", "import", "reminder", str(shop.write("people.csv", rows)))
    rows = f"{CONSENT_TITLES},evidence\n{ANN},survey,I {NAME} agree.,{NAME} form,2026-02-01,{NAME} site,{PAPER}\n"
    shop.ok("consent", "import", str(shop.write("c.csv", rows)))
    shop.ok("consent", "withdraw", ANN, "--purpose", "survey", "--reason", f"{NAME} said so", "--evidence-file", scan)
    shop.ok("guard", "block", ANN, "--reason", f"{NAME} again")
    shop.cli("guard", "complain", ANN)
    shop.cli("guard", "allow", ANN, "--line", "100", "--reason", f"{NAME} line")
    shop.ok("consent", "show", ANN, "--reason", "a look")
    shop.cli("callerid", "prove", ANN, seconds=5)
    shop.cli("rehearse", "--prove", ANN, seconds=5)
    shop.cli("call-person", "reminder", ANN, "--agent", "none")
    shop.ok("erase", ANN, "--reason", "letter")
    assert _in_the_database(shop, DIGITS, DIGITS[3:], NAME) == []
    assert _on_the_disk(shop, DIGITS, DIGITS[3:], NAME) == []
    assert shop.verify()["ok"]


@pytest.mark.attack("a complaint of a person, looked for after the erasure")
def test_erased_complaint(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "What is kept cannot be traced to anybody"; "nothing is stored about this number
    but its place on lists of keyed hashes"."""
    scan = str(shop.write("scan.txt", f"{PAPER} {ANN}"))
    shop.ok("complaint", "add", ANN, "--text", f"{NAME} of {ANN} is angry", "--evidence-file", scan)
    shop.ok("complaint", "note", "1", f"called {NAME} back on {ANN}")
    shop.ok("erase", ANN, "--reason", "letter")
    assert _in_the_database(shop, DIGITS, DIGITS[3:], NAME) == []
    assert shop.verify()["ok"]


@pytest.mark.attack("a number that was never a contact, in the notes about who looked")
def test_looked_up_number(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "nothing is stored about this number but its place on lists of keyed hashes"."""
    stranger = "+999861380009977"
    shop.ok("consent", "show", stranger, "--reason", "who is it?")
    shop.cli("audit", "prove", stranger, "--output", "proof.json")
    shop.cli("guard", "explain", stranger)
    shop.cli("consent", "evidence", stranger, "--output", "evidence")
    assert _in_the_database(shop, stranger[1:], stranger[4:]) == []
    assert _on_the_disk(shop, stranger[1:], stranger[4:]) == []


@pytest.mark.attack("the embedded database opened by another user of the machine")
def test_other_user_of_the_machine(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    """docs/how-to/install-on-asterisk.md: "Run every command as the same user; only the owner can read the data
    folder"."""
    var = shop.folder / "var"
    code = "import os, sys; os.setgid(65534); os.setuid(65534); print(sorted(os.listdir(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, str(var)], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr
    for parent in Path(var).parents:
        os.stat(parent)
    said = shop.sql("SELECT current_setting('listen_addresses'), current_setting('unix_socket_permissions')")
    assert said[0][0] == "" or said[0][1] == "0700"


@pytest.mark.attack("a report, a preview and a status that show whole numbers to whoever looks over a shoulder")
def test_numbers_in_reports(shop: Shop) -> None:
    """docs/explanation/safety.md: "Logs and errors mask numbers. `consent show`, `consent evidence`, `audit prove`
    and `audit export --whole-numbers` show whole ones, and are noted before they do"."""
    shop.ok("complaint", "add", ANN, "--text", "angry", "--no-stop")
    shop.ok("guard", "block", LI)
    shop.cli("audit", "checkpoint")
    shop.ok("audit", "export", "--output", "export")
    shown = [
        " ".join(command)
        for command in (
            ("report", "reminder"),
            ("report", "reminder", "--format", "json"),
            ("report", "reminder", "--format", "csv"),
            ("campaign", "preview", "reminder"),
            ("campaign", "status", "reminder"),
            ("complaint", "list"),
            ("complaint", "show", "1"),
            ("guard", "report"),
            ("guard", "explain", ANN),
            ("audit", "verify"),
            ("rules", "replay"),
            ("doctor",),
        )
        if ANN in (said := shop.cli(*command).said) or WANG in said
    ]
    exported = [f.name for f in (shop.folder / "export").rglob("*") if f.is_file() and ANN.encode() in f.read_bytes()]
    assert shown + exported == []


@pytest.mark.attack("a look at whole numbers that leaves no note, because the database takes none")
def test_look_without_note(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "each look is recorded in the append-only table `access_log` before anything is
    shown"."""
    name = shop.sql("SELECT current_database()")[0][0]
    shop.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    for command in (
        ("consent", "show", ANN),
        ("consent", "evidence", ANN, "--output", "e"),
        ("audit", "prove", ANN, "--output", "p.json"),
        ("audit", "export", "--output", "x", "--whole-numbers"),
        ("guard", "report", "--numbers"),
    ):
        done = shop.cli(*command)
        assert done.code != 0, command
        assert "I agree" not in done.said
    assert not (shop.folder / "p.json").exists()
    assert not any(ANN.encode() in f.read_bytes() for f in (shop.folder / "x").rglob("*") if f.is_file())


@pytest.mark.attack("numbers in messages about wrong input")
def test_numbers_in_messages(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "Logs and errors never contain a whole number"; safety.md: "Logs and errors mask
    numbers"."""
    odd = [
        f"{WANG} ext 5",
        f"{WANG},{ANN}",
        f"{WANG}x",
        f"({WANG})(",
        f"{WANG}\u200b9999999",
        f"tel {WANG}",
        f"{WANG[:9]} {WANG[9:]}a",
    ]
    leaks = []
    for number in odd:
        people = shop.write("p.csv", f'external_id,number\nX1,"{number}"\n')
        consents = shop.write("c.csv", f'{CONSENT_TITLES}\n"{number}",transactional,w,m,2026-02-01,s\n')
        plain = shop.write("l.txt", f"{number}\n")
        for command in (
            ("contacts", "import", "reminder", str(people)),
            ("consent", "import", str(consents)),
            ("stop", "--file", str(plain)),
            ("stop", number),
            ("consent", "show", number),
            ("erase", number, "--reason", "r"),
            ("suppression", "import", "cn-list", str(plain), "--region", "CN", "--as-of", "2026-03-01"),
            ("complaint", "add", number, "--text", "t"),
            ("call-person", "reminder", number, "--agent", "a"),
            ("audit", "prove", number, "--output", "x.json"),
        ):
            said = re.sub(r"[^0-9a-z]", "", shop.cli(*command).said.replace(str(shop.folder), ""))
            if WANG[1:] in said:
                leaks.append((" ".join(command[:2]), number))
    assert leaks == []


@pytest.mark.attack("numbers in messages about wrong input of the guard and the caller ID")
def test_numbers_in_two_messages(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "Logs and errors never contain a whole number"."""
    number = f"{WANG} ext 5"
    for command in (
        ("guard", "block", number),
        ("guard", "allow", number),
        ("callerid", "prove", number, "--letter", "contacts.csv"),
    ):
        assert WANG[1:] not in shop.cli(*command).err, command


@pytest.mark.attack("numbers and names in the log of the database server's own errors")
def test_numbers_in_database_errors(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "Logs and errors never contain a whole number"."""
    shop.sql("CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS"
             " 'BEGIN RAISE EXCEPTION ''no % %'', NEW, NEW USING DETAIL = NEW::text; END'")  # fmt: skip
    shop.sql("CREATE TRIGGER aaa BEFORE INSERT OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION public.tell()")
    stranger = "+999861380009977"
    said = shop.consent(stranger, check=False).said + shop.contacts("reminder", stranger, check=False).said
    assert stranger not in said
    assert stranger[1:] not in said


@pytest.mark.attack("an erasure asked for while the database is away")
def test_erase_while_away(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "First, the number is added to the suppression list, through the journal like
    every stop"."""
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}
    shop.cli("erase", ANN, "--reason", "letter", env=away)
    shop.flush()
    assert "C1" in shop.refusals("reminder")
