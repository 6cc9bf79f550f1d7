"""`agi-app asterisk setup` on an Asterisk that somebody else set up: its calls work, and --undo brings all back."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.carrier import Carrier
from tests.asterisk.foreign_pbx import EXTENSION_HOST, TRUNK_HOST, ForeignPbx
from tests.asterisk.raw_caller import raw_call

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

AGI_APP = Path(sys.executable).with_name("agi-app")
CALLS = {  # what the PBX is for: from where, to which number
    "from one extension to the other": (EXTENSION_HOST, "101"),
    "to voicemail": (EXTENSION_HOST, "199"),
    "out by a trunk": (EXTENSION_HOST, "9998610000210"),
    "in by a trunk": (TRUNK_HOST, "555"),
}


@pytest.fixture
def pbx(tmp_path: Path, asterisk_root: Path, carrier: Carrier) -> Iterator[ForeignPbx]:
    with ForeignPbx(asterisk_root, tmp_path / "pbx", f"127.0.0.1:{carrier.port}") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project without the sandbox's trunk, with an extension of the PBX as the desk."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = tmp_path / "mine"
    subprocess.run([AGI_APP, "init", folder], check=True, capture_output=True, timeout=60)
    lines = (folder / "agi-app.toml").read_text("utf-8").splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if line.startswith("# A test trunk"))
    last = next(n for n, line in enumerate(lines) if line.startswith("# A real carrier"))
    (folder / "campaigns" / "march-checkup.yaml").unlink()  # which calls by the sandbox's trunk
    text = "".join([*lines[:first], *lines[last:]]).replace("PJSIP/front-desk", "PJSIP/101")
    (folder / "agi-app.toml").write_text(text, "utf-8")
    return folder


def setup(pbx: ForeignPbx, project: Path, *options: str, typed: str = "") -> tuple[int, str]:
    """Exit code and all that it said. ``typed``: at a terminal."""
    argv = [str(AGI_APP), "asterisk", "setup", "--project", str(project), "--asterisk", str(pbx.program), *options]
    terminal, end = pty.openpty()
    try:
        os.write(terminal, typed.encode())
        stdin = end if typed else subprocess.DEVNULL
        done = subprocess.run(
            argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
            env={**os.environ, "AGI_APP_LANG": "en"},
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(end)
    return done.returncode, done.stdout


def kept_of(project: Path) -> dict[str, bytes]:
    """The project's own files, without its database and what a worker prepares."""
    made = {"var", ".prepared"}
    files = (path for path in project.rglob("*") if path.is_file() and not made & {*path.relative_to(project).parts})
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


def calls_work(pbx: ForeignPbx) -> None:
    for what, (host, number) in CALLS.items():
        with raw_call(pbx.sip_port, number, "<sip:x@127.0.0.1>", host=host) as call:
            assert call.wait(200, seconds=10) == 200, f"{what}: {call.answers}"


def test_a_pbx_of_others_is_made_ready_and_brought_back(pbx: ForeignPbx, project: Path) -> None:
    """Ready also after a restart of Asterisk, which reads all files anew."""
    calls_work(pbx)
    before, own = pbx.files(), kept_of(project)
    code, said = setup(pbx, project)
    assert code == 1
    assert "nothing was changed: say --yes" in said
    assert (pbx.files(), kept_of(project)) == (before, own)

    code, said = setup(pbx, project, "--yes")
    assert code == 0, said
    bad = [line for line in said.splitlines() if line.startswith("BAD")]
    assert bad == ["BAD  worker: no worker is running"], said
    assert "failed" not in said
    for secret in ("ari-password", "ami-password"):
        assert (project / secret).stat().st_mode & 0o777 == 0o600
        assert (project / secret).read_text().strip() not in said
    assert (pbx.etc / "agi-app" / "ari.conf").stat().st_mode & 0o777 == 0o640
    assert "Server Enabled and Bound to 127.0.0.1:" in pbx.cli("http show status")
    assert f"127.0.0.1:{pbx.ami_port}" in pbx.cli("manager show settings")
    calls_work(pbx)

    ready, ready_project = pbx.files(), kept_of(project)
    pbx.restart()
    calls_work(pbx)
    code, said = setup(pbx, project, "--yes")
    assert (code, "is ready; nothing was changed" in said) == (0, True), said
    assert (pbx.files(), kept_of(project)) == (ready, ready_project)

    code, said = setup(pbx, project, "--undo", "--yes")
    assert code == 0, said
    assert "failed" not in said
    assert (pbx.files(), kept_of(project)) == (before, own)
    assert "Server Disabled" in pbx.cli("http show status")
    calls_work(pbx)
    pbx.restart()
    calls_work(pbx)
    assert setup(pbx, project, "--undo", "--yes")[0] == 1, "there is nothing left to undo"


def test_what_others_changed_since_is_never_lost(pbx: ForeignPbx, project: Path) -> None:
    before = pbx.files()
    assert setup(pbx, project, "--yes")[0] == 0
    with (pbx.etc / "http.conf").open("a") as file:
        file.write("; a note of the admin\n")
    with (project / "agi-app.toml").open("a") as file:
        file.write("# mine\n")
    ready = pbx.files()
    code, said = setup(pbx, project, "--undo", "--yes")
    assert code == 1
    assert f"{pbx.etc}/http.conf: was changed since" in said
    assert pbx.files() == ready, "without a question it is not touched"
    assert setup(pbx, project, "--undo", typed="n\n")[0] == 1
    assert pbx.files() == ready
    code, said = setup(pbx, project, "--undo", typed="y\n")
    assert code == 0, said
    after = pbx.files()
    assert after.pop("http.conf")[0] == before.pop("http.conf")[0] + b"; a note of the admin\n"
    assert after == before
    assert (project / "agi-app.toml").read_text("utf-8").endswith("# mine\n")


def test_faults_are_told_and_leave_everything_as_it_was(pbx: ForeignPbx, project: Path) -> None:
    own = kept_of(project)
    (pbx.etc / "manager.conf").write_text("[general]\nenabled = no\n[broken\nsecret = x\n")
    broken = pbx.files()
    code, said = setup(pbx, project, "--yes")
    assert code == 1
    assert "manager.conf:3:1: asterisk the ] of this section is missing" in said
    assert (pbx.files(), kept_of(project)) == (broken, own)

    (pbx.etc / "manager.conf").write_text("[general]\n")
    (pbx.etc / "agi-app").write_text("a file where our folder would be")
    odd = pbx.files()
    code, said = setup(pbx, project, "--yes")
    assert code == 2
    assert str(pbx.etc / "agi-app") in said
    assert (pbx.files(), kept_of(project)) == (odd, own)

    (pbx.etc / "agi-app").unlink()
    pbx.cli("core stop now")
    dead = pbx.files()
    code, said = setup(pbx, project, "--yes")
    assert code == 2
    assert "Asterisk does not answer" in said
    assert (pbx.files(), kept_of(project)) == (dead, own)


def test_another_project_is_refused(pbx: ForeignPbx, project: Path, tmp_path: Path) -> None:
    """It would take the first one's passwords away."""
    assert setup(pbx, project, "--yes")[0] == 0
    ready = pbx.files()
    shutil.copytree(project, tmp_path / "other", ignore=shutil.ignore_patterns("var", "a?i-password"))
    code, said = setup(pbx, tmp_path / "other", "--yes")
    assert code == 1
    assert f"was set up for {project}" in said
    assert pbx.files() == ready


def test_the_sandboxs_carrier_is_a_trunk_of_it_for_a_while(pbx: ForeignPbx, project: Path, tmp_path: Path) -> None:
    """Its settings and Asterisk's are as before when it has ended; the PBX's own calls go on meanwhile."""
    environment = {**os.environ, "AGI_APP_CACHE": str(tmp_path / "cache")}
    argv = [str(AGI_APP), "sandbox", "carrier", "--project", str(project), "--asterisk", str(pbx.program)]
    refused = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, "run `agi-app asterisk setup` first" in refused.stderr) == (2, True), refused
    assert setup(pbx, project, "--yes")[0] == 0
    settings = (project / "agi-app.toml").read_bytes()
    carrier = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    assert carrier.stdout is not None
    with carrier.stdout, carrier:
        assert "as the trunk `sandbox` of this host's Asterisk" in carrier.stdout.readline()
        assert "Contact:  sandbox-carrier/sip:127.0.0.1:" in pbx.cli("pjsip show endpoint sandbox-carrier")
        assert "sandbox-front-desk" in pbx.cli("pjsip show endpoints")
        assert list(tomllib.loads((project / "agi-app.toml").read_text("utf-8"))["trunks"]) == ["sandbox", "phone"]
        calls_work(pbx)
        carrier.terminate()
        carrier.stdout.read()
        assert carrier.wait(20) == 0
    assert "Unable to find object sandbox-carrier" in pbx.cli("pjsip show endpoint sandbox-carrier")
    assert (project / "agi-app.toml").read_bytes() == settings
    assert not (tmp_path / "cache").exists()
    calls_work(pbx)


def test_recordings_lie_in_memory(tmp_path: Path, asterisk_root: Path, carrier: Carrier, project: Path) -> None:
    """In a mount namespace with an /etc of its own, as on a host without systemd."""
    with ForeignPbx(asterisk_root, tmp_path / "pbx", f"127.0.0.1:{carrier.port}", tmp_path / "spool") as pbx:
        told = tmp_path / "told"
        again = f"{AGI_APP} asterisk setup --project {project} --asterisk {pbx.program}"
        script = (
            f"set -e; mkdir {tmp_path}/etc; cp /etc/* {tmp_path}/etc/ 2>/dev/null || true;"
            f" mount --bind {tmp_path}/etc /etc; {again} --yes; cp /etc/fstab {told}.ready;"
            f" findmnt -no FSTYPE,OPTIONS {tmp_path}/spool/recording >{told}.mount;"
            f" {again}; cmp /etc/fstab {told}.ready; {again} --undo --yes; cp /etc/fstab {told}.back;"
            f" ! findmnt {tmp_path}/spool/recording"
        )
        before = Path("/etc/fstab").read_bytes() if Path("/etc/fstab").exists() else b""
        argv = ["unshare", "--mount", "sh", "-c", script]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert Path(f"{told}.mount").read_text().startswith("tmpfs ")
        assert "size=262144k" in Path(f"{told}.mount").read_text()
        added = Path(f"{told}.ready").read_bytes().removeprefix(before)
        assert added.startswith(f"tmpfs {tmp_path}/spool/recording tmpfs ".encode())
        assert Path(f"{told}.back").read_bytes() == before


def test_a_transport_of_setups_own_is_no_reason_to_refuse(pbx: ForeignPbx, project: Path) -> None:
    """Asterisk holds the port of the transport that setup wrote, also after the undoing, until it starts again."""
    (pbx.etc / "pjsip.conf").write_text("\ufeff[global]\ntype = global\n")  # Asterisk takes a BOM
    for name, port in (("http.conf", f"bindport = {pbx.http_port}"), ("manager.conf", f"port = {pbx.ami_port}")):
        (pbx.etc / name).write_text(f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\n{port}\n")
    pbx.restart()
    before = pbx.files()
    bind = f"0.0.0.0:{pbx.sip_port}"
    assert setup(pbx, project, "--yes", "--sip-bind", bind)[0] == 0
    assert f"agi-app-udp               udp      0      0  {bind}" in pbx.cli("pjsip show transports")
    ready = pbx.files()
    code, said = setup(pbx, project, "--yes")
    assert (code, "is ready; nothing was changed" in said) == (0, True), said
    assert pbx.files() == ready, "without --sip-bind it stays where it is"
    assert setup(pbx, project, "--undo", "--yes")[0] == 0
    assert pbx.files() == before
    code, said = setup(pbx, project, "--yes", "--sip-bind", bind)
    assert code == 0, said
    assert f"bind = {bind}" in (pbx.etc / "agi-app" / "pjsip.conf").read_text()


def test_a_run_that_was_killed_before_asterisk_read_its_files_is_made_good(pbx: ForeignPbx, project: Path) -> None:
    argv = [str(AGI_APP), "asterisk", "setup", "--yes", "--project", str(project), "--asterisk", str(pbx.program)]
    killed = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and not (project / "ari-password").exists():
        time.sleep(0.001)
    killed.kill()
    killed.wait()
    assert (project / "ari-password").exists()
    code, said = setup(pbx, project, "--yes")
    assert code == 0, said
    code, said = setup(pbx, project, "--yes")
    assert (code, "is ready; nothing was changed" in said) == (0, True), said
