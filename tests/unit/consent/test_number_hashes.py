"""The key of the suppression list: made once, never replaced, and a wrong one stops everything."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agi_app.consent.number_hashes import (
    KEY_FILE,
    KEY_VARIABLE,
    MADE_WITH_THE_KEY,
    SuppressionKey,
    load_key,
    make_suppression_key,
)
from agi_app.errors import ConfigError, SafetyError
from tests.unit.gate_cases import CN_NUMBER, GB_NUMBER

KEY = SuppressionKey(b"k" * 32)


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_a_number_has_one_hash_under_one_key_and_another_under_another() -> None:
    assert KEY.hash_number(CN_NUMBER) == SuppressionKey(b"k" * 32).hash_number(CN_NUMBER)
    assert len(KEY.hash_number(CN_NUMBER)) == 32
    assert KEY.hash_number(CN_NUMBER) != KEY.hash_number(GB_NUMBER)
    assert KEY.hash_number(CN_NUMBER) != SuppressionKey(b"l" * 32).hash_number(CN_NUMBER)


@pytest.mark.parametrize("spelling", ["999861380000001", "+999 86 1380000001", "", "+", CN_NUMBER + "\n", "＋９９９"])
def test_a_number_in_another_spelling_is_an_error_because_its_stop_would_never_be_found(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        KEY.hash_number(spelling)


def test_the_check_value_is_not_the_hash_of_any_number_nor_the_key() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", KEY.check_value)
    assert KEY.check_value not in (b"k" * 32).hex()


def test_the_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    first = make_suppression_key(data)
    assert load_key(data).check_value == make_suppression_key(data).check_value == first.check_value
    assert os.listdir(data) == [KEY_FILE]
    assert (data / KEY_FILE).stat().st_mode & 0o077 == 0
    assert make_suppression_key(tmp_path / "other").check_value != first.check_value


@pytest.mark.parametrize("used", MADE_WITH_THE_KEY)
def test_a_lost_key_is_never_replaced_by_a_new_one_that_knows_nobody(tmp_path: Path, used: str) -> None:
    make_suppression_key(tmp_path)
    (tmp_path / used).mkdir()
    (tmp_path / KEY_FILE).unlink()
    for ask in (load_key, make_suppression_key):
        with pytest.raises(SafetyError, match="backup") as caught:
            ask(tmp_path)
        assert caught.value.exit_code == 2
    assert os.listdir(tmp_path) == [used]


def test_only_the_maker_of_a_project_makes_a_key(tmp_path: Path) -> None:
    """A folder whose disk is not mounted is empty, too."""
    with pytest.raises(SafetyError, match="the suppression key is gone"):
        load_key(tmp_path)
    assert not os.listdir(tmp_path)


def test_the_environment_overrules_the_file_and_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, (b"k" * 32).hex())
    assert load_key(tmp_path).check_value == KEY.check_value
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 31, "00" * 33, "\xff" * 64])
def test_a_damaged_key_is_an_error_and_is_never_replaced_by_a_new_one(tmp_path: Path, text: str) -> None:
    (tmp_path / KEY_FILE).touch(mode=0o600)
    (tmp_path / KEY_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=f"{KEY_FILE}.* must be the 64 hex digits|{KEY_FILE}.* cannot be read"):
        load_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == text.encode("latin-1")


def test_a_damaged_key_in_the_environment_is_named_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "abcdefgh" * 8)
    with pytest.raises(ConfigError, match=KEY_VARIABLE) as caught:
        load_key(tmp_path)
    assert "abcdefgh" not in str(caught.value)


def test_of_two_processes_that_make_the_key_at_once_both_use_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_link = os.link

    def other_was_faster(source: Path, target: Path) -> None:
        target.touch(mode=0o600)
        target.write_text((b"k" * 32).hex())
        real_link(source, target)

    monkeypatch.setattr(os, "link", other_was_faster)
    assert make_suppression_key(tmp_path).check_value == KEY.check_value
    assert os.listdir(tmp_path) == [KEY_FILE]


def test_a_folder_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="suppression key cannot be"):
        load_key(tmp_path / "file")


@pytest.mark.attack("row 19: a suppression key that others may read")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    make_suppression_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o600)
    load_key(tmp_path)
