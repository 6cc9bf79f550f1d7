"""What is not known to be harmless is hidden; what belongs together is still seen."""

from __future__ import annotations

import json
import re
import sys
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.support.number_runs import number_runs
from agi_app.support.scrubber import HIDDEN, SET, Scrubber
from agi_app.support.vocabulary import vocabulary

WORDS = vocabulary()
SCRUBBER = Scrubber(WORDS, b"salt", ["carrier", "carrier-secret"], frozenset({"Mark", "停呼"}))

NUMBERS = (
    "+8613812345678",
    "+86 138 1234 5678",
    "0086-138-1234-5678",
    "13812345678",
    "138-1234-5678",
    "138.1234.5678",
    "138_1234_5678",
    "1 3 8 1 2 3 4 5 6 7 8",
    "(010) 6552 1234",
    "（010）65521234",
    "010-65521234",
    "+1 (212) 555-0123",
    "020 7946 0958",
    "+44(0)20 7946 0958",
    "０１０６５５２１２３４",
    "+8613812345678",
    "PJSIP/8613812345678@carrier-a",
    "sip:+8613812345678@10.0.0.7:5060",
    "tel13812345678x",
    "655212",
    "['1', '3', '8', '0', '0', '1', '3']",
    "[138][0013][8000]",
    "<138><0013><8000>",
    '"138" "0013" "8000"',
    "&#49;&#51;&#56;&#48;&#48;",
    "138ー0013ー8000",
    "138丨0013丨8000",
    "❶❸❽⓪⓪①③",
    "𝟏𝟑𝟖𝟎𝟎𝟏𝟑",
)


@pytest.mark.parametrize("written", NUMBERS)
def test_a_telephone_number_is_hidden_however_it_is_written(written: str) -> None:
    """No six digits of it in a row, whatever is between them."""
    for text in (
        written,
        f"call to {written} was ended",
        f"x{written}",
        f"2026-03-03 09:30:00 {written}",
        f"[{written}]",
    ):
        left = re.sub(r"\b(n|w|mail)-[0-9a-f]{4}\b|2026-03-03 09:30:00", "", SCRUBBER.text(text))
        digits = re.sub(r"[^\d]", "", left)
        assert len(digits) <= 5, (text, SCRUBBER.text(text))


@pytest.mark.parametrize(
    "said",
    [
        "one three eight zero zero one three",
        "One-Three-Eight oh oh one three",
        "thirteen eighty oh oh thirteen",
        "138 and zero zero, one plus three",
        "double three eight double zero one three eight",
        "一三八零零一三八",
        "幺三八 零零幺三",
        "壹叁捌〇〇壹叁",
        "一 3 八 0 zero 一 three",
    ],
)
def test_a_number_in_words_is_hidden(said: str) -> None:
    told = SCRUBBER.text(f"call to {said} was ended")
    assert re.fullmatch(r"call to n-[0-9a-f]{4} was ended", told), told


def _no_letters() -> st.SearchStrategy[str]:
    """One or more characters of every kind but letters and digits, those that nobody sees too."""
    kinds: list[Any] = [
        "Cc", "Cf", "Cn", "Co", "Lm", "Mc", "Me", "Mn", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm",
        "So", "Zl", "Zp", "Zs",
    ]  # fmt: skip
    one = st.sampled_from(kinds).flatmap(lambda kind: st.characters(categories=[kind]))
    return st.text(one, max_size=10)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_number_is_left_whatever_is_between_its_digits(data: st.DataObject) -> None:
    """Letters alone part two numbers: no list of dashes is ever whole."""
    number = data.draw(st.text(st.sampled_from("0123456789"), min_size=7, max_size=15))
    text = "".join(f"{digit}{data.draw(_no_letters())}" for digit in number)
    for told in (SCRUBBER.text(f"call to {text} was ended"), SCRUBBER.text(text)):
        left = re.sub(r"\b[nw]-[0-9a-f]{4}\b", "", re.sub("mail-[0-9a-f]{4}", "", told))
        plain = unicodedata.normalize("NFKC", left)
        assert sum(one.isdigit() for one in plain) <= 5, (text, told)


def test_every_character_that_is_no_letter_may_be_within_a_number() -> None:
    """Each of Unicode once: what is left has no digit, and what is a digit in another script is one here."""
    for code in range(sys.maxunicode + 1):
        one = chr(code)
        if unicodedata.category(one)[0] in "MPSZ" or unicodedata.category(one) in ("Cc", "Cf"):
            found = [run.digits for run in number_runs(f"138{one}0013{one}8000")]
            assert len(found) == 1, hex(code)
        elif unicodedata.category(one) == "Nd":
            assert [run.digits for run in number_runs(one * 7)] == [str(unicodedata.digit(one)) * 7]


def test_a_birthday_is_hidden_and_the_time_of_a_line_stays() -> None:
    line = "2026-03-03T09:30:00.123Z [info     ] no worker is running at=2026-03-03T09:31:00Z port=5432"
    assert SCRUBBER.text(line) == line
    postgres = "2026-03-03 09:30:00.123 UTC [14139] LOG:  database system is ready to accept connections at 09:30:00"
    assert SCRUBBER.text(postgres) == postgres
    for text in ("born 1984-02-29", "2026-03-03 09:30:00 born 1984-02-29", '{"born": "1984-02-29"}', "1984-02-29"):
        assert "1984" not in SCRUBBER.text(text)
        assert "02-29" not in SCRUBBER.text(text)
    told = SCRUBBER.value({"timestamp": "2026-03-03T09:30:00Z", "seen_at": "2026-03-03 09:30", "born": "1984-02-29"})
    assert list(told.values())[:2] == ["2026-03-03T09:30:00Z", "2026-03-03 09:30"]
    assert "1984" not in str(told)
    assert "1984" not in str(SCRUBBER.value({"at": "1984-02-29"}))


def test_digits_that_are_items_are_a_number_too() -> None:
    for items in ([1, 3, 8, 0, 0, 1, 3], ["1", "3", "8", "0", "0", "1", "3"], ["138", "0013", "8000"]):
        told = json.dumps(SCRUBBER.value({"event": items}))
        assert not re.search(r"\d\D+\d\D+\d", re.sub(r"n-[0-9a-f]{4}", "", told)), told


@pytest.mark.parametrize(
    "text",
    [
        'PASSWORD "call worker failed"',
        "PASSWORD 'call worker failed'",
        "password worker failed",
        "password = call worker failed",
        "password=call worker failed",
        "the password was worker",
        "Passwort: worker",
        "psql --password worker",
        "--ari-password=worker",
        "-p worker",
        "pw is worker",
        "PIN: worker",
        "密码：不呼叫任何人",
        "密码 不呼叫任何人",
        "口令是不呼叫任何人",
        "密码不呼叫任何人",
        'password: "call \\" worker failed" ',
        "api-key => worker",
    ],
)
def test_all_of_what_a_log_calls_a_password_is_hidden(text: str) -> None:
    told = SCRUBBER.text(f"2026-03-03T09:30:00Z {text}")
    assert not re.search("worker|call|failed|呼叫", told), told


def test_what_is_said_of_passwords_stays() -> None:
    for text in ("password authentication failed for user", "密码文件"):
        assert SCRUBBER.text(text) == text
    ours = "no ARI password: set [asterisk] password_file in agi-app.toml"
    assert SCRUBBER.text(ours, ours=True).endswith("password_file in agi-app.toml")


@pytest.mark.parametrize(
    "hurt", ["1 ", "a1", "password ", "one ", "((", "a@", "2026-03-03 ", '"', "p=", "密码", "\u200b"]
)
def test_it_is_linear(hurt: str) -> None:
    """Four times the text takes no ten times as long."""

    def took(times: int) -> float:
        text, begun = hurt * times, time.process_time()
        SCRUBBER.text(text)
        return time.process_time() - begun

    took(100)
    assert took(40_000) < max(10 * took(10_000), 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "Zhang Wei",
        "zhang",
        "Anna-Lena Müller",
        "Кто-то",
        "김철수",
        "李雷さん",
        "张伟",
        "欧阳娜娜",
        "王小明先生",
        "O'Brien",
    ],
)
def test_a_name_is_hidden(text: str) -> None:
    for line in (text, f"call to {text} was ended", f"呼叫{text}已结束", f'"name": "{text}"'):
        told = SCRUBBER.text(line)
        for part in (one for one in re.split(r"[\s'-]+", text) if len(one) > 1):
            assert part not in told, told


def test_words_of_people_are_hidden_even_if_they_are_ours() -> None:
    for name in ("Mark", "mark", "MARK"):
        assert name not in SCRUBBER.text(f"the call failed for {name}")
        assert "the call failed for" in SCRUBBER.text(f"the call failed for {name}")
    noted = Scrubber(WORDS, b"salt", [], frozenset({"running,", "Worker", "5432"}))
    assert not re.search("running|worker|5432", noted.text("running worker Running WORKER, 5432"))
    sentence = next(one for one in sorted(WORDS.sentences) if "running" in one)
    assert noted.text(sentence) == sentence
    assert "停呼" not in SCRUBBER.text("停呼的日志")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://agi:hunter2@db/clinic", "hunter2"),
        ("postgresql://agi:p@ss/word@db/clinic", "p@ss"),
        ("password=database", "=database"),
        ('"secret": "worker"', "worker"),
        ("Authorization: Bearer call", "call"),
        ("token: stop", "stop"),
        ("the carrier-secret of the carrier", "carrier"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8"),
        ("agi_9f86d081884c7d659a2feaa0c55ad015", "9f86d08"),
        ("AGE-SECRET-KEY-100GRAMTLLQ8TG2JC728FEARE839RMURJCR3C9HTCSH7X5PXLCC0Q6YHQ0P", "100GRAM"),
        ("key 7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730", "7d865e95"),
        ("li.na@example.com", "example"),
        ("李娜@例子.公司", "例子"),
    ],
)
def test_a_secret_is_hidden(text: str, secret: str) -> None:
    assert secret not in SCRUBBER.text(text)


def test_what_helps_stays() -> None:
    """Our sentences, times, small numbers; the same stand-in for the same number, however it is written."""
    line = "2026-03-03T09:30:00.123+08:00 nobody is dialled until the database is well: attempt 7 of 12, port 5432"
    assert SCRUBBER.text(line) == line
    assert "不呼叫任何人" in SCRUBBER.text("李雷：不呼叫任何人")
    one, two = (SCRUBBER.text(n) for n in ("138 1234 5678", "138-1234-5678"))
    assert one == two
    assert one != SCRUBBER.text("13812345679")
    assert one != Scrubber(WORDS, b"another").text("13812345678")


def test_a_value_keeps_its_shape() -> None:
    told = SCRUBBER.value(
        {
            "name": ["Zhang Wei", None, True],
            "number": 13812345678,
            "port": 5432,
            "password": "call",
            "token": SET,
            "bytes": 9.5,
        }
    )
    assert told["name"][1:] == [None, True]
    assert told["port"] == 5432
    assert told["password"] == HIDDEN
    assert told["token"] == SET
    assert "138" not in str(told["number"])
    assert SCRUBBER.value({"bytes": 123456789}, figures=True) == {"bytes": 123456789}
    assert "13812345678" not in str(SCRUBBER.value({13812345678: 1}))


@pytest.mark.parametrize("name", ["Anna", "zhang", "wei", "wang", "lina", "chen", "张伟", "李娜", "王芳", "小明"])
def test_no_sample_name_is_a_word_of_ours(name: str) -> None:
    assert name.lower() not in WORDS.words
    assert name not in WORDS.phrases
