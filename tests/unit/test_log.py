"""The log: it names the call, and never a whole telephone number, wherever the number hides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from agi_app import log
from agi_app.messages import speaking
from tests.unit.gate_cases import CN_NUMBER, GB_NUMBER, NEW_YORK_NUMBER


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def line(capsys: pytest.CaptureFixture[str], **values: Any) -> str:
    """The JSON line of an event with these values."""
    log.configure(json=True)
    log.get("test").info("something happened", **values)
    return capsys.readouterr().err


@pytest.mark.parametrize("number", [CN_NUMBER, GB_NUMBER, NEW_YORK_NUMBER, "+2901234"])
@pytest.mark.parametrize(
    "hide",
    [
        lambda n: n,
        lambda n: f"calling {n}, again",
        lambda n: f"<{n}>",
        lambda n: f"n{n}n",
        lambda n: [n],
        lambda n: {"to": {"number": n}},
        lambda n: (1, {"n": (n,)}),
        lambda n: ValueError(f"{n} is busy"),
        lambda n: {n},
        lambda n: n + n,
    ],
)
def test_a_number_is_masked_wherever_it_hides(capsys: pytest.CaptureFixture[str], number: str, hide: Any) -> None:
    written = line(capsys, value=hide(number))
    written = written.replace(json.loads(written)["timestamp"], "")  # a time of day may have the same digits
    assert number not in written
    assert number[3:-1] not in written
    assert "…" in written


def test_a_number_in_the_message_itself_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(json=True)
    log.get("test").warning(f"could not call {CN_NUMBER}")
    assert json.loads(capsys.readouterr().err)["event"] == "could not call +99…01"


def test_a_dial_string_without_a_plus_sign_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(line(capsys, to=f"PJSIP/{CN_NUMBER[1:]}@carrier-a"))["to"] == "PJSIP/999…01@carrier-a"


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_number_in_an_exception_is_masked(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    log.configure(json=json_lines)
    try:
        raise ValueError(f"no route to {CN_NUMBER}")
    except ValueError:
        log.get("test").exception("failed")
    written = capsys.readouterr().err
    assert "no route to +99…01" in written
    assert CN_NUMBER[3:-1] not in written
    assert "Traceback" in written


@pytest.mark.parametrize(
    "value",
    [
        "agi-app-0198c0de-1234567890123-7",
        "a" * 20 + "1234567890123" + "b" * 31,
        "2026-03-04T02:00:00.123456+00:00",
        "1234567890.123456",
        12345678901234,
        1.5,
        True,
        None,
        "600 calls",
    ],
)
def test_ids_hashes_times_and_figures_stay_readable(capsys: pytest.CaptureFixture[str], value: object) -> None:
    assert json.loads(line(capsys, value=value))["value"] == value


def test_every_line_of_a_call_carries_its_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(json=True)
    logger = log.get("test")
    with log.bind_call(attempt="a1"):
        logger.info("inside")
    logger.info("outside")
    inside, outside = map(json.loads, capsys.readouterr().err.splitlines())
    assert (inside["attempt"], inside["part"]) == ("a1", "test")
    assert "attempt" not in outside


def test_details_are_written_only_when_asked_for_and_nothing_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure()
    log.get("test").debug("detail")
    log.configure(verbose=True)
    log.get("test").debug("wanted")
    written = capsys.readouterr()
    assert "detail" not in written.err
    assert "wanted" in written.err
    assert written.out == ""


def test_a_readable_line_is_in_the_language_of_who_reads_and_json_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*, json: bool) -> str:
        with speaking("zh"):
            log.configure(json=json)
        log.get("test").warning("no connection to Asterisk", reason="trunk a: a call tries it now", channel="a b c")
        return capsys.readouterr().err

    readable = said(json=False)
    assert "没有连上 Asterisk" in readable
    assert "中继 a：正用一次呼叫试它" in readable
    assert "warning" in readable
    assert "reason=" in readable
    assert "channel='a b c'" in readable
    assert "no connection" not in readable
    told = json.loads(said(json=True))
    assert told["event"] == "no connection to Asterisk"
    assert told["reason"] == "trunk a: a call tries it now"


def test_a_line_that_is_not_printed_is_not_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(text: str) -> str:
        asked.append(text)
        return text

    monkeypatch.setattr(log, "retold", noted)
    with speaking("zh"):
        log.configure()
    log.get("test").debug("heard", why="no connection to Asterisk")
    assert asked == []
    log.get("test").info("heard", why="no connection to Asterisk")
    assert "no connection to Asterisk" in asked
