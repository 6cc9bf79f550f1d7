"""Words that are orders to a terminal, or that show themselves other than they are."""

from __future__ import annotations

import re

import pytest

from tests.strangers.shop import AGREED, ANN, CONSENT_TITLES, LI, Shop

pytestmark = pytest.mark.postgres

# What a terminal obeys, and what turns the order of the letters around it.
ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
EVIL = "A\x1b]0;owned\x07\x1b[2J\x9b31m\x8d\u202eB\u2066C"


def _unseen(text: str) -> list[str]:
    return sorted({f"U+{ord(found):04X}" for found in ORDERS.findall(text)})


@pytest.mark.attack("orders to the terminal in what staff enter: reason, source, method, names")
def test_orders_in_what_staff_enter(shop: Shop) -> None:
    """docs/decisions/0066-files-of-others.md: "What a terminal obeys is shown as its code by the consoles themselves,
    so no command can forget it"."""
    words = shop.write("words.txt", "I agree \u202e eerga ton od I \u202c.")
    shop.cli(
        "consent",
        "add",
        LI,
        "--purpose",
        "survey",
        "--method",
        EVIL,
        "--source",
        EVIL,
        "--wording-file",
        str(words),
        "--seller",
        EVIL,
        "--evidence",
        EVIL,
    )
    shop.cli("consent", "add-wording", f"{EVIL}/1", str(words))
    shop.cli("stop", ANN, "--reason", EVIL, "--method", EVIL, "--source", EVIL)
    shop.cli("complaint", "add", LI, "--text", EVIL, "--source", EVIL)
    shop.cli("complaint", "note", "1", EVIL)
    for command in (
        ("consent", "show", LI),
        ("consent", "show", ANN),
        ("consent", "show", ANN, "--language", "zh"),
        ("consent", "wordings"),
        ("complaint", "list"),
        ("complaint", "show", "1"),
        ("callerid", "list"),
    ):
        assert _unseen(shop.cli(*command).said) == [], command


@pytest.mark.attack("orders to the terminal in JSON that a script prints")
def test_orders_in_json(shop: Shop) -> None:
    """docs/decisions/0066-files-of-others.md: "What a terminal obeys is shown as its code by the consoles themselves,
    so no command can forget it"."""
    shop.cli("stop", ANN, "--reason", "x\x9b31m\x8dy\u202ez")
    shop.cli("complaint", "add", LI, "--text", "x\x9b31m\x8dy\u202ez")
    for command in (
        ("consent", "show", ANN, "--json"),
        ("complaint", "show", "1", "--json"),
        ("complaint", "list", "--json"),
    ):
        assert _unseen(shop.cli(*command).said) == [], command


@pytest.mark.attack("orders to the terminal in names of files, campaigns, flows, columns and nodes")
def test_orders_in_names(shop: Shop) -> None:
    """docs/decisions/0066-files-of-others.md: "What a terminal obeys is shown as its code by the consoles themselves,
    so no command can forget it"."""
    evil = EVIL.replace("\x00", "")
    shop.write(f"campaigns/{evil}.yaml", f'campaign: "{evil!r}"\nflow: [\n')
    shop.write("campaigns/other.yaml", 'campaign: other\npurpose: "a\\e[2Jb\\x9bc\\u202ed"\nflow: "x\\e[2J"\n')
    people = shop.write(f"{evil}.csv", f"external_id,number,na{evil}me\n{evil},12{evil}3,x\n")
    plain = shop.write("plain.csv", f"external_id,number,language\n\u202eC9,{LI},\u202en\u2066\n")
    for command in (
        ("check",),
        ("contacts", "import", "reminder", str(people)),
        ("contacts", "import", "reminder", str(plain)),
        ("contacts", "import", evil, str(people)),
        ("consent", "import", str(people)),
        ("consent", "show", f"+1{evil}"),
        ("campaign", "preview", evil),
        ("campaign", "preview", "reminder"),
        ("report", "reminder"),
        ("forget-node", evil),
        ("simulate", evil),
        ("suppression", "import", evil, str(people), "--region", "CN", "--as-of", "2026-03-01"),
        ("stop", "--file", str(people)),
        ("guard", "block", evil),
        ("complaint", "import", str(people)),
        ("nothing" + evil,),
    ):
        assert _unseen(shop.cli(*command).said) == [], command


@pytest.mark.attack("a wording that reads otherwise on the screen than it was written")
def test_wording_turned_around(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "A consent refers to the exact text that the person was shown"; 0066: "Marks that
    are only invisible (zero width, soft hyphen) are shown as codes"."""
    marks = "\u202e\u2066\u2069\u200b\u2060\ufeff\u00ad\u061c\u200f\u180e\ufff9\U000e0041"
    rows = f"{CONSENT_TITLES}\n" + "".join(
        f"{LI},{AGREED.replace('I agree', f'I {mark}agree {place}')}\n" for place, mark in enumerate(marks)
    )
    shop.cli("consent", "import", str(shop.write("c.csv", rows)))
    shown = shop.ok("consent", "show", LI).out
    assert [f"U+{ord(mark):04X}" for mark in marks if mark in shown] == []


@pytest.mark.attack("a formula in a report that a spreadsheet runs")
def test_formula_in_a_report(shop: Shop) -> None:
    """docs/reference/proof-format.md: "what a spreadsheet would run as a formula gets an apostrophe" (tables of an
    export)."""
    cells = ("=1+1", "@SUM(1)", "+1+1", "-1+1", "\t=1+1", "|cmd", "＝1+1", "\n=1", "%0A=1")
    for cell in cells:
        shop.cli("consent", "withdraw", ANN, "--purpose", "survey", "--reason", cell, "--method", cell)
    shop.ok("audit", "export", "--output", "export")
    text = (shop.folder / "export" / "tables" / "revocation.csv").read_text(encoding="utf-8-sig")
    import csv
    import io

    for row in csv.reader(io.StringIO(text)):
        for cell in row[1:]:
            assert not re.match(r"[=@\t\r]|[+-][^0-9]|[+-]\d+[+]", cell), cell


@pytest.mark.attack("a wording with joiners that nobody sees")
def test_joiner_in_a_wording(shop: Shop) -> None:
    """docs/decisions/0066-files-of-others.md: "Marks that are only invisible (zero width, soft hyphen) are shown as
    codes"."""
    assert shop.consent(LI, agreed=AGREED.replace("I agree", "I dis\u200dagree"), check=False).code == 1
    shop.sql("ALTER TABLE wording DISABLE TRIGGER USER")  # one that was taken before such words were refused
    shop.sql("UPDATE wording SET text = %s", "I dis\u200dagree\u3164 \u0645\u06cc\u200c\u062e\u0648")
    for words in (shop.ok("consent", "show", ANN).out, shop.ok("consent", "show", ANN, "--json").out):
        assert not {"\u200d", "\u3164"} & set(words)
        assert "\u06cc\u200c\u062e" in words  # at work between letters of Persian
