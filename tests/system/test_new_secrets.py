"""`agi-app asterisk rotate-secrets` on a real Asterisk whose worker has calls on the line."""

from __future__ import annotations

import base64
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from agi_app.config.settings import load_settings
from sandbox.project import write_settings
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

LISTENS = 28
FILES = ("ari.conf", "manager.conf")
SECRETS = ("ari-password", "ami-password")


@pytest.fixture(scope="module")
def site(new_site: NewSite) -> Site:
    """Its passwords are in files, as `asterisk setup` writes them; on the second Asterisk."""
    made = new_site("secrets", asterisk=1)
    text = made.settings(f'[sandbox]\nclock = "{CLOCK}"\n')
    for name, secret in zip(SECRETS, (made.asterisk.ari_password, made.asterisk.ami_password), strict=True):
        assert text.count(f'password = "{secret}"') == 1
        text = text.replace(f'password = "{secret}"', f'password_file = "{name}"')
        (made.project / name).write_text(f"{secret}\n")
        (made.project / name).chmod(0o600)
    write_settings(made.project, text)
    return made


@pytest.fixture
def program(site: Site) -> Path:
    """Asterisk's own program, which names its folders as this machine sees them."""
    file = site.folder / "asterisk"
    words = " ".join(site.asterisk.console_argv())
    inside = str(Path(site.asterisk._etc_inside()).parent)
    file.write_text(f'#!/bin/sh\n{words} "$@" | sed "s#{inside}#{site.asterisk.run_dir}#g"\n')
    file.chmod(0o755)
    return file


def both_sides(site: Site) -> dict[str, bytes]:
    """The files that have the secrets."""
    found = [site.asterisk.run_dir / "etc" / name for name in FILES] + [site.project / name for name in SECRETS]
    return {str(file): file.read_bytes() for file in found}


def lets_in(site: Site, password: str) -> bool:
    """Whether ARI does."""
    token = base64.b64encode(f"{site.asterisk.ari_user}:{password}".encode()).decode()
    asked = urllib.request.Request(
        f"{site.asterisk.ari_url}/asterisk/ping", headers={"Authorization": f"Basic {token}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code != 401  # any other answer is a fault of its own


def remember(site: Site) -> None:
    """The sandbox's own Asterisk object knows the passwords, too."""
    site.asterisk.ari_password, site.asterisk.ami_password = (
        (site.project / one).read_text().strip() for one in SECRETS
    )


def log_of(site: Site) -> str:
    return max(site.folder.glob("worker-*.log"), key=lambda file: file.stat().st_mtime).read_text()


def test_no_call_is_lost_and_the_next_ones_leave(site: Site, program: Path) -> None:
    """The old passwords are refused then, and a worker that is killed still leaves nobody in silence."""
    talking, later, last = people(*[LISTENS] * 3), people(*[LISTENS] * 2), people(LISTENS)
    site.consent([*talking, *later, *last])
    old = site.asterisk.ari_password
    with site.worker() as worker:
        site.add("talking", talking, rate=10)
        until("all talk", lambda: len([call for call in site.calls(talking) if call.answered_at]) == len(talking))
        done = site.app.run("asterisk", "rotate-secrets", "--asterisk", str(program), "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        remember(site)
        assert lets_in(site, site.asterisk.ari_password)
        assert not lets_in(site, old)
        for secret in (old, site.asterisk.ari_password, site.asterisk.ami_password):
            assert secret not in done.stdout + done.stderr
            assert secret not in log_of(site)
        assert all((site.project / name).stat().st_mode & 0o777 == 0o600 for name in SECRETS)
        until("its socket is a new one", lambda: "opened again by the new password" in log_of(site), 5)
        site.add("later", later, rate=10)
        site.settle("talking", "later")
        assert {call["outcome"] for name in ("talking", "later") for call in site.attempts(name).values()} == {
            "answered"
        }
        for fault in ("nobody is called", "no connection to Asterisk", "connection to Asterisk lost", "uthentication"):
            assert fault not in log_of(site)
        site.add("last", last)
        until("the last one talks", lambda: any(call.answered_at for call in site.calls(last)))
        killed = time.time()
        worker.send(signal.SIGKILL)
        until("its call is hung up", lambda: bool(site.call(last[0]).ended_at), 6)
        assert (site.call(last[0]).ended_at or 0) - killed < 2, "the switch beside the worker knows the new password"


def test_what_asterisk_does_not_take_is_taken_back(site: Site, program: Path) -> None:
    before, old = both_sides(site), site.asterisk.ari_password
    text = program.read_text()
    program.write_text(
        text.replace(
            "#!/bin/sh\n", '#!/bin/sh\n[ "$2" != "module reload manager" ] || { echo No such module; exit; }\n'
        )
    )
    done = site.app.run("asterisk", "rotate-secrets", "--asterisk", str(program), "--yes")
    assert done.returncode == 2
    assert "nothing was changed, the old passwords hold" in done.stdout + done.stderr
    assert both_sides(site) == before
    assert lets_in(site, old)
    (site.project / "ami-password").unlink()
    done = site.app.run("asterisk", "rotate-secrets", "--asterisk", str(program), "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ami-password: there is no such file" in done.stdout + done.stderr
    (site.project / "ami-password").write_bytes(before[str(site.project / "ami-password")])
    assert both_sides(site) == before


def test_nobody_is_called_under_a_password_that_asterisk_refuses(site: Site, program: Path) -> None:
    """Somebody has changed it in Asterisk alone; the worker goes on by itself when its file has the right one."""
    (called,) = people(LISTENS)
    site.consent([called])
    conf = site.asterisk.run_dir / "etc" / "ari.conf"
    with site.worker():
        new = "a-password-that-an-admin-chose"
        conf.write_text(re.sub("(?m)^password = .*", f"password = {new}", conf.read_text()))
        site.asterisk.cli("module reload res_ari.so")
        until("the worker holds", lambda: "refuses the ARI user" in log_of(site), 8)
        site.add("held", [called])
        time.sleep(1.5)
        assert site.calls([called]) == []
        assert "refuses the ARI user" in str(site.status("held")["waiting_reasons"])
        (site.project / "ari-password").write_text(f"{new}\n")
        until("the call leaves", lambda: bool(site.calls([called])))
        site.settle("held")
    remember(site)
    assert load_settings(site.project).ari_password() == new
