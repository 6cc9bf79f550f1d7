"""A command line that cannot be understood: what was meant, or what there is, and where to look."""

from __future__ import annotations

import shlex
import sys

import pytest

from agi_app.cli.main import main

pytestmark = pytest.mark.slow  # whole commands

CASES = [
    ("campain", "agi-app has no command 'campain'; did you mean \"campaign\"?\nsee `agi-app --help`"),
    ("campaign strat x", "agi-app campaign has no command 'strat'; did you mean \"start\"?"),
    ("campaign list", "has no command 'list'; it has: approve, follow-up, pause, preview, resume, start, status, stop"),
    ("validate", "agi-app has no command 'validate': write agi-app check FOLDER"),
    ("start x", "agi-app has no command 'start': write agi-app campaign start NAME"),
    ("check --projcet .", 'agi-app check has no option --projcet; did you mean "--project"?'),
    ("check -P .", 'did you mean "-p"?'),
    ("--project . check", "--project: goes after the command: agi-app COMMAND --project FOLDER"),
    ("check —project .", "—project: — (U+2014) is a dash of another kind; type the ASCII -: write --project"),
    ("check –p .", "write -p"),
    ("check －－json", "write --json"),
    ("check --proｊect .", "--proｊect: ｊ (U+FF4A) is full-width; type the ASCII j: write --project"),
    ("simulate x –-input 1", "–-input: – (U+2013) is a dash of another kind; type the ASCII -: write --input"),
    ("simulate x -–input 1", "write --input"),
    ("simulate x −—input 1", "write --input"),
    ("import contacts.csv", "has no command 'import': write agi-app contacts import CAMPAIGN FILE"),
    ("consent withdraw +8613800138000 --purpose all", "'all' is not one of"),
    ("complaint list --state all", "for all of them leave --state out"),
    (
        "contacts import --campaign march x.csv",
        "has no option --campaign: the campaign is written without it. Write: agi-app contacts import CAMPAIGN FILE",
    ),
    ("prompts pieces --language cn", "not in 'cn'; write zh-CN"),
    ("prompts pieces --language 中文", "not in '中文'; write zh-CN"),
    ("contacts import", "Missing argument 'campaign'. Write: agi-app contacts import CAMPAIGN FILE"),
    (
        "contacts import people.csv",
        "people.csv is a file; the campaign before it is missing. Write: agi-app contacts import CAMPAIGN people.csv",
    ),
    (
        "suppression import 名单.txt --region CN --as-of 2026-11-20",
        "名单.txt is a file; the name before it is missing. Write: agi-app suppression import NAME 名单.txt",
    ),
    ("contacts import march", "Missing argument 'file'. Write: agi-app contacts import CAMPAIGN FILE"),
    ("report x --format xlsx", "for Excel write --format csv --output FILE.csv, and open FILE.csv"),
    ("report x --format Excel", "for Excel write --format csv --output FILE.csv, and open FILE.csv"),
    ("report x --format csv --output 报表.xlsx", "报表.xlsx: --format csv writes no XLSX; write --output 报表.csv"),
    ("report x --format json --output a/b.CSV", "a/b.CSV: --format json writes no CSV; write --output a/b.json"),
    (
        "suppression import gb-tps list.csv --region GB",
        "Missing option '--as-of'. Write: agi-app suppression import NAME FILE --region REGION --as-of AS_OF",
    ),
    ("campaign start a b", "put text with a space in it in quotes. Write: agi-app campaign start CAMPAIGN"),
    (
        "suppression import gb-tps list.csv --region GB --as-of 03/04/2026",
        "--as-of 03/04/2026: is not a day in the form that is needed here; this can mean two days;"
        " write 2026-04-03 or 2026-03-04",
    ),
    ("suppression import gb-tps list.csv --region GB --as-of 2026年3月4日", "write 2026-03-04"),
    ("callerid prove +862155500001 --letter x --expires 4.3.2026", "write 2026-03-04"),
    ("stop +8613800138000 --at '03/04/2026'", "this can mean two days; write 2026-04-03 or 2026-03-04"),
    ("stop +8613800138000 --at '2026-03-04 8pm'", "write 2026-03-04T20:00:00+08:00 if that was China's"),
    (
        "audit export --out x --since 'last monday'",
        "--since last monday: is not a time in the form that is needed here; write 2026-",
    ),
    ("audit export --out x --since '4/13/2026'", "write 2026-04-13T00:00:00, in UTC"),
    ("guard block +8613800138000 --days two", "--days two: must be a whole number, in digits"),
    (
        "audit export --output out --since 2026-04-01 --until 2026-03-01",
        "--until 2026-03-01 00:00 is not after --since 2026-04-01 00:00: exchange them",
    ),
    ("schema flows", 'did you mean "flow"?'),
    ("check --format jsn", 'did you mean "json"?'),
    (
        "stop +999861380000404 +999861380000505",
        "(+999861380000505); give one number at a time, or --file LIST with one on each line. Write: agi-app stop",
    ),
    ("stop '+999861380000404 +999861380000505'", "more than one number in it: give one number at a time"),
    ("stop march-checkup", "is not a telephone number; a campaign is stopped by `agi-app campaign stop NAME`"),
    ("revoke +999861380000404", "write agi-app stop NUMBER, or agi-app consent withdraw NUMBER --purpose PURPOSE"),
    ("erase +999861380000101,+999861380000202 --reason x", "has more than one number in it: give one number at a time"),
    (
        "guard line +999862155500001 --on 是",
        "(是); --on takes no value: leave out what follows it; its opposite is --off",
    ),
    (
        "simulate march-checkup --machine",
        "--machine needs a value after it: write --machine VALUE\nsee `agi-app simulate",
    ),
    ("campaign start march-checkup --dry-run", "has no option --dry-run: `agi-app campaign preview NAME`"),
    ("run --config x.toml", "the settings are agi-app.toml of the folder: write --project FOLDER"),
    ("stop 13800138000", "if it is a mobile number of China, write +86 before it"),
    ("stop 8613800138000", "if it is of China, write only + before it"),
    ("stop 02079460123", "write + and the country's code in place of its first 0"),
    ("stop 2025550123", "if it is of the US or Canada, write +1 before its last ten digits"),
]


@pytest.mark.parametrize(("typed", "said"), CASES)
def test_a_wrong_command_line_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, said: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["agi-app", *shlex.split(typed)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    told = printed.out + printed.err
    assert said in told, told
    assert ended.value.code == 1
    assert "Traceback" not in told
