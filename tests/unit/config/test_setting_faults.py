"""What is wrong with a setting, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agi_app.config.setting_faults import plain_fault
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.dialer.worker.start import ari_settings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"asterisk": {"usrname": "x"}}, "there is no such setting"),
        ({"asterisk": {"host": "x"}}, 'write url = "http://HOST:8088/ari"'),
        ({"trunks": {"endpoint": "x"}}, "write [trunks.carrier-a] above it"),
    ],
)
def test_a_fault_says_what_to_write(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as fault:
        Settings.model_validate(given)
    assert any(words in plain_fault(dict(error), Settings) for error in fault.value.errors())


def test_the_connection_is_that_of_the_settings(tmp_path: Path) -> None:
    text = '[asterisk]\nurl = "http://127.0.0.1:8089/ari"\nusername = "somebody"\npassword = "a-long-password"\n'
    (tmp_path / SETTINGS_FILE).write_text(text, encoding="utf-8")
    found = ari_settings(load_settings(tmp_path))
    assert (found.url, found.username) == ("http://127.0.0.1:8089/ari", "somebody")
