"""What pages make of texts, figures, times and paths that somebody else wrote."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.console import rendering, serving
from agi_app.console.me import secret_of
from agi_app.errors import InputError
from agi_app.operations.service import second_factor


def test_backticks_are_code_and_all_else_is_text() -> None:
    assert rendering.marked("run `a < b` & <b>") == "run <code>a &lt; b</code> &amp; &lt;b&gt;"
    assert rendering.marked("one ` alone <i>") == "one <code> alone &lt;i&gt;</code>"


@pytest.mark.parametrize(("share", "shown"), [(0, "0%"), (0.004, "0.4%"), (0.5, "50%"), (0.999, "100%"), (1, "100%")])
def test_shares(share: float, shown: str) -> None:
    assert rendering.percent(share) == shown


def test_times_are_told_in_the_readers_zone_and_to_programs() -> None:
    at = dt.datetime(2026, 3, 9, 23, 30, tzinfo=dt.UTC)
    assert rendering.moment(at, "Asia/Shanghai") == '<time datetime="2026-03-09T23:30:00+00:00">2026-03-10 07:30</time>'
    assert rendering.moment(None, "UTC") == "–"
    assert [rendering.known_zone(name) for name in ("Asia/Shanghai", "../../etc/passwd", "")] == [
        *("Asia/Shanghai", "UTC", "UTC")
    ]


def test_what_a_page_loads_has_its_hash_in_its_name() -> None:
    assert set(rendering.TYPES) == {".css", ".js", ".svg"}
    assert rendering.static_path("console.css").removeprefix("/static/") in rendering.static_files()
    assert rendering.static_path("live.js") != rendering.static_path("console.js")


@pytest.mark.parametrize("path", ["/", "/pause?said=x", "/me"])
def test_the_browser_is_sent_on_within_the_console(path: str) -> None:
    assert serving.within(path) == path


@pytest.mark.parametrize("path", ["https://x", "//x", "/\\x", "\\\\x", "x", "", "/a\nb", "/\u202ex", "javascript:x"])
def test_and_nowhere_else(path: str) -> None:
    assert serving.within(path) == "/"


def test_a_secret_comes_back_from_its_letters_alone() -> None:
    assert secret_of("A" * 32) == bytes(20)
    for text in ("", "A" * 31, "A" * 33, "1" * 32, "a b"):
        with pytest.raises(InputError):
            secret_of(text)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B (SHA-1), the last six digits of its eight."""
    secret = b"12345678901234567890"
    for at, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037"), (20000000000, "353130")):
        now = dt.datetime.fromtimestamp(at, dt.UTC)
        assert second_factor.code_of(secret, at // 30) == code
        assert second_factor.step_of(secret, f"{code[:3]} {code[3:]}", now) == at // 30
        assert second_factor.step_of(secret, code, now + dt.timedelta(seconds=90)) == 0
