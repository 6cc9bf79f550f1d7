"""What others wrote never controls a terminal, wherever it is shown."""

from __future__ import annotations

import ast
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
import structlog

from agi_app import log
from agi_app.cli import common
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import one_consent
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.printable import in_json, lines, one_line, unfit
from tests.unit.gate_cases import CN_NUMBER, NOW

ROOT = Path(__file__).parents[2]
ORDERS = (
    "\x1b[2J\x1b[1;1H",  # clears the screen
    "\x1b]52;c;cm0gLXJmIC8=\x07",  # fills the clipboard
    "\x9b31m",  # the same as ESC [ in one character
    "\x08\x08\x08",
    "\x7f",
    "\u202e1084\u202c",  # turns digits around
    "\u2066x\u2069",
    "\u2028",
    "\ud800",
    "\U000e0041",
)
ATTACK = pytest.mark.attack("row 16: escape sequences in what others wrote")


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> tuple[io.StringIO, io.StringIO]:
    """What a terminal would get on standard output and standard error."""
    shown = (io.StringIO(), io.StringIO())
    for console, screen in zip((common.out, common.err), shown, strict=True):
        monkeypatch.setattr(console, "_file", screen)
        monkeypatch.setattr(console, "_force_terminal", True)
    return shown


def gives_orders(text: str) -> bool:
    """By Unicode's own classes, not by the table that is tried here."""
    others = {"Cc", "Cs", "Zl", "Zp"}
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return any(
        (unicodedata.category(c) in others and c not in "\n\t")
        or unicodedata.bidirectional(c) in bidi
        or 0xE0000 <= ord(c) < 0xE0080
        for c in text
    )


def own_orders(text: str) -> str:
    """Without the colours and bold letters that this program draws."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@ATTACK
@pytest.mark.parametrize("orders", ORDERS)
def test_nothing_of_others_reaches_a_terminal_as_an_order(
    screens: tuple[io.StringIO, io.StringIO], orders: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = f"a{orders}b"
    common.say(said)
    common.say_lines(said)
    common.table(said, (said, said), [(said, said)])
    common.warn(InputError(said))
    common.warn(AuthorError(Problem(said, 1, 1, "table/x", said)))
    common.out.print(said)
    common.err.print(said)
    common.say_json({said: said})
    for shown in (own_orders(screens[0].getvalue()), own_orders(screens[1].getvalue()), capsys.readouterr().out):
        assert shown
        assert not gives_orders(shown)
        assert "a" in shown
    assert one_line(orders) in own_orders(screens[0].getvalue()).splitlines()[0]
    assert gives_orders(said)


@ATTACK
def test_a_line_of_result_stays_one_line(screens: tuple[io.StringIO, io.StringIO]) -> None:
    common.say("source: web form\nNOW\n  nothing is stored")
    assert screens[0].getvalue() == "source: web form\\nNOW\\n  nothing is stored\n"
    assert len(str(Problem("a\nb.csv", 1, 1, "table/x", "one\ntwo")).splitlines()) == 1


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("赵雅静，先生　您好", "Zoë 👩\u200d⚕️", "می\u200cخواهم", "a\u00a0b", "C:\\n", "\u0378"):
        assert one_line(text) == lines(text) == text
    assert lines("a\n\tb") == "a\n\tb"


@pytest.mark.parametrize("orders", ORDERS)
def test_json_means_the_same(orders: str) -> None:
    value = {"name": f"a{orders}b\n"}
    encoded = in_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(encoded) == value
    assert not gives_orders(encoded)


@ATTACK
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("orders", ORDERS)
def test_a_log_on_a_terminal_takes_no_orders(capsys: pytest.CaptureFixture[str], orders: str, *, as_json: bool) -> None:
    before = structlog.get_config()
    try:
        log.configure(json=as_json)
        log.get("guard").warning(f"heard {orders}", caller=f"x{orders}y", more=[orders], deep={"name": orders})
    finally:
        structlog.configure(**before)
    shown = capsys.readouterr().err
    assert "heard" in shown
    assert not gives_orders(re.sub(r"\x1b\[[0-9;]*m", "", shown))


def rows_of(text: str) -> list[object]:
    return list(parse_contacts(Table(io.BytesIO(text.encode("utf-8", "surrogatepass")), "people.csv"), None, []))


@ATTACK
@pytest.mark.parametrize("orders", [o for o in ORDERS if o != "\ud800"])
def test_an_import_refuses_a_cell_that_gives_orders_at_its_place(orders: str) -> None:
    bad, good = rows_of(f"external_id,number,name\np1,{CN_NUMBER},赵{orders}\np2,{CN_NUMBER},赵\n")
    assert isinstance(bad, RejectedRow)
    shown = str(bad.problem("people.csv"))
    place = len(f"p1,{CN_NUMBER},") + 1
    assert shown.startswith(f"people.csv:2:{place}: table/unprintable ")
    assert re.search(rf"U\+{ord(orders[0]):04X}[A-Z -]* as character 2, which", shown)
    assert not gives_orders(shown)
    assert not isinstance(good, RejectedRow)


@ATTACK
def test_an_import_refuses_a_title_that_gives_orders() -> None:
    with pytest.raises(AuthorError, match=r"people.csv:1:20: table/unprintable .*U\+001B as character 1") as caught:
        rows_of(f"external_id,number,\x1b[2Jname\np1,{CN_NUMBER},x\n")
    assert "\x1b" not in str(caught.value)


@ATTACK
@pytest.mark.parametrize("field", ["method", "source", "wording", "evidence", "seller", "person_id"])
def test_a_consent_with_orders_in_a_field_is_refused(field: str) -> None:
    fields = {
        "number": CN_NUMBER,
        "purpose": "survey",
        "wording": "I agree",
        "method": "web form",
        "time": "2026-01-05",
        "source": "site",
    }
    one_consent(fields, None, "wang", NOW)
    with pytest.raises(InputError, match=r"U\+001B"):
        one_consent(fields | {field: "x\x1b[31m"}, None, "wang", NOW)


def test_line_breaks_and_tabs_in_quotes_are_text() -> None:
    (row,) = rows_of(f'external_id,number,address\np1,{CN_NUMBER},"one\n\ttwo"\n')
    assert not isinstance(row, RejectedRow)


def test_commands_print_by_the_functions_that_make_text_printable() -> None:
    """``print`` and the consoles stand in the module that has these functions, and where JSON or a report goes out."""
    allowed = {"common.py": None, "schema.py": "print", "report.py": "print", "totals_text.py": "console"}
    wrong = []
    for file in sorted((ROOT / "agi_app" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            attribute = node.func if isinstance(node.func, ast.Attribute) else None
            whose = attribute.value.id if attribute and isinstance(attribute.value, ast.Name) else ""
            by_console = (
                whose in ("out", "err", "sys") and attribute is not None and attribute.attr in ("print", "write")
            )
            if (name == "print" or by_console) and allowed.get(file.name, "") not in (None, name or "console"):
                wrong.append(f"{file.name}:{node.lineno}")
    assert not wrong


UNSEEN = [
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *(0xFEFF, 0xAD, 0x61C, 0x34F, 0x115F, 0x3164, 0x180B, 0x180E, 0x2800, 0xFE00, 0xFE0E, 0xFE0F),
    *(0xE0001, 0xE0020, 0xE007F, 0xE0100, 0xE01EF),
]


@pytest.mark.attack("row 24: a wording or name with characters that nobody sees passes for another one")
@pytest.mark.parametrize("code", UNSEEN)
@pytest.mark.parametrize("text", ["I agr{}ee to calls", "{}我同意", "我同意{}"])
def test_a_wording_with_a_character_that_nobody_sees_is_refused_with_its_name(text: str, code: int) -> None:
    fields = {"number": CN_NUMBER, "purpose": "survey", "method": "web form", "time": "2026-01-05", "source": "site"}
    name = unicodedata.name(chr(code), "")
    place = text.index("{}") + 1
    with pytest.raises(InputError, match=rf"wording.* has U\+{code:04X}.*{name} as character {place}, "):
        one_consent(fields | {"wording": text.format(chr(code))}, None, "wang", NOW)
    with pytest.raises(InputError, match=rf"U\+{code:04X}"):
        one_consent(fields | {"wording": "I agree", "source": text.format(chr(code))}, None, "wang", NOW)


@pytest.mark.attack("row 24: a wording or name with characters that nobody sees passes for another one")
@pytest.mark.parametrize("hidden", ["\u200b", "\u200f", "\ufeff", "\u2060", "\xad", "\u200d"])
def test_a_name_that_is_spoken_has_none_either(hidden: str) -> None:
    bad, mixed = rows_of(
        f"external_id,number,name,note\np1,{CN_NUMBER},赵{hidden}静,\np2,{CN_NUMBER},赵{hidden}静,سلام\n"
    )
    for row in (bad, mixed):
        assert isinstance(row, RejectedRow)
        assert row.column == len(f"p1,{CN_NUMBER},") + 1
        assert unicodedata.name(hidden) in row.reason
    with pytest.raises(AuthorError, match=r"people.csv:1:20: table/unprintable"):
        rows_of(f"external_id,number,na{hidden}me\np1,{CN_NUMBER},x\n")


@pytest.mark.parametrize(
    "text",
    [
        "我同意阳光口腔用“自动语音”电话（每周一次）提醒我。　",
        "I agree – at any time – to Zoë’s calls\u00a0of 30\u202fmin",
        "می\u200cخواهم تماس بگیرید",
        "أوافق على المكالمات من Sunshine Dental (2026)\u200f.",
        "אני מסכים \u200eABC\u200f!",
        "क्\u200dष",
        "👩\u200d⚕️ 👩🏽\u200d🚀 ❤️ 1️⃣ ℹ️ ☎︎",
        "ᠮᠣᠩᠭ\u180bᠣᠯ",
    ],
)
def test_what_a_script_needs_is_taken(text: str) -> None:
    assert unfit(text) is None


def test_a_long_text_of_marks_takes_no_longer_than_it_is() -> None:
    assert unfit("\u200f" * 300_000 + "א") is None
