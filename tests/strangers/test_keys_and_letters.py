"""Staff with files: keys, the data folder, letters that prove a number, dumps to be checked."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.strangers.shop import ANN, BEN, LI, Shop

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("key", ["suppression.key", "evidence.key", "audit/key.pem"])
@pytest.mark.attack("a key that others can read, or a link to one that they can")
def test_readable_keys(shop: Shop, key: str) -> None:
    """docs/how-to/back-up.md: "Only the owner may read them (mode 600), also after you restore them; otherwise nothing
    runs"."""
    file = shop.folder / "var" / key
    scan = shop.write("scan.pdf", "paper")
    add = ("consent", "add", LI, "--purpose", "survey", "--method", "m", "--source", "s", "--wording-file", str(scan))
    if not file.exists():
        shop.cli(*add, "--evidence-file", str(scan))
    if not file.exists():
        file.write_bytes(os.urandom(32).hex().encode())
        file.chmod(0o600)
    taken = []
    for mode in (0o640, 0o604, 0o660, 0o777, 0o444):
        file.chmod(mode)
        commands = [
            ("campaign", "preview", "reminder"),
            (*add, "--evidence-file", str(scan)),
            ("audit", "checkpoint"),
            ("doctor",),
        ]
        if all(shop.cli(*command).code == 0 for command in commands[:3]):
            taken.append(oct(mode))
    file.chmod(0o600)
    elsewhere = shop.folder / "elsewhere.key"
    shutil.move(file, elsewhere)
    elsewhere.chmod(0o644)
    file.symlink_to(elsewhere)
    if all(
        shop.cli(*command).code == 0
        for command in (
            ("campaign", "preview", "reminder"),
            (*add, "--evidence-file", str(scan)),
            ("audit", "checkpoint"),
        )
    ):
        taken.append("a link")
    assert taken == []


@pytest.mark.attack("a key of recordings that others can read")
def test_readable_key_of_recordings(shop: Shop) -> None:
    """docs/how-to/change-keys.md: "With one that others can read no worker starts, so nobody is called;
    `agi-app doctor` names it. A stop is still taken"."""
    key = shop.folder / "var" / "recordings.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    for command in ("run", "doctor"):
        done = shop.cli(command, seconds=10)
        assert done.code not in (0, None), command
        assert "chmod 600" in done.said, command
    shop.ok("stop", BEN)
    assert shop.suppressed(BEN)


@pytest.mark.attack("a project made while the shell lets everybody read new files")
def test_open_umask(shop: Shop) -> None:
    """docs/how-to/install-on-asterisk.md: "only the owner can read the data folder"; audit.md: "`agi-app init` (or the
    first use) makes it, with mode 600"."""
    before = os.umask(0)
    try:
        from tests.forked_commands import Commands
        from tests.strangers.shop import clean_environment

        commands = Commands()
        try:
            done = commands.run(("init", str(shop.folder / "open")), shop.folder, clean_environment(), 30)
        finally:
            commands.close()
    finally:
        os.umask(before)
    assert done.code == 0
    var = shop.folder / "open" / "var"
    assert var.stat().st_mode & 0o077 == 0
    for file in var.rglob("*key*"):
        assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.attack("the data folder of another project behind a link, or only its key and journal")
def test_data_folder_behind_a_link(shop: Shop) -> None:
    """docs/explanation/safety.md: "without matching data nobody is called"."""
    shop.ok("stop", ANN)
    other = shop.folder / "other"
    assert shop.cli("init", str(other)).code == 0
    var, away = shop.folder / "var", shop.folder / "away"
    var.rename(away)
    var.symlink_to(other / "var")
    assert shop.cli("campaign", "preview", "reminder").code == 2
    var.unlink()
    assert shop.cli("campaign", "preview", "reminder").code == 2
    assert not var.exists()
    away.rename(var)
    shutil.copy(other / "var" / "suppression.key", var / "suppression.key")
    assert shop.cli("campaign", "preview", "reminder").code == 2


@pytest.mark.attack("another suppression key by the environment")
def test_key_of_the_environment(shop: Shop) -> None:
    """docs/explanation/safety.md: "A lost key is never replaced by a new one: everything stops until it is back"."""
    shop.ok("stop", ANN)
    for key in ("00" * 32, "", "zz" * 32, "00" * 31):
        done = shop.cli("campaign", "preview", "reminder", "--json", env={"AGI_APP_SUPPRESSION_KEY": key})
        assert done.code != 0 or "suppressed" in done.out, key


@pytest.mark.attack("a letter that names another number, of which ours is a part, or none")
def test_letters(shop: Shop) -> None:
    """docs/how-to/caller-id.md: "The letter is the carrier's statement that the number is yours. A text file must name
    the number"."""
    number = "+999862155500077"
    taken = []
    for text in (
        "We confirm +9998621555000771.",
        "We confirm 1999862155500077 and nothing else.",
        "Reference 0999862155500077/3",
        "",
        "   \n",
        "We confirm another number.",
        "+999862155500078",
    ):
        done = shop.cli("callerid", "prove", number, "--letter", str(shop.write("letter.txt", text)))
        if done.code == 0:
            taken.append(text)
    assert taken == []


@pytest.mark.attack("a letter that holds for longer than a year, or ended already")
def test_letters_for_long(shop: Shop) -> None:
    """docs/how-to/caller-id.md: "The proof is good for at most a year"."""
    shop.write("letter.txt", "We confirm +999862155500077.")
    for last in ("2027-03-05", "2045-01-01", "9999-12-31", "2026-03-01", "1970-01-01", "2027-02-30", "tomorrow"):
        done = shop.cli("callerid", "prove", "+999862155500077", "--letter", "letter.txt", "--expires", last)
        assert done.code == 1, last


@pytest.mark.attack("a letter or an evidence file that never ends, or is no file")
def test_letters_without_end(shop: Shop) -> None:
    """docs/explanation/crash-safety.md: "Nothing waits forever"; exit-codes.md: "1 | The input is wrong: a file …"."""
    os.mkfifo(shop.folder / "pipe")
    (shop.folder / "zero.txt").symlink_to("/dev/zero")
    for file in ("pipe", "zero.txt", ".", "/dev/zero"):
        assert shop.cli("callerid", "prove", "+999862155500077", "--letter", file, seconds=6).code == 1, file


@pytest.mark.attack("a premium, free or emergency number as the number that is shown")
def test_service_numbers(shop: Shop) -> None:
    """docs/how-to/caller-id.md: "Service and premium numbers cannot be caller IDs"."""
    taken = []
    for number in (
        "+9791234567890",
        "+80012345678",
        "+449098790000",
        "+448081570000",
        "+864000000000",
        "+19002345678",
        "+448450000000",
        "+86110",
        "+8612345",
        "+1911",
        "+999",
        "+8008001234",
    ):
        shop.write("letter.txt", f"We confirm {number}.")
        if shop.cli("callerid", "prove", number, "--letter", "letter.txt").code == 0:
            taken.append(number)
    assert taken == []


@pytest.mark.attack("a dump of the database that runs commands in whoever checks it")
def test_hostile_dump(shop: Shop) -> None:
    """docs/how-to/audit.md: "The rows … go into our own empty, temporary server … Nothing else in the file is run"."""
    mark = shop.folder / "owned"
    lines = [
        f"\\! touch {mark}1",
        f"\\o |touch {mark}2",
        f"\\set x `touch {mark}3`",
        f"COPY (SELECT 1) TO PROGRAM 'touch {mark}4';",
        f"\\copy (select 1) to program 'touch {mark}5'",
        f"DO $$ BEGIN EXECUTE $x$COPY (SELECT 1) TO PROGRAM 'touch {mark}6'$x$; END $$;",
        f"\\i {shop.folder}/more.sql",
        f"SELECT 1 \\g |touch {mark}7",
        f"\\setenv PAGER 'touch {mark}8'",
        f"COPY public.consent FROM PROGRAM 'touch {mark}9';",
        f"COPY public.consent (consent_id) FROM stdin; \\! touch {mark}10",
        "1",
        "\\.",
        f"\\! touch {mark}11",
        f"CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS"
        f" 'BEGIN COPY (SELECT 1) TO PROGRAM ''touch {mark}12''; END';",
        "SELECT public.f();",
        f"\\lo_import {shop.folder}/var/suppression.key",
    ]
    shop.write("more.sql", f"\\! touch {mark}13\n")
    done = shop.cli("audit", "verify", "--dump", str(shop.write("rows.sql", "\n".join(lines) + "\n")))
    assert list(shop.folder.glob("owned*")) == []
    assert done.code in (1, 2)
