"""Which line of Asterisk's files gets a new password: that of our user alone, wherever an admin wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.asterisk_setup import new_secrets
from agi_app.asterisk_setup.config_folder import ConfigFolder
from agi_app.asterisk_setup.new_secrets import Secret
from agi_app.errors import InputError

OURS = (
    "; ours\n[agi-app]\ntype = user\npassword_format = plain\npassword = old-one ; of March\ndeny = 0.0.0.0/0.0.0.0\n"
)


def found(etc: Path) -> Secret:
    return new_secrets._secret(ConfigFolder(etc), "asterisk", "ari.conf", "agi-app", "password", etc / "ari-password")


def changed(etc: Path) -> tuple[Path, bytes]:
    secret = found(etc)
    (change,) = new_secrets._of_asterisk(ConfigFolder(etc), [secret], {"asterisk": "n3w"})
    return change.file, change.after


def test_only_the_line_of_our_user_changes(tmp_path: Path) -> None:
    """Our include file is looked at first; others have passwords, too."""
    (tmp_path / "agi-app").mkdir()
    (tmp_path / "agi-app" / "ari.conf").write_text(OURS)
    (tmp_path / "ari.conf").write_text("[monitoring]\ntype = user\npassword = theirs\n")
    file, after = changed(tmp_path)
    assert file == tmp_path / "agi-app" / "ari.conf"
    assert after.decode() == OURS.replace("password = old-one ; of March", "password = n3w")


def test_a_user_that_an_admin_wrote_in_an_included_file(tmp_path: Path) -> None:
    """With the ends of lines and the bytes that are there."""
    (tmp_path / "ari.conf").write_bytes(b"[general]\r\nenabled = yes\r\n#include users.conf\r\n")
    (tmp_path / "users.conf").write_bytes(
        b"; \xe4\r\n[agi-app]\r\ntype=user\r\npassword=old\r\n[other]\r\npassword=old\r\n"
    )
    file, after = changed(tmp_path)
    assert file == tmp_path / "users.conf"
    assert after == b"; \xe4\r\n[agi-app]\r\ntype=user\r\npassword = n3w\r\n[other]\r\npassword=old\r\n"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"ari.conf": "[general]\n"}, "there is no user agi-app"),
        ({"ari.conf": "[agi-app]\ntype = user\n"}, "is not here in a form that can be changed"),
        ({"ari.conf": "[agi-app]\npassword_format = crypt\npassword = $6$x\n"}, "is not here in a form"),
        ({"ari.conf": "#include ari_additional.conf\n", "ari_additional.conf": "[agi-app]\npassword = x\n"}, "by hand"),
    ],
)
def test_what_cannot_be_changed_is_told(tmp_path: Path, files: dict[str, str], why: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=why):
        found(tmp_path)
